"""The body of a false-alarms record: sound engines under the judge."""

from __future__ import annotations

from typing import TypedDict


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
