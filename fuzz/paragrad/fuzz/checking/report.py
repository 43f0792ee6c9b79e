"""What a check saw: findings, one a cause, and counts."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from paragrad.fuzz.checking.severity import FAILING, SEVERITIES
from paragrad.fuzz.judge import Finding
from paragrad.fuzz.program import Program


@dataclass(slots=True)
class Checked:
    """One cause: how bad it is, the finding with its smallest program and table, and how many programs showed it.

    `also` names other ops that have the same fault; `id` names the cause; `known` is the reason for which it may stay,
    where somebody gave one.
    """

    severity: str
    finding: Finding
    program: Program
    table: str
    programs: int = 1
    also: list[str] = field(default_factory=list)
    id: str = ""
    known: str = ""


@dataclass(slots=True)
class Report:
    """What a check saw. A program asked for is judged, filtered, crashed or not run; `stages` counts those judged by
    stage.

    `crashed` counts programs that ended or hung the engine's process, each of them a finding. `tried` are the ops that
    were run, `compared` those among them of which a program ran to its end.

    `seconds` is how long it took, `first_finding` when the first that fails a check was shrunk and diagnosed. `stopped`
    is "" where all programs ran, else "time" or "interrupted"; `gone` names what is known and was not found.
    """

    engine: str
    ops: list[str]
    findings: list[Checked] = field(default_factory=list)
    stages: Counter[str] = field(default_factory=Counter)
    gradients: Counter[str] = field(default_factory=Counter)
    values: Counter[str] = field(default_factory=Counter)
    filtered: Counter[str] = field(default_factory=Counter)
    crashed: int = 0
    tried: set[str] = field(default_factory=set)
    compared: set[str] = field(default_factory=set)
    started: float = field(default_factory=time.perf_counter)
    seconds: float = 0.0
    first_finding: float | None = None
    stopped: str = ""
    gone: list[str] = field(default_factory=list)

    @property
    def judged(self) -> int:
        """Programs that were judged."""
        return sum(self.stages.values())

    @property
    def run(self) -> int:
        """Programs that were run, judged or not."""
        return self.judged + self.filtered.total() + self.crashed

    def verdict(self, strict: bool = False) -> Literal["parity", "findings", "interrupted"]:
        """ "findings": a serious one (any, if `strict`) that is not known, or a known one that is gone; else "parity",
        or "interrupted", for who was stopped on the way has not looked at the rest."""
        if self.gone or any(not c.known for c in self.failing(strict)):
            return "findings"
        return "interrupted" if self.stopped == "interrupted" else "parity"

    def failing(self, strict: bool = False) -> list[Checked]:
        """The findings that are serious, known or not: all, if `strict`."""
        levels = SEVERITIES if strict else FAILING
        return [c for c in self.findings if c.severity in levels]
