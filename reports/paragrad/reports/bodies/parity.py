"""The body of a parity record: what the judge said about random programs."""

from __future__ import annotations

from typing import TypedDict


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
