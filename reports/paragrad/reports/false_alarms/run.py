"""One run: batch after batch, on several processes, until enough elements are judged or time is up.

Results are taken in the order of their batches, so a seed gives the same elements and alarms whatever the number of
processes; only a run that time cuts off depends on the machine.
"""

from __future__ import annotations

import itertools
import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

import torch

from paragrad.fuzz import children, corpus
from paragrad.fuzz.explain import text
from paragrad.fuzz.judge import VERDICTS, Finding, reference
from paragrad.fuzz.program import Program
from paragrad.fuzz.shrink import examine, shrink
from paragrad.reports import record
from paragrad.reports.bodies.false_alarms import AlarmRow, FalseAlarmsBody, JudgedRow
from paragrad.reports.false_alarms import peers
from paragrad.reports.false_alarms.sound import SUBJECTS, Batch, Result, batch, judged
from paragrad.reports.record import Record

MOST_ALARMS = 10
"""After so many distinct causes the run ends."""
AHEAD = 3
"""Batches a process that are handed out before the oldest is done."""


@dataclass(frozen=True, slots=True)
class Options:
    """How many gradient elements to judge, for at most how long, from which seed, on how many processes."""

    elements: int = 10_000_000
    seconds: float = 900.0
    seed: int = 0
    jobs: int = 1
    findings: Path = corpus.FRESH
    engines: tuple[str, ...] = ()
    """Names of subjects; all where none is named."""


@dataclass(slots=True)
class Outcome:
    """What was judged so far, by engine, stages, family and dtype; the alarms by cause, each with its first program."""

    rows: dict[tuple[str, bool, str, str], JudgedRow] = field(default_factory=dict)
    values: Counter[str] = field(default_factory=Counter)
    gradients: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    alarms: dict[tuple[str, ...], AlarmRow] = field(default_factory=dict)
    stopped: str = ""
    elapsed: float = 0.0
    absent: list[str] = field(default_factory=list)
    """Peers that are not installed, and so were not judged."""
    needless: list[str] = field(default_factory=list)
    """Known differences of peers that are there no more."""

    @property
    def elements(self) -> int:
        """Gradient elements judged."""
        return self.gradients.total()

    def add(self, result: Result, findings: Path) -> None:
        """Take up a batch's result; a cause that is new is shrunk and saved."""
        source = result.batch
        key = (source.subject.name, source.subject.staged, source.family, source.dtype)
        engine, staged, family, dtype = key
        row = self.rows.get(key)
        if row is None:
            row = self.rows[key] = {
                "engine": engine, "staged": staged, "family": family, "dtype": dtype,
                "programs": 0, "values": 0, "gradients": 0,
            }  # fmt: skip
        row["programs"] += result.programs
        row["values"] += result.values.total()
        row["gradients"] += result.gradients.total()
        self.values += result.values
        self.gradients += result.gradients
        self.refused += result.refused
        for program, finding in result.alarms:
            cause = (source.subject.name, *finding.cause)
            known = self.alarms.get(cause)
            if known is not None:
                known["programs"] += 1
            elif len(self.alarms) < MOST_ALARMS:
                self.alarms[cause] = alarm(source, program, finding, findings)


def alarm(source: Batch, program: Program, finding: Finding, findings: Path) -> AlarmRow:
    """Shrink, explain and save a false alarm."""
    engine, staged = source.engine, source.subject.staged
    small = shrink(program, finding, engine, staged=staged)
    found = examine(small, engine, staged).findings
    shown = next((f for f in found if f.cause == finding.cause), finding)
    family = "scalar" if source.family == "scalar" else "tensor"
    path = corpus.Entry(f"false alarm {shown.title}", family, small).save(findings)
    trace = engine.run(small)
    return {
        "engine": source.subject.name,
        "staged": staged,
        "family": source.family,
        "dtype": source.dtype,
        "kind": shown.kind,
        "op": shown.op,
        "argument": shown.argument,
        "message": shown.message,
        "programs": 1,
        "table": text(small, trace, reference(small, trace), shown),
        "file": path.as_posix(),
    }


def batches(options: Options) -> Iterator[Batch]:
    """The batches in order, without end; a seed gives the same ones whether or not a peer is there."""
    for number in itertools.count():
        source = batch(options.seed, number)
        wanted = not options.engines or source.subject.name in options.engines
        if wanted and (source.subject.peer is None or peers.is_installed(source.subject.peer)):
            yield source


def ready() -> None:
    """What a worker does first."""
    children.settle()
    torch.set_num_threads(1)


def results(options: Options) -> Generator[Result, None, None]:
    """The results of all batches, in order, without end."""
    coming = batches(options)
    if options.jobs == 1:
        yield from map(judged, coming)
    waiting: deque[Future[Result]] = deque()
    with children.sheltered():
        pool = ProcessPoolExecutor(options.jobs, get_context("spawn"), ready)
    try:
        while True:
            while len(waiting) < AHEAD * options.jobs:
                following = next(coming)
                with children.sheltered():  # submitting starts the processes
                    waiting.append(pool.submit(judged, following))
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def measure(options: Options, progress: Callable[[Outcome], None] | None = None) -> Outcome:
    """Judge until enough; `progress(outcome)` is called after every batch. Ctrl-C keeps what was judged."""
    asked = {s.peer for s in SUBJECTS if s.peer and (not options.engines or s.name in options.engines)}
    outcome = Outcome(absent=sorted(peer for peer in asked if not peers.is_installed(peer)))
    outcome.needless = [f"{d.engine} {d.op}: {d.reason}" for d in peers.needless(frozenset(asked))]
    started = time.perf_counter()
    stream = results(options)
    try:
        for result in stream:
            outcome.add(result, options.findings)
            outcome.elapsed = time.perf_counter() - started
            if progress is not None:
                progress(outcome)
            if outcome.elements >= options.elements:
                break
            if len(outcome.alarms) >= MOST_ALARMS:
                outcome.stopped = f"{MOST_ALARMS} distinct alarms"
                break
            if outcome.elapsed > options.seconds:
                outcome.stopped = "time was up"
                break
    except KeyboardInterrupt:
        outcome.stopped = "interrupted"
    finally:
        stream.close()
    return outcome


def made(outcome: Outcome, options: Options) -> Record:
    """The record of a run, counted in gradient elements."""
    order = sorted(outcome.rows)
    body: FalseAlarmsBody = {
        "rows": [outcome.rows[key] for key in order],
        "values": {verdict: outcome.values[verdict] for verdict in VERDICTS},
        "gradients": {verdict: outcome.gradients[verdict] for verdict in VERDICTS},
        "refused": dict(outcome.refused),
        "alarms": list(outcome.alarms.values()),
        "elapsed": round(outcome.elapsed, 3),
        "stopped": outcome.stopped,
        "absent": outcome.absent,
        "needless": outcome.needless,
    }
    missing = max(0, options.elements - outcome.elements)
    counts: record.Counts = {
        "requested": outcome.elements + missing,
        "judged": outcome.elements,
        "filtered": {},
        "crashed": 0,
        "not_run": missing,
    }
    asked = {"elements": options.elements, "seconds": options.seconds, "jobs": options.jobs}
    return record.new("false-alarms", options.seed, asked, counts, body)
