"""Reflected operators: what Python calls where a number stands on the left, and whether that is where a fault is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from paragrad.fuzz.checking.severity import lacks_reflected
from paragrad.fuzz.engines.foreign import Foreign
from paragrad.fuzz.engines.inside import Inside
from paragrad.fuzz.judge import Finding, judge, reference
from paragrad.fuzz.program import Apply, Backward, Input, Program, Ref, refs
from paragrad.fuzz.telling import places

REFLECTED = {
    "add": "__radd__",
    "sub": "__rsub__",
    "mul": "__rmul__",
    "div": "__rtruediv__",
    "pow": "__rpow__",
    "matmul": "__rmatmul__",
}
ORDINARY = 0.7
"""A number at which no op is at a kink or a pole."""
LACKING = "the class has no {method}"


def missing_reflection(program: Program, finding: Finding) -> str:
    """Of `2.0 / a` where a class has no `__rtruediv__`: that this is what Python looks for; "" of other crashes."""
    method = lacking(program, finding)
    return f"a number on the left makes Python look for {method}, and the class has none" if method else ""


def lacking(program: Program, finding: Finding) -> str:
    """The reflected method for want of which an op fails; "" of other findings."""
    if not lacks_reflected(finding, program):
        return ""
    statement = program.statements[finding.statement]
    return REFLECTED.get(statement.op, "") if isinstance(statement, Apply) else ""


def blamed(engine: Foreign | Inside, program: Program, finding: Finding, variable: int | None) -> str:
    """Where a finding at a variable is to be mended, "" where nothing is known: as `places.blamed`, but for a reflected
    method the line of that."""
    if method := lacking(program, finding):
        return LACKING.format(method=method)
    called = [s for _, s in program.applications() if s.op == finding.op]
    used = [s for s in called if variable in (refs(s.args) if finding.of_gradient else s.outputs)]
    left = bool(used) and all(isinstance(s.args[0], int | float) for s in used)
    if left and finding.op in REFLECTED and plain_is_right(engine, used[0]):
        return line(engine, REFLECTED[finding.op])
    return str(places.blamed(engine, program, finding) or "")


def plain_is_right(engine: Foreign | Inside, statement: Apply) -> bool:
    """Whether the op is right with its number on the right: then the other method is at fault."""
    turned = replace(statement, args=(Ref(0), *statement.args[:1]), outputs=(1,))
    program = Program([Input.of("x", np.array(ORDINARY), True)], [turned, Backward((1,), (None,))])
    trace = engine.run(program)
    return judge(program, trace, reference(program, trace), engine, first=True).first is None


def line(engine: Foreign | Inside, method: str) -> str:
    """The line of a reflected method, in words where it is not known."""
    source = engine.source(method) if engine.hello.spelling.get("class") else None
    said = "a number is on the left"
    if source is None:
        return f"{method}: {said}"
    tree = places.tree_of(source)
    if tree is not None and tree.name != method:
        return f"{places.first(source)} ({method} is {tree.name}; {said})"
    return f"{places.of_value(source) or places.first(source)} ({method}: {said})"
