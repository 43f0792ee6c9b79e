"""judge(): a Program and the subject's Trace in, verdicts and findings out. See `paragrad.fuzz.judge`."""

from __future__ import annotations

import contextlib
import functools
import warnings
from typing import Any

import numpy as np

from paragrad.fuzz.judge.agreement import compare, is_near
from paragrad.fuzz.judge.blame import WALK, blame_crash, blame_gradient, once, twice
from paragrad.fuzz.judge.drawn import settled, settled_program
from paragrad.fuzz.judge.expected import Expected, exactly
from paragrad.fuzz.judge.gradients import BackwardCheck, has_hidden
from paragrad.fuzz.judge.intake import take_in
from paragrad.fuzz.judge.isolate import shows
from paragrad.fuzz.judge.kinks import Kinks
from paragrad.fuzz.judge.local import LocalReference, RefusedError
from paragrad.fuzz.judge.placed import blame_in_place
from paragrad.fuzz.judge.reference import reference
from paragrad.fuzz.judge.steps import Steps
from paragrad.fuzz.judge.stretches import Stretches
from paragrad.fuzz.judge.telling import describe, farthest
from paragrad.fuzz.judge.torchs_own import TorchsOwn
from paragrad.fuzz.judge.verdict import Finding, FoundError, Judgement, Problem
from paragrad.fuzz.program import Apply, Array, Grad, Program
from paragrad.fuzz.trace import Engine, Trace


def judge(
    program: Program, trace: Trace, reference: Trace, engine: Engine, *, staged: bool = True, first: bool = False
) -> Judgement:
    """Judge what `engine` made of `program` against torch's `reference` trace of it.

    Of a foreign engine less is asked (see `Engine.foreign`). Not `staged`, nothing passes because torch computed the
    same: every number is held against its bound. `engine` is asked again, with programs of one op, only to say which op
    a wrong gradient is to be blamed on; that costs most, and with `first` it ends with the first finding.
    """
    case = Case(program, trace, reference, engine, staged, first)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's, about degrees of freedom or memory layouts
        return case.judge()


