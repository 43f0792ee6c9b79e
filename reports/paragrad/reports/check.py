"""`paragrad check TARGET`: what is wrong with somebody else's engine, most serious first."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.checking import Report, check
from paragrad.fuzz.checking.run import replay
from paragrad.fuzz.encoding import ProgramError, loads
from paragrad.fuzz.engines.foreign import Foreign
from paragrad.fuzz.engines.worker.errors import SubjectError
from paragrad.fuzz.engines.worker.protocol import Target
from paragrad.fuzz.program import Program
from paragrad.fuzz.telling import Told, tell
from paragrad.reports.cli import FINDING, PARITY, UsageError
from paragrad.reports.commands import command, console_for
from paragrad.reports.findings import Repro, row, show, write_repros

SCHEMA = "paragrad.check/1"


@command
def run(options: argparse.Namespace) -> int:
    """Check an engine in a child process; tell, and write the JSON if asked to, also where it can't be checked."""
    try:
        return checked(options)
    except (SubjectError, ValueError, UsageError) as error:
        if options.json is not None:
            write({"schema": SCHEMA, "verdict": "error", "error": str(error)}, options.json)
        raise UsageError(str(error)) from error


def checked(options: argparse.Namespace) -> int:
    """The check itself. Raises UsageError, SubjectError and ValueError for what the caller can mend."""
    if (options.target is None) == (options.exec is None):
        raise UsageError(
            "name a TARGET (path/to/file.py:Class, notebook.ipynb, package.module:Class) or --exec COMMAND"
        )
    only = _ops(options.only)
    names = dict(_pair(text) for text in options.map)
    console = console_for(options.json)
    python = None if options.python is None else Path(options.python)
    target = None if options.target is None else target_of(options.target, names)
    with Foreign(target, command=options.exec, python=python) as engine:
        hello = engine.hello
        introduce(console, engine)
        if not engine.ops():
            raise UsageError(f"{hello.engine} has no op that is known here; --map op=method names them")
        if options.program is not None:
            report = replay(engine, one_program(options.program))
        else:
            report = check(
                engine,
                scalar=hello.kind == "scalar",
                programs=options.programs,
                seconds=options.seconds,
                seed=options.seed,
                only=only,
            )
        report.engine = hello.engine
        told = [tell(found, engine) for found in report.findings]
        again = typed(options)
        repros = None if options.repro is None else write_repros(told, engine, Path(options.repro), again)
        show(console, told, repros, again)
        close(console, report, engine, options.strict)
        if options.json is not None:
            write(document(report, engine, options.strict, told, repros), options.json)
    return FINDING if report.verdict(options.strict) == "findings" else PARITY


def one_program(path: str) -> Program:
    """The program in a file. Raises UsageError."""
    try:
        return loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ProgramError) as error:
        raise UsageError(f"--program {path}: {error}") from error


def typed(options: argparse.Namespace) -> str:
    """The command that names the same engine."""
    words = ["--exec", options.exec] if options.target is None else [options.target]
    for name in options.map:
        words += ["--map", name]
    if options.python is not None:
        words += ["--python", options.python]
    return f"paragrad check {shlex.join(words)}"


def target_of(text: str, names: dict[str, str]) -> Target:
    """The target that a text names; the class comes after the last colon. Raises UsageError where no file is there."""
    where, _, name = text.rpartition(":")
    if not where or not name.isidentifier():
        where, name = text, ""
    chosen = name or None
    if where.endswith((".py", ".ipynb")) or "/" in where or "\\" in where:
        path = Path(where)
        if not path.is_file():
            raise UsageError(f"{where}: there is no such file (looked for {path.absolute()})")
        return Target(path=path.absolute(), class_name=chosen, root=path.absolute().parent, names=names)
    return Target(module=where, class_name=chosen, root=Path.cwd(), names=names)


def _pair(text: str) -> tuple[str, str]:
    op, equals, method = text.partition("=")
    if not equals or op not in TABLE or not method:
        raise UsageError(f"--map {text}: expected OP=METHOD with an op of the table, such as --map relu=rectify")
    return op, method


def _ops(names: list[str]) -> frozenset[str] | None:
    for name in names:
        if name not in TABLE:
            raise UsageError(f"--only {name}: no op of the table is called so")
    return frozenset(names) or None


def introduce(console: Console, engine: Foreign) -> None:
    """What was found out about the subject before anything is tried."""
    hello = engine.hello
    console.print(f"paragrad check: {hello.engine} ({hello.kind}s), {len(engine.ops())} ops", markup=False)
    for what, found in hello.probe:
        console.print(f"  {what}: {found}", markup=False)
    console.print(f"  ops: {', '.join(sorted(engine.ops()))}", markup=False)
    if hello.unmatched:
        told = ", ".join(hello.unmatched)
        console.print(f"  not tried, for they match nothing (--map op=method includes one): {told}", markup=False)
    for note in hello.notes:
        console.print(f"  note: {note}", markup=False)


def close(console: Console, report: Report, engine: Foreign, strict: bool) -> None:
    """What was noticed on the way, what was counted, and a line to paste."""
    console.print()
    for note in engine.notes:
        if note not in engine.hello.notes:
            console.print(f"note: {note}", markup=False)
    stages = ", ".join(f"{stage} {count}" for stage, count in report.stages.items())
    console.print(f"programs   {report.judged} judged in {report.seconds:.1f} s: {stages}", markup=False)
    if report.filtered:
        told = ", ".join(f"{reason}: {count}" for reason, count in report.filtered.items())
        console.print(f"filtered   {told}", markup=False)
    console.print(verdict_line(report, strict), markup=False)


def verdict_line(report: Report, strict: bool) -> str:
    """One line that says it all."""
    counts = {c.severity: 0 for c in report.findings}
    for checked in report.findings:
        counts[checked.severity] += 1
    told = ", ".join(f"{n} {severity}" for severity, n in counts.items()) or "nothing wrong"
    word = "FINDINGS" if report.verdict(strict) == "findings" else "PARITY"
    return f"{word} {report.engine}: {told}; {report.judged} programs, {len(report.ops)} ops, against torch"


def document(
    report: Report, engine: Foreign, strict: bool, told: Sequence[Told], repros: Sequence[Repro] | None
) -> dict[str, Any]:
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
        "ops": {"checked": report.ops, "unmatched": list(engine.hello.unmatched)},
        "findings": [row(one, None if repros is None else repros[k]) for k, one in enumerate(told)],
    }


def write(told: dict[str, Any], path: str) -> None:
    """The document to a file, or to stdout for -."""
    text = json.dumps(told, ensure_ascii=False, indent=1) + "\n"
    if path == "-":
        sys.stdout.write(text)
    else:
        Path(path).write_text(text, encoding="utf-8")
