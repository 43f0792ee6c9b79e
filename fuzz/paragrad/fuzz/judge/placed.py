"""Whether an operator in place is to blame: `y += b`, where `y = y + b` is right."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from paragrad.fuzz.in_place import out_of_place, positions
from paragrad.fuzz.judge.verdict import Finding
from paragrad.fuzz.program import Apply, Program

IN_PLACE = "in place"
"""Stands in the place of the argument in such a finding."""
FAILS = "`y = y {0} b` is right here, and `y {0}= b` fails or gives nothing"
UNRECORDED = "`y = y {0} b` is right here and `y {0}= b` is not: in place, what is done is not recorded"


def blame_in_place(of: Callable[[Program], Iterable[Finding]], program: Program, findings: list[Finding]) -> None:
    """Blame the operator in place for each of `findings` that is not there without it; `of` judges a program."""
    placed = positions(program)
    if not placed or not findings:
        return
    without = set(map(_what, of(out_of_place(program, placed))))
    for finding in [f for f in findings if _what(f) not in without]:
        alone = (k for k in placed[1:] if _what(finding) in map(_what, of(out_of_place(program, set(placed) - {k}))))
        statement = program.statements[next(alone, placed[0])]
        assert isinstance(statement, Apply)
        finding.op, finding.argument = statement.op, IN_PLACE


def _what(finding: Finding) -> tuple[int, int | None]:
    return finding.statement, finding.variable
