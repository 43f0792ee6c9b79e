"""What others say about a number: mpmath's differences of the forward, and differences of the subject's own forward.

The two together tell a wrong forward from a wrong backward: they share no rule with the subject's backward.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from mpmath import mp

from paragrad.fuzz.editing import renumbered
from paragrad.fuzz.judge.third.question import readings
from paragrad.fuzz.program import Array, Backward, Input, OptimizerStep, Program, ZeroGrad
from paragrad.fuzz.trace import Engine, Trace

DIGITS = 80
STEPS = (60, 80)
"""Two steps of the exact difference, 2^-60 and 2^-80 of the number: where they disagree there is a kink."""
ALIKE = 1e-4
"""Relative distance below which a difference in float64 agrees with a gradient."""
FLOAT32_ALIKE = 1e-2
MOST_STATEMENTS = 60
Element = tuple[int, ...]


def straight(program: Program) -> bool:
    """Whether a program is short, and computes each variable once: no operator in place, no optimizer's step."""
    changing = [s for s in program.statements if isinstance(s, OptimizerStep) or getattr(s, "in_place", False)]
    return len(program.statements) <= MOST_STATEMENTS and not changing


def objective(program: Program, until: int, variable: int) -> list[Backward]:
    """The backwards, up to the statement `until`, that a variable's gradient is of: a leaf's adds up."""
    walks: list[Backward] = []
    for statement in program.statements[: until + 1]:
        if isinstance(statement, ZeroGrad):
            walks.clear()
        elif isinstance(statement, Backward):
            walks.append(statement)
    return walks if variable < len(program.inputs) else walks[-1:]


def exactly(array: Array) -> Array:
    """Floats as mpmath numbers, others as they are."""
    if array.dtype.kind != "f":
        return array
    found = np.empty(array.shape, object)
    found.reshape(-1)[:] = [mp.mpf(x) for x in array.reshape(-1).tolist()]
    return found


def forward(program: Program, torchs: Trace, moved: tuple[int, Element, mp.mpf] | None) -> dict[int, Array] | None:
    """Every variable to as many digits as `mp` has, one element of one moved; None where an op has no definition."""
    values: dict[int, Array] = {}

    def take(variable: int, array: Array) -> None:
        if moved is not None and moved[0] == variable:
            array = array.copy()
            array[moved[1]] = array[moved[1]] + moved[2]
        values[variable] = array

    for k, spec in enumerate(program.inputs):
        take(k, exactly(spec.array()))
    for _, statement in program.applications():
        questions = readings(statement, torchs.values, True)
        if not questions:
            return None
        question = questions[-1]
        question.arrays = {k: values[k] if a.dtype == object else a for k, a in question.arrays.items()}
        try:
            outputs = question.outputs()
        except (ArithmeticError, ValueError):
            return None
        for variable, array in zip(statement.outputs, outputs, strict=True):
            take(variable, np.asarray(array))
    return values


def weighted(walks: list[Backward], values: dict[int, Array]) -> mp.mpf:
    """The sum over all backwards of each root times its cotangent."""
    total = mp.mpf(0)
    for walk in walks:
        for root, weight in zip(walk.roots, walk.cotangents, strict=True):
            terms = values[root] if weight is None else values[root] * values[weight]
            total += sum(np.ravel(terms).tolist(), mp.mpf(0))
    return total


