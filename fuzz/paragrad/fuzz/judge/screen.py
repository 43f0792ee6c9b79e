"""The screen before the judge: many programs of 0-d float64 variables at once.

Each node is judged at the subject's own values, as in the judge's second stage, but torch is asked once for all
applications of an op in the same form, and its own trace is not needed. What is not near goes through the judge's third
stage alone. A program of which every value and gradient passes is right; any other is the judge's. So the screen lets
nothing pass that the judge would not. What it leaves out: that torch's own trace may be wrong is not noticed here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from paragrad.fuzz.judge.agreement import is_far, near
from paragrad.fuzz.judge.alike import Alike, Key, key
from paragrad.fuzz.judge.gradients import BackwardCheck
from paragrad.fuzz.judge.local import RefusedError
from paragrad.fuzz.judge.verdict import Judgement
from paragrad.fuzz.program import Apply, Array, Backward, Program, Ref, ZeroGrad
from paragrad.fuzz.trace import Trace

FLOAT64 = np.dtype("float64")
MOST_BOUNDED = 3
"""Gradients of a program that are held against a bound; with more than these apart, something is wrong."""


class LeftToJudgeError(Exception):
    """The screen can't say that a program is right."""


def screen(programs: Sequence[Program], traces: Sequence[Trace], foreign: bool) -> list[Judgement | None]:
    """For each program and its Trace the Judgement where all is right; None where the judge is to look.

    Of a `foreign` engine less is asked, as by the judge. "identical" is what is equal to torch's at the subject's own
    values; the judge compares with torch's own trace first.
    """
    batch = Batch(foreign)
    for program, trace in zip(programs, traces, strict=True):
        batch.take(program, trace)
    return batch.judgements()


class Numbers:
    """Numbers that the subject showed, program by program; `counts` says how many each program has."""

    def __init__(self) -> None:
        self.found: list[float] = []
        self.counts: list[int] = []

    def extend(self, found: Sequence[float]) -> int:
        """Add numbers of the last program; return the place of the first."""
        place = len(self.found)
        self.found.extend(found)
        self.counts[-1] += len(found)
        return place

    def owners(self) -> Array:
        """For each number its program."""
        return np.repeat(np.arange(len(self.counts)), self.counts)

    def identical(self, expected: Array) -> Array:
        """For each program how many numbers are what is expected, or NaN like it."""
        found = np.array(self.found)
        same = (found == expected) | (np.isnan(found) & np.isnan(expected))
        return np.bincount(self.owners()[same], minlength=len(self.counts))


class Batch:
    """Programs side by side, their values and gradients numbered through.

    A contribution to a gradient, in `parts`, belongs to the gradient `targets`; those of one come in the judge's order.
    """

    def __init__(self, foreign: bool) -> None:
        self.foreign = foreign
        self.right: list[bool] = []
        self.alike: dict[Key, Alike] = {}
        self.values = Numbers()
        self.gradients = Numbers()
        self.given: list[float] = []
        self.parts: list[float] = []
        self.targets: list[int] = []
        self.walks: list[tuple[Walks, int, int]] = []
        """Of each gradient the program, the backward and the variable."""

    def take(self, program: Program, trace: Trace) -> None:
        """Add a program, or find that it is the judge's."""
        self.right.append(True)
        self.values.counts.append(0)
        self.gradients.counts.append(0)
        try:
            Walks(self, program, trace).take()
        except LeftToJudgeError:
            self.right[-1] = False

    def judgements(self) -> list[Judgement | None]:
        """Ask torch, and compare."""
        values, total, size = self.expected()
        for owner in self.values.owners()[~near(np.array(self.values.found), values, np.abs(values))].tolist():
            self.right[owner] = False
        judged = [Judgement() for _ in self.right]
        owners = self.gradients.owners()
        apart = np.flatnonzero(~near(np.array(self.gradients.found), total, size))
        for owner in np.flatnonzero(np.bincount(owners[apart], minlength=len(judged)) > MOST_BOUNDED).tolist():
            self.right[owner] = False
        for place, owner in zip(apart.tolist(), owners[apart].tolist(), strict=True):
            if self.right[owner]:
                self.right[owner] = self.bounded(place, total[place], judged[owner])
        for numbers, expected, of in ((self.values, values, "values"), (self.gradients, total, "gradients")):
            for judgement, count, same in zip(judged, numbers.counts, numbers.identical(expected), strict=True):
                getattr(judgement, of).update(identical=int(same), rounding=count - int(same))
        return [judgement if right else None for judgement, right in zip(judged, self.right, strict=True)]

    def expected(self) -> tuple[Array, Array, Array]:
        """torch's values, the gradients that follow from its contributions, and the size of what is added up there."""
        values, parts = np.array(self.given), np.array(self.parts)
        owners = self.values.owners()
        for alike in self.alike.values():
            found, contributions = alike.values(), alike.contributions()
            if found is None or contributions is None:
                for owner in owners[alike.outputs].tolist():
                    self.right[owner] = False
                continue
            values[alike.outputs] = found
            for places, shares in zip(alike.shares, contributions, strict=True):
                parts[places] = shares
        targets, count = np.array(self.targets, np.int64), len(self.gradients.found)
        # bincount adds up in the order of the contributions, and that is the judge's.
        return values, np.bincount(targets, parts, count), np.bincount(targets, np.abs(parts), count)

    def bounded(self, place: int, expected: float, judgement: Judgement) -> bool:
        """The judge's third stage: whether a gradient is within the bound on rounding."""
        walks, position, variable = self.walks[place]
        found = np.array(self.gradients.found[place])
        if is_far(found, np.array(expected)):
            return False
        needing = frozenset(k for k, needed in enumerate(walks.needing) if needed)
        try:
            bound = BackwardCheck(walks.program, walks.trace, position, needing, self.foreign).expected(variable)
        except RefusedError:
            return False
        agreeing = bound.agrees(found)
        judgement.largest = max(judgement.largest, bound.largest(found, agreeing))
        return bool(agreeing)


