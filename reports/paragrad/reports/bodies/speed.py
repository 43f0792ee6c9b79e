"""The body of a speed record: ratios in one interleaved run."""

from __future__ import annotations

from typing import Literal, TypedDict


class Side(TypedDict):
    """One side of a ratio: seconds a step, the minimum and the median over rounds, and steps a round."""

    name: str
    minimum: float
    median: float
    steps: int


class Interval(TypedDict):
    """A median, and the bootstrap confidence interval around it: nominal 95 %, 87.5 % of 7 rounds."""

    median: float
    low: float
    high: float


class SpeedRow(TypedDict):
    """One workload. `ratio`: subject / reference where the goal is "at most", else reference / subject, of the minima.

    `paired` is the same ratio as the median over rounds, with a bootstrap interval: what a single run can't show.
    """

    name: str
    title: str
    subject: Side
    reference: Side
    rounds: int
    ratio: float
    paired: Interval
    goal: Literal["at most", "at least"]
    target: float | None
    met: bool | None


class MemoryRow(TypedDict):
    """A peak of memory of one side, in the unit named, against its target where there is one."""

    name: str
    title: str
    side: str
    measured: float
    unit: str
    target: float | None
    met: bool | None


class Failed(TypedDict):
    """A workload that could not run, and the error."""

    name: str
    error: str


class SizeRow(TypedDict):
    """From pytest-benchmark: seconds of one side at one size. `low` and `high` are the 95 % confidence interval of the
    median, from the order of the rounds' times alone; of fewer than 6 rounds their least and their greatest."""

    work: str
    size: int
    side: str
    minimum: float
    median: float
    low: float
    high: float
    rounds: int


class SplitRow(TypedDict):
    """Where a training step of one side spends its time, in seconds: medians over rounds."""

    name: str
    title: str
    side: str
    forward: float
    backward: float
    optimizer: float


class ScalingRow(TypedDict):
    """A graph of so many nodes on one side: seconds forward and backward, each the least over the rounds.

    `failed` says why there are none.
    """

    work: str
    side: str
    nodes: int
    forward: float | None
    backward: float | None
    failed: str


class LoopBody(TypedDict):
    """The fuzz loop: programs, and seconds by part (generate, torch, engine, judge, ...)."""

    programs: int
    seconds: dict[str, float]


class SpeedBody(TypedDict):
    """Ratios, memory, what failed, every side over sizes and over nodes, time splits, and the fuzz loop.

    `peers` are the versions of the peers that are installed, `absent` the names of those that are not.
    """

    rows: list[SpeedRow]
    memory: list[MemoryRow]
    failed: list[Failed]
    sizes: list[SizeRow]
    splits: list[SplitRow]
    scaling: list[ScalingRow]
    loop: LoopBody | None
    peers: dict[str, str]
    absent: list[str]
