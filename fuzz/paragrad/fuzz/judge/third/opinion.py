"""Opinions: what an element of an op's value or gradient truly is, and how sure that is.

A value is computed with enough digits for operands of very different size, and once more with twice as many. A gradient
is the central difference of the value, with two steps far below the distance of neighbouring doubles and with digits to
match; the error is what the two differ by. Where left and right differ by more than a shorter step mends there is a
kink, and no opinion.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from mpmath import mp

from paragrad.fuzz.judge.third.question import ELEMENTWISE, MOVES, Question, has_negative_zero, readings
from paragrad.fuzz.judge.third.registry import OPEN
from paragrad.fuzz.program import Apply, Array

DIGITS = 60
STEPS = (100, 133)
"""Two steps of a difference: 2^-100 and 2^-133 of the smallest operand. Doubles are 2^-52 of their size apart."""
MENDED = 1e-4
"""A step shorter by 2^33 leaves less than this of the distance between left and right where there is no kink."""
EXACT = 1e-30
"""What is left of an opinion behind value and low, relative to it."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """A number, value + low, where low holds the digits beyond float64; it is off by `error` at the most."""

    value: float
    low: float
    error: float


def value(statement: Apply, values: Mapping[int, Array], output: int, element: tuple[int, ...]) -> Opinion | None:
    """What the element at `element` of an output should be, the operands being `values`.

    These are bool, int64, float32 or float64. None where there is no opinion: an op that draws, operands or a result
    that aren't finite, something that torch's documentation leaves open, or too many elements.
    """
    if has_negative_zero(statement, values):
        return None
    found = []
    for question in readings(statement, values, False):
        if question.name in ELEMENTWISE:
            line = np.array([int(np.ravel_multi_index(element, question.shape))])
            found.append(_value(question.at(line), output, (0,)))
        else:
            found.append(_value(question, output, element))
    return _either(found)


def gradient(
    statement: Apply,
    values: Mapping[int, Array],
    incoming: Sequence[Array | None],
    variable: int,
    element: tuple[int, ...],
) -> Opinion | None:
    """What an element of the gradient of the operand `variable` should be, `incoming` being the outputs' gradients.

    The variable stands in one argument only (see judge/isolate.py). None as for `value`, and at a kink.
    """
    weights = [None if g is None else g.astype(np.float64) for g in incoming]
    found = []
    for question in readings(statement, values, True):
        if variable not in question.arrays or question.arrays[variable].dtype != object:
            return None
        if question.name in ELEMENTWISE:
            lines = _lines(question, variable, element)
            rows = [None if g is None else g.reshape(-1)[lines] for g in weights]
            found.append(_gradient(question.at(lines), rows, variable, (slice(None),)))
        else:
            found.append(_gradient(question, weights, variable, element))
    return _either(found)


def _lines(question: Question, variable: int, element: tuple[int, ...]) -> Array:
    """Which elements of the flattened result of an elementwise op an element of an operand goes into."""
    shape = question.arrays[variable].shape
    places = np.arange(math.prod(shape)).reshape(shape)
    return np.flatnonzero(np.broadcast_to(places, question.shape).reshape(-1) == places[element])


def _either(found: list[Opinion | None]) -> Opinion | None:
    """One opinion of all readings of the statement, as sure as these agree."""
    sure = [opinion for opinion in found if opinion is not None]
    if not sure or len(sure) < len(found):
        return None
    first = sure[-1]
    apart = max(abs((other.value - first.value) + (other.low - first.low)) for other in sure)
    return Opinion(first.value, first.low, max(opinion.error for opinion in sure) + apart)


def _span(question: Question) -> tuple[Any, Any]:
    """The smallest and the largest magnitude among the operands and 1."""
    sizes = [abs(x) for x in question.numbers().tolist() if x != 0 and mp.isfinite(x)]
    return min([mp.mpf(1), *sizes]), max([mp.mpf(1), *sizes])


def _digits(low: Any, high: Any) -> int:
    """Digits for a sum of products of two of the operands."""
    return DIGITS + 2 * int(mp.ceil(mp.log10(high / low)))


def _outputs(question: Question) -> list[Array] | None:
    try:
        return question.outputs()
    except (ArithmeticError, ValueError):
        return None


def _value(question: Question, output: int, element: tuple[int, ...]) -> Opinion | None:
    if not question.is_settled():
        return None
    digits = _digits(*_span(question))
    found = []
    for precision in (digits, 2 * digits):
        with mp.workdps(precision):
            outputs = _outputs(question)
            if outputs is None:
                return None
            array = outputs[output]
            if array.dtype.kind == "i" and array[element] == OPEN:
                return None
            found.append(array[element] if isinstance(array[element], mp.mpf) else mp.mpf(int(array[element])))
    with mp.workdps(2 * digits):
        return _opinion(found[1], abs(found[1] - found[0]))


def _gradient(
    question: Question, weights: Sequence[Array | None], variable: int, element: tuple[int | slice, ...]
) -> Opinion | None:
    if not question.is_settled() or not all(mp.isfinite(x) for x in np.ravel(question.arrays[variable][element])):
        return None
    low, high = _span(question)
    # Powers of two, that an operand and a step have an exact sum.
    steps = [mp.ldexp(1, mp.frexp(low)[1] - k) for k in STEPS]
    digits = _digits(steps[-1], high)
    with mp.workdps(digits):
        noise = high * mp.mpf(10) ** (5 - digits) / steps[-1]
        moved = [_moved(question, variable, element, step) for h in steps for step in (h, -h)]
        middle = _outputs(question)
        sides = [side for side in moved if side is not None]
        if middle is None or len(sides) < len(moved):
            return None
        totals, error = [mp.mpf(0), mp.mpf(0)], mp.mpf(0)
        for k, weight in enumerate(weights):
            if weight is None:
                continue
            for place in np.ndindex(weight.shape):
                if weight[place] == 0:
                    continue
                if question.name in MOVES and not mp.isfinite(middle[k][place]):
                    continue
                points = [side[k][place] for side in sides]
                slopes, blur = _slopes(points, middle[k][place], steps, noise)
                if slopes is None or not np.isfinite(weight[place]):
                    return None
                factor = mp.mpf(float(weight[place]))
                totals = [t + factor * s for t, s in zip(totals, slopes, strict=True)]
                error = error + abs(factor) * blur
        return _opinion(totals[1], abs(totals[1] - totals[0]) + error)


def _moved(question: Question, variable: int, element: tuple[int | slice, ...], step: Any) -> list[Array] | None:
    held = question.arrays[variable]
    moved = held.copy()
    moved[element] = moved[element] + step
    question.arrays[variable] = moved
    try:
        return _outputs(question)
    finally:
        question.arrays[variable] = held


def _slopes(points: list[Any], middle: Any, steps: list[Any], noise: Any) -> tuple[list[Any] | None, Any]:
    """The central difference at each step and how far the last is blurred by rounding; None at a kink.

    `points` are, for each step, the value above and below; `noise` is what rounding of a number as large as the largest
    operand makes of a slope.
    """
    if not all(mp.isfinite(x) for x in (middle, *points)):
        return None, mp.nan
    blur = noise * max(1, *[abs(x) for x in (middle, *points)])
    sides = list(zip(points[::2], points[1::2], steps, strict=True))
    gaps = [abs(up + down - 2 * middle) / h for up, down, h in sides]
    slopes = [(up - down) / (2 * h) for up, down, h in sides]
    # What grows as the step shrinks is a jump, or a slope that is infinite.
    if gaps[1] > MENDED * gaps[0] + blur or abs(slopes[1]) > 2 * abs(slopes[0]) + blur:
        return None, blur
    return slopes, blur


def _opinion(number: Any, error: Any) -> Opinion | None:
    high = float(number)
    if not np.isfinite(high):
        return None
    return Opinion(high, float(number - high), float(error + abs(number) * EXACT))
