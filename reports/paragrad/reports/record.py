"""The record: what a run leaves behind, as one versioned JSON document. Reports and gates read records, nothing else.

A record says who ran what where (machine, versions, commit, seed, options), how much of what was asked for was judged
(requested = judged + filtered by reason + crashed + not run), and, by kind, what came out (`bodies/`). It is checked
on writing and on reading, so a broken or empty run is an error and never 0% or 100%. It is written beside its
destination, forced to the disk and renamed: whenever the process dies, there is the old record or the new one.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Literal, TypedDict, cast

from paragrad.reports import consistent, strict
from paragrad.reports.bodies import BODIES
from paragrad.reports.files import write_text
from paragrad.reports.machine import Commit, Machine, Versions, commit, machine, versions
from paragrad.reports.shape import problems

SCHEMA = "paragrad.record/3"
EDITED = "it is partial or was edited: make it again"
Kind = Literal["parity", "accuracy", "speed", "mutants", "false-alarms", "judges", "peers", "gate", "diff"]


COMMANDS: dict[Kind, str] = {
    "parity": "paragrad parity",
    "accuracy": "paragrad accuracy",
    "speed": "paragrad bench",
    "gate": "paragrad gate",
    "mutants": "paragrad mutants --quick",
    "false-alarms": "paragrad false-alarms",
    "judges": "paragrad judges",
    "peers": "paragrad peers",
    "diff": 'paragrad diff "tanh(a*b + c)" a=2 b=-3 c=10 --json build/diff.json',
}
"""The command that makes a record of each kind."""


class Counts(TypedDict):
    """How much of what was requested was judged; `filtered` counts by reason."""

    requested: int
    judged: int
    filtered: dict[str, int]
    crashed: int
    not_run: int


class Record(TypedDict):
    """One run. `created` is in UTC, ISO 8601. `seed` is None where nothing was drawn."""

    schema: str
    kind: Kind
    created: str
    machine: Machine
    versions: Versions
    commit: Commit | None
    seed: int | None
    options: dict[str, Any]
    counts: Counts
    body: dict[str, Any]


class RecordError(ValueError):
    """A record that can't be written or read: a line for each problem, with how to mend it."""

    def __init__(self, where: str, found: list[str], mend: str) -> None:
        super().__init__("\n".join(f"{where}: {problem}; {mend}" for problem in found))
        self.problems = found


def new(kind: Kind, seed: int | None, options: Mapping[str, Any], counts: Counts, body: Mapping[str, Any]) -> Record:
    """A record of a run that ends now, on this machine."""
    return {
        "schema": SCHEMA,
        "kind": kind,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "versions": versions(),
        "commit": commit(),
        "seed": seed,
        "options": dict(options),
        "counts": counts,
        "body": dict(body),
    }


def check(record: Any) -> Iterator[str]:
    """One line for each thing that is wrong with a record of this version."""
    yield from problems(record, Record)
    kind = record.get("kind") if isinstance(record, dict) else None
    if not isinstance(kind, str) or kind not in BODIES:
        return
    wrong = list(problems(record.get("body"), BODIES[kind], "body"))
    yield from wrong
    if not list(problems(record.get("counts"), Counts)):
        yield from sums(record["counts"])
    if isinstance(record.get("created"), str):
        yield from consistent.moment(record["created"])
    if not wrong:
        yield from consistent.durations(record["body"], "body")
        if kind in consistent.BODIES:
            yield from consistent.BODIES[kind](record["body"])


def sums(counts: Mapping[str, Any]) -> Iterator[str]:
    """A line for each way in which counts that have the keys of Counts don't add up."""
    parts = (counts["judged"], sum(counts["filtered"].values()), counts["crashed"], counts["not_run"])
    if counts["requested"] != sum(parts):
        told = "{} judged + {} filtered + {} crashed + {} not run".format(*parts)
        yield f"counts don't add up: {counts['requested']} requested, but {told} = {sum(parts)}"
    if min(*parts, *counts["filtered"].values(), 0) < 0:
        yield f"counts can't be negative: {counts}"
    if counts["judged"] == 0:
        yield "nothing was judged"


def dumps(record: Record) -> str:
    """The record as JSON. Raises RecordError where it is none."""
    found = list(check(record))
    if found:
        raise RecordError(f"the {record.get('kind', '')} record", found, "this run can't be reported")
    return json.dumps(record, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def write(record: Record, path: str | os.PathLike[str]) -> None:
    """Write a record whole or not at all. Raises RecordError, touching nothing, for a broken one."""
    write_text(path, dumps(record))


def read(path: str | os.PathLike[str], kind: Kind | None = None, most: int = strict.MOST) -> Record:
    """The record in a file, of this kind where one is named, of at most so many bytes. Raises RecordError otherwise."""
    return of_document(parse(path, most), os.fspath(path), kind)


def of_document(document: Any, where: str, kind: Kind | None = None) -> Record:
    """JSON that was read from a file as a record. Raises RecordError, a line for each problem, where it is none."""
    of_this_version(document, where, SCHEMA)
    found = list(check(document))
    if found:
        raise RecordError(where, found, EDITED)
    if kind is not None and document["kind"] != kind:
        raise RecordError(where, [f"is a record of kind {document['kind']!r}"], f"name one of kind {kind!r}")
    return cast(Record, document)


def parse(path: str | os.PathLike[str], most: int = strict.MOST) -> Any:
    """The JSON in a file of at most so many bytes. Raises RecordError where there is none."""
    where = os.fspath(path)
    try:
        text = strict.text_of(path, most)
    except (OSError, ValueError) as error:
        if isinstance(error, UnicodeDecodeError):
            raise RecordError(where, [f"is not UTF-8 (byte {error.start})"], "make it again") from error
        told = error if isinstance(error, strict.TooLargeError) else f"can't be read ({_reason(error)})"
        raise RecordError(where, [str(told)], "name a record that `paragrad` wrote with --json") from error
    try:
        return strict.loads(text)
    except json.JSONDecodeError as error:
        problem = f"is not JSON (line {error.lineno}, column {error.colno}: {error.msg})"
        raise RecordError(where, [problem], "it is partial or damaged: make it again") from error
    except (RecursionError, ValueError) as error:  # nested too deeply, a key twice, a number too large
        raise RecordError(where, [f"can't be read as JSON ({error})"], EDITED) from error


def _reason(error: Exception) -> str:
    """Why a file can't be read; a name with a null character is a ValueError."""
    return str(getattr(error, "strerror", None) or error)


def of_this_version(document: Any, where: str, expected: str) -> None:
    """Raise RecordError unless the document says that its schema is the expected one."""
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema == expected:
        return
    name, _, ours = expected.rpartition("/")
    version = re.fullmatch(rf"{re.escape(name)}/(\d+)", schema) if isinstance(schema, str) else None
    if version is None:
        said = f"schema is {schema!r}" if schema is not None else "it names no schema"
        raise RecordError(where, [f"is no paragrad record: {said}, expected {expected!r}"], "name another file")
    made = [command for kind, command in COMMANDS.items() if kind == document.get("kind")]
    again = "make it again" + "".join(f" with `{command}`" for command in made)
    age, mend = ("newer", "update paragrad") if int(version[1]) > int(ours) else ("older", again)
    raise RecordError(where, [f"was written in the {age} schema {schema!r}, this paragrad reads {expected!r}"], mend)
