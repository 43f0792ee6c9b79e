"""The programs that are right and came closest to their bounds: where the judge's margin is smallest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from paragrad.fuzz.explain import text
from paragrad.fuzz.judge import Finding, Judgement, reference
from paragrad.fuzz.program import Apply, Program
from paragrad.fuzz.repro import script
from paragrad.fuzz.trace import Engine

KEPT = 10
STATEMENTS = 40
ELEMENTS = 600
"""Larger programs are not kept: nobody reads a training run of 90 statements, and its numbers fill a page."""


@dataclass(slots=True)
class Close:
    """A program that is right, and its number with the largest error ÷ bound; `engine` is the kind that ran it."""

    ratio: float
    family: str
    engine: str
    program: Program
    number: Finding


@dataclass(slots=True)
class Shown:
    """A Close as people read it: the table of its nodes, the number starred, and a script that runs it alone."""

    close: Close
    table: str
    script: str


class Closest:
    """The KEPT programs with the largest ratios seen so far, no two of the same statements in the same order."""

    def __init__(self) -> None:
        self.held: dict[tuple[str, ...], Close] = {}
        self.floor = 0.0

    def add(self, program: Program, judgement: Judgement, family: str, engine: str) -> None:
        """Take up a judged program, if it is right, can be read, and is closer than one that is held."""
        number = judgement.closest
        if judgement.largest <= self.floor or judgement.findings or number is None:
            return
        if len(program.statements) > STATEMENTS or sum(spec.storage.size for spec in program.inputs) > ELEMENTS:
            return
        ops = tuple([s.op if type(s) is Apply else type(s).__name__ for s in program.statements])
        known = self.held.get(ops)
        if known is not None and known.ratio >= judgement.largest:
            return
        self.held[ops] = Close(judgement.largest, family, engine, program, number)
        if len(self.held) > KEPT:
            del self.held[min(self.held, key=lambda key: self.held[key].ratio)]
        if len(self.held) == KEPT:
            self.floor = min(close.ratio for close in self.held.values())

    def shown(self, engines: Mapping[str, Engine]) -> list[Shown]:
        """Each with its table and script, the largest ratio first; they are run once more for that."""
        result = []
        for close in sorted(self.held.values(), key=lambda close: -close.ratio):
            trace = engines[close.engine].run(close.program)
            expected = reference(close.program, trace)
            table = text(close.program, trace, expected, close.number)
            result.append(Shown(close, table, script(close.program, close.number, fails=False)))
        return result
