"""The screen before the judge: many programs of 0-d float64 variables at once.

Each node is judged at the subject's own values, as in the judge's second stage, but torch is asked once for all
applications of an op in the same form. A program of which every value and gradient is near what torch gives there is
right, and needs no trace of torch's; any other is the judge's. So the screen may only ever let pass what the judge
would let pass. What it leaves out is torch's own trace: that torch contradicts itself is not noticed here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from paragrad.fuzz.judge.agreement import near
from paragrad.fuzz.judge.alike import Alike, key
from paragrad.fuzz.judge.verdict import Judgement
from paragrad.fuzz.program import Apply, Array, Backward, Program, Ref, ZeroGrad
from paragrad.fuzz.trace import Trace

FLOAT64 = np.dtype("float64")


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


class Batch:
    """Programs side by side. Values and gradients of all of them are numbered through; `programs` says whose each is.

    A contribution to a gradient belongs to the gradient `targets`; those of one gradient come in the judge's order.
    """

    def __init__(self, foreign: bool) -> None:
        self.foreign = foreign
        self.right: list[bool] = []
        self.alike: dict[Any, Alike] = {}
        self.values = Numbers()
        self.gradients = Numbers()
        self.parts: list[float] = []
        self.targets: list[int] = []

    def take(self, program: Program, trace: Trace) -> None:
        """Add a program, or find that it is the judge's."""
        self.right.append(True)
        try:
            Walked(self, program, trace).take()
        except LeftToJudgeError:
            self.right[-1] = False

    def judgements(self) -> list[Judgement | None]:
        """Ask torch, and compare."""
        expected, parts = np.array(self.values.expected), np.array(self.parts)
        for alike in self.alike.values():
            values = alike.values()
            expected[alike.outputs] = np.nan if values is None else values
            if values is None:
                self.values.refuse(alike.outputs, self.right)
            if alike.rows:
                contributions = alike.contributions()
                if contributions is None:
                    self.values.refuse([alike.outputs[row] for row in alike.rows], self.right)
                else:
                    for places, share in zip(alike.shares, contributions, strict=True):
                        parts[places] = share
        count = len(self.gradients.found)
        # bincount adds in the order of the contributions, which is that of the judge.
        total = np.bincount(self.targets, parts, count) if self.targets else np.zeros(count)
        size = np.bincount(self.targets, np.abs(parts), count) if self.targets else np.zeros(count)
        values = self.values.verdicts(expected, np.abs(expected), self.right)
        gradients = self.gradients.verdicts(total, size, self.right)
        return [
            _judgement(v, g) if right else None
            for right, v, g in zip(self.right, values, gradients, strict=True)
        ]


class Numbers:
    """Numbers that the subject showed, each with its program, and with what is expected where that is known."""

    def __init__(self) -> None:
        self.found: list[float] = []
        self.expected: list[float] = []
        self.owners: list[int] = []

    def add(self, found: float, expected: float, owner: int) -> int:
        """Add a number; return its place."""
        self.found.append(found)
        self.expected.append(expected)
        self.owners.append(owner)
        return len(self.found) - 1

    def refuse(self, places: Sequence[int], right: list[bool]) -> None:
        """Leave the programs of these numbers to the judge."""
        for place in places:
            right[self.owners[place]] = False

    def verdicts(self, expected: Array, size: Array, right: list[bool]) -> list[tuple[int, int]]:
        """For each program how many are identical and how many rounded; one with another is no longer `right`."""
        found, owners = np.array(self.found), np.array(self.owners, np.int64)
        for owner in owners[~near(found, expected, size)].tolist():
            right[owner] = False
        same = (found == expected) | (np.isnan(found) & np.isnan(expected))
        identical = np.bincount(owners[same], minlength=len(right)).tolist()
        rounded = np.bincount(owners[~same], minlength=len(right)).tolist()
        return list(zip(identical, rounded, strict=True))


