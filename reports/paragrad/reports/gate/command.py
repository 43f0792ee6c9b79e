"""`paragrad gate`: accuracy against the committed baseline, speed against the base commit, and one answer."""

from __future__ import annotations

import argparse
import difflib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.checking.nearest import hint
from paragrad.reports import places, record
from paragrad.reports.accuracy.declared import DeclaredError
from paragrad.reports.bodies.gate import AccuracyGate, Answer, ChangeRow, GateBody, SpeedGate
from paragrad.reports.cli import FINDING, PARITY, USAGE, UsageError
from paragrad.reports.commands import LINE_EVERY, save, steps
from paragrad.reports.files import hindrance
from paragrad.reports.gate import checkout
from paragrad.reports.gate.accuracy import baseline, gate
from paragrad.reports.gate.accuracy.baseline import Baseline, BaselineError
from paragrad.reports.gate.accuracy.gate import Gated
from paragrad.reports.gate.accuracy.rows import every
from paragrad.reports.gate.speed import base as bases
from paragrad.reports.gate.speed import thresholds
from paragrad.reports.gate.speed.benchmarks import BENCHMARKS
from paragrad.reports.gate.speed.errors import GateError
from paragrad.reports.gate.speed.run import run as run_speed
from paragrad.reports.record import Record
from paragrad.reports.render.markdown import plural
from paragrad.reports.terminal import command, console_for

SHOWN = 40
"""Changes are told one by one up to so many; the record has all."""
ORDER: tuple[Answer, ...] = ("pass", "inconclusive", "fail")
COLOURS = {"pass": "bold green", "inconclusive": "bold yellow", "fail": "bold red"}


@dataclass(frozen=True, slots=True)
class Asked:
    """Which parts, of which ops and benchmarks; none of either means all. `known` is the baseline, None for none;
    `base` the commit that speed is compared with, empty without speed."""

    accuracy: bool
    speed: bool
    ops: tuple[str, ...]
    benchmarks: tuple[str, ...]
    path: Path
    known: Baseline | None
    base: str


@command
def run(options: argparse.Namespace) -> int:
    """Measure, tell, write the record, and move the baseline where that is asked for."""
    console = console_for(options.json)
    try:
        return gated(options, console, asked(options))
    except (BaselineError, DeclaredError, GateError) as error:
        raise UsageError(str(error)) from error


def gated(options: argparse.Namespace, console: Console, wanted: Asked) -> int:
    """The whole, once it is known what is wanted. Nothing is written before everything is measured."""
    started = time.perf_counter()
    accuracy: Gated | None = None
    speed: SpeedGate | None = None
    untold = ""
    if wanted.accuracy:
        with telling(console) as tell:
            accuracy = gate.run(wanted.path, wanted.known, wanted.ops, tell)
        show_accuracy(console, accuracy.answer, options.accept)
    elif not options.speed:
        console.print("accuracy   left out: --only names no op", markup=False)
    if not wanted.speed and not (options.accuracy or options.accept):
        console.print("speed      left out: --only names no benchmark", markup=False)
    if wanted.speed:
        try:
            speed = run_speed(options.base, wanted.benchmarks, lambda line: console.print(line, markup=False))
        except GateError as error:
            if accuracy is None:
                raise
            untold = str(error)
            speed = not_measured(untold, wanted.base)
        show_speed(console, speed)
    if options.accept and accuracy:
        accept(console, wanted, accuracy)
    answer = accuracy.answer if accuracy else None
    if answer and options.accept:
        answer = accepted(answer)
    body: GateBody = {
        "verdict": max((part["verdict"] for part in (answer, speed) if part), key=ORDER.index),
        "accuracy": answer,
        "speed": speed,
        "elapsed": round(time.perf_counter() - started, 3),
    }
    where = save(from_body(body, options), options.json, places.default("gate", "gate"))
    console.print(f"record: {where}", markup=False)
    if options.accept:
        return PARITY
    verdict = body["verdict"]
    console.print(f"[{COLOURS[verdict]}]{verdict.upper():<10}[/] in {body['elapsed']:.0f} s")
    if untold:
        return FINDING if verdict == "fail" else USAGE
    if verdict == "inconclusive":
        console.print("INCONCLUSIVE is no pass: this run could not tell; run it again on a quiet machine")
    return FINDING if verdict == "fail" or (verdict == "inconclusive" and options.strict) else PARITY


