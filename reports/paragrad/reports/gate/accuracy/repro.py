"""The command that shows a change, for each kind of thing."""

from __future__ import annotations

import shlex

from paragrad.reports.bodies.gate import What
from paragrad.reports.gate.accuracy.rows import Row


def repro(kind: What, row: Row) -> str:
    """What to type where there is no witness: what else asks this op, or the gate for this op alone."""
    op = shlex.quote(row["op"])
    if kind == "mutant":
        return f"paragrad mutants --only {shlex.quote(row['id'])}"
    if kind == "convention":
        return f"paragrad conventions --only {op}"
    return f"paragrad gate --accuracy --only {op}" if row["op"] else "paragrad gate --accuracy"
