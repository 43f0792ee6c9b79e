"""What an engine shows if an op of it has a certain fault: each hypothesis predicts numbers, and is right if they are
what the engine shows, at the values in question and at others drawn beside them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from paragrad.engine import dtypes
from paragrad.fuzz.judge.bounds import UNIT
from paragrad.fuzz.judge.local import Expected, LocalReference, RefusedError
from paragrad.fuzz.program import Apply, Array

SLACK = 16
"""Units of rounding by which a prediction may be missed."""
STEPS = [10.0**-k for k in range(1, 12)]
"""Steps of finite differences that people use."""
SWAPPED = {"sub": "-", "div": "/", "pow": "**"}
"""Operators that tell their operands apart."""
OF_E = frozenset(("exp", "sigmoid", "tanh", "sinh", "cosh"))
"""Ops that are e**x, or made of it alone."""
E_DIGITS = 11
"""Digits after the point from which on nobody writes e down."""


@dataclass(slots=True)
class View:
    """One op alone, as the subject computed it: its value (`operand` None), or the gradient of one operand.

    `incoming` are the gradients of its outputs; `output` is the one the value of which is in question.
    """

    statement: Apply
    local: LocalReference
    incoming: list[Array | None]
    operand: int | None
    found: Array
    expected: Expected
    output: int = 0

    @property
    def exact(self) -> Array:
        """What is right, in float64."""
        return self.expected.exact

    @property
    def wrong(self) -> bool:
        """Whether the subject's numbers are not what they should be."""
        return not bool(self.expected.accepts(self.found).all())

    def matches(self, predicted: Array | None, slack: float = 0.0) -> bool:
        """Whether a prediction is what the subject shows, within the rounding of one op and `slack` of its size."""
        if predicted is None or predicted.shape != self.found.shape:
            return False
        with np.errstate(all="ignore"):
            unit = UNIT[dtypes.as_dtype(self.found.dtype)]
            larger = np.maximum(1.0, np.nan_to_num(np.abs(predicted / self.exact), nan=1.0, posinf=1.0))
            limit = 2 * self.expected.bound * larger + (SLACK * unit + slack) * np.abs(predicted)
            close = np.abs(self.found - predicted) <= limit
        return bool((close | (self.found == predicted) | (np.isnan(self.found) & np.isnan(predicted))).all())

    def again(self, values: dict[int, Array], incoming: list[Array | None], dtype: type = np.float64) -> Array | None:
        """What torch computes for the same op at other values; None where it refuses."""
        local = LocalReference(self.statement, values, self.local.needing)
        wanted = dtype if dtype is np.float64 else None
        try:
            if self.operand is None:
                return np.asarray(local.outputs(wanted)[0][self.output].detach().numpy(), np.float64)
            found = local.vjp(wanted, incoming).get(self.operand)
        except RefusedError:
            return None
        return None if found is None else found.astype(np.float64)


Hypothesis = Callable[[View], Iterator[tuple[str, Array | None]]]


def zero(view: View) -> Iterator[tuple[str, Array | None]]:
    """Nothing arrives."""
    yield "it is 0: the term is dropped", np.zeros_like(view.exact)


def sign(view: View) -> Iterator[tuple[str, Array | None]]:
    """The wrong sign."""
    yield "the sign is wrong", -view.exact


def ones(view: View) -> Iterator[tuple[str, Array | None]]:
    """The chain rule's other factor is left out."""
    if view.operand is not None:
        given = [None if g is None else np.ones_like(g) for g in view.incoming]
        yield "the incoming gradient is ignored, as if it were 1", view.again(dict(view.local.values), given)


def swapped(view: View) -> Iterator[tuple[str, Array | None]]:
    """3 - x as x - 3: what a reflected method makes that calls the plain one."""
    statement = view.statement
    if view.operand is None and statement.op in SWAPPED and len(statement.args) == 2:
        told = [f"{a:g}" if isinstance(a, int | float) else "x" for a in statement.args]
        if sum(word != "x" for word in told) == 1:
            first, then = (f" {SWAPPED[statement.op]} ".join(pair) for pair in (told, told[::-1]))
            other = replace(view, statement=replace(statement, args=statement.args[::-1]))
            yield f"the operands are exchanged: {first} is computed as {then}", other.again(dict(view.local.values), [])


def transposed(view: View) -> Iterator[tuple[str, Array | None]]:
    """Rows for columns."""
    if view.exact.ndim >= 2:
        yield "it is transposed", np.swapaxes(view.exact, -1, -2)


def exchanged(view: View) -> Iterator[tuple[str, Array | None]]:
    """One operand gets what belongs to the other."""
    values = dict(view.local.values)
    others = [k for k in view.local.operands if k != view.operand and values[k].dtype.kind == "f"]
    if view.operand is not None:
        try:
            all_of = view.local.vjp(np.float64, view.incoming)
        except RefusedError:
            return
        for k in others:
            if k in all_of:
                yield "it is the gradient of another operand: they are exchanged", all_of[k]
    pairs = [(a, b) for a in view.local.operands for b in others if a < b and _alike(values[a], values[b])]
    for a, b in pairs:
        swapped = {**values, a: values[b], b: values[a]}
        yield "the operands are exchanged", view.again(swapped, view.incoming)


def _alike(a: Array, b: Array) -> bool:
    return a.shape == b.shape and a.dtype == b.dtype


def rounded_e(view: View) -> Iterator[tuple[str, Array | None]]:
    """2.718**x for e**x: all the ops that are made of e**x, with another base."""
    if view.operand is not None or view.statement.op not in OF_E:
        return
    (operand,) = view.local.operands
    held = view.local.values[operand].astype(np.float64)
    bases = {cut for n in range(1, E_DIGITS) for cut in (f"{math.e:.{n}f}", f"{math.e:.15f}"[: n + 2])}
    for base in sorted(bases, key=float):
        yield f"{base} is taken for e", view.again({**view.local.values, operand: held * math.log(float(base))}, [])


