"""How bad a finding is, for the author of an engine.

`wrong` is a silently wrong number. `limit` is what nearly every small engine has: recursion that ends at some depth,
OverflowError or ZeroDivisionError where torch gives inf or NaN, exponents that are numbers only, no `2 - a`, what the
engine itself refuses, no arrays without dims, digits lost where numbers cancel, gradients of intermediates that a
second backward adds to.
"""

from __future__ import annotations

import re

import numpy as np

from paragrad.fuzz.engines.own_scalar import ancestors
from paragrad.fuzz.judge import Finding
from paragrad.fuzz.judge.blame import WALK
from paragrad.fuzz.program import Array, Backward, Program, Ref
from paragrad.fuzz.trace import Trace

SEVERITIES = ("wrong", "crash", "hang", "precision", "limit", "convention")
"""From the most serious to the least. The first four fail a check."""
FAILING = SEVERITIES[:4]

ARITHMETIC = ("OverflowError", "ZeroDivisionError", "ValueError: math domain error", "FloatingPointError")
"""Exceptions of Python's own arithmetic, where torch gives inf or NaN."""
REFUSALS = ("TypeError", "AssertionError", "NotImplementedError")
"""How an engine refuses an exponent that is no number."""
NO_REFLECTED = re.compile(r"TypeError: unsupported operand type\(s\) for .*'(int|float)' and '")
"""What Python says where a number stands on the left and the class defines no reflected operator."""
REFUSING = re.compile(r":\d+: (assert|raise)\b")
"""The line that raised is one that was written to."""
DEEP = 250
"""Statements from which on recursion that ends is a limit and no crash."""
DIGITS = 1e-3
"""What is right to three digits is imprecise, and not wrong."""
SINGLE = 2.0**-22
"""What float32 is right to."""
CANCELLED = 64
"""So many units of rounding are what a formula loses that cancels numbers of size 1, or as large as what went in:
tanh(1e-30) as 0."""
POWERS = ("pow", "div", "reciprocal", "sqrt", "rsqrt")
"""Ops that small engines make of x**n, whose derivative n·x**(n-1) leaves the range of floats before torch's does."""


def severity(finding: Finding, program: Program, reference: Trace) -> str:
    """One of SEVERITIES, given torch's trace of the program."""
    if finding.kind == "convention":
        return "convention"
    if finding.kind == "crash":
        return _of_crash(finding, program, reference)
    if in_a_later_backward(finding, program) or _not_finite(finding, program) or _one_element(finding):
        return "limit"
    if _cancels(finding, program):
        return "limit"
    if finding.op == "softplus" and _nearly(finding):  # beyond its threshold torch's own is not softplus
        return "convention"
    return "precision" if _nearly(finding) or _of_another_precision(finding) else "wrong"


def lacks_reflected(finding: Finding, program: Program) -> bool:
    """Whether a failure says that there is no reflected operator: of an op with a number on the left."""
    position = finding.statement
    statement = program.statements[position] if 0 <= position < len(program.statements) else None
    left = next(iter(getattr(statement, "args", ())), None)
    return NO_REFLECTED.match(finding.message) is not None and isinstance(left, int | float)


def refused(finding: Finding) -> bool:
    """Whether the engine says itself that it has none of that, by an assertion or an exception that it raises."""
    return finding.message.startswith("NotImplementedError") or bool(REFUSING.search(finding.where))


def _of_crash(finding: Finding, program: Program, reference: Trace) -> str:
    message = finding.message
    if message.startswith("Hang"):
        return "hang"
    if lacks_reflected(finding, program) or refused(finding) or finding.statement < 0:
        return "limit"
    if message.startswith("RecursionError") and len(program.statements) >= DEEP:
        return "limit"
    if message.startswith(REFUSALS) and finding.op == "pow" and _has_tensor_exponent(program):
        return "limit"
    complex_numbers = "complex" in message and finding.op in POWERS and message.startswith("TypeError")
    if message.startswith(ARITHMETIC) or complex_numbers:
        return _of_arithmetic(finding, program, reference)
    return "crash"


