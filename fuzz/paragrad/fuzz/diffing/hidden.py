"""Engines that show leaves only: each op is asked alone, at torch's numbers, to see where inside the fault is."""

from __future__ import annotations

from dataclasses import replace

from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.diffing.nearest import operands
from paragrad.fuzz.engines.own_scalar import ancestors
from paragrad.fuzz.judge import Finding, diagnose, judge, reference
from paragrad.fuzz.judge.blame import WALK
from paragrad.fuzz.judge.gradients import BackwardCheck
from paragrad.fuzz.judge.isolate import isolate
from paragrad.fuzz.judge.walks import walk_faults
from paragrad.fuzz.program import Apply, Program
from paragrad.fuzz.trace import Engine

MOST_ASKED = 200
"""Ops that are asked alone, from the root on."""


def look_inside(engine: Engine, program: Program, check: BackwardCheck, finding: Finding) -> int | None:
    """The variable at which the fault is, its diagnosis put into the finding; None where each op alone is right.

    `check` is over torch's own trace. Where the walk is at fault, it is asked which fault gives the leaf's gradient.
    """
    reached = ancestors(program, tuple(getattr(program.statements[check.at], "roots", ())))
    asked = 0
    for position, statement in reversed(list(program.applications())):
        incoming = [check.trace.gradients[check.at].get(k) for k in statement.outputs]
        if reached.isdisjoint(statement.outputs) or all(g is None for g in incoming) or asked >= MOST_ASKED:
            continue
        asked += 1
        found = alone(engine, check, position, statement)
        if found is not None:
            parameter, inner = found
            finding.op, finding.argument = inner.op, inner.argument or parameter if inner.of_gradient else ""
            finding.diagnosis, finding.whose = inner.diagnosis, inner.whose
            at = [k for name, k in operands(statement, TABLE[statement.op].parameters) if name == parameter]
            return at[0] if at else statement.outputs[0]
    finding.op, finding.argument = WALK, ""
    if finding.variable is not None and finding.found is not None and finding.kind == "gradient":
        faults = walk_faults(_with(check, finding), finding.variable, finding.found)
        finding.diagnosis = next(iter(faults), finding.diagnosis)
    return finding.variable


def alone(engine: Engine, check: BackwardCheck, position: int, statement: Apply) -> tuple[str, Finding] | None:
    """What is wrong with one op asked alone, diagnosed, and the parameter whose gradient that is."""
    values = check.trace.at(position)
    incoming = [check.trace.gradients[check.at].get(k) for k in statement.outputs]
    program, origin = isolate(statement, values, check.needing, incoming)
    trace = engine.run(program)
    torchs = reference(program, trace)
    first = judge(program, trace, torchs, engine, first=True).first
    if first is None:
        return None
    diagnose(program, trace, torchs, engine, first)
    parameter = origin[first.variable][0] if first.variable in origin else first.argument
    return parameter, first


def _with(check: BackwardCheck, finding: Finding) -> BackwardCheck:
    """The check over torch's trace with the gradient in question as the engine showed it."""
    assert finding.variable is not None
    gradients = {
        **check.trace.gradients,
        check.at: {**check.trace.gradients[check.at], finding.variable: finding.found},
    }
    mixed = replace(check.trace, gradients=gradients)
    return BackwardCheck(check.program, mixed, check.at, check.needing, check.foreign)
