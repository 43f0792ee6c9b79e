"""The record of a parity run: what a campaign saw, as plain data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from paragrad.fuzz.encoding import to_json
from paragrad.reports import record
from paragrad.reports.bodies.parity import CoverageBody, FindingRow, ParityBody, WorstRow
from paragrad.reports.record import Record

if TYPE_CHECKING:  # a campaign imports torch and Hypothesis
    from paragrad.fuzz.campaign import Found, Options, Outcome
    from paragrad.fuzz.closest import Shown


def from_outcome(outcome: Outcome, options: Options) -> Record:
    """The record of a campaign that has ended."""
    body: ParityBody = {
        "families": dict(outcome.families),
        "distinct": outcome.distinct,
        "replayed": outcome.replayed,
        "values": dict(outcome.values),
        "gradients": dict(outcome.gradients),
        "largest": outcome.largest,
        "findings": [_finding(found, outcome) for found in outcome.found],
        "worst": [_worst(shown) for shown in outcome.worst],
        "coverage": _coverage(outcome, options),
        "ops": dict(sorted(outcome.ops.items())),
        "seconds": {part: round(seconds, 6) for part, seconds in outcome.seconds.items()},
        "elapsed": round(outcome.elapsed, 6),
        "stopped": outcome.stopped,
    }
    counts: record.Counts = {
        "requested": outcome.requested,
        "judged": outcome.judged,
        "filtered": dict(outcome.filtered),
        "crashed": 0,  # a crash of the subject is a finding, one of ours ends the run
        "not_run": outcome.not_run,
    }
    asked = {
        "programs": options.programs,
        "seconds": options.seconds,
        "families": list(options.families),
        "ops": None if options.ops is None else [op.name for op in options.ops],
        "dtype": options.dtype,
    }
    return record.new("parity", options.seed, asked, counts, body)


def _finding(found: Found, outcome: Outcome) -> FindingRow:
    finding = found.finding
    return {
        "kind": finding.kind,
        "op": finding.op,
        "argument": finding.argument,
        "message": finding.message,
        "diagnosis": finding.diagnosis,
        "whose": finding.whose,
        "family": found.family,
        "variable": finding.variable,
        "programs": outcome.repeats[finding.cause],
        "statements": len(found.program.statements),
        "statements_before": found.statements_before,
        "table": found.table,
        "file": _from_here(found.path),
        "script": _from_here(found.script),
        "program": to_json(found.program),
        "repro": found.script.read_text(encoding="utf-8"),
    }


def _worst(shown: Shown) -> WorstRow:
    close = shown.close
    return {
        "family": close.family,
        "engine": close.engine,
        "ratio": close.ratio,
        "variable": close.number.variable,
        "statements": len(close.program.statements),
        "table": shown.table,
        "program": to_json(close.program),
        "repro": shown.script,
    }


def _coverage(outcome: Outcome, options: Options) -> CoverageBody:
    from paragrad.fuzz.coverage import TIES
    from paragrad.fuzz.strategies.families import FAMILIES, ops_of

    # Networks choose their ops themselves: what they did choose is what is known.
    choosing = [family for family in options.families if FAMILIES[family].chooses]
    ops = sorted({name for family in choosing for name in ops_of(family, options.ops)} | outcome.ops.keys())
    return {
        "ops": ops,
        "ties": [name for name in ops if name in TIES],
        "edges": outcome.coverage.edges(),
        "classes": outcome.coverage.classes(),
    }


def _from_here(path: Path) -> str:
    """A path as one types it: relative to the working directory where it lies below that."""
    path = path.absolute()
    return path.relative_to(Path.cwd()).as_posix() if path.is_relative_to(Path.cwd()) else str(path)