def exact_difference(program: Program, torchs: Trace, until: int, variable: int, element: Element) -> float | None:
    """The gradient of one element as mpmath's central difference of the forward; None at a kink or without opinion."""
    if not straight(program) or variable not in torchs.values:
        return None
    walks = objective(program, until, variable)
    size = abs(float(torchs.values[variable][element])) or 1.0
    if not walks or not np.isfinite(size):
        return None
    found = []
    with mp.workdps(DIGITS):
        middle = forward(program, torchs, None)
        if middle is None:
            return None
        at = weighted(walks, middle)
        for exponent in STEPS:
            step = mp.mpf(size) * mp.mpf(2) ** -exponent
            sides = [forward(program, torchs, (variable, element, h)) for h in (step, -step)]
            if sides[0] is None or sides[1] is None:
                return None
            up, down = (weighted(walks, side) for side in sides if side is not None)
            if not all(mp.isfinite(x) for x in (up, down, at)):
                return None
            right, left = (up - at) / step, (at - down) / step
            if abs(right - left) > mp.mpf(10) ** -6 * (abs(right) + abs(left)):
                return None
            found.append((right + left) / 2)
        return float(found[1]) if abs(found[1] - found[0]) <= mp.mpf(10) ** -9 * (1 + abs(found[1])) else None


def own_difference(
    engine: Engine, program: Program, trace: Trace, until: int, variable: int, element: Element
) -> float | None:
    """The same of the subject's own forward, run beside the point; None where it can't be run or isn't smooth."""
    if not straight(program) or variable not in trace.values:
        return None
    walks = objective(program, until, variable)
    at = _made_an_input(program, trace, variable)
    if at is None or not walks:
        return None
    alone, place, roots = at
    held = trace.values[variable]
    if held.dtype.kind != "f" or not np.isfinite(held[element]):
        return None
    eps = float(np.finfo(np.float32 if any(a.dtype == np.float32 for a in _floats(trace)) else np.float64).eps)
    step = (abs(float(held[element])) or 1.0) * eps ** (1 / 3)
    slopes = []
    for h in (step, step / 2):
        sides = [_at(engine, alone, place, element, move, walks, roots) for move in (h, -h)]
        if sides[0] is None or sides[1] is None:
            return None
        slopes.append((sides[0] - sides[1]) / (2 * h))
    slope = (4 * slopes[1] - slopes[0]) / 3
    alike = FLOAT32_ALIKE if eps > 1e-10 else ALIKE
    return slope if abs(slopes[1] - slopes[0]) <= alike * max(abs(slope), 1e-3) else None


def _floats(trace: Trace) -> list[Array]:
    return [a for a in trace.values.values() if getattr(a, "dtype", np.dtype(bool)).kind == "f"]


def _made_an_input(program: Program, trace: Trace, variable: int) -> tuple[Program, int, Callable[[int], int]] | None:
    """The forward alone, with the variable among its inputs; its place, and what became of the other numbers."""
    calls = [statement for _, statement in program.applications()]
    forward_only = replace(program, statements=list(calls))
    if variable < len(program.inputs):
        return forward_only, variable, lambda k: k
    if not any(s.outputs == (variable,) for s in calls):
        return None
    place = len(program.inputs)
    inputs = [*enumerate(program.inputs), (variable, Input.of("moved", trace.values[variable], True))]
    alone = renumbered(program, inputs, [s for s in calls if s.outputs != (variable,)])
    return alone, place, lambda k: place if k == variable else k + 1 if place <= k < variable else k


def _at(
    engine: Engine,
    program: Program,
    place: int,
    element: Element,
    move: float,
    walks: list[Backward],
    renamed: Callable[[int], int],
) -> float | None:
    spec = program.inputs[place]
    array = spec.array().copy()
    array[element] = array[element] + move
    inputs = list(program.inputs)
    inputs[place] = Input.of(spec.name, array, spec.requires_grad)
    trace = engine.run(replace(program, inputs=inputs))
    total = 0.0
    for walk in walks:
        for root, weight in zip(walk.roots, walk.cotangents, strict=True):
            value = trace.values.get(renamed(root))
            if value is None or getattr(value, "dtype", np.dtype(bool)).kind != "f":
                return None
            factor = 1.0 if weight is None else program.inputs[renamed(weight)].array()
            total += float(np.sum(value.astype(np.float64) * factor))
    return total if np.isfinite(total) else None


def alike(one: float, other: float, relative: float = ALIKE) -> bool:
    """Whether two numbers agree to the few digits that a difference has."""
    return bool(abs(one - other) <= relative * max(abs(one), abs(other)))
