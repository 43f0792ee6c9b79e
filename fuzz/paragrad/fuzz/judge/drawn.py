"""Ops that draw random numbers: judged given what the subject drew, which its own output tells.

No two engines draw the same numbers, so torch is asked for the op that is left when they are known. What the output
does not tell (whether a zero was dropped) the op's error analysis leaves open.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.program import Apply, Array, Program, replace_refs
from paragrad.fuzz.trace import Trace


def settled(statement: Apply, values: Mapping[int, Array]) -> Apply:
    """The statement itself, or for a random op the one that gives for sure what the subject's `values` show."""
    op = TABLE[statement.op]
    if op.recover is None or statement.outputs[0] not in values:
        return statement
    args = op.bind(statement.args, dict(statement.kwargs))
    found = op.recover(*[replace_refs(a, values.__getitem__) for a in args], values[statement.outputs[0]])
    return statement if found is None else Apply(found[0].name, (args[0], *found[1]), {}, statement.outputs)


def settled_program(program: Program, trace: Trace) -> Program:
    """The program with all its random ops settled; itself where it has none."""
    if all(TABLE[statement.op].recover is None for _, statement in program.applications()):
        return program
    statements = [
        settled(s, trace.at(position)) if isinstance(s, Apply) else s for position, s in enumerate(program.statements)
    ]
    return replace(program, statements=statements)
