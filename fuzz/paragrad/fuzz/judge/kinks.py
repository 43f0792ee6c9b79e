"""The subdifferential at a kink: what any engine may give there, where torch chose one of it.

Where a function has a kink, or several operands tie, its gradients a hair's breadth away differ by the direction, and
their convex hull is the (Clarke) subdifferential: Clarke, Optimization and Nonsmooth Analysis, section 2.5. It is
sampled: each operand is moved by random amounts of a few units in the last place of float64, and torch gives the
gradient there. An interval an element doesn't know that two operands which tie share one gradient; so the engine's own
shares, replayed, must add up to what the samples add up to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from paragrad.engine import dtypes
from paragrad.engine.ops.rounding import Elementwise
from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.judge.blame import replays
from paragrad.fuzz.judge.bounds import NEAR, UNIT
from paragrad.fuzz.judge.gradients import BackwardCheck
from paragrad.fuzz.judge.local import LocalReference
from paragrad.fuzz.program import Apply, Array
from paragrad.fuzz.trace import Engine

SAMPLES = 24
"""Points around the kink; one side of one element is missed by 1 in 2^23 kinks."""
REACH = 2.0**-45
"""How far an operand is moved, relative to its size."""
SMOOTH = 1e-5
"""Gradients that differ by no more than this, relative to their size, show no kink."""


class Kinks:
    """The hull of one variable's gradient: per consumer, the gradients around its operands."""

    def __init__(self, check: BackwardCheck, variable: int, engine: Engine) -> None:
        self.check = check
        self.variable = variable
        self.engine = engine

    def conventional(self, found: Array) -> Array:
        """Where `found` differs from torch's gradient and lies in the subdifferential, or there is none; a mask."""
        expected = self.check.expected(self.variable)
        lowest, highest = expected.exact.copy(), expected.exact.copy()
        with np.errstate(all="ignore"):
            for contribution in self.check.consumed(self.variable):
                around = samples(contribution.local, contribution.incoming)
                for k in contribution.places[self.variable]:
                    if k in contribution.expected:
                        below, above = hull([sample[k] for sample in around if k in sample])
                        lowest += below - contribution.expected[k].exact
                        highest += above - contribution.expected[k].exact
            kink = highest - lowest > SMOOTH * np.maximum(np.abs(lowest), np.abs(highest))
            unit = UNIT[dtypes.as_dtype(found.dtype)]
            slack = expected.bound + NEAR * unit * (np.abs(lowest) + np.abs(highest) + np.abs(expected.exact))
            inside = (found >= lowest - slack) & (found <= highest + slack)
        apart = ~expected.accepts(found)
        undefined = apart & self.beside_nan(found.shape)
        chosen = kink & inside & apart
        return undefined | chosen if chosen.any() and self.shares_add_up() else undefined

    def beside_nan(self, shape: tuple[int, ...]) -> Array:
        """Where a consumer's operand or incoming gradient is NaN: no derivative is defined there.

        Everywhere if that has another shape.
        """
        found = np.zeros(shape, np.bool_)
        for contribution in self.check.consumed(self.variable):
            arrays = [*contribution.local.values.values(), *(g for g in contribution.incoming if g is not None)]
            for array in arrays:
                if array.dtype.kind == "f" and np.isnan(array).any():
                    found |= np.isnan(array) if array.shape == shape else True
        return found

    def shares_add_up(self) -> bool:
        """Whether each consumer, replayed, spreads as much over its operands as some point around the kink does."""
        consumed = list(self.check.consumed(self.variable))
        for replay, contribution in zip(replays(self.engine, self.check, self.variable), consumed, strict=True):
            if not replay.wrong:
                continue
            last = len(replay.program.statements) - 1
            shown = replay.trace.gradients.get(last, {})
            mine = {k: g for k, g in shown.items() if k in contribution.expected and g is not None}
            add = shares(replay.consumer.statement, mine)
            sums = np.array([add(sample) for sample in samples(contribution.local, contribution.incoming)])
            slack = SMOOTH * add({k: np.abs(e.exact) + e.bound for k, e in contribution.expected.items()})
            found = add(mine)
            if not np.all((sums.min(axis=0) - slack <= found) & (found <= sums.max(axis=0) + slack)):
                return False
        return True


def samples(local: LocalReference, incoming: Sequence[Array | None]) -> list[dict[int, Array]]:
    """The gradients of a statement's operands at points around them, in float64."""
    rng = np.random.default_rng(0)
    values = {k: v for k, v in local.values.items() if v.dtype.kind == "f"}
    sizes = [np.abs(v[(v != 0) & np.isfinite(v)]).min(initial=1.0) for v in values.values()]
    smallest = float(min(sizes, default=1.0))
    found = []
    for _ in range(SAMPLES):
        shifts = {}
        for k, v in values.items():
            reach = REACH * np.where(v == 0, smallest, np.abs(np.where(np.isfinite(v), v, 0.0)).astype(np.float64))
            shifts[k] = reach * rng.uniform(-1, 1, v.shape)
        found.append(local.gradients_beside(shifts, incoming))
    return found


def hull(around: list[Array]) -> tuple[Array, Array]:
    """The least and the greatest of the gradients that are numbers; NaN where none is."""
    stacked = np.array(around)
    numbers = np.isfinite(stacked)
    none = ~numbers.any(axis=0)
    below = np.min(stacked, axis=0, where=numbers, initial=np.inf)
    above = np.max(stacked, axis=0, where=numbers, initial=-np.inf)
    return np.where(none, np.nan, below), np.where(none, np.nan, above)


def shares(statement: Apply, gradients: Mapping[int, Array]) -> Callable[[Mapping[int, Array]], Array]:
    """What of an op's gradients has to add up: over the operands at each element, or everything where elements meet."""
    shapes = {g.shape for g in gradients.values()}
    if isinstance(TABLE[statement.op].rounding, Elementwise) and len(shapes) == 1:
        return lambda parts: np.asarray(sum(np.asarray(g, np.float64) for g in parts.values()))
    return lambda parts: np.asarray(sum(np.sum(g, dtype=np.float64) for g in parts.values()))
