"""The fuzz loop against torch alone: what drawing, running twice and judging cost, in units of what torch needs.

torch alone runs the same programs forward and backward, without retain_grad and without reading anything back, on
leaves that are made beforehand.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from paragrad.fuzz.campaign import Campaign, Options
from paragrad.fuzz.engines.interpreter import Run
from paragrad.fuzz.engines.pytorch import PyTorch
from paragrad.fuzz.judge import Judgement
from paragrad.fuzz.program import Apply, Array, OptimizerStep, Program
from paragrad.reports.bodies.speed import LoopBody
from paragrad.reports.speed.workload import Prepared, Workload

PROGRAMS = 256
SEED = 7
TARGET = 8.0
CAMPAIGNS = 3


class Kept(Campaign):
    """A campaign that remembers its programs."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self.programs: list[Program] = []

    def count(self, program: Program, judgement: Judgement, family: str) -> None:
        """Take up one more."""
        super().count(program, judgement, family)
        self.programs.append(program)


class Alone(Run):
    """torch's forward and backward, nothing shown and no optimizer: the leaves stay as they are."""

    def __init__(self, program: Program) -> None:
        super().__init__(PyTorch(), program)
        self.leaves = [self.engine.leaf(spec) for spec in program.inputs]

    def show(self, index: int, tensor: object) -> None:
        """Take up a new variable."""
        self.variables.append(tensor)

    def gradients(self) -> dict[int, Array | None]:
        """Nothing is read back."""
        return {}

    def statements(self) -> None:
        """What is timed."""
        self.variables = self.leaves[:]
        for leaf in self.leaves:
            leaf.grad = None
        for position, statement in enumerate(self.program.statements):
            if type(statement) is Apply:
                self.apply(statement)
            elif type(statement) is not OptimizerStep:
                self.other(position, statement)


def loop() -> Kept:
    """One campaign. Raises RuntimeError where it has findings: it then spends its time shrinking."""
    with tempfile.TemporaryDirectory() as folder:
        campaign = Kept(Options(programs=PROGRAMS, seconds=120.0, seed=SEED, replay=(), findings=Path(folder)))
        outcome = campaign.run()
    if outcome.failure is not None:
        raise outcome.failure
    if outcome.found:
        raise RuntimeError(f"the loop has findings ({outcome.found[0].finding.message}): it spends its time shrinking")
    return campaign


def parts(campaign: Callable[[], Kept] = loop) -> LoopBody:
    """Where the loop spends its time: the quickest of three campaigns, after one that warms up."""
    campaign()
    outcomes = [campaign().outcome for _ in range(CAMPAIGNS)]
    quickest = min(outcomes, key=lambda outcome: sum(outcome.seconds.values()))
    return {"programs": quickest.judged, "seconds": dict(quickest.seconds)}


def prepare() -> tuple[Prepared, Prepared]:
    """The loop, and torch on the programs that it draws from this seed."""
    runs = [Alone(program) for program in loop().programs]

    def alone() -> None:
        for run in runs:
            run.statements()

    return Prepared(loop, list), Prepared(alone, list)


WORKLOADS = [Workload("fuzz-loop", f"fuzz loop, {PROGRAMS} programs", prepare, "torch", "at most", TARGET)]
