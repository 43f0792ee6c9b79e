"""check(): run the stages on an engine, judge, and keep one finding a cause, shrunk and diagnosed."""

from __future__ import annotations

import math
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice, tee

import numpy as np

from paragrad.fuzz.checking.causes import alike, cause
from paragrad.fuzz.checking.forms import without_numbers
from paragrad.fuzz.checking.identity import identity
from paragrad.fuzz.checking.report import Checked, Report
from paragrad.fuzz.checking.screening import screened
from paragrad.fuzz.checking.severity import ARITHMETIC, FAILING, SEVERITIES, severity
from paragrad.fuzz.checking.trials import STAGES, Choice, deep, first, graphs, tried
from paragrad.fuzz.engines.foreign import Foreign
from paragrad.fuzz.explain import text
from paragrad.fuzz.judge import Finding, Judgement, diagnose, judge, reference
from paragrad.fuzz.program import Backward, Program
from paragrad.fuzz.shrink import shrink
from paragrad.fuzz.trace import Engine, Trace

BUDGET = 150
"""Trials for shrinking one finding: a foreign engine is slow."""
MOST_STATEMENTS = 260
"""Programs longer than this are told as they are: their length is the point."""
RETELLINGS = 3
"""How often a finding gives way to a more serious one of the same cause."""
LATE = 8
"""By how much less is shrunk once the time is up."""
LEAST = 8
"""Programs that every stage gets, however late it is."""
LOST = ("Hang", "MemoryLimit", "Died")
"""Failures of programs that the engine's process did not outlive."""
IMPATIENT = 0.5
"""Seconds for a program of up to MOST_STATEMENTS once one has hung."""


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
    report = Report(engine.name, [op.name for op in ops])
    choice = Choice(ops, scalar, random.Random(seed))
    if isinstance(engine, Foreign):
        choice.in_place = frozenset(engine.hello.in_place)
        choice.cotangents, choice.several_roots = engine.hello.cotangents, engine.hello.several_roots
        choice.known.lacking.update(without_numbers(engine.hello.ops))
    check = Check(engine, choice, report, progress or (lambda report: None))
    try:
        check.run(programs, seconds, seed)
    except KeyboardInterrupt:
        report.stopped = "interrupted"
    findings = [*before, *alike(check.found.values())]
    report.findings = sorted(findings, key=lambda c: SEVERITIES.index(c.severity))
    report.seconds = time.perf_counter() - report.started
    return report


def replay(engine: Engine, program: Program) -> Report:
    """A check of one program only."""
    report = Report(engine.name, sorted({s.op for _, s in program.applications()}))
    check = Check(engine, Choice((), False, random.Random(0)), report, lambda report: None)
    check.try_out(program, engine.run(program), "programs")
    report.findings = list(check.found.values())
    return report


