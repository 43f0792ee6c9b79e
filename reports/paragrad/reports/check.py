"""`paragrad check TARGET`: what is wrong with somebody else's engine, most serious first."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from rich.console import Console

from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.checking import Checked, Report, check
from paragrad.fuzz.checking.importing import import_crash
from paragrad.fuzz.checking.severity import FAILING
from paragrad.fuzz.checking.summary import verdict_line
from paragrad.fuzz.engines.foreign import Foreign
from paragrad.fuzz.engines.worker.errors import SubjectError
from paragrad.fuzz.explain import expression
from paragrad.fuzz.program import Backward
from paragrad.reports.cli import FINDING, OURS, PARITY, UsageError
from paragrad.reports.commands import command, console_for
from paragrad.reports.introduction import introduce
from paragrad.reports.progress import bar
from paragrad.reports.project.asked import asked, refuse_what_is_missing
from paragrad.reports.project.baseline import BaselineError
from paragrad.reports.project.standing import accepted_before, hold, refuse_anothers

SCHEMA = "paragrad.check/1"


@command
def run(options: argparse.Namespace) -> int:
    """Check an engine in a child process; tell, and write the JSON if asked to."""
    wanted = asked(options)
    console = console_for(options.json)
    for note in wanted.notes:
        console.print(note, markup=False)
    try:
        accepted = accepted_before(wanted)
        with Foreign(wanted.target, command=wanted.command, python=wanted.python) as engine:
            hello = engine.hello
            refuse_what_is_missing(hello, wanted)
            refuse_anothers(wanted, accepted, hello.engine)
            introduce(console, engine, wanted.only)
            told = len(engine.notes)
            if not engine.ops():
                raise UsageError(f"{hello.engine} has no op that is known here; --map op=method names them")
            with bar(wanted.programs, wanted.seconds) as show:
                report = check(
                    engine,
                    scalar=hello.kind == "scalar",
                    programs=wanted.programs,
                    seconds=wanted.seconds,
                    seed=wanted.seed,
                    only=wanted.only,
                    progress=show,
                    before=import_crash(hello),
                )
            report.engine = hello.engine
            standing = hold(report, wanted, accepted)
            tell(console, report, engine, wanted.strict)
            for line in (*(f"note: {note}" for note in engine.notes[told:]), *standing):
                console.print(line, markup=False)
            console.print(verdict_line(report, wanted.strict), markup=False)
            if options.json is not None:
                write(document(report, engine, wanted.strict), options.json)
    except (SubjectError, BaselineError, ValueError) as error:
        raise UsageError(str(error)) from error
    found = report.verdict(wanted.strict) == "findings"
    if report.stopped == "interrupted":
        console.print("interrupted: what was found so far is told above")
        return FINDING if found else OURS
    return FINDING if found else PARITY


def tell(console: Console, report: Report, engine: Foreign, strict: bool) -> None:
    """The findings, most serious first, and a line to paste."""
    for checked in report.findings:
        console.print(f"\n{checked.severity}: {headline(checked)}", markup=False)
        if checked.finding.diagnosis:
            console.print(f"  why: {checked.finding.diagnosis}", markup=False)
        if (source := source_line(checked, engine)) is not None:
            console.print(f"  where: {source}", markup=False)
        if checked.severity in FAILING and checked.table:
            console.print(checked.table, markup=False)
        console.print(f"  seen in {checked.programs} programs; id {checked.id}", markup=False)
        if checked.known:
            console.print(f"  known: {checked.known}", markup=False)
    stages = ", ".join(f"{stage} {count}" for stage, count in report.stages.items())
    console.print(f"\nprograms   {report.judged} judged in {report.seconds:.1f} s: {stages}", markup=False)
    if report.filtered:
        told = ", ".join(f"{reason}: {count}" for reason, count in report.filtered.items())
        console.print(f"filtered   {told}", markup=False)


def headline(checked: Checked) -> str:
    """The smallest program as an expression, and what is wrong with it."""
    program = checked.program
    if not program.statements:
        return checked.finding.message
    if not checked.table:
        return f"{checked.finding.message} (a graph of {len(program.statements)} statements)"
    made = [s.outputs[0] for _, s in program.applications()]
    told = "; ".join(f"{program.name(k)} = {expression(program, k)}" for k in made[-3:])
    leaves = ", ".join(f"{spec.name} = {spec.array().tolist()}" for spec in program.inputs)
    backward = " (second backward)" if sum(isinstance(s, Backward) for s in program.statements) > 1 else ""
    return f"{told} at {leaves}: {checked.finding.message}{backward}"


def source_line(checked: Checked, engine: Foreign) -> str | None:
    """The first line of the op that is blamed in the subject's own source, where it can be found."""
    found = engine.source(checked.finding.op) if checked.finding.op in TABLE else None
    return None if found is None else f"{found.file}:{found.line}: {found.text.strip().splitlines()[0]}"


def document(report: Report, engine: Foreign, strict: bool) -> dict[str, Any]:
    """The check as plain data."""
    return {
        "schema": SCHEMA,
        "engine": report.engine,
        "verdict": report.verdict(strict),
        "counts": {
            "programs": report.judged,
            "gradients": sum(report.gradients.values()),
            "filtered": sum(report.filtered.values()),
            "crashed": engine.restarts,
        },
        "seconds": {"total": report.seconds, "first_finding": report.first_finding},
        "ops": {"checked": report.ops, "unmatched": list(engine.hello.unmatched)},
        "gone": report.gone,
        "findings": [finding_row(checked, engine) for checked in report.findings],
    }


def finding_row(checked: Checked, engine: Foreign) -> dict[str, Any]:
    """One finding as plain data."""
    from paragrad.fuzz.encoding import to_json

    finding = checked.finding
    return {
        "id": checked.id,
        "known": checked.known or None,
        "severity": checked.severity,
        "kind": finding.kind,
        "op": finding.op,
        "title": finding.title,
        "expression": headline(checked),
        "program": to_json(checked.program),
        "expected": None if finding.expected is None else repr(finding.expected.tolist()),
        "got": None if finding.found is None else repr(finding.found.tolist()),
        "diagnosis": finding.diagnosis,
        "source_line": source_line(checked, engine),
    }


def write(told: dict[str, Any], path: str) -> None:
    """The document to a file, or to stdout for -."""
    text = json.dumps(told, ensure_ascii=False, indent=1) + "\n"
    if path == "-":
        sys.stdout.write(text)
    else:
        Path(path).write_text(text, encoding="utf-8")
