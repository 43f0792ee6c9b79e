"""A campaign: replay what once failed, then draw, run and judge new programs until enough are judged or time is up.

Hypothesis generates: one example draws a family, a Profile and a seed, and yields a batch of programs, because an
example costs far more than a program. The shrinker is ours, and so is the store of findings: Hypothesis' are off.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import hypothesis
from hypothesis import HealthCheck, Phase

from paragrad.engine.ops.table import Op
from paragrad.fuzz import corpus
from paragrad.fuzz.closest import Closest, Shown
from paragrad.fuzz.coverage import Coverage
from paragrad.fuzz.engines.own import Own
from paragrad.fuzz.engines.own_scalar import OwnScalar
from paragrad.fuzz.explain import text
from paragrad.fuzz.judge import VERDICTS, Finding, Judgement, diagnose, judge, reference
from paragrad.fuzz.program import Apply, Program
from paragrad.fuzz.repro import script
from paragrad.fuzz.shrink import examine, shrink
from paragrad.fuzz.strategies.families import FAMILIES, Batch, batches, ops_of
from paragrad.fuzz.trace import Engine

MOST_FINDINGS = 10
"""A campaign that has found so many distinct causes has made its point."""
PARTS = ("generate", "torch", "engine", "judge", "coverage")
"""Where the loop spends its time."""


@dataclass(slots=True)
class Options:
    """What to run: how many programs, for at most how long, from which seed, of which families, ops and dtype."""

    programs: int = 10_000
    seconds: float = 60.0
    seed: int = 0
    families: tuple[str, ...] = tuple(FAMILIES)
    ops: tuple[Op, ...] | None = None
    dtype: str | None = None
    replay: tuple[Path, ...] = (corpus.COMMITTED, corpus.FRESH)
    findings: Path = corpus.FRESH


@dataclass(slots=True)
class Found:
    """A finding with its smallest program, its table, and where it and its script were saved."""

    finding: Finding
    program: Program
    family: str
    table: str
    path: Path
    script: Path
    statements_before: int


@dataclass(slots=True)
class Outcome:
    """What a campaign saw. requested = judged + sum(filtered) + crashed + not run."""

    requested: int = 0
    judged: int = 0
    distinct: int = 0
    replayed: int = 0
    filtered: Counter[str] = field(default_factory=Counter)
    families: Counter[str] = field(default_factory=Counter)
    ops: Counter[str] = field(default_factory=Counter)
    values: Counter[str] = field(default_factory=Counter)
    gradients: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(PARTS, 0.0))
    found: list[Found] = field(default_factory=list)
    repeats: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    largest: float = 0.0  # error ÷ bound among what is right
    coverage: Coverage = field(default_factory=Coverage)  # of the programs that were drawn and judged
    worst: list[Shown] = field(default_factory=list)
    elapsed: float = 0.0
    stopped: str = ""
    failure: Exception | None = None  # our own

    @property
    def not_run(self) -> int:
        """Programs that were asked for and not drawn before the campaign ended."""
        return max(0, self.requested - self.judged - sum(self.filtered.values()))


class ShareUsed(Exception):
    """Raised to leave Hypothesis' loop: the family has had its share."""


class Enough(Exception):
    """Raised to end the campaign early; its text says why."""


