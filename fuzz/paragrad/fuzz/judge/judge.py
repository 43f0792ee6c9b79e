"""judge(): a Program and the subject's Trace in, verdicts and findings out. See `paragrad.fuzz.judge`."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from paragrad.fuzz.judge.agreement import compare, is_near
from paragrad.fuzz.judge.blame import blame_gradient, twice
from paragrad.fuzz.judge.drawn import settled, settled_program
from paragrad.fuzz.judge.end_to_end import EndToEnd
from paragrad.fuzz.judge.gradients import BackwardCheck, has_hidden
from paragrad.fuzz.judge.local import Expected, LocalReference, RefusedError, exactly
from paragrad.fuzz.judge.reference import reference
from paragrad.fuzz.judge.steps import Steps
from paragrad.fuzz.judge.verdict import Finding, Judgement
from paragrad.fuzz.program import Apply, Array, Grad, Program
from paragrad.fuzz.trace import Engine, Trace


def judge(program: Program, trace: Trace, reference: Trace, engine: Engine) -> Judgement:
    """Judge what `engine` made of `program` against torch's `reference` trace of it.

    `engine` is asked again, with programs of one op, only to say whose fault a wrong gradient is.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's, about degrees of freedom or memory layouts
        return Case(program, trace, reference, engine).judge()


