"""The body of an accuracy record: distance from the truth."""

from __future__ import annotations

from typing import TypedDict


class Ulps(TypedDict):
    """The distribution of errors in ULP; `unlike` counts elements that are inf, NaN or not 0 where the truth is.

    `bins` counts elements between the `edges` of the body, each up to and with its upper edge; the last: beyond all.
    """

    max: float
    p999: float
    median: float
    unlike: int
    bins: list[int]


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


class WorstPoint(TypedDict):
    """Where the engine is furthest from the truth, of an op in a dtype: its value or a gradient ("grad input").

    `program` is the number of the program: `paragrad accuracy --script OP DTYPE NUMBER` writes it as a script. `call`
    is its op, `inputs` the operands: their numbers where the op works element by element, else their shapes. What
    each side has at the `element` is written out, for it may be inf or NaN.
    """

    op: str
    dtype: str
    of: str
    ulp: float
    program: int
    call: str
    inputs: str
    element: list[int]
    engine: str
    torch: str
    truth: str


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


class PointRow(TypedDict):
    """The gradients of one random graph: its largest error ÷ end-to-end bound on either side, by size and condition.

    `family` is "scalar" (of 0-d tensors), "graph" or "mlp", `ops` how many it has. `program` is its number:
    `paragrad accuracy --script FAMILY DTYPE NUMBER` writes it as a script. `condition`: the largest
    bound ÷ (u · largest gradient) of a leaf, by how much the graph may amplify one rounding; 0 where gradients are 0.
    The bound is a first-order one and holds for any correct implementation: more than 1 is a fault.
    """

    family: str
    dtype: str
    program: int
    ops: int
    condition: float
    engine: float
    torch: float


class GraphCounts(TypedDict):
    """What became of the random graphs that `points` are of: requested = judged + not compared + not run.

    No gradient of those `not_compared` could be: they draw random numbers, or have no gradient that is bounded.
    `not_run` are those that the run had no time for.
    """

    requested: int
    judged: int
    not_compared: int
    not_run: int


class ChoiceRow(TypedDict):
    """A point at which the engine chooses otherwise than torch, and the reason that is stated; "" where none is."""

    point: str
    torch: str
    engine: str
    reason: str


class ConventionsBody(TypedDict):
    """How many points at which mathematics leaves a choice were asked about, in each dtype, and those where the engine
    differs. 0 points: nobody asked."""

    points: int
    differing: list[ChoiceRow]


class AccuracyBody(TypedDict):
    """Rows by op and dtype, the furthest point of each, rows that are absent, error against depth, size and
    condition, and conventions.

    `edges`: the upper edges, in ULP, of the bins of every distribution.
    """

    edges: list[float]
    rows: list[AccuracyRow]
    worst: list[WorstPoint]
    absent: list[Absent]
    depth: list[DepthRow]
    points: list[PointRow]
    graphs: GraphCounts
    conventions: ConventionsBody
