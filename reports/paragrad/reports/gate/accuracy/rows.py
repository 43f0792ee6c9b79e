"""What the baseline holds: a table a kind of thing that may get worse, and the place where it was measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypedDict

from paragrad.reports.bodies.accuracy import Quantity
from paragrad.reports.bodies.gate import What


class Place(TypedDict):
    """What decides the last digits: where two runs agree in all of it, they agree bit for bit.

    `simd` are the instruction sets that NumPy's and torch's kernels choose from; `settings` are environment variables
    that steer these.
    """

    cpu: str
    system: str
    simd: str
    python: str
    numpy: str
    torch: str
    blas: str
    threads: str
    settings: str


class UlpRow(TypedDict):
    """Errors of an op's value, or of the gradient of an argument, in ULP: maximum and 99.9 %, and torch's maximum.

    `wrong` counts elements that are inf, NaN or not 0 where the truth is, and integers and bools that are not right.
    """

    op: str
    dtype: str
    of: str
    max: float
    p999: float
    wrong: int
    torch: float
    torch_wrong: int
    declared: float | None


def ulp_row(
    op: str, dtype: str, of: str, errors: Quantity | None, wrong: tuple[int, int], declared: float | None = None
) -> UlpRow:
    """A row of these errors, which are 0 where no element has one; `wrong` counts the engine's elements and torch's."""
    return {
        "op": op,
        "dtype": dtype,
        "of": of,
        "max": errors["engine"]["max"] if errors else 0.0,
        "p999": errors["engine"]["p999"] if errors else 0.0,
        "wrong": wrong[0],
        "torch": errors["torch"]["max"] if errors else 0.0,
        "torch_wrong": wrong[1],
        "declared": declared,
    }


class VerdictRow(TypedDict):
    """The worst verdict of the judge over the programs of one op, `of` "value" or "gradient"."""

    op: str
    dtype: str
    of: str
    worst: str


class OpRow(TypedDict):
    """A public op: its parameters, those that have a gradient, and whether Tensor has it as a method.

    `drawn` is the digest of the programs of its errors and verdicts; "" of what is asked at fixed numbers.
    """

    op: str
    parameters: list[str]
    gradients: list[str]
    method: bool
    drawn: str


class ConventionRow(TypedDict):
    """What our engine does at a point where mathematics leaves a choice; `answer` is an Answer of `conventions`."""

    op: str
    point: str
    dtype: str
    answer: dict[str, Any]


class DtypeRow(TypedDict):
    """The dtypes of an op's results by those of its operands: `float32, int64 0-d`."""

    op: str
    operands: str
    result: str


class MutantRow(TypedDict):
    """A planted fault that was killed."""

    op: str
    id: str


class ExclusionRow(TypedDict):
    """An entry of a list of exclusions, and its reason."""

    op: str
    list: str
    what: str
    reason: str


class ProgramRow(TypedDict):
    """Whole programs, those that `digest` says: the worst verdict, what is blamed for a bug, and the largest error ÷
    bound."""

    op: str
    case: str
    digest: str
    worst: str
    blamed: str
    share: float


class JudgeRow(TypedDict):
    """The smallest error that the judge finds at a number of the program that `digest` says, in ULP."""

    op: str
    case: str
    dtype: str
    digest: str
    ulp: int


class Rows(TypedDict):
    """All tables, by kind."""

    ulp: list[UlpRow]
    verdict: list[VerdictRow]
    op: list[OpRow]
    convention: list[ConventionRow]
    dtype: list[DtypeRow]
    mutant: list[MutantRow]
    exclusion: list[ExclusionRow]
    program: list[ProgramRow]
    judge: list[JudgeRow]


KEYS: dict[What, tuple[str, ...]] = {
    "ulp": ("op", "dtype", "of"),
    "verdict": ("op", "dtype", "of"),
    "op": ("op",),
    "convention": ("op", "point", "dtype"),
    "dtype": ("op", "operands"),
    "mutant": ("id",),
    "exclusion": ("list", "what"),
    "program": ("op", "case"),
    "judge": ("case", "dtype"),
}
"""The fields by which the rows of a kind are told apart."""

Row = Mapping[str, Any]
Key = tuple[str, ...]


def key(kind: What, row: Row) -> Key:
    """What tells a row from the others of its kind."""
    return tuple(row[name] for name in KEYS[kind])


def by_key(kind: What, rows: Rows) -> dict[Key, Any]:
    """The rows of a kind by key."""
    table: list[Any] = rows[kind]
    return {key(kind, row): row for row in table}


def select(rows: Rows, wanted: Callable[[Row], bool]) -> Rows:
    """The rows that are wanted, in the order of their keys."""
    found: Any = {}
    for kind in KEYS:
        chosen = by_key(kind, rows)
        found[kind] = [chosen[name] for name in sorted(chosen) if wanted(chosen[name])]
    selected: Rows = found
    return selected


def every(rows: Rows) -> Iterator[tuple[What, Row]]:
    """Every row with its kind."""
    for kind in KEYS:
        table: list[Any] = rows[kind]
        yield from ((kind, row) for row in table)