class Walked:
    """One program, statement by statement: what it adds to the batch. Raises LeftToJudgeError."""

    def __init__(self, batch: Batch, program: Program, trace: Trace) -> None:
        self.batch = batch
        self.program = program
        self.trace = trace
        self.owner = len(batch.right) - 1
        self.shown: list[float] = []
        self.needing: list[bool] = []
        self.made: list[tuple[Apply, Alike, int]] = []
        self.touched: set[int] = set()
        self.held: dict[int, float | None] = {}

    def take(self) -> None:
        """Add everything."""
        trace, program = self.trace, self.program
        if trace.failure is not None or program.optimizer is not None or trace.parameters:
            raise LeftToJudgeError
        for index, spec in enumerate(program.inputs):
            if spec.shape != () or spec.dtype is not FLOAT64 or spec.strides is not None:
                raise LeftToJudgeError
            self.take_input(index, float(spec.storage[0]), spec.requires_grad)
        for position, statement in enumerate(program.statements):
            if type(statement) is Apply:
                self.take_application(statement)
            elif type(statement) is Backward and not statement.create_graph:
                self.take_backward(position, statement)
            elif type(statement) is ZeroGrad:
                self.touched.clear()
                self.held.clear()
            else:
                raise LeftToJudgeError
        if len(trace.values) != len(self.shown) or not trace.gradients.keys() <= self.walks():
            raise LeftToJudgeError

    def walks(self) -> set[int]:
        """Where the program has a backward."""
        return {k for k, statement in enumerate(self.program.statements) if type(statement) is Backward}

    def take_input(self, index: int, number: float, needing: bool) -> None:
        """A leaf, which shows what it was given, and still does in the end."""
        after = self.trace.inputs_after.get(index)
        if after is not None and not _same(_number(after), number):
            raise LeftToJudgeError
        shown = _number(self.trace.values.get(index))
        self.batch.values.add(shown, number, self.owner)
        self.shown.append(shown)
        self.needing.append(needing)

    def take_application(self, statement: Apply) -> None:
        """A value that torch is to be asked for."""
        if statement.outputs != (len(self.shown),) or (form := key(statement, self.needing)) is None:
            raise LeftToJudgeError
        alike = self.batch.alike.get(form)
        if alike is None:
            alike = self.batch.alike[form] = Alike(form, statement)
        shown = _number(self.trace.values.get(len(self.shown)))
        place = self.batch.values.add(shown, 0.0, self.owner)
        operands = [
            self.shown[a.index] if type(a) is Ref else float(a)
            for a, kind in zip(statement.args, alike.form, strict=True)
            if type(kind) is bool
        ]
        self.made.append((statement, alike, alike.add(operands, place)))
        self.shown.append(shown)
        self.needing.append(True in alike.needing)

    def take_backward(self, position: int, statement: Backward) -> None:
        """The gradients after one backward, each the sum of what its consumers contribute and of what was given."""
        shown = self.trace.gradients.get(position)
        if shown is None or not all(self.needing[root] for root in statement.roots):
            raise LeftToJudgeError
        if not all(type(k) is int and 0 <= k < len(self.shown) for k in shown):
            raise LeftToJudgeError
        gradients = {k: None if g is None else _number(g) for k, g in shown.items()}
        reached = set(statement.roots)
        for applied, _, _ in reversed(self.made):
            if applied.outputs[0] in reached:
                reached.update(a.index for a in applied.args if type(a) is Ref and self.needing[a.index])
        inputs = len(self.program.inputs)
        self.touched.update(k for k in reached if k < inputs)
        targets = self.targets(gradients, reached)
        self.consumers(gradients, reached, targets)
        for root, cotangent in zip(statement.roots, statement.cotangents, strict=True):
            self.part(1.0 if cotangent is None else self.shown[cotangent], targets[root])
        for leaf, held in self.held.items():
            if held is not None and leaf in targets:
                self.part(held, targets[leaf])
        self.held = {k: g for k, g in gradients.items() if k < inputs}

    def targets(self, gradients: dict[int, float | None], reached: set[int]) -> dict[int, int]:
        """The places of the gradients that torch has, too; what it hasn't must be none, or 0 of a foreign engine."""
        found = {}
        for variable, needing in enumerate(self.needing):
            gradient = gradients.get(variable)
            if not needing:
                if gradient is not None and not self.batch.foreign:
                    raise LeftToJudgeError
            elif variable in reached or variable in self.touched:
                if gradient is None:
                    raise LeftToJudgeError
                found[variable] = self.batch.gradients.add(gradient, 0.0, self.owner)
            elif (gradient is not None or variable not in gradients) and not (self.batch.foreign and not gradient):
                raise LeftToJudgeError
        return found

    def consumers(self, gradients: dict[int, float | None], reached: set[int], targets: dict[int, int]) -> None:
        """What torch is to be asked for: the contributions of each statement that the walk goes back through."""
        parts, belongs = self.batch.parts, self.batch.targets
        for applied, alike, row in reversed(self.made):
            incoming = gradients.get(applied.outputs[0])
            if incoming is None or not alike.shares or applied.outputs[0] not in reached:
                continue
            alike.rows.append(row)
            alike.incoming.append(incoming)
            operands = [a.index for a in applied.args if type(a) is Ref and self.needing[a.index]]
            for places, operand in zip(alike.shares, operands, strict=True):
                places.append(len(parts))
                parts.append(0.0)
                belongs.append(targets[operand])

    def part(self, number: float, target: int) -> None:
        """A contribution that is known."""
        self.batch.parts.append(number)
        self.batch.targets.append(target)


def _number(shown: Any) -> float:
    """The float64 number that a Trace shows."""
    if type(shown) is not np.ndarray or shown.dtype is not FLOAT64 or shown.ndim:
        raise LeftToJudgeError
    return float(shown)


def _same(x: float, y: float) -> bool:
    return x == y or (x != x and y != y)


def _judgement(values: tuple[int, int], gradients: tuple[int, int]) -> Judgement:
    found = Judgement()
    found.values["identical"], found.values["rounding"] = values
    found.gradients["identical"], found.gradients["rounding"] = gradients
    return found