class Campaign:
    """One campaign; `progress(outcome)` is called after every batch."""

    def __init__(self, options: Options, progress: Callable[[Outcome], None] | None = None) -> None:
        self.options = options
        self.progress = progress or (lambda outcome: None)
        self.outcome = Outcome(requested=options.programs)
        self.subjects: dict[str, Engine] = {"tensor": Own(), "scalar": OwnScalar()}
        self.seen: set[int] = set()
        self.closest = Closest()
        self.started = time.perf_counter()
        self.programs_until = 0
        self.seconds_until = 0.0

    @property
    def tried(self) -> int:
        """Programs drawn so far."""
        return self.outcome.judged + sum(self.outcome.filtered.values())

    def run(self) -> Outcome:
        """Run it; Ctrl-C and failures of our own end it early, and what was found is kept."""
        try:
            self.until_enough()
            self.outcome.worst = self.closest.shown(self.subjects)
        except Exception as error:  # noqa: BLE001 - what was found so far is not to be lost with it
            self.outcome.stopped, self.outcome.failure = "paragrad failed", error
        self.outcome.distinct = len(self.seen)
        self.outcome.elapsed = time.perf_counter() - self.started
        return self.outcome

    def until_enough(self) -> None:
        """Replay and draw."""
        try:
            self.replay()
            self.draw()
        except Enough as reason:
            self.outcome.stopped = str(reason)
        except KeyboardInterrupt:
            self.outcome.stopped = "interrupted"

    def replay(self) -> None:
        """Everything that once failed, first."""
        for folder in self.options.replay:
            for entry in corpus.entries(folder):
                self.outcome.replayed += 1
                engine = self.subjects.get(entry.engine, self.subjects["tensor"])
                self.keep(entry.program, examine(entry.program, engine), entry.engine)

    def draw(self) -> None:
        """New programs, family by family, each with its share of what is left of programs and time."""
        families = [f for f in self.options.families if ops_of(f, self.options.ops)]
        left = sum(FAMILIES[family].share for family in families)
        for family in families:
            share = FAMILIES[family].share / left
            left -= FAMILIES[family].share
            self.programs_until = self.tried + math.ceil((self.options.programs - self.tried) * share)
            now = time.perf_counter()
            self.seconds_until = now + (self.started + self.options.seconds - now) * share
            try:
                self.examples(family)
            except ShareUsed:
                continue

    def examples(self, family: str) -> None:
        """Batches of one family, for as long as its share lasts."""

        @hypothesis.seed(self.options.seed)
        @hypothesis.settings(
            max_examples=max(1, self.options.programs),
            database=None,
            deadline=None,
            phases=[Phase.generate],
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        )
        @hypothesis.given(batches(family, self.options.dtype, self.options.ops))
        def example(batch: Batch) -> None:
            self.batch(batch)

        example()

    def batch(self, batch: Batch) -> None:
        """Run and judge the programs of one batch."""
        self.check_limits()  # Hypothesis calls once more after the exception that ended a family
        clock = time.perf_counter
        seconds = self.outcome.seconds
        engine = self.subjects[batch.engine]
        last = clock()
        for program in batch.programs():
            drawn = clock()
            seconds["generate"] += drawn - last
            trace = engine.run(program)
            ran = clock()
            expected = reference(program, trace)
            referred = clock()
            judgement = judge(program, trace, expected, engine)
            judged = clock()
            if not judgement.refused:
                self.outcome.coverage.add(program, expected.values)
            last = clock()
            seconds["engine"] += ran - drawn
            seconds["torch"] += referred - ran
            seconds["judge"] += judged - referred
            seconds["coverage"] += last - judged
            self.count(program, judgement, batch.family)
            self.keep(program, judgement, batch.engine)
            self.check_limits()
        self.progress(self.outcome)

    def count(self, program: Program, judgement: Judgement, family: str) -> None:
        """Add a judged program to the outcome."""
        outcome = self.outcome
        if judgement.refused:
            outcome.filtered[judgement.refused.partition(":")[0] + " refused by torch"] += 1
            return
        outcome.judged += 1
        outcome.largest = max(outcome.largest, judgement.largest)
        outcome.families[family] += 1
        self.seen.add(hash(program.structure()))
        self.closest.add(program, judgement, family, FAMILIES[family].engine)
        outcome.ops.update([s.op for s in program.statements if type(s) is Apply])
        for verdict in VERDICTS:
            outcome.values[verdict] += judgement.values[verdict]
            outcome.gradients[verdict] += judgement.gradients[verdict]

    def keep(self, program: Program, judgement: Judgement, family: str) -> None:
        """Shrink, explain and save a finding whose cause is new."""
        finding = judgement.first
        if finding is None:
            return
        self.outcome.repeats[finding.cause] += 1
        if self.outcome.repeats[finding.cause] > 1:
            return
        engine = self.subjects[family]
        small = shrink(program, finding, engine)
        findings = examine(small, engine).findings
        shown = next((f for f in findings if f.cause == finding.cause), finding)
        entry = corpus.Entry(shown.title, family, small)
        path = entry.save(self.options.findings)
        trace = engine.run(small)
        expected = reference(small, trace)
        diagnose(small, trace, expected, engine, shown)
        lines = path.with_suffix(".py")
        lines.write_text(script(small, shown), encoding="utf-8")
        table = text(small, trace, expected, shown)
        self.outcome.found.append(Found(shown, small, family, table, path, lines, len(program.statements)))

    def check_limits(self) -> None:
        """Leave the family when its share of programs or time is used, and the campaign when enough was found.

        Hypothesis repeats what raised: so each reason to leave has to be there still.
        """
        if len(self.outcome.found) >= MOST_FINDINGS:
            raise Enough(f"{MOST_FINDINGS} distinct findings")
        if self.tried >= self.programs_until:
            raise ShareUsed
        if time.perf_counter() > self.seconds_until:
            self.outcome.stopped = "time was up"
            raise ShareUsed


def run(options: Options, progress: Callable[[Outcome], None] | None = None) -> Outcome:
    """Run a campaign."""
    return Campaign(options, progress).run()
