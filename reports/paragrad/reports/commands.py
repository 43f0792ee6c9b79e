"""What each command does, once its options are parsed. Imported only when a command runs: this is where torch loads."""

from __future__ import annotations

import argparse
import contextlib
import difflib
import math
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from paragrad.engine.ops.table import TABLE, Op
from paragrad.fuzz import campaign
from paragrad.fuzz import corpus as store
from paragrad.fuzz.campaign import Found, Options, Outcome
from paragrad.fuzz.strategies.families import FAMILIES, ops_of
from paragrad.reports import places
from paragrad.reports import record as records
from paragrad.reports.cli import FINDING, INTERRUPTED, PARITY, UsageError
from paragrad.reports.conventions import notice
from paragrad.reports.documents import beside
from paragrad.reports.files import write_text
from paragrad.reports.html import PAGES, render_html
from paragrad.reports.parity import from_outcome
from paragrad.reports.record import Record, RecordError
from paragrad.reports.render import render_markdown
from paragrad.reports.render.parity import agreement
from paragrad.reports.terminal import command, console_for

BUILD = Path("build")
LINE_EVERY = 15.0
"""Seconds between lines of progress where there is no terminal."""
ROUNDS = 7
"""Interleaved rounds of a speed measurement."""


def save(record: Record, path: str | None, default: Path) -> str:
    """Write a record, and its pages beside it where it goes to a file called *.json; return where it went."""
    if path == "-":
        sys.stdout.write(records.dumps(record))
        return "stdout"
    target = default if path is None else Path(path)
    records.write(record, target)
    pages = [page for page in places.pages(target) if page.suffix == ".md" or record["kind"] in PAGES]
    for page in pages:
        if page.suffix == ".md":
            write_text(page, render_markdown(record))
        else:
            write_text(page, render_html(record, beside(target.parent, record["kind"])))
    return str(target) + (f" (and {', '.join(page.name for page in pages)})" if pages else "")


def select(names: list[str]) -> tuple[tuple[str, ...], tuple[Op, ...] | None]:
    """The families and the ops that --only names. Raises UsageError for a name that is neither."""
    families = tuple(name for name in names if name in FAMILIES)
    ops = tuple(TABLE[name] for name in names if name in TABLE and TABLE[name].sample is not None)
    known = [*FAMILIES, *sorted(name for name, op in TABLE.items() if op.sample is not None)]
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, 3)
            known_families = f"families are {', '.join(FAMILIES)}; ops have torch's names"
            hint = f"did you mean {' or '.join(near)}?" if near else known_families
            raise UsageError(f"--only {name}: no family and no op of this name; {hint}")
    if ops and not families:
        families = tuple(family for family in ("op", "scalar", "graph") if ops_of(family, ops))
    return families or tuple(FAMILIES), ops or None


@command
def parity(options: argparse.Namespace) -> int:
    """Fuzz, tell, and write the record and the reports."""
    families, ops = select(options.only)
    if options.programs == 0:
        raise UsageError("--programs 0: nothing would be judged")
    seed = secrets.randbits(32) if options.seed is None else options.seed
    asked = Options(options.programs, options.seconds, seed, families, ops, options.dtype)
    console = console_for(options.json)
    console.print(f"paragrad parity: up to {asked.programs} programs in {asked.seconds:g} s, --seed {seed}")
    if told := notice():
        console.print(told, markup=False)
    outcome = with_progress(console, asked)
    summary(console, outcome)
    if outcome.failure is not None:
        raise outcome.failure
    if outcome.judged == 0 and outcome.stopped != "interrupted":
        raise RuntimeError(f"nothing was judged: {dict(outcome.filtered)}, {outcome.stopped}")
    if outcome.judged:
        record = from_outcome(outcome, asked)
        console.print(f"record: {save(record, options.json, BUILD / 'parity.json')}", markup=False)
    code = FINDING if outcome.found else PARITY
    if outcome.stopped == "interrupted":
        console.print("interrupted: what was found is kept")
        return INTERRUPTED
    if not options.quick and not outcome.found:
        accuracy_report(console, seed, None)
        speed_report(console, (), ROUNDS, options.sizes, None)
    return code


