"""When two findings are one: the same cause in other programs, or the same fault in other ops."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np

from paragrad.fuzz.checking.report import Checked
from paragrad.fuzz.checking.severity import in_a_later_backward, lacks_reflected
from paragrad.fuzz.judge import Finding
from paragrad.fuzz.judge.blame import WALK
from paragrad.fuzz.program import Program
from paragrad.fuzz.trace import Trace

OVERWRITTEN = "overwritten, not accumulated"
NUMBERS = re.compile(r"[\d(),\s]+")
"""What differs between messages that say the same of different shapes."""


def cause(finding: Finding, level: str, program: Program, reference: Trace) -> tuple[str, ...]:
    """What makes two findings one, given torch's trace. Of recursion, dtypes and stale gradients it is not the op at
    which they were met."""
    if finding.kind == "crash":
        exception = finding.message.partition(":")[0]
        if lacks_reflected(finding, program):
            return ("no reflected operator", finding.op)
        return (exception,) if level == "limit" and exception == "RecursionError" else (exception, finding.op)
    found, expected = finding.found, finding.expected
    if finding.kind == "dtype" and found is not None and expected is not None:
        return ("dtype", found.dtype.name, expected.dtype.name)
    if finding.kind == "shape" and level == "limit":
        return ("one element",)
    if finding.op == WALK and in_a_later_backward(finding, program):
        return ("later backward",)
    # What a second backward leaves of the first one's is another matter than the order in which each of them goes.
    lost = finding.op == WALK and _forgets(finding, reference)
    return (*finding.cause, "across backwards") if lost else finding.cause


def _forgets(finding: Finding, reference: Trace) -> bool:
    """Whether a gradient is what a backward gives by itself, and what the one before it gave is lost."""
    found, expected = finding.found, finding.expected
    earlier = [at for at in reference.gradients if at < finding.statement]
    held = reference.gradients[max(earlier)].get(finding.variable) if earlier and finding.variable is not None else None
    if held is None or found is None or expected is None or not found.shape == expected.shape == held.shape:
        return False
    with np.errstate(all="ignore"):
        return bool(held.any() and np.allclose(found, expected - held) and not np.allclose(found, expected))


def alike(findings: Iterable[Checked]) -> list[Checked]:
    """The findings, those of several ops that fail in the same way made one: one fault that all of them share."""
    kept: dict[tuple[str, ...], Checked] = {}
    within_first = sorted(findings, key=lambda c: c.id.endswith("across-backwards"))
    for number, checked in enumerate(within_first):
        finding = checked.finding
        reflected = lacks_reflected(finding, checked.program)
        said = "no reflected operator" if reflected else NUMBERS.sub("", finding.message)
        way = {"shape": finding.diagnosis, "crash": said}.get(finding.kind)
        if finding.op == WALK and OVERWRITTEN in finding.diagnosis:  # by another use, or by another backward
            way = OVERWRITTEN
        first = kept.setdefault((checked.severity, way) if way else (str(number),), checked)
        if first is not checked:
            first.programs += checked.programs
            if finding.op not in (first.finding.op, *first.also):
                first.also.append(finding.op)
    return list(kept.values())
