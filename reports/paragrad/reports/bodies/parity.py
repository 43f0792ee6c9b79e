"""The body of a parity record: what the judge said about random programs."""

from __future__ import annotations

from typing import Any, TypedDict


class FindingRow(TypedDict):
    """One cause: what the judge said, how many programs showed it, and the smallest with its table and repro script.

    `program` is the smallest as JSON (`paragrad.fuzz.encoding`), `repro` the text of the script, `file` and `script`
    are where both were saved. `variable` is the number of the variable that the table stars, None where it stars none.
    `family` is the engine that showed it, "tensor" or "scalar".
    """

    kind: str
    op: str
    argument: str
    message: str
    diagnosis: str
    whose: str
    family: str
    variable: int | None
    programs: int
    statements: int
    statements_before: int
    table: str
    file: str
    script: str
    program: dict[str, Any]
    repro: str


class WorstRow(TypedDict):
    """A program that is right, and came close to its bound: `ratio` is its largest error ÷ bound.

    Kept are the ten with the largest ratio, no two of the same statements in the same order, among programs that can be
    read: of up to 40 statements and 600 elements. `family` is how it was drawn, `engine` ("tensor" or "scalar") which
    of our engines ran it; its table stars the number, of the variable `variable`.
    """

    family: str
    engine: str
    ratio: float
    variable: int | None
    statements: int
    table: str
    program: dict[str, Any]
    repro: str


class CoverageBody(TypedDict):
    """What the programs that were drawn and judged reached; replayed ones don't count.

    `ops` could be drawn, and `ties` are those for which equal elements matter, so that the class "tie" is asked of them
    alone. `edges` counts uses by maker and user of an operand, the maker of an input being "input". `classes` counts
    uses by op, dtype and class of operand, as `paragrad.fuzz.coverage` defines them.
    """

    ops: list[str]
    ties: list[str]
    edges: dict[str, dict[str, int]]
    classes: dict[str, dict[str, dict[str, int]]]


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
    worst: list[WorstRow]
    coverage: CoverageBody
    ops: dict[str, int]
    seconds: dict[str, float]
    elapsed: float
    stopped: str