class Walks:
    """One program, statement by statement: what it adds to the batch. Raises LeftToJudgeError."""

    def __init__(self, batch: Batch, program: Program, trace: Trace) -> None:
        self.batch = batch
        self.program = program
        self.trace = trace
        self.needing = [spec.requires_grad for spec in program.inputs]
        self.made: list[tuple[int, list[int], Alike, int]] = []
        """Of each application its output, the operands that require grad, and where it is among those alike."""
        self.touched: set[int] = set()
        self.held: dict[int, float | None] = {}

    def take(self) -> None:
        """Add everything."""
        trace, program = self.trace, self.program
        if trace.failure is not None or program.optimizer is not None or trace.parameters:
            raise LeftToJudgeError
        given = [_given(spec.storage) for spec in program.inputs]
        for index, after in trace.inputs_after.items():
            if not 0 <= index < len(given) or not _same(_number(after), given[index]):
                raise LeftToJudgeError
        self.shown = [_number(trace.values.get(k)) for k in range(program.count)]
        if len(trace.values) != len(self.shown):
            raise LeftToJudgeError
        self.first = self.batch.values.extend(self.shown)
        self.batch.given.extend(given)
        self.batch.given.extend([0.0] * (len(self.shown) - len(given)))
        walks = 0
        for position, statement in enumerate(program.statements):
            if type(statement) is Apply:
                self.take_application(statement)
            elif type(statement) is Backward and not statement.create_graph:
                self.take_backward(position, statement)
                walks += 1
            elif type(statement) is ZeroGrad:
                self.touched.clear()
                self.held.clear()
            else:
                raise LeftToJudgeError
        if len(trace.gradients) != walks:
            raise LeftToJudgeError

    def take_application(self, statement: Apply) -> None:
        """A value that torch is to be asked for."""
        output = len(self.needing)
        form = key(statement, self.needing)
        if form is None or statement.outputs != (output,):
            raise LeftToJudgeError
        alike = self.batch.alike.get(form)
        if alike is None:
            alike = self.batch.alike[form] = Alike(form, statement)
        row = alike.add(statement.args, self.shown, self.first + output)
        operands = [a.index for a in statement.args if type(a) is Ref and self.needing[a.index]]
        self.made.append((output, operands, alike, row))
        self.needing.append(bool(operands))

    def take_backward(self, position: int, statement: Backward) -> None:
        """The gradients after one backward, each the sum of what its consumers contribute and of what was given."""
        shown = self.trace.gradients.get(position)
        if shown is None or not all(self.needing[root] for root in statement.roots):
            raise LeftToJudgeError
        if not all(type(k) is int and 0 <= k < len(self.needing) for k in shown):
            raise LeftToJudgeError
        gradients = {k: None if g is None else _number(g) for k, g in shown.items()}
        reached = set(statement.roots)
        walked = []
        for made in reversed(self.made):
            if made[0] in reached and made[1]:
                reached.update(made[1])
                walked.append(made)
        inputs = len(self.program.inputs)
        self.touched.update(k for k in reached if k < inputs)
        targets = self.targets(position, gradients, reached)
        parts, belongs = self.batch.parts, self.batch.targets
        for output, operands, alike, row in walked:
            incoming = gradients[output]
            assert incoming is not None  # or there would be no target
            alike.walk(row, incoming, len(parts))
            parts.extend([0.0] * len(operands))
            belongs.extend([targets[k] for k in operands])
        for root, cotangent in zip(statement.roots, statement.cotangents, strict=True):
            parts.append(1.0 if cotangent is None else self.shown[cotangent])
            belongs.append(targets[root])
        for leaf, held in self.held.items():
            if held is not None and leaf in targets:
                parts.append(held)
                belongs.append(targets[leaf])
        self.held = {k: g for k, g in gradients.items() if k < inputs}

    def targets(self, position: int, gradients: dict[int, float | None], reached: set[int]) -> dict[int, int]:
        """The places of the gradients that torch has, too; what it hasn't must be none, or 0 of a foreign engine."""
        foreign = self.batch.foreign
        here = []
        found = []
        for variable, needing in enumerate(self.needing):
            gradient = gradients.get(variable)
            if needing and (variable in reached or variable in self.touched):
                if gradient is None:
                    raise LeftToJudgeError
                here.append(variable)
                found.append(gradient)
            elif foreign:
                if gradient and needing:
                    raise LeftToJudgeError
            elif gradient is not None or (needing and variable not in gradients):
                raise LeftToJudgeError
        place = self.batch.gradients.extend(found)
        self.batch.walks.extend([(self, position, variable) for variable in here])
        return {variable: place + k for k, variable in enumerate(here)}


def _given(storage: Array) -> float:
    """The number in an input's storage."""
    if storage.size != 1:
        raise LeftToJudgeError
    return _number(storage.reshape(()))


def _number(shown: Any) -> float:
    """The float64 number that a Trace shows."""
    if type(shown) is not np.ndarray or shown.dtype is not FLOAT64 or shown.ndim:
        raise LeftToJudgeError
    return float(shown)


def _same(x: float, y: float) -> bool:
    return x == y or (x != x and y != y)
