"""check(): run the stages on an engine, judge, and keep one finding a cause, shrunk and diagnosed."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice, tee

from paragrad.engine.ops.table import Op
from paragrad.fuzz.checking.forms import forms
from paragrad.fuzz.checking.identity import identity
from paragrad.fuzz.checking.severity import FAILING, SEVERITIES, severity
from paragrad.fuzz.checking.trials import STAGES, Choice, tried
from paragrad.fuzz.engines.foreign import Foreign
from paragrad.fuzz.explain import text
from paragrad.fuzz.judge import Finding, diagnose, judge, reference
from paragrad.fuzz.program import Program
from paragrad.fuzz.shrink import shrink
from paragrad.fuzz.trace import Engine, Trace

BUDGET = 150
"""Trials for shrinking one finding: a foreign engine is slow."""
MOST_STATEMENTS = 260
"""Programs longer than this are told as they are: their length is the point."""


@dataclass(slots=True)
class Checked:
    """One cause: how bad it is, the finding with its smallest program and table, and how many programs showed it.

    `id` names the cause; `known` is the reason for which it may stay, where somebody gave one.
    """

    severity: str
    finding: Finding
    program: Program
    table: str
    programs: int = 1
    id: str = ""
    known: str = ""


@dataclass(slots=True)
class Report:
    """What a check saw. `requested` = judged + filtered + not run; `stages` counts programs by stage.

    `stopped` is "" where all programs ran, else "time" or "interrupted"; `gone` names what is known and was not found.
    """

    engine: str
    ops: list[str]
    findings: list[Checked] = field(default_factory=list)
    stages: Counter[str] = field(default_factory=Counter)
    gradients: Counter[str] = field(default_factory=Counter)
    values: Counter[str] = field(default_factory=Counter)
    filtered: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    stopped: str = ""
    gone: list[str] = field(default_factory=list)

    @property
    def judged(self) -> int:
        """Programs that were judged."""
        return sum(self.stages.values())

    def verdict(self, strict: bool = False) -> str:
        """ "parity", or "findings": a serious one (any, if `strict`) that is not known, or a known one that is gone."""
        return "findings" if self.gone or any(not c.known for c in self.failing(strict)) else "parity"

    def failing(self, strict: bool = False) -> list[Checked]:
        """The findings that are serious, known or not: all, if `strict`."""
        levels = SEVERITIES if strict else FAILING
        return [c for c in self.findings if c.severity in levels]


def check(
    engine: Engine,
    *,
    scalar: bool,
    programs: int = 2_000,
    seconds: float = 30.0,
    seed: int = 0,
    only: frozenset[str] | None = None,
    progress: Callable[[Report], None] | None = None,
    before: Sequence[Checked] = (),
) -> Report:
    """Check an engine whose values are single numbers (`scalar`) or tensors; `before` was found while it was loaded.

    Ctrl-C ends it with what was found so far. Raises ValueError where it has no op that is tried.
    """
    ops = tried(engine.ops() if only is None else engine.ops() & only)
    if not ops:
        raise ValueError(f"{engine.name} has no op of the table, so nothing can be tried")
    report = Report(engine.name, [op.name for op in ops], list(before))
    started = time.perf_counter()
    try:
        _try_all(engine, ops, scalar, programs, seconds, seed, report, progress or (lambda report: None))
    except KeyboardInterrupt:
        report.stopped = "interrupted"
    report.findings.sort(key=lambda c: SEVERITIES.index(c.severity))
    report.seconds = time.perf_counter() - started
    return report


def _try_all(
    engine: Engine,
    ops: list[Op],
    scalar: bool,
    programs: int,
    seconds: float,
    seed: int,
    report: Report,
    progress: Callable[[Report], None],
) -> None:
    """Each form of each op, then each stage with its share of programs and time."""
    started = time.perf_counter()
    found: dict[tuple[str, ...], Checked] = {}
    lacking = set()
    for shape, program in forms(ops, scalar):
        trace = engine.run(program)
        if trace.failure is not None:
            lacking.add(shape)
        try_out(engine, program, trace, "forms", report, found)
    share = 0.0
    for name, (stage, part) in STAGES.items():
        share += part
        until = started + seconds * share
        choice = Choice(ops, scalar, random.Random(f"{seed} {name}"), frozenset(lacking))
        drawn, running = tee(islice(stage(choice), max(1, round(programs * part))))
        traces = engine.run_many(running) if isinstance(engine, Foreign) else map(engine.run, running)
        for program, trace in zip(drawn, traces, strict=True):
            try_out(engine, program, trace, name, report, found)
            progress(report)
            if time.perf_counter() > until:
                report.stopped = "time"
                break


def replay(engine: Engine, program: Program) -> Report:
    """A check of one program only."""
    report = Report(engine.name, sorted({s.op for _, s in program.applications()}))
    found: dict[tuple[str, ...], Checked] = {}
    try_out(engine, program, engine.run(program), "programs", report, found)
    report.findings = list(found.values())
    return report


def try_out(
    engine: Engine,
    program: Program,
    trace: Trace,
    stage: str,
    report: Report,
    found: dict[tuple[str, ...], Checked],
) -> None:
    """Judge what the engine made of one program; add what is new to `found`."""
    if trace.failure is not None and trace.failure.type == "Unsupported":
        report.filtered[f"not supported by the adapter: {trace.failure.message}"[:80]] += 1
        return
    torchs = reference(program, trace)
    judgement = judge(program, trace, torchs, engine)
    if judgement.refused:
        report.filtered[judgement.refused.partition(":")[0] + " refused by torch"] += 1
        return
    report.stages[stage] += 1
    report.gradients.update(judgement.gradients)
    report.values.update(judgement.values)
    # What follows the first divergence in the same program may follow from it.
    if (finding := judgement.first) is None:
        return
    level = severity(finding, program)
    cause = (level, *_cause(finding, level))
    if cause in found:
        found[cause].programs += 1
    else:
        # Kept as it is, should shrinking be interrupted.
        report.findings.append(Checked(level, finding, program, "", id=identity(cause)))
        found[cause] = told(engine, program, trace, torchs, finding, level)
        found[cause].id = identity(cause)
        report.findings[-1] = found[cause]


def _cause(finding: Finding, level: str) -> tuple[str, ...]:
    """What makes two findings one: of a limit its exception, not the op at which it was met."""
    if finding.kind == "crash":
        exception = finding.message.partition(":")[0]
        return (exception,) if level in ("limit", "hang") else (exception, finding.op)
    return ("later backward",) if level == "limit" and finding.of_gradient else finding.cause


def told(engine: Engine, program: Program, trace: Trace, torchs: Trace, finding: Finding, level: str) -> Checked:
    """The finding on the smallest program that shows it, with why and whose."""
    if len(program.statements) <= MOST_STATEMENTS and level != "hang":
        small = shrink(program, finding, engine, BUDGET)
        shown = engine.run(small)
        expected = reference(small, shown)
        again = judge(small, shown, expected, engine).findings
        same = next((f for f in again if f.cause == finding.cause), None)
        if same is not None:
            program, trace, torchs, finding = small, shown, expected, same
    diagnose(program, trace, torchs, engine, finding)
    table = text(program, trace, torchs, finding) if len(program.statements) <= MOST_STATEMENTS else ""
    return Checked(level, finding, program, table)