def broadcasting(view: View) -> Iterator[tuple[str, Array | None]]:
    """The contribution to an operand that was broadcast, brought to its shape otherwise than by summing."""
    if view.operand is None or view.incoming[0] is None:
        return
    values = dict(view.local.values)
    small, shape = values[view.operand], view.incoming[0].shape
    if small.shape == shape or small.ndim > len(shape):
        return
    try:
        spread = np.array(np.broadcast_to(small, shape))
    except ValueError:
        return
    full = view.again({**values, view.operand: spread}, view.incoming)
    if full is None or full.shape != shape:
        return
    lead = len(shape) - small.ndim
    repeated = tuple(k for k in range(len(shape)) if k < lead or small.shape[k - lead] != shape[k])
    yield "broadcasting is undone by the mean, not by the sum", full.mean(repeated).reshape(small.shape)
    for name, end in (("first", 0), ("last", -1)):
        if full.size:
            part = full[tuple(slice(None) if k not in repeated else end for k in range(len(shape)))]
            yield f"broadcasting is undone by taking the {name} slice, not by the sum", part.reshape(small.shape)
    for axis in range(len(shape)):
        if axis not in repeated:
            wrong = full.sum(axis)
            yield "broadcasting is undone by summing over the wrong axis", _fitted(wrong, small.shape)
    yield "broadcasting is undone by summing everything", np.full(small.shape, full.sum())


def at_output(view: View) -> Iterator[tuple[str, Array | None]]:
    """f'(f(x)) for f'(x)."""
    if view.operand is None or len(view.local.operands) != 1:
        return
    values = dict(view.local.values)
    try:
        out = view.local.native_values()[0]
    except RefusedError:
        return
    if out.shape == values[view.operand].shape and out.dtype == values[view.operand].dtype:
        yield (
            "the derivative is taken at the output, not at the input",
            view.again({**values, view.operand: out}, view.incoming),
        )


def another_operand(view: View) -> Iterator[tuple[str, Array | None]]:
    """The value is one of the operands."""
    if view.operand is None:
        for k in view.local.operands:
            yield "it is one of the operands, unchanged", view.local.values[k].astype(np.float64)
        with np.errstate(all="ignore"):
            yield "it is cut to a whole number", np.trunc(view.exact)


HYPOTHESES: tuple[Hypothesis, ...] = (
    zero,
    swapped,
    sign,
    ones,
    transposed,
    exchanged,
    broadcasting,
    at_output,
    another_operand,
    rounded_e,
)
"""In the order in which they are tried; the first that reproduces everything is named."""


def differences(view: View) -> Iterator[tuple[str, Array | None]]:
    """Finite differences of the forward, element by element, for each step that people use."""
    if view.operand is None or view.found.dtype != np.float64 or view.found.size > 16:
        return
    values = dict(view.local.values)
    for step in STEPS:
        for name, ahead, behind in (("forward", step, 0.0), ("central", step, step), ("backward", 0.0, step)):
            made = np.zeros_like(view.exact)
            for spot in np.ndindex(made.shape):
                up = _output(view, _moved(values, view.operand, spot, ahead))
                down = _output(view, _moved(values, view.operand, spot, -behind))
                if up is None or down is None:
                    return
                made[spot] = (up - down) / (ahead + behind)
            yield f"it is a {name} finite difference with a step of {step:g}, not a rule", made


def constant_factor(views: list[View]) -> str:
    """The factor by which all numbers are off; "" where there is none."""
    found = np.concatenate([v.found.reshape(-1) for v in views]).astype(np.float64)
    exact = np.concatenate([v.exact.reshape(-1) for v in views])
    bound = np.concatenate([v.expected.bound.reshape(-1) for v in views])
    with np.errstate(all="ignore"):
        clear = np.isfinite(found) & np.isfinite(exact) & (np.abs(exact) > 1e3 * bound) & (exact != 0)
        if np.count_nonzero(clear) < 3:
            return ""
        factor = float(np.median(found[clear] / exact[clear]))
    if abs(factor - 1) <= 2 * SLACK * UNIT[dtypes.as_dtype(views[0].found.dtype)]:
        return ""  # as near as any number that is right to the last digits
    if not all(v.matches(factor * v.exact) for v in views):
        return ""
    return f"it is off by the constant factor {_named(factor)}"


def _named(factor: float) -> str:
    """A factor as a person would write it."""
    if abs(factor - 1) < 1e-2:
        return f"1 {factor - 1:+.3g}"
    ratio = Fraction(factor).limit_denominator(8)
    return str(ratio) if abs(factor - ratio) < 1e-6 * abs(factor) else f"{factor:.6g}"


def _fitted(array: Array, shape: tuple[int, ...]) -> Array | None:
    return array.reshape(shape) if array.size == int(np.prod(shape)) else None


def _moved(values: dict[int, Array], operand: int, spot: tuple[int, ...], by: float) -> dict[int, Array]:
    moved = values[operand].copy()
    moved[spot] += by
    return {**values, operand: moved}


def _output(view: View, values: dict[int, Array]) -> float | None:
    """⟨incoming, outputs⟩ at other values."""
    try:
        outputs = LocalReference(view.statement, values, frozenset()).outputs(np.float64)[0]
    except RefusedError:
        return None
    pairs = zip(outputs, view.incoming, strict=True)
    return float(sum(np.sum(o.detach().numpy() * g) for o, g in pairs if g is not None))
