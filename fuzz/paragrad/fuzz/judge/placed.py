"""Whether an operator in place is to blame: `y += b`, where `y = y + b` is right."""

from __future__ import annotations

from collections.abc import Callable

from paragrad.fuzz.in_place import out_of_place, positions
from paragrad.fuzz.judge.verdict import Finding
from paragrad.fuzz.program import Apply, Program

IN_PLACE = "in place"
"""Stands in the place of the argument in such a finding."""
UNRECORDED = "`y = y {0} b` is right here and `y {0}= b` is not: in place, what is done is not recorded"


def blame_in_place(fails: Callable[[Program], bool], program: Program, findings: list[Finding]) -> None:
    """Blame the operator in place for all of `findings` where nothing fails without it."""
    placed = positions(program)
    if not placed or not findings or fails(out_of_place(program, placed)):
        return
    alone = (k for k in placed if fails(out_of_place(program, set(placed) - {k})))
    statement = program.statements[placed[0] if len(placed) == 1 else next(alone, placed[0])]
    assert isinstance(statement, Apply)
    for finding in findings:
        finding.op, finding.argument = statement.op, IN_PLACE