def with_progress(console: Console, asked: Options) -> Outcome:
    """Run the campaign, with a bar where somebody watches and a line now and then elsewhere."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
    with Progress(*columns, TimeElapsedColumn(), console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("judging", total=asked.programs)

        told = -math.inf

        def show(outcome: Outcome) -> None:
            nonlocal told
            word = f"[red]{len(outcome.found)} found[/red]" if outcome.found else "judging"
            bar.update(task, completed=outcome.judged, description=word)
            if not console.is_terminal and time.monotonic() - told > LINE_EVERY:
                told = time.monotonic()
                console.print(f"{word} {outcome.judged}/{asked.programs}")

        return campaign.run(asked, show)


def summary(console: Console, outcome: Outcome) -> None:
    """What a person needs to know, in five seconds; findings with their table, script and next command."""
    for found in outcome.found:
        show_finding(console, found, outcome, whole=found is outcome.found[0])
    values, gradients = sum(outcome.values.values()), sum(outcome.gradients.values())
    identical = outcome.values["identical"] + outcome.gradients["identical"]
    families = ", ".join(f"{name} {count}" for name, count in outcome.families.items())
    told = f"{outcome.judged} judged ({outcome.distinct} distinct): {families}; {outcome.replayed} replayed"
    console.print(f"programs   {told}")
    if outcome.filtered:
        console.print(
            "filtered   " + ", ".join(f"{reason}: {count}" for reason, count in outcome.filtered.items()), markup=False
        )
    if outcome.not_run:
        console.print(f"not run    {outcome.not_run} ({outcome.stopped or 'generation ended'})", markup=False)
    share = 100 * identical / max(1, values + gradients)
    told = f"{values} values and {gradients} gradients of {len(outcome.ops)} ops, {share:.1f}% bit-identical"
    console.print(f"compared   {told}")
    parts = ", ".join(f"{part} {seconds:.1f}" for part, seconds in outcome.seconds.items())
    console.print(f"time       {outcome.elapsed:.1f} s ({parts})")
    if outcome.found:
        causes = len(outcome.found)
        programs = sum(outcome.repeats.values())
        console.print(f"[bold red]FINDINGS[/bold red]   {causes} distinct, in {programs} programs")
        console.print(f"next: python {outcome.found[0].script}", markup=False)
    else:
        told = agreement(outcome.values, outcome.gradients)
        if outcome.stopped == "interrupted":
            console.print(f"[bold yellow]INTERRUPTED[/bold yellow] until then {told}")
        else:
            console.print(f"[bold green]PARITY[/bold green]     {told}")


def show_finding(console: Console, found: Found, outcome: Outcome, whole: bool) -> None:
    """One finding: the smallest program as a table, the repro (in `whole` if wanted), and where it is kept."""
    console.print(found.table, markup=False)
    if whole:
        console.print(found.script.read_text(encoding="utf-8"), markup=False)
    times = outcome.repeats[found.finding.cause]
    told = f"seen in {times} programs, shrunk from {found.statements_before} statements; kept as {found.path}"
    console.print(told, markup=False)
    console.print(f"run it: python {found.script}; keep it for good: paragrad corpus add {found.path}\n", markup=False)


def accuracy_report(console: Console, seed: int, path: str | None) -> Record:
    """Measure every op against a higher-precision truth, and write the report."""
    from paragrad.reports.accuracy import run as measure

    with steps(console, "accuracy") as progress:
        record = measure(seed, progress=progress)
    console.print(f"accuracy   {save(record, path, BUILD / 'accuracy.json')}", markup=False)
    return record


def speed_report(console: Console, only: tuple[str, ...], rounds: int, sizes: str | None, path: str | None) -> Record:
    """Measure the workloads against torch and the peers, and write the report."""
    from paragrad.reports.bench import run as measure

    with steps(console, "speed") as progress:
        record = measure(only, rounds, progress, sizes)
    console.print(f"speed      {save(record, path, BUILD / 'speed.json')}", markup=False)
    return record


@contextlib.contextmanager
def steps(console: Console, name: str) -> Iterator[Callable[[int, int, str], None]]:
    """A bar for a measurement that tells how many of its steps are done, where somebody watches."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
    with Progress(*columns, TimeElapsedColumn(), console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(name, total=None)
        yield lambda done, total, what: bar.update(task, completed=done, total=total, description=f"{name} {what}")


@command
def accuracy(options: argparse.Namespace) -> int:
    """Measure and write the accuracy report, or print the script of one of its programs."""
    if options.script:
        op, dtype, number = options.script
        sys.stdout.write(script_of(op, dtype, number, options.seed))
        return PARITY
    console = console_for(options.json)
    record = accuracy_report(console, options.seed, options.json)
    console.print(render_markdown(record), markup=False)
    return PARITY


def script_of(op: str, dtype: str, number: str, seed: int) -> str:
    """The script of a program of the accuracy run. Raises UsageError for one that there is not."""
    from paragrad.reports.accuracy import script

    if not number.isdecimal():
        raise UsageError(f"--script {op} {dtype} {number}: a program's number is a whole number")
    try:
        return script(op, dtype, int(number), seed)
    except ValueError as error:
        raise UsageError(f"--script {op} {dtype} {number}: {error}") from error


@command
def bench(options: argparse.Namespace) -> int:
    """Measure and write the speed report."""
    from paragrad.reports.bench import names

    for name in options.only:
        if name not in names():
            raise UsageError(f"--only {name}: no workload of this name; there are: {', '.join(names())}")
    if options.rounds < 5:
        raise UsageError(f"--rounds {options.rounds}: a minimum over fewer than 5 rounds says little")
    console = console_for(options.json)
    try:
        record = speed_report(console, tuple(options.only), options.rounds, options.sizes, options.json)
    except RecordError as error:
        raise UsageError(str(error)) from error
    console.print(render_markdown(record), markup=False)
    return PARITY


@command
def corpus(options: argparse.Namespace) -> int:
    """List the corpus, or move a finding into it."""
    console = console_for(None)
    if options.action == "add":
        console.print(f"now in the corpus: {store.add(Path(options.file))}", markup=False)
        return PARITY
    for folder in (store.COMMITTED, store.FRESH):
        for entry in store.entries(folder):
            console.print(f"{entry.path}: {entry.title} ({entry.engine})", markup=False)
    return PARITY
