"""Where the subject is right and yet far from torch's trace: whether torch's trace is right."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from paragrad.fuzz.judge.agreement import is_far, is_near
from paragrad.fuzz.judge.blame import WALK
from paragrad.fuzz.judge.expected import exactly
from paragrad.fuzz.judge.gradients import BackwardCheck
from paragrad.fuzz.judge.local import LocalReference
from paragrad.fuzz.judge.telling import describe
from paragrad.fuzz.judge.verdict import REFERENCE
from paragrad.fuzz.program import Apply, Program
from paragrad.fuzz.trace import Trace


class TorchsOwn:
    """torch's trace of a program under judgement; `found` takes what is wrong in it.

    `program` has the random numbers in it that the subject drew; `makers` is, for each variable, the position of the
    statement that made it.
    """

    def __init__(
        self, trace: Trace, reference: Trace, program: Program, makers: Mapping[int, int], found: Callable[..., None]
    ) -> None:
        self.trace = trace
        self.reference = reference
        self.program = program
        self.makers = makers
        self.found = found

    def look(self, values: Iterable[int], gradients: Iterable[tuple[int, int]]) -> None:
        """At variables whose values differ, and at gradients that do: each a backward and a variable."""
        for variable in values:
            self.value(variable)
        checks: dict[int, BackwardCheck] = {}
        for position, variable in gradients:
            mine, theirs = (trace.gradients[position][variable] for trace in (self.trace, self.reference))
            assert mine is not None and theirs is not None
            if not is_far(mine, theirs):
                continue
            needing = frozenset(self.reference.gradients[position])
            check = checks.setdefault(position, BackwardCheck(self.program, self.reference, position, needing))
            if is_near(theirs, *check.native(variable)):
                continue
            expected = check.expected(variable)
            if not expected.accepts(theirs).all():
                message = "torch's own " + describe("gradient", theirs, expected)
                both = {"found": theirs, "expected": expected.torch, "bound": expected.bound}
                self.found("gradient", position, variable, message, op=WALK, whose=REFERENCE, **both)

    def value(self, variable: int) -> None:
        """One value in torch's trace, given torch's own operands."""
        position, values = self.makers[variable], self.reference.values
        maker = self.program.statements[position] if position >= 0 else None
        if not isinstance(maker, Apply) or not is_far(self.trace.values[variable], values[variable]):
            return
        local = LocalReference(maker, values, frozenset())
        output, theirs = maker.outputs.index(variable), values[variable]
        native = local.native_values()[output]
        if is_near(theirs, native, local.value_size(native)):
            return
        expected = local.values_expected()[output] or exactly(native)
        if not expected.accepts(theirs).all():
            message = "torch's own " + describe("value", theirs, expected)
            both = {"found": theirs, "expected": expected.torch, "bound": expected.bound}
            self.found("value", position, variable, message, whose=REFERENCE, **both)
