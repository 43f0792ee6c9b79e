"""What a wrong local derivative may be: the formulas that people write in the place of the right one.

The number that the engine's own pullback gives, over the gradient that came in, is its local derivative; a formula of
the operands and the result that gives this number, and is the only one, is told.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.program import Apply, Array, Ref
from paragrad.fuzz.trace import Trace

CLOSE = 1e-12


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