def _of_arithmetic(finding: Finding, program: Program, reference: Trace) -> str:
    """An exception of Python's arithmetic: a limit where torch has inf or NaN, or where a power is at work."""
    if not _stays_finite(finding.statement, program, reference):
        return "limit"
    quotient = finding.op == "div" and not isinstance(program.statements[finding.statement], Backward)
    ops = {finding.op} if finding.op in _ops(program) else _ops(program)
    # b**-1 overflows before a/b does; but nothing is divided by 0 where the quotient is finite.
    excused = ops & {*POWERS} and not (quotient and finding.message.startswith("ZeroDivisionError"))
    return "limit" if excused else "crash"


def _ops(program: Program) -> set[str]:
    return {statement.op for _, statement in program.applications()}


def _has_tensor_exponent(program: Program) -> bool:
    return any(s.op == "pow" and isinstance(s.args[1], Ref) for _, s in program.applications())


def _stays_finite(position: int, program: Program, reference: Trace) -> bool:
    """Whether all that torch makes at a statement is finite."""
    statement = program.statements[position]
    if isinstance(statement, Backward):
        made: list[Array | None] = list(reference.gradients.get(position, {}).values())
    else:
        made = [reference.values.get(k) for k in getattr(statement, "outputs", ())]
    return all(a is None or a.dtype.kind != "f" or bool(np.isfinite(a).all()) for a in made)


def in_a_later_backward(finding: Finding, program: Program) -> bool:
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


def _not_finite(finding: Finding, program: Program) -> bool:
    """Whether infinities are at play: in the inputs, in torch's result, or on the way of a power."""
    found, expected = finding.found, finding.expected
    if finding.kind == "unreadable":  # a complex number is what torch calls NaN
        return expected is not None and not np.isfinite(expected).all()
    if finding.kind not in ("value", "gradient") or found is None or found.dtype.kind != "f":
        return False
    if not all(np.isfinite(spec.storage).all() for spec in program.inputs):
        return True
    return finding.op in POWERS and finding.kind == "gradient" and not np.isfinite(found).all()


def _cancels(finding: Finding, program: Program) -> bool:
    """Whether a number is off by no more than the numbers are rounded by that were added up on the way to it."""
    found, expected = finding.found, finding.expected
    if finding.kind not in ("value", "gradient") or finding.op == WALK or found is None or expected is None:
        return False
    largest = max((float(np.abs(i.storage).max(initial=0.0)) for i in program.inputs if i.dtype.kind == "f"), default=0)
    unit = np.finfo(expected.dtype).eps / 2 if expected.dtype.kind == "f" else 0.0
    with np.errstate(all="ignore"):
        off = np.abs(found - expected)
        return bool((off <= CANCELLED * unit * max(1.0, largest)).all())


def _one_element(finding: Finding) -> bool:
    """Whether a number comes as an array of one element."""
    found, expected = finding.found, finding.expected
    return (
        finding.kind == "shape"
        and found is not None
        and expected is not None
        and found.size == 1
        and expected.shape == ()
    )


def _of_another_precision(finding: Finding) -> bool:
    """Whether a float comes as another float."""
    found = finding.found
    return finding.kind == "dtype" and found is not None and found.dtype.kind == "f"


def _nearly(finding: Finding) -> bool:
    """Whether a number is right to a few digits."""
    found, expected = finding.found, finding.expected
    if finding.kind not in ("value", "gradient") or found is None or expected is None or found.dtype.kind != "f":
        return False
    # A term that the walk loses may be small; what float32 leaves out is smaller.
    digits = SINGLE if finding.op == WALK else DIGITS
    with np.errstate(all="ignore"):
        close = np.abs(found - expected) <= digits * np.abs(expected)
        return bool(close.all() and np.isfinite(found).all())