class Case:
    """One program under judgement."""

    def __init__(
        self, program: Program, trace: Trace, reference: Trace, engine: Engine, staged: bool = True, first: bool = False
    ) -> None:
        self.program = program
        self.trace, self.complaints = take_in(program, trace)
        self.engine = engine
        self.reference = reference
        self.foreign = engine.foreign
        self.staged = staged
        self.only_first = first
        self.result = Judgement()
        self.differing: list[tuple[int, int]] = []
        self.apart_values: list[int] = []

    def judge(self) -> Judgement:
        """Torch's trace for everything at once; torch at the subject's own values; then the bound, for what is left."""
        if self.reference.failure is not None:
            failure = self.reference.failure
            self.result.refused = f"{self.op_at(failure.statement)}: {failure.type}: {failure.message}"
            return self.result
        with contextlib.suppress(FoundError):
            self.look()
        blame_in_place(lambda other: self.of(other).findings, self.program, self.result.findings)
        # After an optimizer step torch goes on from the subject's parameters: its trace is not all its own.
        if not self.result.findings and not has_hidden(self.program) and self.program.optimizer is None:
            with contextlib.suppress(FoundError):
                TorchsOwn(self.trace, self.reference, self.settled, self.makers, self.found).look(
                    self.apart_values, self.differing
                )
        return self.result

    def look(self) -> None:
        """Everything in order of execution."""
        self.unreadable()
        self.values()
        for position in self.reference.gradients:
            if position in self.trace.gradients:
                self.gradients(position)
            elif self.trace.failure is None:
                self.found("missing", position, None, "no gradients are shown after this backward")
        for position in self.reference.parameters:
            if position in self.trace.parameters:
                self.step(position)
        if self.trace.failure is not None:
            failure = self.trace.failure
            op = blame_crash(self.engine, self.program, self.trace, self.reference, failure.statement)
            if not op and has_hidden(self.program) and self.op_at(failure.statement) in ("grad", "backward"):
                op, _ = self.blame_hidden(None)
            self.found(
                "crash", failure.statement, None, f"{failure.type}: {failure.message}", op=op, where=failure.where
            )
        self.inputs_unchanged()

    def unreadable(self) -> None:
        """What the trace shows that is no array of numbers, or belongs to no variable of the program."""
        for at, variable, text in self.complaints:
            place, expected = at, None
            if at < 0 and variable is not None:
                place, expected = self.makers[variable], self.reference.values.get(variable)
            self.found("unreadable", place, variable, text, expected=expected)

    def op_at(self, position: int) -> str:
        """The op of a statement, or the statement's kind."""
        if position < 0:
            return "input"
        statement = self.program.statements[position]
        return statement.op if isinstance(statement, Apply) else type(statement).__name__.lower()

    def found(self, kind: str, statement: int, variable: int | None, message: str, **more: Any) -> None:
        """Add a finding."""
        op = more.pop("op", None) or self.op_at(statement)
        self.result.findings.append(Finding(kind, statement, op, variable, message, **more))
        if self.only_first:
            raise FoundError

    def paired(self, found: dict[int, Any], expected: dict[int, Any], what: str) -> tuple[list[int], list[Problem]]:
        """The variables for which both sides show arrays of one shape and dtype, and what is wrong with the rest."""
        alike, problems = [], []
        for variable, torchs in expected.items():
            if variable not in found:
                if self.trace.failure is None and not self.foreign and variable not in self.complained:
                    problems.append((variable, "missing", f"{what} not shown"))
                continue
            own = found[variable]
            if torchs is None or own is None:
                # A gradient without elements says as much as none: torch gives either. So do zeros of an engine that
                # makes no difference between the two.
                if any(x is not None and x.size and not (self.foreign and _nothing(x)) for x in (own, torchs)):
                    here, there = ("none" if x is None else "an array" for x in (own, torchs))
                    problems.append((variable, "missing", f"{what} is {here}, torch's is {there}"))
            elif own.shape != torchs.shape:
                problems.append((variable, "shape", f"{what} has shape {own.shape}, torch's has {torchs.shape}"))
            elif own.dtype != torchs.dtype:
                problems.append((variable, "dtype", f"{what} has dtype {own.dtype}, torch's has {torchs.dtype}"))
            else:
                alike.append(variable)
        return alike, problems

    def apart(
        self, counts: dict[str, int], found: dict[int, Any], expected: dict[int, Any], alike: list[int]
    ) -> list[int]:
        """The variables that differ from torch's trace by more than the first stage lets pass."""
        if not self.staged:
            return list(alike)
        agreement = compare([found[k] for k in alike], [expected[k] for k in alike])
        counts["identical"] += agreement.identical
        counts["rounding"] += agreement.near
        return [alike[k] for k in agreement.apart]

    def near(self, counts: dict[str, int], found: Array, native: Array, size: Array) -> bool:
        """The second stage: whether `found` is what torch computes at the subject's own values, within a few u of the
        size of the terms that were added up."""
        if not self.staged or found.shape != native.shape or found.dtype != native.dtype:
            return False
        if not is_near(found, native, size):
            return False
        identical = int(np.count_nonzero(found == native))
        counts["identical"] += identical
        counts["rounding"] += found.size - identical
        return True

    def settle(
        self,
        counts: dict[str, int],
        expected: Expected,
        found: Array,
        place: tuple[str, int, int],
        hidden: bool = False,
    ) -> bool:
        """Count the elements of an array by verdict; whether none of them is a bug. `place` says of what they are: the
        kind of number, its statement, its variable."""
        agreeing = expected.agrees(found)
        accepted = agreeing | expected.conventional(found)
        if self.foreign:
            accepted |= expected.singular()
        chosen = int(np.count_nonzero(accepted & ~agreeing))
        if hidden:
            # Beside an infinity a rule may pick or multiply by 0, which gives NaN: where torch's is not finite, too.
            # And where torch itself is beyond the bound nobody can tell.
            unclear = ~accepted & (~(expected.agrees(expected.torch) & np.isfinite(expected.torch)) | expected.unclear)
            counts["ill-conditioned"] += int(np.count_nonzero(unclear))
            accepted = accepted | unclear
        wrong = int(np.count_nonzero(~accepted))
        counts["convention"] += chosen
        counts["rounding"] += int(np.count_nonzero(agreeing))
        counts["bug"] += wrong
        ratio = expected.largest(found, agreeing)
        if ratio > self.result.largest:
            self.result.largest = ratio
            self.result.closest = self.close(ratio, expected, found, *place)
        return wrong == 0

    def close(self, ratio: float, expected: Expected, found: Array, kind: str, position: int, variable: int) -> Finding:
        """Tell of a number that is right and came near its bound."""
        optimizer = self.program.optimizer
        op = optimizer.name if kind == "step" and optimizer else self.op_at(position)
        message = f"{self.program.name(variable)} is right, its error {ratio:.2g} of the bound"
        return Finding(kind, position, op, variable, message, "", found, expected.torch, expected.bound)

    @functools.cached_property
    def complained(self) -> frozenset[int | None]:
        """The variables of which something could not be read: that was said once."""
        return frozenset(variable for _, variable, _ in self.complaints)

    @functools.cached_property
    def makers(self) -> dict[int, int]:
        """The position of the statement that made each variable; -1 for inputs."""
        made = dict.fromkeys(range(len(self.program.inputs)), -1)
        for position, statement in enumerate(self.program.statements):
            if isinstance(statement, Apply | Grad):
                made.update(dict.fromkeys(statement.outputs, position))
        return made

    @functools.cached_property
    def settled(self) -> Program:
        """The program with the random numbers that the subject drew: what torch was asked for."""
        return settled_program(self.program, self.trace)

    @functools.cached_property
    def end_to_end(self) -> Stretches:
        """The reference for whole stretches of the program."""
        return Stretches(self.settled, self.trace, self.reference, self.foreign)

    @functools.cached_property
    def steps(self) -> Steps:
        """What every optimizer step should have given, made only if it is needed."""
        return Steps(self.program, self.trace)

    def values(self) -> None:
        """Every variable's value, forward order."""
        shown, torchs = self.trace.values, self.reference.values
        alike, problems = self.paired(shown, torchs, "value")
        for variable, kind, message in problems:
            position = self.makers[variable]
            op, _ = self.blame_hidden(None) if self.op_at(position) == "grad" else ("", "")
            self.found(kind, position, variable, message, op=op, found=shown.get(variable), expected=torchs[variable])
        self.apart_values = sorted(self.apart(self.result.values, shown, torchs, alike))
        for variable in self.apart_values:
            try:
                self.value(variable)
            except RefusedError as error:
                self.found("value", self.makers[variable], variable, f"value differs from torch's; {error}")

    def value(self, variable: int) -> None:
        """One variable's value, which differs from that in torch's trace."""
        found, position = self.trace.values[variable], self.makers[variable]
        maker = self.program.statements[position] if position >= 0 else None
        hidden = isinstance(maker, Grad)
        if maker is None:
            expected = exactly(self.program.inputs[variable].view())
        elif isinstance(maker, Apply) and shows(self.trace.at(position), maker):
            values = self.trace.at(position)
            local = LocalReference(settled(maker, values), values, frozenset())
            output = maker.outputs.index(variable)
            native = local.native_values()[output]
            if self.near(self.result.values, found, native, local.value_size(native)):
                return
            expected = local.values_expected()[output] or exactly(native)
        else:
            hidden = True
            expected = self.end_to_end.value(position, variable, found)
        if not self.settle(self.result.values, expected, found, ("value", position, variable), hidden):
            both = {"found": found, "expected": expected.torch, "bound": expected.bound}
            op, _ = self.blame_hidden(None) if hidden else ("", "")
            self.found("value", position, variable, describe("value", found, expected), op=op, **both)

    def gradients(self, position: int) -> None:
        """Every variable's gradient after one backward, in the order in which the walk reaches them."""
        shown, torchs = self.trace.gradients[position], self.reference.gradients[position]
        hidden = has_hidden(self.program)
        check = None if hidden else BackwardCheck(self.program, self.trace, position, frozenset(torchs), self.foreign)
        if hidden:
            # Through a recorded backward an intermediate's gradient depends on which saved values the rule was
            # written with (softmax by its output or by its input); a leaf's does not.
            # And whether it is None or zeros, where nothing goes back, depends on how torch wrote its own rule.
            torchs = {
                k: g
                for k, g in torchs.items()
                if k < len(self.program.inputs)
                and not (k in shown and (g is None or shown[k] is None) and _nothing(g) and _nothing(shown[k]))
            }
        alike, problems = self.paired(shown, torchs, "gradient")
        if not self.foreign:
            inputs = enumerate(self.program.inputs)
            extra = [k for k, spec in inputs if not spec.requires_grad and shown.get(k) is not None]
            problems += [(k, "unexpected", "gradient shown, but the variable requires none") for k in extra]
        elif torchs and not any(k in shown for k in torchs) and self.trace.failure is None:
            problems.append((min(torchs), "missing", "no gradient is shown after this backward"))
        for variable, kind, message in sorted(problems, reverse=True):
            op, argument = blame_gradient(self.engine, check, variable) if check else self.blame_hidden(position)
            both = {"found": shown.get(variable), "expected": torchs.get(variable)}
            self.found(kind, position, variable, message, op=op, argument=argument, **both)
        for variable in sorted(self.apart(self.result.gradients, shown, torchs, alike), reverse=True):
            self.differing.append((position, variable))
            try:
                self.gradient(position, variable, check)
            except RefusedError as error:
                self.found("gradient", position, variable, f"gradient differs from torch's; {error}")

    def gradient(self, position: int, variable: int, check: BackwardCheck | None) -> None:
        """One variable's gradient, which differs from that in torch's trace; `check` is None where it is hidden."""
        found = self.trace.gradients[position][variable]
        assert found is not None
        if check is None or check.hides(variable):
            check = None
            expected = self.end_to_end.gradient(position, variable, found)
        elif self.near(self.result.gradients, found, *check.native(variable)):
            return
        else:
            expected = check.expected(variable)
            if self.foreign and not expected.accepts(found).all():
                chosen = Kinks(check, variable, self.engine).conventional(found)
                expected.elsewhere = (*expected.elsewhere, np.where(chosen, found, expected.torch))
        before = self.result.gradients["convention"]
        if self.settle(self.result.gradients, expected, found, ("gradient", position, variable), hidden=check is None):
            if self.result.gradients["convention"] > before:
                self.chosen(position, variable, expected, found)
            return
        op, argument = blame_gradient(self.engine, check, variable) if check else self.blame_hidden(position)
        both = {"found": found, "expected": expected.torch, "bound": expected.bound}
        message = describe("gradient", found, expected)
        self.found("gradient", position, variable, message, op=op, argument=argument, **both)

    def chosen(self, position: int, variable: int, expected: Expected, found: Array) -> None:
        """Tell of a gradient that is another legal choice than torch's, where one op alone made it."""
        applied = [statement.op for _, statement in self.program.applications()]
        if len(applied) == 1:
            message = f"gradient is {farthest(found, expected.torch)}, torch chooses {farthest(expected.torch, found)}"
            finding = Finding("convention", position, applied[0], variable, message, found=found)
            finding.expected, finding.bound = expected.torch, expected.bound
            self.result.chosen.append(finding)

    def blame_hidden(self, position: int | None) -> tuple[str, str]:
        """The op and parameter to blame for what lies hidden: each op of the program is asked alone, at torch's values.

        For its second derivatives where the program takes such, else for its value and first derivatives.
        """
        applied = [statement.op for _, statement in self.program.applications()]
        if len(applied) == 1:
            return applied[0], ""
        if has_hidden(self.program):
            candidates = twice(self.program, self.reference)
        else:
            candidates = once(self.program, self.reference, position)
        for op, alone in candidates:
            if (first := self.of(alone).first) is not None:
                return op, first.argument
        return ("", "") if has_hidden(self.program) else (WALK, "")

    def of(self, program: Program) -> Judgement:
        """The judgement of what the engine makes of another program."""
        trace = self.engine.run(program)
        return Case(program, trace, reference(program, trace), self.engine).judge()

    def step(self, position: int) -> None:
        """Every parameter after one optimizer step."""
        shown, torchs = self.trace.parameters[position], self.reference.parameters[position]
        alike, problems = self.paired(shown, torchs, "parameter")
        for variable, kind, message in problems:
            self.found(kind, position, variable, message)
        for variable in self.apart(self.result.values, shown, torchs, alike):
            expected = self.steps.expected(position, variable)
            if expected is None:
                continue
            if not self.settle(self.result.values, expected, shown[variable], ("step", position, variable)):
                optimizer = self.program.optimizer
                both = {"found": shown[variable], "expected": expected.torch, "bound": expected.bound}
                message = describe("parameter", shown[variable], expected)
                self.found("step", position, variable, message, op=optimizer.name if optimizer else "", **both)

    def inputs_unchanged(self) -> None:
        """No op may write to a leaf; only the optimizer writes to its parameters."""
        written = self.program.optimizer.parameters if self.program.optimizer else ()
        inputs = range(len(self.program.inputs))
        fits = [k for k, a in self.trace.inputs_after.items() if k in inputs and type(a) is np.ndarray]
        fits = [k for k in fits if self.trace.inputs_after[k].shape == self.program.inputs[k].shape]
        alike = [k for k in fits if self.trace.inputs_after[k].dtype == self.program.inputs[k].dtype]
        checked = [k for k in alike if k not in written]
        specs = [self.program.inputs[k].view() for k in checked]
        for index in [checked[k] for k in compare([self.trace.inputs_after[k] for k in checked], specs).different]:
            self.found("mutation", -1, index, f"input {self.program.name(index)} was written to")


def _nothing(gradient: Array | None) -> bool:
    return gradient is None or not gradient.any()
