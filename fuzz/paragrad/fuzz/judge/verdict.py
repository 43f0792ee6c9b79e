"""What the judge says: counts of verdicts, and Findings."""

from __future__ import annotations

from dataclasses import dataclass, field

from paragrad.fuzz.program import Array

VERDICTS = ("identical", "rounding", "convention", "ill-conditioned", "bug")

SUBJECT, REFERENCE, UNCLEAR = "subject", "reference", "unclear"
"""Whose bug a finding is: the engine's under test, torch's, or nobody's that could be told."""

Problem = tuple[int, str, str]
"""A variable, the kind of finding, and a text."""


class FoundError(Exception):
    """There is a first finding, and no more was asked for."""


@dataclass(slots=True)
class Finding:
    """One thing that is wrong: which kind, at which statement and op, of which variable, with both sides' numbers.

    `kind` is "value", "gradient", "shape", "dtype", "crash", "missing", "unexpected", "unreadable", "mutation",
    "step" or, of what is no fault, "convention"; `argument` names the parameter whose pullback is blamed; "" where none
    is. `op` is "walk" where each pullback alone is right and the accumulation of contributions is blamed. `where` is
    the line of the engine's source that raised, if the trace says. `whose` and `diagnosis`, which hypothesis reproduces
    the subject's numbers, are filled in by `diagnose`.
    """

    kind: str
    statement: int
    op: str
    variable: int | None
    message: str
    argument: str = ""
    found: Array | None = None
    expected: Array | None = None
    bound: Array | None = None
    whose: str = ""
    diagnosis: str = ""
    where: str = ""

    @property
    def of_gradient(self) -> bool:
        """Whether it is a gradient that is wrong, and not a value."""
        return self.kind == "gradient" or self.message.startswith("gradient")

    @property
    def title(self) -> str:
        """What is wrong, in a few words: `gradient of matmul(other)`."""
        return f"{self.kind} of {self.op}" + (f"({self.argument})" if self.argument else "")

    @property
    def verdict(self) -> str:
        """Why, and whose bug, as far as it was diagnosed: `the sign is wrong (the engine's own bug)`."""
        whose = {SUBJECT: "the engine's own bug", REFERENCE: "torch's bug, not the engine's"}.get(self.whose, "")
        return f"{self.diagnosis} ({whose})" if self.diagnosis and whose else self.diagnosis or whose

    @property
    def cause(self) -> tuple[str, str, str]:
        """Findings with the same cause are one finding; of crashes the exception is part of it."""
        exception = self.message.partition(":")[0] if self.kind == "crash" else ""
        return self.kind, self.op, self.argument or exception


@dataclass(slots=True)
class Judgement:
    """Elements by verdict, and the findings in order of execution: forward first, then backward.

    `chosen` are no faults: gradients at kinks, legal and not torch's, in programs of one op.
    `largest` is the largest error ÷ bound among the numbers that are right and were held against a bound, and `closest`
    tells which number that is; it is no fault either.
    """

    values: dict[str, int] = field(default_factory=lambda: dict.fromkeys(VERDICTS, 0))
    gradients: dict[str, int] = field(default_factory=lambda: dict.fromkeys(VERDICTS, 0))
    findings: list[Finding] = field(default_factory=list)
    chosen: list[Finding] = field(default_factory=list)
    refused: str = ""
    largest: float = 0.0
    closest: Finding | None = None

    @property
    def first(self) -> Finding | None:
        """The first divergence."""
        return self.findings[0] if self.findings else None
