"""check(): run the stages on an engine, judge, and keep one finding a cause, shrunk and diagnosed."""

from __future__ import annotations

import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice, takewhile, tee

import numpy as np

from paragrad.fuzz.checking.screening import screened
from paragrad.fuzz.checking.severity import FAILING, SEVERITIES, in_a_later_backward, lacks_reflected, severity
from paragrad.fuzz.checking.trials import STAGES, Choice, deep, first, tried
from paragrad.fuzz.engines.foreign import Foreign
from paragrad.fuzz.explain import text
from paragrad.fuzz.judge import Finding, Judgement, diagnose, judge, reference
from paragrad.fuzz.judge.blame import WALK
from paragrad.fuzz.program import Program
from paragrad.fuzz.shrink import shrink
from paragrad.fuzz.trace import Engine, Trace

BUDGET = 150
"""Trials for shrinking one finding: a foreign engine is slow."""
MOST_STATEMENTS = 260
"""Programs longer than this are told as they are: their length is the point."""
RETELLINGS = 3
"""How often a finding gives way to a more serious one of the same cause."""
NUMBERS = re.compile(r"[\d(),\s]+")
"""What differs between messages that say the same of different shapes."""
IMPATIENT = 0.5
"""Seconds for a program of up to MOST_STATEMENTS once one has hung."""


@dataclass(slots=True)
class Checked:
    """One cause: how bad it is, the finding with its smallest program and table, and how many programs showed it.

    `also` names other ops that have the same fault.
    """

    severity: str
    finding: Finding
    program: Program
    table: str
    programs: int = 1
    also: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Report:
    """What a check saw. `requested` = judged + filtered + not run; `stages` counts programs by stage.

    `seconds` is how long it took, `first_finding` when the first that fails a check was shrunk and diagnosed.
    """

    engine: str
    ops: list[str]
    findings: list[Checked] = field(default_factory=list)
    stages: Counter[str] = field(default_factory=Counter)
    gradients: Counter[str] = field(default_factory=Counter)
    values: Counter[str] = field(default_factory=Counter)
    filtered: Counter[str] = field(default_factory=Counter)
    started: float = field(default_factory=time.perf_counter)
    seconds: float = 0.0
    first_finding: float | None = None

    @property
    def judged(self) -> int:
        """Programs that were judged."""
        return sum(self.stages.values())

    def verdict(self, strict: bool = False) -> str:
        """ "parity", or "findings" where one is serious: any, if `strict`."""
        failing = SEVERITIES if strict else FAILING
        return "findings" if any(c.severity in failing for c in self.findings) else "parity"


def check(
    engine: Engine,
    *,
    scalar: bool,
    programs: int = 2_000,
    seconds: float = 30.0,
    seed: int = 0,
    only: frozenset[str] | None = None,
    progress: Callable[[Report], None] | None = None,
) -> Report:
    """Check an engine whose values are single numbers (`scalar`) or tensors.

    Raises ValueError where it has no op that is tried.
    """
    ops = tried(engine.ops() if only is None else engine.ops() & only)
    if not ops:
        raise ValueError(f"{engine.name} has no op of the table, so nothing can be tried")
    report = Report(engine.name, [op.name for op in ops])
    choice = Choice(ops, scalar, random.Random(seed))
    check = Check(engine, choice, report)
    check.stage("first", first(choice))
    share, limits = 0.0, engine.limits if isinstance(engine, Foreign) else None
    for name, (stage, part) in STAGES.items():
        share += part
        choice.rng = random.Random(f"{seed} {name}")
        if isinstance(engine, Foreign) and limits is not None and stage is deep:
            engine.limits = limits
        drawn = islice(stage(choice), max(1, round(programs * part)))
        check.stage(name, until(drawn, report.started + seconds * share), progress)
    report.findings = sorted(alike(check.found.values()), key=lambda c: SEVERITIES.index(c.severity))
    report.seconds = time.perf_counter() - report.started
    return report


