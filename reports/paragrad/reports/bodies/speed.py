"""The body of a speed record: ratios in one interleaved run."""

from __future__ import annotations

from typing import Literal, TypedDict


class Side(TypedDict):
    """One side of a ratio: seconds a step, the minimum and the median over rounds, and steps a round."""

    name: str
    minimum: float
    median: float
    steps: int


class SpeedRow(TypedDict):
    """One workload. `ratio`: subject / reference where the goal is "at most", else reference / subject."""

    name: str
    title: str
    subject: Side
    reference: Side
    rounds: int
    ratio: float
    goal: Literal["at most", "at least"]
    target: float | None
    met: bool | None


class MemoryRow(TypedDict):
    """A peak of memory against its target, in the unit named."""

    name: str
    title: str
    measured: float
    unit: str
    target: float
    met: bool


class Failed(TypedDict):
    """A workload that could not run, and the error."""

    name: str
    error: str


class SizeRow(TypedDict):
    """From pytest-benchmark: seconds of one side at one size."""

    work: str
    size: int
    side: str
    minimum: float
    median: float
    rounds: int


class SpeedBody(TypedDict):
    """Ratios, memory, what failed, and engine against torch over sizes."""

    rows: list[SpeedRow]
    memory: list[MemoryRow]
    failed: list[Failed]
    sizes: list[SizeRow]
