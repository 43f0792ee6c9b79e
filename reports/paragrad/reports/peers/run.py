"""Check one peer after the other and make the scoreboard's record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.checking import SEVERITIES, Checked, Report, check
from paragrad.fuzz.encoding import to_json
from paragrad.fuzz.engines import deviations
from paragrad.fuzz.engines.foreign import Foreign
from paragrad.fuzz.engines.known import OWN, PEERS, Started, known
from paragrad.fuzz.engines.worker.errors import SubjectError
from paragrad.fuzz.telling import Told, tell
from paragrad.reports import record
from paragrad.reports.bodies.peers import PeerFindingRow, PeerRow, PeersBody
from paragrad.reports.findings import headline
from paragrad.reports.peers.speed import against_torch
from paragrad.reports.record import Record

ALL = (*OWN, *(name for name in PEERS if name != "torch.compile"))
"""Those that are checked where none is named: torch.compile takes seconds a program."""


@dataclass(frozen=True, slots=True)
class Options:
    """Which peers, programs and seconds for each, and the seed."""

    names: tuple[str, ...] = ALL
    programs: int = 1000
    seconds: float = 30.0
    seed: int = 0


def checked(name: str, options: Options) -> tuple[PeerRow, Counter[str]]:
    """One peer's row, and the programs that were filtered, by reason. One that can't be had is told as such."""
    try:
        engine = known(name)
        assert engine is not None
        with engine:
            scalar = engine.hello.kind == "scalar"
            report = check(engine, scalar=scalar, programs=options.programs, seconds=options.seconds, seed=options.seed)
            return row(name, engine, report, options, scalar), report.filtered
    except SubjectError as error:
        return {
            "name": name, "engine": name, "missing": str(error).splitlines()[0], "kind": "", "ops": 0, "programs": 0,
            "gradients": 0, "seconds": 0.0, "restarts": 0, "speed": None, "severities": {}, "findings": [],
        }, Counter()  # fmt: skip


def row(name: str, engine: Started, report: Report, options: Options, scalar: bool) -> PeerRow:
    """What was found in one peer."""
    findings = [finding(name, one, tell(one, engine), options) for one in report.findings]
    severities = Counter(one["severity"] for one in findings)
    return {
        "name": name,
        "engine": engine.hello.engine,
        "missing": "",
        "kind": engine.hello.kind,
        "ops": len(report.ops),
        "programs": report.judged,
        "gradients": sum(report.gradients.values()),
        "seconds": round(report.seconds, 3),
        "restarts": engine.restarts,
        "speed": against_torch(engine, scalar) if isinstance(engine, Foreign) else None,
        "severities": {severity: severities[severity] for severity in SEVERITIES},
        "findings": findings,
    }


def finding(name: str, one: Checked, told: Told, options: Options) -> PeerFindingRow:
    """One finding: a choice of the peer's authors that is known as one is told as a convention, with its reason."""
    known_as = next((d for d in deviations.of(name) if d.op == one.finding.op), None)
    severity, reason = one.severity, ""
    only = f" --only {one.finding.op}" if one.finding.op in TABLE else ""
    if known_as is not None:
        reason = known_as.reason
        severity = "convention" if known_as.kind == "convention" else severity
    return {
        "severity": severity,
        "kind": one.finding.kind,
        "op": one.finding.op,
        "expression": headline(told),
        "diagnosis": one.finding.diagnosis,
        "reason": reason,
        "programs": one.programs,
        "program": to_json(one.program),
        "repro": f"paragrad check {name}{only} --seed {options.seed}",
    }


def measure(options: Options, progress: Callable[[PeerRow], None] | None = None) -> Record:
    """Check the peers; `progress(row)` is called after each."""
    rows: list[PeerRow] = []
    filtered: Counter[str] = Counter()
    for name in options.names:
        found, left_out = checked(name, options)
        rows.append(found)
        filtered += left_out
        if progress is not None:
            progress(found)
    judged = sum(r["programs"] for r in rows)
    body: PeersBody = {"rows": rows}
    counts: record.Counts = {
        "requested": judged + filtered.total(),
        "judged": judged,
        "filtered": dict(filtered),
        "crashed": 0,
        "not_run": 0,
    }
    asked = {"peers": list(options.names), "programs": options.programs, "seconds": options.seconds}
    return record.new("peers", options.seed, asked, counts, body)
