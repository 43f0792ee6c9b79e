"""What a wrong local derivative may be: the formulas that people write in the place of the right one.

The number that the engine's own pullback gives, over the gradient that came in, is its local derivative; a formula of
the operands and the result that gives this number, and is the only one, is told.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.program import Apply, Array, Ref, refs
from paragrad.fuzz.trace import Trace

CLOSE = 1e-12
OPERATORS: dict[str, Callable[..., Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": operator.pow,
}
FUNCTIONS = ("tanh", "sigmoid", "exp", "expm1", "log", "log1p", "relu", "abs", "sin", "cos", "sqrt")
"""Functions that may be taken for one another."""


@dataclass(slots=True)
class Term:
    """One contribution to a variable's gradient, through `user`, of which it is the argument `parameter`.

    `local` is d user / d variable, elementwise; None where it is a matrix. `mine` is None where the engine gave nothing
    when it was asked alone; `right` is None where it was not asked.
    """

    user: int
    parameter: str
    upstream: Array
    local: Array | None
    symbol: str
    rule: str
    expected: Array
    mine: Array | None
    accumulated: Array
    undone: str
    right: bool | None


def guess(term: Term, statement: Apply, trace: Trace, name: str, names: Mapping[str, str]) -> str:
    """In words: what the local derivative comes out as, and what formula that is; "" where it can't be told.

    `name` is the derivative in symbols, such as `df/de`; `names` what the parameters and the result are called.
    """
    if term.mine is None or term.local is None or term.local.shape != () or term.upstream.shape != ():
        return ""
    upstream = float(term.upstream)
    if upstream == 0 or not math.isfinite(upstream):
        return ""
    found, right = float(term.mine) / upstream, float(term.local)
    meant = f" ({term.symbol})" if term.symbol else ""
    told = f"{name} comes out as {found:.6g}, expected {right:.6g}{meant}"
    numbers = dict(_numbers(statement, trace))
    fits = {text for text, value in candidates(numbers, names) if close(found, value) and not close(value, right)}
    return f"{told}: as if it were {fits.pop()}" if len(fits) == 1 else told


def guess_value(statement: Apply, trace: Trace, name: str, names: Mapping[str, str]) -> str:
    """In words: what formula of the operands a wrong value is; "" where it is none, or more than one."""
    values = [trace.values.get(k) for k in (*statement.outputs, *refs(statement.args))]
    if any(v is None or v.shape != () for v in values) or statement.outputs[0] not in trace.values:
        return ""
    numbers = dict(_numbers(statement, trace))
    value = numbers.pop("out")
    fits = {text for text, other in formulas(statement.op, numbers, names) if close(value, other)}
    return f"{name} comes out as {value:.6g}: as if it were {fits.pop()}" if len(fits) == 1 else ""


def formulas(op: str, numbers: Mapping[str, float], names: Mapping[str, str]) -> Iterator[tuple[str, float]]:
    """What people write in the place of an op of one or two numbers, with its value."""
    told = {k: name if (name := names.get(k, k)).isidentifier() or x >= 0 else f"({name})" for k, x in numbers.items()}
    for key, x in numbers.items():
        yield told[key], x
        yield f"-{told[key]}", -x
    if len(numbers) == 2:
        (m, x), (n, y) = ((told[k], v) for k, v in numbers.items())
        for (p, u), (q, v) in (((m, x), (n, y)), ((n, y), (m, x))):
            for sign, function in OPERATORS.items():
                if sign not in "+*" or (p, u) == (m, x):
                    yield f"{p} {sign} {q}", _of(function, u, v)
    if len(numbers) == 1:
        ((n, x),) = ((told[k], v) for k, v in numbers.items())
        inner = {f"{n}/2": x / 2, f"2*{n}": 2 * x, f"-{n}": -x}
        for text, at in inner.items():
            yield f"{op}({text})", _of(_computed(op), at)
        for other in FUNCTIONS:
            yield f"{other}({n})", _of(_computed(other), x)
        yield f"-{op}({n})", -_of(_computed(op), x)
        yield f"{op}({n})**2", _of(_computed(op), x) ** 2


def _computed(op: str) -> Callable[..., Any]:
    return lambda x: TABLE[op].compute(np.float64(x))


def _of(function: Callable[..., Any], *numbers: float) -> float:
    """A function of numbers; nan where it has none."""
    try:
        with np.errstate(all="ignore"):
            found = function(*numbers)
        return math.nan if isinstance(found, complex) else float(found)
    except (ArithmeticError, TypeError, ValueError):
        return math.nan


def _numbers(statement: Apply, trace: Trace) -> Iterator[tuple[str, float]]:
    """The operands and the result as numbers."""
    op = TABLE[statement.op]
    for parameter, argument in zip(op.parameters, op.bind(statement.args, dict(statement.kwargs)), strict=True):
        if isinstance(argument, Ref):
            yield parameter, float(trace.values[argument.index])
        elif isinstance(argument, int | float) and not isinstance(argument, bool):
            yield parameter, float(argument)
    yield "out", float(trace.values[statement.outputs[0]])


def candidates(numbers: Mapping[str, float], names: Mapping[str, str]) -> Iterator[tuple[str, float]]:
    """Formulas with their value."""
    yield "1", 1.0
    for key, x in numbers.items():
        n = names.get(key, key)
        n = n if n.isidentifier() else f"({n})"
        yield n, x
        yield f"-{n}", -x
        yield f"1 - {n}", 1 - x
        yield f"1 + {n}", 1 + x
        yield f"{n}**2", x * x
        yield f"1 - {n}**2", 1 - x * x
        if x:
            yield f"1/{n}", 1 / x
    if "exponent" in numbers and numbers.get("input", 0) > 0:
        n, power = names.get("input", "x"), numbers["exponent"]
        shown = names.get("exponent", "n")
        yield f"{shown} * {n}**{shown}", power * numbers["input"] ** power
        yield f"{n}**({shown} - 1)", numbers["input"] ** (power - 1)


def close(one: float, other: float) -> bool:
    """Whether two numbers are the same but for rounding."""
    return math.isclose(one, other, rel_tol=CLOSE)
