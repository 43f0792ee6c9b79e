"""Faults of the scalar engine: in what each op of a Value sends back, in its value, and in each line of the file."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import FunctionType
from typing import Any

from paragrad.engine import scalar
from paragrad.engine.ops.table import TABLE
from paragrad.engine.scalar import Value
from paragrad.fuzz.engines.own_scalar import INFIX, METHODS
from paragrad.fuzz.mutants import plant
from paragrad.fuzz.mutants.families_code import of_function
from paragrad.fuzz.mutants.mutant import Mutant

Pair = tuple[float, float]
OPERATORS = {"add": "add", "sub": "sub", "mul": "mul", "div": "truediv", "pow": "pow"}
BINARY = (*INFIX, "maximum", "minimum")
DRAWS = ("scalar",)
SHOWN = ("__repr__", "__str__", "__float__")
"""For people's eyes: no program shows them."""


def sent_back(fault: Callable[[float, float], Pair]) -> Callable[[Any], Any]:
    """The change of a method by which what its result sends to its two operands goes through `fault`."""

    def change(method: Any) -> Any:
        def bad(self: Value, *args: Any, **kwargs: Any) -> Any:
            node = method(self, *args, **kwargs)
            if isinstance(node, Value):
                rule = node._op.rule or (lambda g, x, y: (g * x, g * y))
                node._op = replace(node._op, rule=lambda g, x, y: fault(*rule(g, x, y)))
            return node

        return functools.wraps(method)(bad)

    return change


def valued(fault: Callable[[float], float]) -> Callable[[Any], Any]:
    """The change of a method by which its result goes through `fault`."""

    def change(method: Any) -> Any:
        def bad(self: Value, *args: Any, **kwargs: Any) -> Any:
            node = method(self, *args, **kwargs)
            if isinstance(node, Value):
                node.data = fault(node.data)
            return node

        return functools.wraps(method)(bad)

    return change


FAULTS: tuple[tuple[str, Callable[[float], float]], ...] = (
    ("drop", lambda g: 0.0),
    ("sign", lambda g: -g),
    ("factor 2^-7", lambda g: g * (1 + 2.0**-7)),
    ("factor 2^-45", lambda g: g * (1 + 2.0**-45)),
)


def forms(op: str) -> Iterator[tuple[str, int]]:
    """The methods by which a program reaches an op, each with the place of the Value itself among the operands."""
    if op in OPERATORS:
        yield f"__{OPERATORS[op]}__", 0
        yield f"__r{OPERATORS[op]}__", 1
    else:
        yield (f"__{op}__" if op in ("neg", "abs") else op), 0


def on_side(side: int, fault: Callable[[float], float]) -> Callable[[float, float], Pair]:
    """The fault in what one of the two operands gets."""
    return lambda a, b: (fault(a), b) if side == 0 else (a, fault(b))


def of_method(op: str, method: str, place: int) -> Iterator[Mutant]:
    """The faults of one method."""
    names = TABLE[op].parameters
    good = vars(Value)[method]

    def made(argument: str, variant: str, words: str, wrong: Any) -> Mutant:
        where = f"Value.{method}" + (f"({argument})" if argument else "")
        how = functools.partial(plant.attribute, Value, method, wrong)
        return Mutant(f"scalar:{where}:{variant}", "scalar", op, argument, f"{where}: {words}", how, DRAWS)

    sides = (0, 1) if op in BINARY and place == 0 else (0,)
    for side in sides:
        argument = names[place + side]
        for variant, fault in FAULTS:
            yield made(
                argument, variant, f"sends back a wrong gradient ({variant})", sent_back(on_side(side, fault))(good)
            )
    if len(sides) > 1:
        swap = made(names[0], "swap", "exchanges what it sends back", sent_back(lambda a, b: (b, a))(good))
        yield replace(swap, blamed=(op, "*"))
    yield made("", "value 2^-45", "is 1 + 2^-45 times what it should be", valued(lambda x: x * (1 + 2.0**-45))(good))
    yield made("", "value sign", "has its sign turned", valued(lambda x: -x)(good))


def functions() -> Iterator[tuple[str, FunctionType]]:
    """The functions of the file by name: its own, those of Value, and the formulas that its methods close over."""
    found: set[FunctionType] = set()
    for name, member in [*vars(scalar).items(), *vars(Value).items()]:
        if not isinstance(member, FunctionType) or name in SHOWN:
            continue
        closed = [cell.cell_contents for cell in member.__closure__ or ()]
        for function in [member, *(f for f in closed if isinstance(f, FunctionType))]:
            if function.__module__ == scalar.__name__ and function not in found:
                found.add(function)
                yield name, function


def mutants() -> Iterator[Mutant]:
    """All of this file."""
    for op in (*INFIX, *METHODS):
        for method, place in forms(op):
            yield from of_method(op, method, place)
    for name, function in functions():
        for mutant in of_function(function, "scalar", "scalar", DRAWS, ("*", "*")):
            at = f":{name}:" if function.__name__ == "<lambda>" else ":"
            yield replace(mutant, id=mutant.id.replace(":", at, 1))
