"""Faults of place: the wrong axis, an index that is off by one, a gradient that is transposed."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from paragrad.engine.ops.rounding import Elementwise
from paragrad.engine.ops.table import FACTS, TABLE
from paragrad.fuzz.mutants import plant
from paragrad.fuzz.mutants.families_rules import change_of
from paragrad.fuzz.mutants.mutant import Mutant, planted, rules

AXES = ("dim", "dims", "dim0", "dim1", "dim2")


def neighbour(dim: Any) -> Any:
    """The dimension before, legal wherever `dim` is; of several, each."""
    if isinstance(dim, int):
        return 0 if dim == -1 else dim + 1 if dim < 0 else dim - 1
    return dim if dim is None else tuple(neighbour(part) for part in dim)


def next_number(value: Any) -> Any:
    """The next whole number, element by element; an index of many elements goes down to 0 instead, to stay legal."""
    if isinstance(value, np.ndarray):
        return np.maximum(value - 1, 0) if value.dtype.kind == "i" else value
    if isinstance(value, bool | str) or value is None:
        return value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, tuple | list):
        return type(value)(map(next_number, value))
    return value


def with_argument(position: int, fault: Callable[[Any], Any]) -> Callable[[plant.Rule], plant.Rule]:
    """The change by which one of the things a rule saved goes through `fault` first."""

    def change(rule: plant.Rule) -> plant.Rule:
        def bad(*args: Any) -> Any:
            return rule(*[fault(a) if k == position else a for k, a in enumerate(args)])

        return functools.wraps(rule)(bad)

    return change


def of_arguments() -> Iterator[Mutant]:
    """The dim of a rule off by one, and every other number that it saved."""
    for op, parameter in rules():
        operands = {op.parameters[k] for _, k in op.operands}
        for position, name in enumerate(inspect.signature(op.pullbacks[parameter]).parameters):
            if position == 0 or name in operands or name in op.outputs or name in FACTS:
                continue
            if name in AXES:
                how = functools.partial(plant.pullback, op, parameter, with_argument(position, neighbour))
                yield planted("axis", op, parameter, name, f"takes the dimension before for {name}", how)
            elif takes_numbers(op.name, name):
                how = functools.partial(plant.pullback, op, parameter, with_argument(position, next_number))
                yield planted("offset", op, parameter, name, f"takes {name} off by one for {name}", how)


def takes_numbers(op: str, name: str) -> bool:
    """Whether a parameter is a whole number, or several."""
    annotation = str(inspect.signature(TABLE[op].compute).parameters[name].annotation)
    kinds = ("int", "Shape", "Index", "Several")
    return name not in ("keepdim", "condition") and any(kind in annotation for kind in kinds)


def turned(g: Any) -> Any:
    """Transposed where that leaves the shape as it is."""
    square = g.ndim >= 2 and g.shape[-1] == g.shape[-2]
    return TABLE["transpose"](g, -1, -2) if square else g


def moved(g: Any) -> Any:
    """Every element one place further."""
    return TABLE["roll"](g, 1) if g.ndim else g


def of_results() -> Iterator[Mutant]:
    """What a rule gives in the wrong place. Elementwise rules move nothing, so they are left out."""
    for op, parameter in rules():
        if isinstance(op.rounding, Elementwise):
            continue
        for family, variant, words, fault in (
            ("axis", "transposed", "gives a square gradient transposed", turned),
            ("offset", "moved", "gives every element one place too far", moved),
        ):
            how = functools.partial(plant.pullback, op, parameter, change_of(fault))
            yield planted(family, op, parameter, variant, words, how)


def mutants() -> Iterator[Mutant]:
    """All of this file."""
    yield from of_arguments()
    yield from of_results()
