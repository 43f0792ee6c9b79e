"""The JSON of `paragrad check`, schema paragrad.check/1: a document of its own, for it is of somebody else's engine."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

SCHEMA = "paragrad.check/1"


class CheckFinding(TypedDict):
    """One cause, in the engine's own spelling, with the smallest program that shows it; "" and null: nothing to say.

    `severity` is wrong, crash, hang, precision, limit or convention; `known` is the reason for which it may stay, and
    `fails` whether it fails the check. `expected`, `got` and `torch` are numbers or nested lists of them, text where
    they aren't finite; `source_line` is file:line: text; `repro` the path of a script.
    """

    id: str
    known: str | None
    fails: bool
    severity: str
    kind: str
    op: str
    argument: str
    title: str
    expression: str
    at: str
    number: str
    program: dict[str, Any]
    expected: Any
    got: Any
    torch: Any
    finite_difference: float | str | None
    own_difference: float | str | None
    message: str
    diagnosis: str
    first: str
    rule: str
    source_line: str | None
    programs: int
    also: list[str]
    repro: str | None


class CheckCounts(TypedDict):
    """Programs judged and filtered, gradient elements judged, and how often the engine's process died."""

    programs: int
    gradients: int
    filtered: int
    crashed: int


class CheckSeconds(TypedDict):
    """How long the check took, and until its first failing finding was told; null where there was none."""

    total: float
    first_finding: float | None


class CheckedOps(TypedDict):
    """Ops that were checked, and methods of the engine that match none."""

    checked: list[str]
    unmatched: list[str]


class Check(TypedDict):
    """A check that ran. `command` is what was typed, without options of how much is tried; `gone` names what is known
    and was not found; `stopped` says why not all programs ran."""

    schema: str
    engine: str
    command: str
    verdict: Literal["parity", "findings"]
    stopped: str
    counts: CheckCounts
    seconds: CheckSeconds
    ops: CheckedOps
    gone: list[str]
    findings: list[CheckFinding]


class CheckError(TypedDict):
    """A check that was not possible: the engine can't be loaded, or the command is wrong."""

    schema: str
    verdict: Literal["error"]
    error: str
