"""Where numbers cease to be finite, and why: nan and inf on both sides are parity, and seldom what was meant."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.diffing.computation import Labelled
from paragrad.fuzz.program import Apply, Array, Backward, Ref, refs
from paragrad.fuzz.trace import Trace

Reason = tuple[str, Callable[..., Array]]
"""What is wrong with the operands, and where it is."""
LOGARITHM: list[Reason] = [
    ("the logarithm of a negative number", lambda x: x < 0),
    ("the logarithm of 0", lambda x: x == 0),
]
ROOT: list[Reason] = [("the square root of a negative number", lambda x: x < 0), ("a division by 0", lambda x: x == 0)]
REASONS: dict[str, list[Reason]] = {
    "log": LOGARITHM,
    "log2": LOGARITHM,
    "log10": LOGARITHM,
    "sqrt": ROOT[:1],
    "rsqrt": ROOT,
    "reciprocal": ROOT[1:],
    "div": [("a division by 0", lambda x, y: y == 0)],
    "remainder": [("a division by 0", lambda x, y: y == 0)],
    "pow": [
        ("a negative power of 0", lambda x, y: (x == 0) & (y < 0)),
        ("a power of a negative number that is no whole number", lambda x, y: (x < 0) & (y != np.floor(y))),
    ],
}
"""By op, with the operands in order."""


def remarks(program: Labelled, torchs: Trace, at: int | None) -> list[str]:
    """The first value that is nan or inf, and the first gradient in the order of the backward, each with its reason."""
    return [said for said in (_value(program, torchs), _gradient(program, torchs, at)) if said]


def _value(program: Labelled, torchs: Trace) -> str:
    makers = {k: s for _, s in program.applications() for k in s.outputs}
    for k in range(program.count):
        array = torchs.values.get(k)
        if array is None or finite(array):
            continue
        name = program.name(k)
        if k not in makers:
            return f"{name} is given as {worst(array)}"
        if all(finite(torchs.values[i]) for i in _used(makers[k]) if i in torchs.values):
            return f"{name} is {worst(array)}: {reason(makers[k], torchs, array)}"
    return ""


def _gradient(program: Labelled, torchs: Trace, at: int | None) -> str:
    walk = None if at is None else program.statements[at]
    if at is None or not isinstance(walk, Backward):
        return ""
    shown = torchs.gradients.get(at, {})
    for k in sorted(shown, reverse=True):
        array = shown[k]
        if array is None or finite(array):
            continue
        through = [s for _, s in program.applications() if k in _used(s)]
        numbers = [torchs.values.get(i) for s in through for i in (*s.outputs, *_used(s))]
        coming = [shown.get(i) for s in through for i in s.outputs]
        if through and all(a is None or finite(a) for a in (*numbers, *coming)):
            ops = " or ".join(dict.fromkeys(s.op for s in through))
            return f"the gradient of {program.name(k)} is {worst(array)}: the derivative of {ops} is not finite there"
        return ""
    return ""


def reason(statement: Apply, torchs: Trace, result: Array) -> str:
    """Why an op of finite numbers gives none."""
    op = TABLE[statement.op]
    bound = op.bind(statement.args, dict(statement.kwargs))
    numbers = [torchs.values[a.index] if isinstance(a, Ref) else a for a in bound]
    for words, where in REASONS.get(statement.op, ()):
        with np.errstate(all="ignore"):
            held = where(*(np.asarray(x) for x in numbers[: where.__code__.co_argcount]))
        if np.any(held):
            return words
    if not np.isnan(result).any():
        return f"{statement.op} of these numbers is too large for {result.dtype}"
    return f"{statement.op} has no value there"


def finite(array: Array) -> bool:
    """Whether all elements of an array of floats are numbers."""
    return array.dtype.kind != "f" or bool(np.isfinite(array).all())


def worst(array: Array) -> str:
    """nan, inf or -inf, whatever an array has first."""
    return str(array[~np.isfinite(array)].reshape(-1)[0])


def _used(statement: Apply) -> list[int]:
    return [*refs(statement.args), *refs(statement.kwargs)]
