"""The command that shows a change, for each kind of thing."""

from __future__ import annotations

import shlex

from paragrad.reports.bodies.gate import What
from paragrad.reports.gate.accuracy.rows import Row

SEED = 0
PROGRAMS = 2000


def repro(kind: What, row: Row, after: str) -> str:
    """What to type. A bug is shown as the smallest program; everything else is measured again for this op alone."""
    op = shlex.quote(row["op"])
    if kind == "mutant":
        return f"paragrad mutants --only {shlex.quote(row['id'])}"
    if kind == "convention":
        return f"paragrad conventions --only {op}"
    if kind == "verdict" and after == "bug":
        return f"paragrad parity --quick --programs {PROGRAMS} --only {op} --dtype {row['dtype']} --seed {SEED}"
    return f"paragrad gate --accuracy --only {op}" if row["op"] else "paragrad gate --accuracy"
