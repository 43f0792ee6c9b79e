"""`paragrad check TARGET`: what is wrong with somebody else's engine, most serious first."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import textwrap
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from paragrad.fuzz.checking import Report, check
from paragrad.fuzz.checking.importing import import_crash
from paragrad.fuzz.checking.run import replay
from paragrad.fuzz.checking.severity import FAILING, SEVERITIES
from paragrad.fuzz.checking.summary import verdict_line
from paragrad.fuzz.checking.unseeded import unseeded
from paragrad.fuzz.encoding import ProgramError, loads
from paragrad.fuzz.engines.foreign import Foreign
from paragrad.fuzz.engines.known import Started, known
from paragrad.fuzz.engines.worker.errors import SubjectError
from paragrad.fuzz.program import Program
from paragrad.fuzz.telling import Told, tell
from paragrad.reports.bodies.check import SCHEMA, Check
from paragrad.reports.cli import FINDING, INTERRUPTED, PARITY, UsageError
from paragrad.reports.files import write_text
from paragrad.reports.findings import Repro, row, show, width_of, write_repros
from paragrad.reports.introduction import introduce
from paragrad.reports.machine import versions
from paragrad.reports.progress import bar
from paragrad.reports.project.asked import Asked, asked, refuse_what_is_missing
from paragrad.reports.project.baseline import BaselineError
from paragrad.reports.project.standing import accepted_before, hold, refuse_anothers
from paragrad.reports.project.whole import why_not_whole
from paragrad.reports.terminal import command, console_for


@command
def run(options: argparse.Namespace) -> int:
    """Check an engine in a child process; tell, and write the JSON if asked to.

    Where it can't be checked the command line writes why (`unchecked`).
    """
    try:
        return checked(options)
    except (SubjectError, BaselineError, ValueError) as error:
        raise UsageError(str(error)) from error


def checked(options: argparse.Namespace) -> int:
    """The check itself. Raises UsageError, SubjectError, BaselineError and ValueError for what the caller can mend."""
    wanted = asked(options)
    console = console_for(options.json)
    for note in wanted.notes:
        console.print(note, markup=False)
    one = None if options.program is None else one_program(options.program)
    accepted = accepted_before(wanted)
    with started(wanted) as engine:
        hello = engine.hello
        refuse_what_is_missing(hello, wanted)
        refuse_anothers(wanted, accepted, hello.engine)
        introduce(console, engine, wanted.only)
        noted = len(engine.notes)
        if not engine.ops():
            raise UsageError(f"{hello.engine} has no op that is known here; --map op=method names them")
        report = replay(engine, one) if one is not None else run_stages(engine, wanted, console)
        report.engine = hello.engine
        # Each stage gets a few programs, however few were asked for.
        requested = max(1 if one is not None else wanted.programs, report.run)
        lacking = why_not_whole(report, hello, wanted, one is not None)
        if lacking and wanted.accept:
            raise UsageError(f"--accept: {lacking}")
        standing = hold(report, wanted, accepted)
        told = [tell(found, engine) for found in report.findings]
        again = typed(options)
        repros = None if options.repro is None else write_repros(told, engine, Path(options.repro), again)
        show(console, told, repros, again)
        count(console, report, requested)
        for line in (*(f"note: {note}" for note in engine.notes[noted:]), *standing):
            console.print(line, markup=False)
        if lacking and report.verdict(wanted.strict) != "findings":
            raise UsageError(lacking)
        console.print(verdict_line(report, wanted.strict), markup=False)
        if options.json is not None:
            write(document(report, engine, again, wanted, requested, told, repros), options.json)
    found = report.verdict(wanted.strict) == "findings"
    if report.stopped == "interrupted":
        console.print("interrupted: what was found so far is told above")
        return INTERRUPTED
    return FINDING if found else PARITY


def started(wanted: Asked) -> Started:
    """The engine that goes by a name, that lies in a file or module, or that a command starts."""
    by_name = known(wanted.peer, wanted.python)
    return by_name or Foreign(wanted.target, command=wanted.command, python=wanted.python)


def run_stages(engine: Started, wanted: Asked, console: Console) -> Report:
    """All that is tried, under a progress bar."""
    with bar(wanted.programs, wanted.seconds, console) as progress:
        return check(
            engine,
            scalar=engine.hello.kind == "scalar",
            programs=wanted.programs,
            seconds=wanted.seconds,
            seed=wanted.seed,
            only=wanted.only,
            progress=progress,
            before=[*import_crash(engine.hello), *unseeded(engine.hello)],
        )


WHY_NOT = {"": "stages had no more to try", "time": "the time was up", "interrupted": "interrupted"}
"""Why programs that were asked for did not run, by what stopped the check."""


def one_program(path: str) -> Program:
    """The program in a file. Raises UsageError."""
    try:
        return loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ProgramError) as error:
        raise UsageError(f"--program {path}: {error}") from error


def typed(options: argparse.Namespace) -> str:
    """The command that names the same engine."""
    words = ["paragrad", "check", *([options.target] if isinstance(options.target, str) else options.target or [])]
    for name in ("exec", "python"):
        if getattr(options, name) is not None:
            words += [f"--{name}", getattr(options, name)]
    for name in options.map:
        words += ["--map", name]
    return shlex.join(words)


def count(console: Console, report: Report, requested: int) -> None:
    """What was judged, and what was not."""
    not_run = requested - report.run
    stages = ", ".join(f"{stage} {judged}" for stage, judged in report.stages.items())
    rows = [f"programs   {report.judged} judged in {report.seconds:.1f} s: {stages}"]
    if report.crashed:
        rows.append(f"crashed    {report.crashed}: they ended or hung the engine's process")
    if not_run:
        rows.append(f"not run    {not_run} ({WHY_NOT.get(report.stopped, report.stopped)})")
    if report.filtered:
        told = ", ".join(f"{reason}: {number}" for reason, number in report.filtered.most_common())
        rows.append(f"filtered   {told}")
    console.print()
    for line in rows:
        console.print(textwrap.fill(line, width_of(console), subsequent_indent=" " * 11), markup=False)


def document(
    report: Report,
    engine: Started,
    again: str,
    wanted: Asked,
    requested: int,
    told: Sequence[Told],
    repros: Sequence[Repro] | None,
) -> Check:
    """The check as plain data; `again` is the command that names the same engine."""
    levels = SEVERITIES if wanted.strict else FAILING
    return {
        "schema": SCHEMA,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": versions(),
        "engine": report.engine,
        "command": again,
        "options": {name: getattr(wanted, name) for name in ("programs", "seconds", "seed", "strict")}
        | {"only": sorted(wanted.only or ())},
        "verdict": report.verdict(wanted.strict),
        "stopped": report.stopped,
        "counts": {
            "requested": requested,
            "judged": report.judged,
            "filtered": dict(report.filtered),
            "crashed": report.crashed,
            "not_run": requested - report.run,
            "gradients": sum(report.gradients.values()),
            "restarts": engine.restarts,
        },
        "seconds": {"total": report.seconds, "first_finding": report.first_finding},
        "ops": {
            "checked": [op for op in report.ops if op in report.compared],
            "not_compared": [op for op in report.ops if op not in report.compared],
            "unmatched": list(engine.hello.unmatched),
        },
        "notes": list(engine.notes),
        "gone": report.gone,
        "findings": [
            row(one, levels, None if repros is None else repros[k], engine, k + 1) for k, one in enumerate(told)
        ],
    }


def write(told: Check, path: str) -> None:
    """The document to a file, or to stdout for -."""
    text = json.dumps(told, ensure_ascii=False, indent=1) + "\n"
    if path == "-":
        sys.stdout.write(text)
    else:
        write_text(path, text)
