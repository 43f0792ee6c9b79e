"""The body of an accuracy record: distance from the truth."""

from __future__ import annotations

from typing import TypedDict


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
