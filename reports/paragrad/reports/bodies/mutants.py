"""The body of a mutants record: what became of the faults planted in our own engine."""

from __future__ import annotations

from typing import TypedDict


class MutantFamilyRow(TypedDict):
    """A family of faults. Of those not listed as equivalent: their outcomes, and for kills the programs they took and
    how many findings named the right op, and the right argument, too."""

    family: str
    planted: int
    equivalent: int
    killed: int
    survived: int
    hung: int
    failed: int
    median: float | None
    p90: float | None
    named_op: int
    named_argument: int


class SurvivorRow(TypedDict):
    """A fault that was not found within so many programs, and what can be said of the reason."""

    id: str
    description: str
    outcome: str
    programs: int
    why: str


class EquivalentRow(TypedDict):
    """A fault that is listed as one that no program can show, with the reason, and what became of it."""

    id: str
    reason: str
    outcome: str
    programs: int


class MutantsBody(TypedDict):
    """Families, survivors and equivalents by name; `gone` are listed ids that no longer exist.

    `killed` were found by the judge, `hung` noticed because the process hung or died.
    """

    families: list[MutantFamilyRow]
    survivors: list[SurvivorRow]
    equivalents: list[EquivalentRow]
    gone: list[str]
    killed: int
    hung: int
    median: float | None
    p90: float | None
    named_op: int
    named_argument: int
    elapsed: float
    stopped: str
