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
from paragrad.fuzz.checking.severity import FAILING
from paragrad.fuzz.engines.foreign import Foreign
from paragrad.fuzz.engines.known import Ours, known
from paragrad.fuzz.engines.worker.errors import SubjectError
from paragrad.fuzz.engines.worker.protocol import Target
from paragrad.fuzz.explain import expression
from paragrad.fuzz.program import Backward
from paragrad.reports.cli import FINDING, PARITY, UsageError
from paragrad.reports.commands import command, console_for

SCHEMA = "paragrad.check/1"


@command
def run(options: argparse.Namespace) -> int:
    """Check an engine in a child process; tell, and write the JSON if asked to."""
    if (options.target is None) == (options.exec is None):
        raise UsageError(
            "name a TARGET (path/to/file.py:Class, notebook.ipynb, package.module:Class, or own, micrograd, mygrad, "
            "autograd, jax, torch, torch.compile) or --exec COMMAND"
        )
    only = _ops(options.only)
    names = dict(_pair(text) for text in options.map)
    console = console_for(options.json)
    try:
        with started(options, names) as engine:
            hello = engine.hello
            introduce(console, engine)
            if not engine.ops():
                raise UsageError(f"{hello.engine} has no op that is known here; --map op=method names them")
            report = check(
                engine,
                scalar=hello.kind == "scalar",
                programs=options.programs,
                seconds=options.seconds,
                seed=options.seed,
                only=only,
            )
            report.engine = hello.engine
            tell(console, report, engine, options.strict)
            if options.json is not None:
                write(document(report, engine, options.strict), options.json)
    except SubjectError as error:
        raise UsageError(str(error)) from error
    except ValueError as error:
        raise UsageError(str(error)) from error
    return FINDING if report.verdict(options.strict) == "findings" else PARITY


def started(options: argparse.Namespace, names: dict[str, str]) -> Foreign | Ours:
    """The engine that goes by a name, that lies in a file or module, or that a command starts."""
    python = None if options.python is None else Path(options.python)
    target = None if options.target is None else target_of(options.target, names)
    return known(options.target, python) or Foreign(target, command=options.exec, python=python)


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


def introduce(console: Console, engine: Foreign | Ours) -> None:
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


def tell(console: Console, report: Report, engine: Foreign | Ours, strict: bool) -> None:
    """The findings, most serious first, and a line to paste."""
    for checked in report.findings:
        console.print(f"\n{checked.severity}: {headline(checked)}", markup=False)
        if checked.finding.diagnosis:
            console.print(f"  why: {checked.finding.diagnosis}", markup=False)
        if (source := source_line(checked, engine)) is not None:
            console.print(f"  where: {source}", markup=False)
        if checked.severity in FAILING and checked.table:
            console.print(checked.table, markup=False)
        console.print(f"  seen in {checked.programs} programs", markup=False)
    for note in engine.notes:
        console.print(f"note: {note}", markup=False)
    stages = ", ".join(f"{stage} {count}" for stage, count in report.stages.items())
    console.print(f"\nprograms   {report.judged} judged in {report.seconds:.1f} s: {stages}", markup=False)
    if report.filtered:
        told = ", ".join(f"{reason}: {count}" for reason, count in report.filtered.items())
        console.print(f"filtered   {told}", markup=False)
    console.print(verdict_line(report, strict), markup=False)


def headline(checked: Checked) -> str:
    """The smallest program as an expression, and what is wrong with it."""
    program = checked.program
    if not checked.table:
        return f"{checked.finding.message} (a graph of {len(program.statements)} statements)"
    made = [s.outputs[0] for _, s in program.applications()]
    told = "; ".join(f"{program.name(k)} = {expression(program, k)}" for k in made[-3:])
    leaves = ", ".join(f"{spec.name} = {spec.array().tolist()}" for spec in program.inputs)
    backward = " (second backward)" if sum(isinstance(s, Backward) for s in program.statements) > 1 else ""
    return f"{told} at {leaves}: {checked.finding.message}{backward}"


def source_line(checked: Checked, engine: Foreign | Ours) -> str | None:
    """The first line of the op that is blamed in the subject's own source, where it can be found."""
    found = engine.source(checked.finding.op) if checked.finding.op in TABLE else None
    return None if found is None else f"{found.file}:{found.line}: {found.text.strip().splitlines()[0]}"


def verdict_line(report: Report, strict: bool) -> str:
    """One line that says it all."""
    counts = {c.severity: 0 for c in report.findings}
    for checked in report.findings:
        counts[checked.severity] += 1
    told = ", ".join(f"{n} {severity}" for severity, n in counts.items()) or "nothing wrong"
    word = "FINDINGS" if report.verdict(strict) == "findings" else "PARITY"
    return f"{word} {report.engine}: {told}; {report.judged} programs, {len(report.ops)} ops, against torch"


def document(report: Report, engine: Foreign | Ours, strict: bool) -> dict[str, Any]:
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
        "findings": [finding_row(checked, engine) for checked in report.findings],
    }


def finding_row(checked: Checked, engine: Foreign | Ours) -> dict[str, Any]:
    """One finding as plain data."""
    from paragrad.fuzz.encoding import to_json

    finding = checked.finding
    return {
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
