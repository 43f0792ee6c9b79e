"""Tables of a baseline, made up, and what the accuracy gate says of two."""

from __future__ import annotations

from typing import Any

from paragrad.reports.gate.accuracy import scalars
from paragrad.reports.gate.accuracy.compare import Change, Comparison
from paragrad.reports.gate.accuracy.parts import Parts
from paragrad.reports.gate.accuracy.rows import KEYS, Rows


def rows(**tables: Any) -> Rows:
    """Tables, the others empty."""
    found: Any = {kind: [] for kind in KEYS} | tables
    return found


def worse(before: Rows, now: Rows, parts: Parts | None = None) -> list[Change]:
    """What is worse on the same machine."""
    return [c for c in Comparison(before, now, True, parts=parts).changes() if c.worse]


def of_value(name: str) -> Rows:
    """The rows of one op of Value."""
    only = (f"Value.{name}",)
    ((_, errors, judged, _),) = scalars.measure(only)
    return rows(ulp=errors, verdict=judged, convention=list(scalars.conventions(only)))


def program(op: str, worst: str, share: float = 0.5, digest: str = "1") -> dict[str, Any]:
    """A program row."""
    blamed = "gradient of walk" if worst == "bug" else ""
    return {"op": op, "case": "one", "digest": digest, "worst": worst, "blamed": blamed, "share": share}
