"""The accuracy part of the gate, from the file to the answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from paragrad.reports.bodies.gate import AccuracyGate
from paragrad.reports.gate.accuracy import baseline, growth, place
from paragrad.reports.gate.accuracy.baseline import SCHEMA, Baseline, BaselineError
from paragrad.reports.gate.accuracy.compare import Comparison
from paragrad.reports.gate.accuracy.measure import Measured, Tell, measure
from paragrad.reports.gate.accuracy.rest import rest
from paragrad.reports.gate.accuracy.rows import Place, every, key
from paragrad.reports.render.markdown import plural

ULPS = "ulps.json"
"""The file of declared ULP, beside the baseline."""
NAMED = 3
"""Ops that are named where there are many."""
WITNESSES = 40
"""So many changes are shown by a program to paste, which is looked for: as many as the terminal tells one by one."""


@dataclass(slots=True)
class Gated:
    """The answer, what to write where it is accepted, and what moves with it that is neither worse nor better."""

    answer: AccuracyGate
    accepted: Baseline
    beside: list[str] = field(default_factory=list)


def run(path: Path, known: Baseline | None, only: Sequence[str], tell: Tell) -> Gated:
    """Measure, and hold it against the baseline; None for none yet, against which everything is new."""
    here = place.here()
    return hold(path, known, here, measure(known["rows"] if known else None, only, path.with_name(ULPS), tell), only)


def hold(path: Path, known: Baseline | None, here: Place, measured: Measured, only: Sequence[str]) -> Gated:
    """The answer for what was measured here."""
    if known is None:
        made: Baseline = {"schema": SCHEMA, "place": here, "rows": measured.rows}
        return Gated(first(path, made), made)
    differences = place.differing(known["place"], here)
    hunted = measured.hunted
    comparison = Comparison(
        known["rows"], measured.rows, not differences, only, hunted.others, hunted.instead, measured.parts
    )
    changes = comparison.changes()
    worse = [c.told(shown=k < WITNESSES) for k, c in enumerate(c for c in changes if c.worse)]
    better = [c.told() for c in changes if not c.worse]
    kinds = Counter(change["kind"] for change in worse)
    grown = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
    why = f"{plural(len(worse), 'thing')} got worse ({grown})" if worse else "nothing got worse"
    answer: AccuracyGate = {
        "verdict": "fail" if worse else "pass",
        "why": why + other_programs([row["op"] for row in comparison.redrawn_rows()]),
        "baseline": path.as_posix(),
        "rule": growth.rule(differences),
        "checked": comparison.checked(),
        "worse": worse,
        "better": better,
    }
    if only:
        accepted = baseline.merged(known, measured.rows, only)
    else:
        accepted = {"schema": SCHEMA, "place": here, "rows": measured.rows}
    told = {(change.kind, key(change.kind, change.row)) for change in changes}
    return Gated(answer, accepted, list(rest(known["rows"], accepted["rows"], told, comparison.is_redrawn)))


def other_programs(ops: Sequence[str]) -> str:
    """That rows of these ops are of other programs than the baseline's; nothing where there are none."""
    if not ops:
        return ""
    names = list(dict.fromkeys(ops))
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    rows = f"{plural(len(ops), 'row')} ({', '.join(names[:NAMED])}{more})"
    held = "there only a bug, or an error beyond the wider rule, fails"
    return f"; {rows} measured on other programs than the baseline's: {held}; --accept takes them up"


def mixing(known: Baseline, only: Sequence[str]) -> None:
    """Raise BaselineError where a part of a baseline would be of this machine and the rest of another."""
    differences = place.differing(known["place"], place.here())
    if only and differences:
        told = f"the rest of the baseline is of another machine ({'; '.join(differences)})"
        raise BaselineError(f"--accept --only {only[0]}: {told}; leave out --only, or accept it there")


def first(path: Path, made: Baseline) -> AccuracyGate:
    """The answer where there was no baseline."""
    kinds = Counter(kind for kind, _ in every(made["rows"]))
    return {
        "verdict": "pass",
        "why": "there was no baseline: this run is taken as one",
        "baseline": path.as_posix(),
        "rule": growth.SAME,
        "checked": dict(kinds.items()),
        "worse": [],
        "better": [],
    }
