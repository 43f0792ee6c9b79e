"""What a record of each kind holds. These types are the schema: `record.check` holds documents against them."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

from paragrad.reports.peers.rows import PeersBody

# parity: what the judge said about random programs


class FindingRow(TypedDict):
    """One cause: what the judge said, how many programs showed it, and the smallest with its table and repro script."""

    kind: str
    op: str
    argument: str
    message: str
    diagnosis: str
    whose: str
    family: str
    programs: int
    statements: int
    statements_before: int
    table: str
    file: str
    script: str


class ParityBody(TypedDict):
    """Programs by family, elements by verdict, findings by cause, uses by op, and seconds by part of the loop.

    `largest` is the largest error ÷ bound among what is right; `distinct` counts structures; `stopped` says why the run
    ended early, "" where it did not.
    """

    families: dict[str, int]
    distinct: int
    replayed: int
    values: dict[str, int]
    gradients: dict[str, int]
    largest: float
    findings: list[FindingRow]
    ops: dict[str, int]
    seconds: dict[str, float]
    elapsed: float
    stopped: str


# accuracy: distance from the truth


class Ulps(TypedDict):
    """The distribution of errors in ULP; `unlike` counts elements that are inf, NaN or not 0 where the truth is."""

    max: float
    p999: float
    median: float
    unlike: int


class Quantity(TypedDict):
    """Elements of a value or gradient measured against the truth; `beyond` had a truth that the dtype can't hold."""

    count: int
    beyond: int
    engine: Ulps
    torch: Ulps


class Exact(TypedDict):
    """Elements of integer or bool outputs, and how many were not the truth."""

    count: int
    engine: int
    torch: int


class AccuracyRow(TypedDict):
    """One op in one dtype. `declared`: the ULP that the table claims for values. `truth`: what was compared with."""

    op: str
    dtype: str
    truth: str
    declared: float | None
    programs: int
    value: Quantity | None
    exact: Exact | None
    gradients: dict[str, Quantity]


class Absent(TypedDict):
    """A row that is not there, and why."""

    op: str
    dtype: str
    reason: str


class DepthRow(TypedDict):
    """Gradients of graphs whose longest path has `depth` ops: error / u, norm-wise, against float64."""

    depth: int
    graphs: int
    gradients: int
    engine: Ulps
    torch: Ulps


class AccuracyBody(TypedDict):
    """Rows by op and dtype, those that are absent, and error against depth."""

    rows: list[AccuracyRow]
    absent: list[Absent]
    depth: list[DepthRow]


# speed: ratios in one interleaved run


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


# mutants: what became of the faults planted in our own engine


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


# false-alarms: sound engines under the judge


class JudgedRow(TypedDict):
    """Programs of one engine, family and dtype, and the elements judged in them.

    `staged`: whether the judge's first stages took part; without them each number had to be within its own bound.
    """

    engine: str
    staged: bool
    family: str
    dtype: str
    programs: int
    values: int
    gradients: int


class AlarmRow(TypedDict):
    """One cause of a false alarm: what the judge said, how many programs showed it, and the smallest with its table."""

    engine: str
    staged: bool
    family: str
    dtype: str
    kind: str
    op: str
    argument: str
    message: str
    programs: int
    table: str
    file: str


class FalseAlarmsBody(TypedDict):
    """Elements by engine, family and dtype, and by verdict; alarms by engine and cause; seconds.

    `refused` counts programs that torch refused, by reason; `absent` peers are not installed; `needless` known
    differences of peers are there no more. The record's counts are gradient elements.
    """

    rows: list[JudgedRow]
    values: dict[str, int]
    gradients: dict[str, int]
    refused: dict[str, int]
    alarms: list[AlarmRow]
    elapsed: float
    stopped: str
    absent: list[str]
    needless: list[str]


# judges: what is planted, and who finds it


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


BODIES: dict[str, Any] = {
    "parity": ParityBody,
    "accuracy": AccuracyBody,
    "speed": SpeedBody,
    "mutants": MutantsBody,
    "false-alarms": FalseAlarmsBody,
    "judges": JudgesBody,
    "peers": PeersBody,
}
