"""Everything that the baseline holds, measured on the working tree."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.judge.blame import WALK
from paragrad.reports.accuracy.measure import public_ops
from paragrad.reports.gate.accuracy import (
    compositions,
    drawn,
    layers,
    mutants,
    neurons,
    scalars,
    standing,
    ulps,
    verdicts,
    width,
)
from paragrad.reports.gate.accuracy.mutants import Hunted
from paragrad.reports.gate.accuracy.parts import Parts
from paragrad.reports.gate.accuracy.rows import Row, Rows, select

Tell = Callable[[int, int, str], None]
"""Called with steps done, steps in all, and what they are."""


@dataclass(slots=True)
class Measured:
    """The rows, what became of the mutants that have none, and the ops that others are made of (compare.py)."""

    rows: Rows
    hunted: Hunted
    parts: Parts = field(default_factory=dict)


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
        "program": [],
        "judge": [],
    }
    for done, (op, (errors, absent)) in enumerate(zip(ops, ulps.measure(ops), strict=True), 1):
        rows["ulp"] += errors
        rows["exclusion"] += absent
        tell(done, len(ops), f"ULP {op.name}")
    parts: Parts = {}
    for done, (op, found) in enumerate(zip(ops, verdicts.measure(ops), strict=True), 1):
        if made := found.made | ({compositions.WALK} if WALK in found.blamed else set()):
            parts[op.name,] = made
        parts[op.name, "gradient"] = found.recorded
        rows["verdict"] += found.verdicts
        rows["dtype"] += found.dtypes
        tell(done, len(ops), f"verdicts {op.name}")
    parts |= composed(rows, only, tell)
    digests = dict(drawn.digests(ops, only))
    for row in rows["op"]:
        row["drawn"] = digests.get(row["op"], "")
    public = {row["op"] for row in rows["op"]}
    lost = {row["op"] for row in known["op"]} - public if known else set()
    faults = known["mutant"] if known else []
    hunted = mutants.measure(faults, only, lost, lambda done, total: tell(done, total, "mutants"))
    rows["mutant"] = hunted.killed

    def wanted(row: Row) -> bool:
        return not only or row["op"] in only

    return Measured(select(rows, wanted), hunted, parts)


def composed(rows: Rows, only: Sequence[str], tell: Tell) -> Parts:
    """Add the rows of Values, of layers, and of whole programs; what each is made of."""
    parts: Parts = {(name,): made for name, made in neurons.PARTS.items()}
    for name, errors, judged, blamed in scalars.measure(only):
        if WALK in blamed:
            parts[name,] = {compositions.SCALAR_WALK}
        rows["ulp"] += errors
        rows["verdict"] += judged
    tell(1, 4, "Values")
    rows["ulp"] += neurons.measure(only)
    for errors, name, made in layers.measure(only):
        rows["ulp"] += errors
        parts[name,] = parts.get((name,), set()) | made | {compositions.WALK}
    tell(2, 4, "layers")
    for case in compositions.cases(only):
        rows["program"].append(compositions.row(case))
        parts[case.key] = case.parts()
    tell(3, 4, "programs")
    for place in width.places() if not only or width.OP in only else ():
        rows["judge"].append(width.row(place))
        parts[width.OP, place.case] = place.parts
    tell(4, 4, "the judge")
    return parts
