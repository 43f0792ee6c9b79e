"""A rule that does not multiply by what comes in: `1 - t**2 * g` for `(1 - t**2) * g`.

It is right for an incoming gradient of 1, so that the op alone looks sound; only others show it.
"""

from __future__ import annotations

import math

import numpy as np

from paragrad.fuzz.judge.gradients import BackwardCheck, Consumer
from paragrad.fuzz.judge.isolate import isolate
from paragrad.fuzz.program import Array
from paragrad.fuzz.trace import Engine

GIVEN = (1.0, 2.0, 3.0)
"""Incoming gradients for which a rule is asked; the last is there to be foretold."""
CLOSE = 1e-9


def affine(
    engine: Engine, check: BackwardCheck, consumer: Consumer, parameter: str, right: float, name: str
) -> str | None:
    """In words what a rule of single numbers gives for an incoming gradient g, where that is no multiple of g.

    `right` is the local derivative, `name` the gradient in symbols. None where it is a multiple, or nothing so simple.
    """
    found = [given(engine, check, consumer, parameter, g) for g in GIVEN]
    one, two, three = (math.nan if x is None else x for x in found)
    slope, start = two - one, 2 * one - two
    size = abs(slope) + abs(start)
    if not math.isfinite(size) or abs(start) <= CLOSE * size or abs(start + 3 * slope - three) > CLOSE * size:
        return None
    told = f"for an incoming gradient g it gives {start:.6g}{_signed(slope)}·g in {name}, expected {right:.6g}·g"
    missing = slope != 0 and math.isclose(one, right, rel_tol=CLOSE)
    return f"{told}: as if a bracket were missing, as in 1 - t**2 * g for (1 - t**2) * g" if missing else told


def given(engine: Engine, check: BackwardCheck, consumer: Consumer, parameter: str, incoming: float) -> float | None:
    """What the engine's own rule gives to one operand, the op asked alone; None where that is no number."""
    output = check.trace.values[consumer.statement.outputs[0]]
    if len(consumer.statement.outputs) != 1 or output.shape != ():
        return None
    seeds: list[Array | None] = [np.array(incoming, output.dtype)]
    alone, origin = isolate(consumer.statement, check.trace.at(consumer.position), check.needing, seeds)
    shown = engine.run(alone).gradients.get(1, {})
    gave = [shown.get(k) for k, (name, _) in origin.items() if name == parameter]
    return float(gave[0]) if len(gave) == 1 and type(gave[0]) is np.ndarray and gave[0].shape == () else None


def _signed(number: float) -> str:
    return f" - {-number:.6g}" if number < 0 else f" + {number:.6g}"