def asked(options: argparse.Namespace) -> Asked:
    """What the options ask for. Raises UsageError and BaselineError."""
    top = checkout.top()
    path = Path(os.path.relpath(top / baseline.DEFAULT) if options.baseline is None else options.baseline)
    both = options.accuracy == options.speed
    accuracy, speed = options.accuracy or both, options.speed or both
    if options.accept and options.speed:
        raise UsageError("--accept --speed: the baseline is of accuracy; speed has none, it is compared with a commit")
    speed = speed and not options.accept
    if options.base is not None and not speed:
        word = "--accept" if options.accept else "--accuracy"
        raise UsageError(f"{word} --base {options.base}: a base is what speed is compared with; leave out one of them")
    making = options.accept and not path.exists()
    if making and options.only:
        raise UsageError(f"--accept --only: there is no {path} yet, and a baseline is of all ops; leave out --only")
    if accuracy and (told := checkout.another(top)):
        raise UsageError(told)
    known = baseline.read(path) if accuracy and not making else None
    ops, benchmarks = parts_of(options.only, known, accuracy, speed)
    if options.only:
        accuracy, speed = bool(ops), bool(benchmarks)
    if options.accept:
        if known is not None:
            gate.mixing(known, ops)
        writable(path)
    base = base_of(options.base, accuracy) if speed else ""
    if speed:
        thresholds.read(top / thresholds.PLACE, BENCHMARKS)
    return Asked(accuracy, speed, ops, benchmarks, path, known, base)


def base_of(base: str | None, accuracy: bool) -> str:
    """The base commit. Raises UsageError where there is none, before minutes are spent on accuracy."""
    try:
        return bases.find(base).commit
    except GateError as error:
        raise UsageError(f"{error}" + ("; --accuracy alone needs no base" if accuracy else "")) from error


