"""How bad a finding is, for the author of an engine.

`wrong` is a silently wrong number; `limit` is what nearly every small engine has: recursion that ends at some depth,
OverflowError or ZeroDivisionError where torch gives inf or NaN, exponents that are numbers only, gradients of
intermediates that a second backward adds to.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from paragrad.fuzz.engines.own_scalar import ancestors
from paragrad.fuzz.judge import Finding
from paragrad.fuzz.program import Backward, Program, Ref

SEVERITIES = ("wrong", "crash", "hang", "precision", "limit", "convention")
"""From the most serious to the least. The first four fail a check."""
FAILING = SEVERITIES[:4]

ARITHMETIC = ("OverflowError", "ZeroDivisionError", "ValueError: math domain error", "FloatingPointError")
"""Exceptions of Python's own arithmetic, where torch gives inf or NaN."""
REFUSALS = ("TypeError", "AssertionError", "NotImplementedError")
"""How an engine refuses an exponent that is no number; a hang there is a hang."""
DEEP = 250
"""Statements from which on recursion that ends is a limit and no crash."""
DIGITS = 1e-3
"""What is right to three digits is imprecise, and not wrong."""


def severity(finding: Finding, program: Program) -> str:
    """One of SEVERITIES."""
    if finding.kind == "crash":
        refused = finding.message.startswith(REFUSALS) and finding.op == "pow"
        if refused and any(isinstance(a, Ref) for a in _arguments_of_pow(program)):
            return "limit"
        return _of_crash(finding.message, len(program.statements))
    if _in_a_later_backward(finding, program) or not _finite(finding):
        return "limit"
    return "precision" if finding.kind in ("value", "gradient") and _nearly(finding) else "wrong"


def _arguments_of_pow(program: Program) -> Iterator[object]:
    """The exponents: that of a small engine is a number."""
    for _, statement in program.applications():
        if statement.op == "pow":
            yield statement.args[1]


def _of_crash(message: str, statements: int) -> str:
    if message.startswith("Hang"):
        return "hang"
    if message.startswith("RecursionError") and statements >= DEEP:
        return "limit"
    return "limit" if message.startswith(ARITHMETIC) else "crash"


def _in_a_later_backward(finding: Finding, program: Program) -> bool:
    """Whether a gradient is wrong in a second backward only, by what the first left on an intermediate variable.

    The first passed, or it would have been found there. Backwards that share leaves only have to be right.
    """
    walk = program.statements[finding.statement] if finding.statement >= 0 else None
    if not finding.of_gradient or not isinstance(walk, Backward):
        return False
    leaves = range(len(program.inputs))
    earlier = [s for s in program.statements[: finding.statement] if isinstance(s, Backward)]
    before = set().union(*(ancestors(program, s.roots) for s in earlier)).difference(leaves)
    # What no longer takes part shows what the first left there.
    return finding.variable in before or not before.isdisjoint(ancestors(program, walk.roots))


def _finite(finding: Finding) -> bool:
    """Whether torch has a finite number where the engine shows none: complex numbers come of what is NaN for torch."""
    expected = finding.expected
    return finding.kind != "unreadable" or expected is None or bool(np.isfinite(expected).all())


def _nearly(finding: Finding) -> bool:
    found, expected = finding.found, finding.expected
    if found is None or expected is None or found.dtype.kind != "f":
        return False
    with np.errstate(all="ignore"):
        return bool((np.abs(found - expected) <= DIGITS * np.abs(expected)).all() and np.isfinite(found).all())
