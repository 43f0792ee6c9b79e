"""The JSON of `paragrad check`, schema paragrad.check/3: a document of its own, for it is of somebody else's engine."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

from paragrad.reports.machine import Versions

SCHEMA = "paragrad.check/3"


CheckVerdict = Literal["parity", "findings", "interrupted"]
"""What a check that ran says; "interrupted" where nothing failed until then, which is no parity."""


class CheckFinding(TypedDict):
    """One cause, in the engine's own spelling, with the smallest program that shows it; "" and null: nothing to say.

    `severity` is wrong, crash, hang, precision, limit or convention; `known` is the reason for which it may stay, and
    `fails` whether it fails the check. `expected`, `got` and `torch` are numbers or nested lists of them, text where
    they aren't finite; `source_line` is file:line: text; `repro` the path of a script that was written. `table` shows
    the program with torch's numbers, its star at the variable `variable`, and `script` is the text of a script that
    shows the finding by itself, for a folder beside the subject's project; null where there is none.
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
    variable: int | None
    table: str
    script: str | None
    also: list[str]
    repro: str | None


class CheckCounts(TypedDict):
    """Programs: requested = judged + filtered by reason + crashed + not run.

    `crashed` ended or hung the engine's process, each of them a finding. Beside these: elements of gradients that were
    judged, and how often the process was started anew.
    """

    requested: int
    judged: int
    filtered: dict[str, int]
    crashed: int
    not_run: int
    gradients: int
    restarts: int


class CheckSeconds(TypedDict):
    """How long the check took, and until its first failing finding was told; null where there was none."""

    total: float
    first_finding: float | None


class CheckedOps(TypedDict):
    """Ops of which a program ran to its end, ops that were found and never got there, methods that match no op."""

    checked: list[str]
    not_compared: list[str]
    unmatched: list[str]


class Check(TypedDict):
    """A check that ran. `command` is what was typed, without options of how much is tried; `gone` names what is known
    and was not found; `stopped` says why not all programs ran; the verdict of one that was interrupted before
    anything failed is no parity; `notes` tell how the engine was loaded. `created` is in
    UTC, ISO 8601."""

    schema: str
    created: str
    versions: Versions
    engine: str
    command: str
    options: dict[str, Any]
    verdict: CheckVerdict
    stopped: str
    counts: CheckCounts
    seconds: CheckSeconds
    ops: CheckedOps
    notes: list[str]
    gone: list[str]
    findings: list[CheckFinding]


class CheckError(TypedDict):
    """A check that was not possible: the engine can't be loaded, nothing could be compared, or the command is wrong."""

    schema: str
    created: str
    versions: Versions
    verdict: Literal["error"]
    error: str
