"""Everything that the baseline holds, measured on the working tree."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from paragrad.engine.ops.table import TABLE
from paragrad.reports.accuracy.measure import public_ops
from paragrad.reports.gate.accuracy import mutants, standing, ulps, verdicts
from paragrad.reports.gate.accuracy.mutants import Hunted
from paragrad.reports.gate.accuracy.rows import Row, Rows, select

Tell = Callable[[int, int, str], None]
"""Called with steps done, steps in all, and what they are."""


@dataclass(slots=True)
class Measured:
    """The rows, and what became of the mutants that have none."""

    rows: Rows
    hunted: Hunted


def measure(known: Rows | None, only: Sequence[str], declared: Path, tell: Tell) -> Measured:
    """The rows of the ops in `only`, of all where there are none. `known` are those of the baseline, whose mutants are
    hunted, too; `declared` is the file of declared ULP. The same rows on every run on one machine."""
    ops = public_ops([name for name in only if name in TABLE and not TABLE[name].internal] if only else None)
    rows: Rows = {
        "ulp": [],
        "verdict": [],
        "op": standing.ops(),
        "convention": standing.conventions(),
        "dtype": [],
        "mutant": [],
        "exclusion": list(standing.exclusions(declared)),
    }
    for done, (op, (found, absent)) in enumerate(zip(ops, ulps.measure(ops), strict=True), 1):
        rows["ulp"] += found
        rows["exclusion"] += absent
        tell(done, len(ops), f"ULP {op.name}")
    for done, (op, (judged, dtypes)) in enumerate(zip(ops, verdicts.measure(ops), strict=True), 1):
        rows["verdict"] += judged
        rows["dtype"] += dtypes
        tell(done, len(ops), f"verdicts {op.name}")
    public = {row["op"] for row in rows["op"]}
    lost = {row["op"] for row in known["op"]} - public if known else set()
    faults = known["mutant"] if known else []
    hunted = mutants.measure(faults, only, lost, lambda done, total: tell(done, total, "mutants"))
    rows["mutant"] = hunted.killed

    def wanted(row: Row) -> bool:
        return not only or row["op"] in only

    return Measured(select(rows, wanted), hunted)
