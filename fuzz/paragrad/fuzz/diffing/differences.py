"""The gradients of a short computation as central differences of its forward, in 80 digits: they share no rule with it.

What moves is computed again, and nothing else; the middle of the difference is computed once for all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from mpmath import mp

from paragrad.fuzz.judge.third.question import Question, readings
from paragrad.fuzz.program import Apply, Array, Grad, Program, refs
from paragrad.fuzz.telling.witnesses import DIGITS, STEPS, Element, exactly, objective, straight, weighted
from paragrad.fuzz.trace import Trace

KINK = "none, a kink: {:.6g} on the left, {:.6g} on the right"
SMOOTH = 2.0**10
"""By how much both sides come nearer as the step gets smaller, where there is no kink."""
MOST_WORK = 2_000
"""Statements that may be computed again for all the differences of a program."""


def differences(program: Program, torchs: Trace, until: int, wanted: Mapping[int, Element]) -> dict[int, float | str]:
    """For each variable the derivative of what the backward at `until` is of, with respect to one of its elements; at a
    kink, the slopes on both sides in words.

    Left out are poles, what isn't finite, and all of a long program, of one with an op that has no definition, or with
    a gradient among its numbers.
    """
    differentiated = any(isinstance(statement, Grad) for statement in program.statements)
    if not straight(program) or not 0 < len(program.statements) <= MOST_WORK or differentiated:
        return {}
    asked = {s.outputs[0]: readings(s, torchs.values, True) for _, s in program.applications()}
    if not all(asked.values()):
        return {}
    found: dict[int, float | str] = {}
    work = 0
    with mp.workdps(DIGITS):
        middle = {k: exactly(spec.array()) for k, spec in enumerate(program.inputs)}
        if not _forward([s for _, s in program.applications()], asked, middle):
            return {}
        for variable, element in wanted.items():
            later = descendants(program, variable)
            work += len(later)
            if work > MOST_WORK:
                break
            slope = _difference(program, torchs, until, variable, element, asked, middle, later)
            if slope is not None:
                found[variable] = slope
    return found


def descendants(program: Program, variable: int) -> list[Apply]:
    """The statements that a variable has a part in, in order."""
    moved, found = {variable}, []
    for _, statement in program.applications():
        if not moved.isdisjoint((*refs(statement.args), *refs(statement.kwargs))):
            moved.update(statement.outputs)
            found.append(statement)
    return found


def _forward(statements: list[Apply], asked: Mapping[int, list[Question]], values: dict[int, Array]) -> bool:
    """Compute these statements into `values`; whether all could be."""
    for statement in statements:
        question = asked[statement.outputs[0]][-1]
        question.arrays = {k: values[k] if a.dtype == object else a for k, a in question.arrays.items()}
        try:
            outputs = question.outputs()
        except (ArithmeticError, ValueError):
            return False
        values.update((k, np.asarray(a)) for k, a in zip(statement.outputs, outputs, strict=True))
    return True


def _difference(
    program: Program,
    torchs: Trace,
    until: int,
    variable: int,
    element: Element,
    asked: Mapping[int, list[Question]],
    middle: Mapping[int, Array],
    later: list[Apply],
) -> float | str | None:
    size = abs(float(torchs.values[variable][element])) or 1.0
    walks = objective(program, until, variable)
    if not walks or not np.isfinite(size):
        return None
    at = weighted(walks, dict(middle))
    slopes, sides = [], []
    for exponent in STEPS:
        step = mp.mpf(size) * mp.mpf(2) ** -exponent
        ends = []
        for move in (step, -step):
            values = dict(middle)
            values[variable] = values[variable].copy()
            values[variable][element] += move
            if not _forward(later, asked, values):
                return None
            ends.append(weighted(walks, values))
        if not all(mp.isfinite(x) for x in (*ends, at)):
            return None
        right, left = (ends[0] - at) / step, (at - ends[1]) / step
        slopes.append((right + left) / 2)
        sides.append((left, right))
    gaps = [abs(right - left) for left, right in sides]
    if gaps[1] * SMOOTH > gaps[0] and any(_apart(left, right) for left, right in sides):
        kink = all(not _apart(one, other) for one, other in zip(sides[0], sides[1], strict=True))
        return KINK.format(*(float(side) for side in sides[1])) if kink else None
    close = abs(slopes[1] - slopes[0]) <= mp.mpf(10) ** -9 * (1 + abs(slopes[1]))
    return float(slopes[1]) if close else None


def _apart(one: Any, other: Any) -> bool:
    """Whether two slopes are not the same but for the curve between them."""
    return bool(abs(one - other) > mp.mpf(10) ** -6 * (abs(one) + abs(other)))
