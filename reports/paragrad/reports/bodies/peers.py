"""The body of a peers record, row by row."""

from __future__ import annotations

from typing import Any, TypedDict


class PeerFindingRow(TypedDict):
    """A difference from torch: how bad it is, the smallest program, why, and the command that shows it again.

    `reason` is that of a known difference (peers/deviations.json), else empty.
    """

    severity: str
    kind: str
    op: str
    expression: str
    diagnosis: str
    reason: str
    programs: int
    program: dict[str, Any]
    repro: str


class PeerRow(TypedDict):
    """One known engine: `missing` says why it was not checked; `speed` is its time as a multiple of torch's."""

    name: str
    engine: str
    missing: str
    kind: str
    ops: int
    programs: int
    gradients: int
    seconds: float
    restarts: int
    speed: float | None
    severities: dict[str, int]
    findings: list[PeerFindingRow]


class PeersBody(TypedDict):
    """The scoreboard. The record's counts are programs."""

    rows: list[PeerRow]
