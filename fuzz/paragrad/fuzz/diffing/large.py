"""A large program under judgement: all of it where torch can be asked about many nodes at once, else a part.

A node of single float64 numbers is right where the screen says so; what it leaves open is judged alone, as everything
is of a small program. Of other programs the nodes asked for are judged, and of the rest the first that are far from
torch's trace. What stays over is counted, and is right or wrong as may be.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from paragrad.fuzz.judge.agreement import is_far, near
from paragrad.fuzz.judge.gradients import BackwardCheck
from paragrad.fuzz.judge.judge import Case
from paragrad.fuzz.judge.screen import Batch
from paragrad.fuzz.program import Array, Program
from paragrad.fuzz.trace import Engine, Trace

LARGE = 1_000
"""Statements of a program that is large."""
MOST_JUDGED = 1_000
"""Numbers that are judged alone, beside those of the nodes asked for."""


class LargeCase(Case):
    """A large program; the judgement ends with the first finding.

    `within` are the variables that are judged in any case. `left` are those of which a number differs from torch's
    trace by more than a few u and was not judged.
    """

    def __init__(
        self, program: Program, trace: Trace, reference: Trace, engine: Engine, within: Collection[int]
    ) -> None:
        super().__init__(program, trace, reference, engine, first=True)
        self.within = frozenset(within)
        self.left: set[int] = set()
        self.judged = 0
        self.screened = passed(program, self.trace, engine.foreign)

    def look(self) -> None:
        """As of a small program, but that torch's own trace is not doubted."""
        super().look()
        self.apart_values.clear()
        self.differing.clear()

    def value(self, variable: int) -> None:
        """One variable's value, if it is among what is judged."""
        if self.chosen_for(-1, variable, self.trace.values[variable], self.reference.values[variable]):
            super().value(variable)

    def gradient(self, position: int, variable: int, check: BackwardCheck | None) -> None:
        """One variable's gradient, if it is among what is judged."""
        mine, theirs = (trace.gradients[position][variable] for trace in (self.trace, self.reference))
        assert mine is not None and theirs is not None
        if self.chosen_for(position, variable, mine, theirs):
            super().gradient(position, variable, check)

    def chosen_for(self, position: int, variable: int, mine: Array, theirs: Array) -> bool:
        """Whether a number is judged alone. `position` is that of its backward, -1 of a value."""
        if self.screened is not None and (position, variable) in self.screened:
            return False
        if variable in self.within:
            return True
        suspect = self.screened is not None or is_far(mine, theirs)
        if not suspect or self.judged >= MOST_JUDGED:
            self.left.add(variable)
            return False
        self.judged += 1
        return True


def passed(program: Program, trace: Trace, foreign: bool) -> frozenset[tuple[int, int]] | None:
    """What the screen finds right: a variable's value (-1 and the variable), or its gradient after a backward.

    None where the program is not the screen's: arrays, an engine that fails or hides, what torch refuses.
    """
    batch = Batch(foreign)
    batch.take(program, trace)
    if not all(batch.right):
        return None
    values, gradients, sizes = batch.expected()
    if not all(batch.right):
        return None
    right = np.flatnonzero(near(np.array(batch.values.found), values, np.abs(values)))
    found = {(-1, variable) for variable in right.tolist()}
    for place in np.flatnonzero(near(np.array(batch.gradients.found), gradients, sizes)).tolist():
        _, position, variable = batch.walks[place]
        found.add((position, variable))
    return frozenset(found)
