"""The ULP rows: the accuracy report's own measurement, with its seed and its number of programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from paragrad.engine.ops.table import Op
from paragrad.fuzz.program import Program
from paragrad.reports.accuracy.measure import DTYPES, PROGRAMS, Row, Tally, normal_programs, unmeasurable
from paragrad.reports.bodies.accuracy import AccuracyRow, Quantity
from paragrad.reports.gate.accuracy.rows import ExclusionRow, UlpRow, ulp_row

SEED = 0
LIST = "not measured in ULP"


def programs(op: Op, dtype: str) -> Iterator[Program]:
    """The programs of one row."""
    return normal_programs(op, dtype, PROGRAMS, SEED)


def measure(ops: Sequence[Op]) -> Iterator[tuple[list[UlpRow], list[ExclusionRow]]]:
    """For each op the rows of both dtypes, and an exclusion where there is none."""
    for op in ops:
        rows: list[UlpRow] = []
        absent: list[ExclusionRow] = []
        for dtype in DTYPES:
            reason = unmeasurable(op)
            if not reason:
                row = Row(op, dtype)
                row.measure(PROGRAMS, SEED, Tally())
                if (result := row.result()) is not None:
                    rows += of(result)
                    continue
                reason = row.absent()["reason"]
            absent.append({"op": op.name, "list": LIST, "what": f"{op.name} {dtype}", "reason": reason})
        yield rows, absent


def of(row: AccuracyRow) -> Iterator[UlpRow]:
    """The rows of one op and dtype."""
    if (value := row["value"]) is not None:
        yield quantity(row, "value", value, row["declared"])
    if (exact := row["exact"]) is not None:
        yield ulp_row(row["op"], row["dtype"], "exact value", None, (exact["engine"], exact["torch"]))
    for argument, errors in row["gradients"].items():
        yield quantity(row, f"gradient of {argument}", errors, None)


def quantity(row: AccuracyRow, of: str, errors: Quantity, declared: float | None) -> UlpRow:
    """One row of floats."""
    wrong = errors["engine"]["unlike"], errors["torch"]["unlike"]
    return ulp_row(row["op"], row["dtype"], of, errors, wrong, declared)
