"""The body of a judges record: what is planted, and who finds it."""

from __future__ import annotations

from typing import Literal, TypedDict


class DetectionRow(TypedDict):
    """One fault on one kind of graphs: those that contain it, those in which each judge found it, and why ours missed.

    `epsilon`: a rule was multiplied by 1 + ε; None: it overwrote what its operand had collected.
    """

    graphs: str
    dtype: str
    epsilon: float | None
    contained: int
    found: dict[str, int]
    missed: dict[str, int]


class SoundRow(TypedDict):
    """Graphs without a fault, and those of them in which each judge found one."""

    graphs: str
    dtype: str
    count: int
    alarms: dict[str, int]


class SmallestRow(TypedDict):
    """The smallest ε at which a rule times 1 + ε was found, and the programs that took; None where none was."""

    op: str
    parameter: str
    dtype: str
    epsilon: float | None
    programs: int | None


class CostRow(TypedDict):
    """Seconds of engine, torch and judge over the same programs."""

    programs: str
    count: int
    engine: float
    torch: float
    judge: float


class TargetRow(TypedDict):
    """A target of the judge, and what was measured."""

    what: str
    target: float
    measured: float | None
    goal: Literal["at most", "at least"]
    met: bool


class JudgesBody(TypedDict):
    """Judges in their order, detection by fault, false alarms on the same graphs, smallest faults, cost and targets."""

    judges: list[str]
    detection: list[DetectionRow]
    sound: list[SoundRow]
    smallest: list[SmallestRow]
    cost: list[CostRow]
    targets: list[TargetRow]
