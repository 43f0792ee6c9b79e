"""What `paragrad report` reads: records, and the JSON of `paragrad check`, held to their schemas."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paragrad.reports import consistent
from paragrad.reports import record as records
from paragrad.reports.bodies import check
from paragrad.reports.record import COMMANDS, EDITED, Kind, Record, RecordError, of_this_version, parse, sums
from paragrad.reports.shape import problems

CHECK = "check"
SHOWN: tuple[Kind, ...] = ("parity", "accuracy", "mutants", "false-alarms")
"""Kinds of which pages of other kinds show something."""
NEIGHBOUR = 32 << 20
"""Bytes of a record that is read because it lies beside another one."""


@dataclass(frozen=True, slots=True)
class Document:
    """A record and its body, or a check: of kind "check", without a record, the whole of it the body."""

    path: Path
    kind: str
    body: Any
    record: Record | None


def read(path: str | os.PathLike[str]) -> Document:
    """The document in a file. Raises RecordError, a line for each problem, where it is none of this version."""
    document = parse(path)
    if not _is_check(document):
        found = records.of_document(document, os.fspath(path))
        return Document(Path(path), found["kind"], found["body"], found)
    where = os.fspath(path)
    of_this_version(document, where, check.SCHEMA)
    wrong = list(_wrong(document))
    if wrong:
        raise RecordError(where, wrong, EDITED)
    return Document(Path(path), CHECK, document, None)


def _wrong(document: Any) -> Iterator[str]:
    """A line for each thing that is wrong with a check of this version."""
    refused = document.get("verdict") == "error"
    found = list(problems(document, check.CheckError if refused else check.Check))
    yield from found
    if found:
        return
    yield from consistent.moment(document["created"])
    if not refused:
        yield from sums(document["counts"])
        yield from consistent.durations(document["seconds"], "seconds")
        yield from consistent.check(document)


def _is_check(document: Any) -> bool:
    name = check.SCHEMA.rpartition("/")[0]
    schema = document.get("schema") if isinstance(document, dict) else None
    return isinstance(schema, str) and schema.startswith(f"{name}/")


def in_folder(folder: Path) -> Iterator[Path]:
    """The files of a folder that go by the name of a kind, as commands write them; others are never opened."""
    for name in sorted((*COMMANDS, CHECK)):
        path = folder / f"{name}.json"
        if path.is_file():
            yield path


class Beside(dict[str, Record]):
    """Records of a folder by kind; `refused` says why one that is there can't be shown."""

    def __init__(self, records: Mapping[str, Record], refused: Mapping[str, str]) -> None:
        super().__init__(records)
        self.refused = dict(refused)


def beside(folder: Path, but: str = "") -> Beside:
    """The records of the kinds in SHOWN that lie in a folder under their own names, `but` one kind left out."""
    there: dict[str, Record] = {}
    refused: dict[str, str] = {}
    for kind in SHOWN:
        path = folder / f"{kind}.json"
        if kind == but or not os.path.lexists(path):
            continue
        if not path.is_file():
            refused[kind] = f"{path.name} is no regular file"
            continue
        try:
            there[kind] = records.read(path, kind, NEIGHBOUR)
        except RecordError as error:
            refused[kind] = str(error).splitlines()[0].removeprefix(f"{folder}{os.sep}")
    return Beside(there, refused)