class Check:
    """A check under way: what was found so far, by cause."""

    def __init__(self, engine: Engine, choice: Choice, report: Report, progress: Callable[[Report], None]) -> None:
        self.engine = engine
        self.choice = choice
        self.report = report
        self.progress = progress
        self.found: dict[tuple[str, ...], Checked] = {}
        self.told: Counter[tuple[str, ...]] = Counter()
        self.end = math.inf

    def run(self, programs: int, seconds: float, seed: int) -> None:
        """Go through the stages, each with its share of programs and time."""
        engine, share = self.engine, 0.0
        self.end = self.report.started + seconds
        patient = engine.limits if isinstance(engine, Foreign) else None
        self.stage("first", first(self.choice))
        for name, (stage, part) in STAGES.items():
            share += part
            self.choice.rng = random.Random(f"{seed} {name}")
            if isinstance(engine, Foreign) and patient is not None and stage is deep:
                engine.limits = patient  # a hang may have made them shorter
            count = round(programs * share) - self.report.run if stage is graphs else round(programs * part)
            drawn = islice(stage(self.choice), max(1, count))
            self.stage(name, self.until(drawn, self.report.started + seconds * share))

    def until(self, programs: Iterator[Program], end: float) -> Iterator[Program]:
        """The programs that can be drawn before a time of the performance counter, and a few at least."""
        for number, program in enumerate(programs):
            if time.perf_counter() > end and number >= LEAST:
                self.report.stopped = "time"
                return
            yield program

    def stage(self, name: str, programs: Iterator[Program]) -> None:
        """Run the programs, and judge what the engine made of each."""
        drawn, running = tee(programs)
        traces = self.engine.run_many(running) if isinstance(self.engine, Foreign) else map(self.engine.run, running)
        judged = 0
        for program, trace, judgement in screened(zip(drawn, traces, strict=True), self.engine.foreign):
            judged += judgement is None
            if judged > LEAST and judgement is None and time.perf_counter() > self.end:
                self.report.stopped = "time"  # it was run with its batch; to judge what is wrong takes longer
                continue
            self.try_out(program, trace, name, judgement)
            self.progress(self.report)

    def try_out(self, program: Program, trace: Trace, stage: str, judgement: Judgement | None = None) -> None:
        """Judge what the engine made of one program, if the screen has not; take up what is new and what fails."""
        report, known = self.report, self.choice.known
        if trace.failure is not None and trace.failure.type == "Unsupported":
            report.filtered[f"not supported by the adapter: {trace.failure.message}"[:80]] += 1
            if not isinstance(program.statements[trace.failure.statement], Backward):
                known.learn(program, structural=True)
            return
        torchs = None
        if judgement is None:
            torchs = reference(program, trace)
            judgement = judge(program, trace, torchs, self.engine, first=True)
        if judgement.refused:
            report.filtered[judgement.refused.partition(":")[0] + " refused by torch"] += 1
            return
        if trace.failure is not None and trace.failure.type in LOST:
            report.crashed += 1
        else:
            report.stages[stage] += 1
        ops = {statement.op for _, statement in program.applications()}
        report.tried |= ops
        if trace.failure is None:
            report.compared |= ops
        report.gradients.update(judgement.gradients)
        report.values.update(judgement.values)
        # What follows the first divergence in the same program may follow from it.
        finding = judgement.first or next(iter(judgement.chosen), None)
        if finding is None or finding.kind == "convention":
            known.learn(program, structural=None)
        elif finding.kind == "dtype" and finding.found is not None and finding.found.dtype == np.float32:
            self.choice.dtype = "float32"
        elif not finding.message.startswith(ARITHMETIC):  # which is of these numbers, and says nothing of others
            known.learn(program, structural=finding.kind not in ("value", "gradient"))
        if finding is not None and torchs is not None:
            self.take_up(program, trace, torchs, finding)

    def take_up(self, program: Program, trace: Trace, torchs: Trace, finding: Finding) -> None:
        """Count a finding; tell it if it is new, or worse than what was told of its cause."""
        report = self.report
        level = self.level(finding, program, torchs)
        if level == "hang":
            self.hung(program)
        key = self.key(finding, level, program, torchs)
        before = self.found.get(key)
        if before is not None:
            before.programs += 1
            worse = SEVERITIES.index(level) < SEVERITIES.index(before.severity)
            if not worse or self.told[key] > RETELLINGS:
                return
        else:  # kept as it is, should shrinking be interrupted
            self.found[key] = Checked(level, finding, program, "", id=identity((level, *key)))
        self.told[key] += 1
        told = self.tell(program, trace, torchs, finding)
        if before is None or SEVERITIES.index(told.severity) < SEVERITIES.index(before.severity):
            told.programs = 1 if before is None else before.programs
            told.id = identity((told.severity, *key))
            self.found[key] = told
            report.findings = list(self.found.values())
            if report.first_finding is None and told.severity in FAILING:
                report.first_finding = time.perf_counter() - report.started

    def hung(self, program: Program) -> None:
        """Wait less from now on, and keep away from what hung."""
        self.choice.known.hung(program)
        if isinstance(self.engine, Foreign):
            self.engine.limits = replace(self.engine.limits, seconds=IMPATIENT, confirm=False)
            self.engine.avoid = self.choice.known.hit

    def level(self, finding: Finding, program: Program, torchs: Trace) -> str:
        """How bad a finding is. An engine of arrays need not have such without dims."""
        level = severity(finding, program, torchs)
        return "limit" if level == "crash" and self.without_dims(program) else level

    def without_dims(self, program: Program) -> bool:
        """Whether an engine of arrays got nothing but single numbers."""
        return not self.choice.scalar and not any(spec.shape for spec in program.inputs)

    def key(self, finding: Finding, level: str, program: Program, torchs: Trace) -> tuple[str, ...]:
        """The cause of a finding of this severity."""
        if level == "limit" and finding.kind == "crash" and self.without_dims(program):
            return ("without dims",)
        return cause(finding, level, program, torchs)

    def tell(self, program: Program, trace: Trace, torchs: Trace, finding: Finding) -> Checked:
        """The finding on the smallest program that shows it, with why and whose."""
        engine = self.engine
        short = len(program.statements) <= MOST_STATEMENTS
        if short and not finding.message.startswith("Hang"):
            key = self.key(finding, self.level(finding, program, torchs), program, torchs)

            def same(other: Finding, smaller: Program, torchs: Trace) -> bool:
                return self.key(other, self.level(other, smaller, torchs), smaller, torchs) == key

            budget = BUDGET if program.optimizer is None else BUDGET // 3
            if time.perf_counter() > self.end:
                budget //= LATE
            small = shrink(program, finding, engine, budget, same=same)
            shown = engine.run(small)
            expected = reference(small, shown)
            judgement = judge(small, shown, expected, engine)
            for other in (*judgement.findings, *judgement.chosen):
                if same(other, small, expected):  # or the engine does something else each time
                    program, trace, torchs, finding = small, shown, expected, other
                    break
        if finding.kind != "convention":
            diagnose(program, trace, torchs, engine, finding)
        table = text(program, trace, torchs, finding) if short else ""
        return Checked(self.level(finding, program, torchs), finding, program, table)