def parts_of(
    only: Sequence[str], known: Baseline | None, accuracy: bool, speed: bool
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The ops and the benchmarks that are named, of the parts that are asked for; ops of the baseline may be gone.
    Raises UsageError for a name that is neither."""
    ops = {name for name, op in TABLE.items() if not op.internal} if accuracy else set()
    if accuracy and known is not None:
        ops |= {row["op"] for _, row in every(known["rows"]) if row["op"]}
    benchmarks = set(BENCHMARKS) if speed else set()
    kinds = [kind for kind, there in (("op", ops), ("benchmark", benchmarks)) if there]
    for name in only:
        if name not in ops | benchmarks:
            there = sorted(ops | benchmarks)
            near = hint(name, there, "the nearest are " + " and ".join(difflib.get_close_matches(name, there, 2, 0.0)))
            raise UsageError(f"--only {name}: no {' and no '.join(kinds)} of this name; {near}")
    names = tuple(dict.fromkeys(only))
    return tuple(n for n in names if n in ops), tuple(n for n in names if n in benchmarks)


def writable(path: Path) -> None:
    """Raise UsageError for a baseline that could not be written, before minutes are spent on it."""
    if told := hindrance(path):
        raise UsageError(f"--accept: {path} can't be written: {told} with --baseline")


@contextmanager
def telling(console: Console) -> Iterator[Callable[[int, int, str], None]]:
    """A bar where somebody watches, a line now and then elsewhere."""
    with steps(console, "gate") as progress:
        last = time.monotonic()

        def tell(done: int, total: int, what: str) -> None:
            nonlocal last
            progress(done, total, what)
            if not console.is_terminal and time.monotonic() - last > LINE_EVERY:
                last = time.monotonic()
                console.print(f"{what} {done}/{total}", markup=False)

        yield tell


def show_accuracy(console: Console, answer: AccuracyGate, accepting: bool = False) -> None:
    """What got worse, in plain text: what, from, to, and the command that shows it. While that is being accepted,
    nobody need be told how to."""
    verdict = "to be accepted" if accepting else answer["verdict"]
    console.print(f"accuracy   {verdict}: {answer['why']}", markup=False)
    console.print(f"checked    {', '.join(f'{n} {kind}' for kind, n in answer['checked'].items())}", markup=False)
    console.print(f"rule       {answer['rule']}", markup=False)
    listing(console, "worse", answer["worse"])
    listing(console, "better", answer["better"])
    if accepting:
        return
    if answer["worse"]:
        console.print("if this is meant: `paragrad gate --accuracy --accept`, and commit the baseline", markup=False)
    elif answer["better"]:
        console.print("to hold what got better: `paragrad gate --accuracy --accept`, and commit it", markup=False)


def listing(console: Console, word: str, changes: Sequence[ChangeRow]) -> None:
    """Changes one by one, up to SHOWN."""
    for change in changes[:SHOWN]:
        console.print(
            f"{word}: {change['kind']}: {change['what']}: {change['before']} -> {change['after']}", markup=False
        )
        if word == "worse":
            console.print(f"  {change['repro']}", markup=False)
    if len(changes) > SHOWN:
        console.print(f"and {len(changes) - SHOWN} more {word}", markup=False)


def show_speed(console: Console, answer: SpeedGate) -> None:
    """The answer, and each benchmark that did not pass."""
    console.print(f"speed      {answer['verdict']}: {answer['why']}", markup=False)
    for row in answer["rows"]:
        if row["verdict"] != "pass":
            found = row["estimate"]
            told = f"{found['ratio']:.3f} ({found['low']:.3f} to {found['high']:.3f}) times the base's time"
            console.print(f"{row['verdict']}: {row['title']}: {told}", markup=False)
            console.print(f"  paragrad gate --speed --only {row['name']}", markup=False)
    for failed in answer["failed"]:
        console.print(f"failed: {failed['name']}: {failed['error']}", markup=False)


def not_measured(why: str, base: str) -> SpeedGate:
    """The answer of speed where it could not be measured, and accuracy has one that must not be lost."""
    told = f"not measured: {why}"
    return {"verdict": "inconclusive", "why": told, "base": base, "seed": None, "rows": [], "failed": [], "new": []}


def accepted(answer: AccuracyGate) -> AccuracyGate:
    """The answer once it is the baseline: nothing is worse or better than itself."""
    changes = [*answer["worse"], *answer["better"]]
    told = f"{answer['why']}; {plural(len(changes), 'change')} accepted as the baseline" if changes else answer["why"]
    return {**answer, "verdict": "pass", "why": told, "worse": [], "better": [], "accepted": changes}


def accept(console: Console, wanted: Asked, found: Gated) -> None:
    """Move the baseline, and say line by line what was accepted."""
    worse, better = found.answer["worse"], found.answer["better"]
    if wanted.known is not None and baseline.dumps(wanted.known) == baseline.dumps(found.accepted):
        console.print(f"nothing to accept: {wanted.path} says what was measured", markup=False)
        return
    baseline.write(found.accepted, wanted.path)
    for change in (*worse, *better):
        told = f"accepted: {change['kind']}: {change['what']}: {change['before']} -> {change['after']}"
        console.print(told, markup=False)
    for line in found.beside[:SHOWN]:
        console.print(f"accepted: {line}", markup=False)
    if len(found.beside) > SHOWN:
        console.print(f"accepted: {len(found.beside) - SHOWN} more rows that moved, see `git diff`", markup=False)
    count = sum(1 for _ in every(found.accepted["rows"]))
    console.print(f"baseline: {wanted.path}, {plural(count, 'row')}; commit it", markup=False)
    if wanted.ops:
        told = f"what is made of {', '.join(wanted.ops)} (layers, programs) was not measured, and moves with it"
        console.print(f"{told}: run `paragrad gate --accuracy`, and accept that, too", markup=False)
    if wanted.known is not None and wanted.known["place"] != found.accepted["place"]:
        console.print(f"its numbers are now of {found.accepted['place']['cpu']}", markup=False)


def from_body(body: GateBody, options: argparse.Namespace) -> Record:
    """The record: rows and benchmarks with an answer count as judged, an inconclusive one is among them. Raises
    UsageError where no benchmark could run and nothing else was asked for."""
    speed = body["speed"]
    compared = sum(body["accuracy"]["checked"].values()) if body["accuracy"] else 0
    judged, failed = compared, 0
    if speed is not None:
        judged, failed = compared + len(speed["rows"]), len(speed["failed"])
        if speed["verdict"] == "pass" and not speed["rows"]:  # it is known of all without a measurement
            judged += sum(name in BENCHMARKS for name in options.only) or len(BENCHMARKS)
        if not judged:
            raise UsageError(f"no benchmark could run: {speed['why']}")
    counts: record.Counts = {
        "requested": judged + failed,
        "judged": judged,
        "filtered": {},
        "crashed": failed,
        "not_run": 0,
    }
    names = ("only", "base", "baseline", "accept", "strict")
    asked_for = {name: getattr(options, name) for name in names}
    return record.new("gate", None, asked_for, counts, body)