class Case:
    """One program under judgement."""

    def __init__(self, program: Program, trace: Trace, reference: Trace, engine: Engine) -> None:
        self.program = program
        self.trace = trace
        self.engine = engine
        self.reference = reference
        self.result = Judgement()

    def judge(self) -> Judgement:
        """Torch's trace for everything at once; torch at the subject's own values; then the bound, for what is left."""
        if self.reference.failure is not None:
            failure = self.reference.failure
            self.result.refused = f"{self.op_at(failure.statement)}: {failure.type}: {failure.message}"
            return self.result
        self.values()
        for position in self.reference.gradients:
            if position in self.trace.gradients:
                self.gradients(position)
        for position in self.reference.parameters:
            if position in self.trace.parameters:
                self.step(position)
        if self.trace.failure is not None:
            failure = self.trace.failure
            self.found("crash", failure.statement, None, f"{failure.type}: {failure.message}")
        self.inputs_unchanged()
        return self.result

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

    def pairs(
        self, found: dict[int, Any], expected: dict[int, Any], what: str, statement: Callable[[int], int]
    ) -> list[int]:
        """The variables for which both sides show arrays of one shape and dtype; anything else is a finding."""
        alike = []
        for variable, torchs in expected.items():
            if variable not in found:
                if self.trace.failure is None:
                    self.found("missing", statement(variable), variable, f"{what} not shown")
                continue
            own = found[variable]
            if torchs is None or own is None:
                # A gradient without elements says as much as none: torch gives either.
                if any(x is not None and x.size for x in (own, torchs)):
                    here, there = ("none" if x is None else "an array" for x in (own, torchs))
                    self.found("missing", statement(variable), variable, f"{what} is {here}, torch's is {there}")
            elif own.shape != torchs.shape:
                message = f"{what} has shape {own.shape}, torch's has {torchs.shape}"
                self.found("shape", statement(variable), variable, message)
            elif own.dtype != torchs.dtype:
                message = f"{what} has dtype {own.dtype}, torch's has {torchs.dtype}"
                self.found("dtype", statement(variable), variable, message)
            else:
                alike.append(variable)
        return alike

    def apart(
        self, counts: dict[str, int], found: dict[int, Any], expected: dict[int, Any], alike: list[int]
    ) -> list[int]:
        """The variables that differ from torch's trace by more than the first stage lets pass."""
        agreement = compare([found[k] for k in alike], [expected[k] for k in alike])
        counts["identical"] += agreement.identical
        counts["rounding"] += agreement.near
        return [alike[k] for k in agreement.apart]

    def near(self, counts: dict[str, int], found: Array, native: Array, size: Array) -> bool:
        """The second stage: whether `found` is what torch computes at the subject's own values, within a few u of the
        size of the terms that were added up."""
        if found.shape != native.shape or found.dtype != native.dtype or not is_near(found, native, size):
            return False
        identical = int(np.count_nonzero(found == native))
        counts["identical"] += identical
        counts["rounding"] += found.size - identical
        return True

    def settle(self, counts: dict[str, int], expected: Expected, found: Array, hidden: bool = False) -> bool:
        """Count the elements of an array by verdict; whether none of them is a bug."""
        accepted = expected.accepts(found)
        if hidden:
            # Beside an infinity a rule may pick or multiply by 0, which gives NaN: where torch's is not finite, too.
            unclear = ~accepted & ~(expected.accepts(expected.torch) & np.isfinite(expected.torch))
            counts["ill-conditioned"] += int(np.count_nonzero(unclear))
            accepted = accepted | unclear
        wrong = int(np.count_nonzero(~accepted))
        chosen = (
            int(np.count_nonzero(expected.conventional(found) & ~expected.agrees(found))) if expected.elsewhere else 0
        )
        counts["convention"] += chosen
        counts["rounding"] += found.size - wrong - chosen
        counts["bug"] += wrong
        return wrong == 0

    @functools.cached_property
    def makers(self) -> dict[int, int]:
        """The position of the statement that made each variable; -1 for inputs."""
        made = dict.fromkeys(range(len(self.program.inputs)), -1)
        for position, statement in enumerate(self.program.statements):
            if isinstance(statement, Apply | Grad):
                made.update(dict.fromkeys(statement.outputs, position))
        return made

    @functools.cached_property
    def end_to_end(self) -> EndToEnd:
        """The whole program's reference, made only if it is needed."""
        return EndToEnd(settled_program(self.program, self.trace), self.reference)

    @functools.cached_property
    def steps(self) -> Steps:
        """What every optimizer step should have given, made only if it is needed."""
        return Steps(self.program, self.trace)

    def values(self) -> None:
        """Every variable's value, forward order."""
        shown, torchs = self.trace.values, self.reference.values
        alike = self.pairs(shown, torchs, "value", self.makers.__getitem__)
        for variable in sorted(self.apart(self.result.values, shown, torchs, alike)):
            try:
                self.value(variable)
            except RefusedError as error:
                self.found("value", self.makers[variable], variable, f"value differs from torch's; {error}")

    def value(self, variable: int) -> None:
        """One variable's value, which differs from that in torch's trace."""
        found, position = self.trace.values[variable], self.makers[variable]
        maker = self.program.statements[position] if position >= 0 else None
        if maker is None:
            expected = exactly(self.program.inputs[variable].view())
        elif isinstance(maker, Apply):
            values = self.trace.at(position)
            local = LocalReference(settled(maker, values), values, frozenset())
            output = maker.outputs.index(variable)
            native = local.native_values()[output]
            if self.near(self.result.values, found, native, local.value_size(native)):
                return
            expected = local.values_expected()[output] or exactly(native)
        else:
            expected = self.end_to_end.value(variable)
        if not self.settle(self.result.values, expected, found, hidden=isinstance(maker, Grad)):
            both = {"found": found, "expected": expected.torch, "bound": expected.bound}
            op = self.blame_recorded() if isinstance(maker, Grad) else ""
            self.found("value", position, variable, describe("value", found, expected), op=op, **both)

    def gradients(self, position: int) -> None:
        """Every variable's gradient after one backward, in the order in which the walk reaches them."""
        shown, torchs = self.trace.gradients[position], self.reference.gradients[position]
        hidden = has_hidden(self.program)
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
        alike = self.pairs(shown, torchs, "gradient", lambda _: position)
        check = None if hidden else BackwardCheck(self.program, self.trace, position)
        for variable in sorted(self.apart(self.result.gradients, shown, torchs, alike), reverse=True):
            try:
                self.gradient(position, variable, check)
            except RefusedError as error:
                self.found("gradient", position, variable, f"gradient differs from torch's; {error}")

    def gradient(self, position: int, variable: int, check: BackwardCheck | None) -> None:
        """One variable's gradient, which differs from that in torch's trace; `check` is None where it is hidden."""
        found = self.trace.gradients[position][variable]
        assert found is not None
        if check is None:
            expected = self.end_to_end.gradient(position, variable)
        elif self.near(self.result.gradients, found, *check.native(variable)):
            return
        else:
            expected = check.expected(variable)
        if self.settle(self.result.gradients, expected, found, hidden=check is None):
            return
        op, argument = blame_gradient(self.engine, check, variable) if check else (self.blame_recorded(), "")
        both = {"found": found, "expected": expected.torch, "bound": expected.bound}
        message = describe("gradient", found, expected)
        self.found("gradient", position, variable, message, op=op, argument=argument, **both)

    def blame_recorded(self) -> str:
        """The op whose own second derivatives are wrong; "" where each alone is right."""
        applied = {statement.op for _, statement in self.program.applications()}
        if len(applied) == 1:
            return applied.pop()
        for op, alone in twice(self.program, self.trace):
            trace = self.engine.run(alone)
            if Case(alone, trace, reference(alone, trace), self.engine).judge().findings:
                return op
        return ""

    def step(self, position: int) -> None:
        """Every parameter after one optimizer step."""
        shown, torchs = self.trace.parameters[position], self.reference.parameters[position]
        alike = self.pairs(shown, torchs, "parameter", lambda _: position)
        for variable in self.apart(self.result.values, shown, torchs, alike):
            expected = self.steps.expected(position, variable)
            if not self.settle(self.result.values, expected, shown[variable]):
                optimizer = self.program.optimizer
                both = {"found": shown[variable], "expected": expected.torch, "bound": expected.bound}
                message = describe("parameter", shown[variable], expected)
                self.found("step", position, variable, message, op=optimizer.name if optimizer else "", **both)

    def inputs_unchanged(self) -> None:
        """No op may write to a leaf; only the optimizer writes to its parameters."""
        written = self.program.optimizer.parameters if self.program.optimizer else ()
        checked = [k for k in self.trace.inputs_after if k not in written]
        specs = [self.program.inputs[k].view() for k in checked]
        for k in compare([self.trace.inputs_after[k] for k in checked], specs).different:
            index = checked[k]
            self.found("mutation", -1, index, f"input {self.program.name(index)} was written to")


def _nothing(gradient: Array | None) -> bool:
    return gradient is None or not gradient.any()


def describe(what: str, found: Array, expected: Expected) -> str:
    """One line on the worst element."""
    with np.errstate(all="ignore"):
        off = np.where(expected.accepts(found), -1.0, np.nan_to_num(np.abs(found - expected.exact), nan=np.inf))
    where = np.unravel_index(int(np.argmax(off)), found.shape) if found.ndim else ()
    place = f"[{', '.join(map(str, where))}]" if where else ""
    bound = f"error bound {expected.bound[where]:.2g}"
    return f"{what}{place} is {found[where]!s}, expected {expected.torch[where]!s}, {bound}"
