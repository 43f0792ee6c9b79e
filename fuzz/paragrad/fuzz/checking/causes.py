"""When two findings are one: the same cause in other programs, or the same fault in other ops."""

from __future__ import annotations

import re
from collections.abc import Iterable

from paragrad.fuzz.checking.report import Checked
from paragrad.fuzz.checking.severity import in_a_later_backward, lacks_reflected
from paragrad.fuzz.judge import Finding
from paragrad.fuzz.judge.blame import WALK
from paragrad.fuzz.program import Program

NUMBERS = re.compile(r"[\d(),\s]+")
"""What differs between messages that say the same of different shapes."""


def cause(finding: Finding, level: str, program: Program) -> tuple[str, ...]:
    """What makes two findings one. Of recursion, dtypes and stale gradients it is not the op at which they were met."""
    if finding.kind == "crash":
        exception = finding.message.partition(":")[0]
        if lacks_reflected(finding.message):
            return ("no reflected operator", finding.op)
        return (exception,) if level == "limit" and exception == "RecursionError" else (exception, finding.op)
    found, expected = finding.found, finding.expected
    if finding.kind == "dtype" and found is not None and expected is not None:
        return ("dtype", found.dtype.name, expected.dtype.name)
    if finding.kind == "shape" and level == "limit":
        return ("one element",)
    return ("later backward",) if finding.op == WALK and in_a_later_backward(finding, program) else finding.cause


def alike(findings: Iterable[Checked]) -> list[Checked]:
    """The findings, those of several ops that fail in the same way made one: one fault that all of them share."""
    kept: dict[tuple[str, ...], Checked] = {}
    for number, checked in enumerate(findings):
        finding = checked.finding
        said = "no reflected operator" if lacks_reflected(finding.message) else NUMBERS.sub("", finding.message)
        way = {"shape": finding.diagnosis, "crash": said}.get(finding.kind)
        first = kept.setdefault((checked.severity, way) if way else (str(number),), checked)
        if first is not checked:
            first.programs += checked.programs
            if finding.op not in (first.finding.op, *first.also):
                first.also.append(finding.op)
    return list(kept.values())