class Check:
    """A check under way: what was found so far, by cause."""

    def __init__(self, engine: Engine, choice: Choice, report: Report) -> None:
        self.engine = engine
        self.choice = choice
        self.report = report
        self.found: dict[tuple[str, ...], Checked] = {}
        self.told: Counter[tuple[str, ...]] = Counter()

    def stage(self, name: str, programs: Iterator[Program], progress: Callable[[Report], None] | None = None) -> None:
        """Run the programs, and judge what the engine made of each."""
        drawn, running = tee(programs)
        traces = self.engine.run_many(running) if isinstance(self.engine, Foreign) else map(self.engine.run, running)
        for program, trace, judgement in screened(zip(drawn, traces, strict=True), self.engine.foreign):
            self.try_out(program, trace, name, judgement)
            if progress is not None:
                progress(self.report)

    def try_out(self, program: Program, trace: Trace, stage: str, judgement: Judgement | None = None) -> None:
        """Judge what the engine made of one program, if the screen has not; take up what is new and what fails."""
        report, known = self.report, self.choice.known
        if trace.failure is not None and trace.failure.type == "Unsupported":
            report.filtered[f"not supported by the adapter: {trace.failure.message}"[:80]] += 1
            known.learn(program, structural=True)
            return
        for index, spec in enumerate(program.inputs):
            if spec.dtype.kind != "f":  # how an engine keeps indices is its own affair
                trace.values.pop(index, None)
        torchs = None
        if judgement is None:
            torchs = reference(program, trace)
            judgement = judge(program, trace, torchs, self.engine, first=True)
        if judgement.refused:
            report.filtered[judgement.refused.partition(":")[0] + " refused by torch"] += 1
            return
        report.stages[stage] += 1
        report.gradients.update(judgement.gradients)
        report.values.update(judgement.values)
        # What follows the first divergence in the same program may follow from it.
        finding = judgement.first or next(iter(judgement.chosen), None)
        if finding is None or finding.kind == "convention":
            known.learn(program, structural=None)
        elif finding.kind == "dtype" and finding.found is not None and finding.found.dtype == np.float32:
            self.choice.dtype = "float32"
        else:
            known.learn(program, structural=finding.kind not in ("value", "gradient"))
        if finding is not None and torchs is not None:
            self.take_up(program, trace, torchs, finding)

    def take_up(self, program: Program, trace: Trace, torchs: Trace, finding: Finding) -> None:
        """Count a finding; tell it if it is new, or worse than what was told of its cause."""
        report = self.report
        level = severity(finding, program, torchs)
        if level == "hang":
            self.choice.known.hung(program)
        if level == "hang" and isinstance(self.engine, Foreign):
            self.engine.limits = replace(self.engine.limits, seconds=IMPATIENT, confirm=False)
            self.engine.avoid = self.choice.known.hit
        cause = _cause(finding, level, program)
        before = self.found.get(cause)
        if before is not None:
            before.programs += 1
            worse = SEVERITIES.index(level) < SEVERITIES.index(before.severity)
            if not worse or self.told[cause] > RETELLINGS:
                return
        self.told[cause] += 1
        told = self.tell(program, trace, torchs, finding)
        if before is None or SEVERITIES.index(told.severity) < SEVERITIES.index(before.severity):
            told.programs = 1 if before is None else before.programs
            self.found[cause] = told
            if report.first_finding is None and told.severity in FAILING:
                report.first_finding = time.perf_counter() - report.started

    def tell(self, program: Program, trace: Trace, torchs: Trace, finding: Finding) -> Checked:
        """The finding on the smallest program that shows it, with why and whose."""
        engine = self.engine
        short = len(program.statements) <= MOST_STATEMENTS
        if short and not finding.message.startswith("Hang"):
            small = shrink(program, finding, engine, BUDGET)
            shown = engine.run(small)
            expected = reference(small, shown)
            again = judge(small, shown, expected, engine)
            same = next((f for f in (*again.findings, *again.chosen) if f.cause == finding.cause), None)
            if same is not None:
                program, trace, torchs, finding = small, shown, expected, same
        if finding.kind != "convention":
            diagnose(program, trace, torchs, engine, finding)
        table = text(program, trace, torchs, finding) if short else ""
        return Checked(severity(finding, program, torchs), finding, program, table)


def _cause(finding: Finding, level: str, program: Program) -> tuple[str, ...]:
    """What makes two findings one. Of recursion, hangs and dtypes it is not the op at which they were met."""
    if finding.kind == "crash":
        exception = finding.message.partition(":")[0]
        if lacks_reflected(finding.message):
            return ("no reflected operator", finding.op)
        return (exception,) if level == "limit" and exception == "RecursionError" else (exception, finding.op)
    found, expected = finding.found, finding.expected
    if finding.kind == "dtype" and found is not None and expected is not None:
        return ("dtype", found.dtype.name, expected.dtype.name)
    if finding.kind == "shape" and level == "limit":
        return ("one element",)
    return ("later backward",) if finding.op == WALK and in_a_later_backward(finding, program) else finding.cause


def until(programs: Iterator[Program], end: float) -> Iterator[Program]:
    """The programs that can be drawn before a time of the performance counter."""
    return takewhile(lambda _: time.perf_counter() < end, programs)


def alike(findings: Iterable[Checked]) -> list[Checked]:
    """The findings, those of several ops that fail in the same way made one: one fault that all of them share."""
    kept: dict[tuple[str, ...], Checked] = {}
    for number, checked in enumerate(findings):
        finding = checked.finding
        said = "no reflected operator" if lacks_reflected(finding.message) else NUMBERS.sub("", finding.message)
        way = {"shape": finding.diagnosis, "crash": said}.get(finding.kind)
        first = kept.setdefault((checked.severity, way) if way else (str(number),), checked)
        if first is not checked:
            first.programs += checked.programs
            if finding.op not in (first.finding.op, *first.also):
                first.also.append(finding.op)
    return list(kept.values())
