"""What `paragrad report` reads: records, and the JSON of `paragrad check`, held to their schemas."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paragrad.reports import record as records
from paragrad.reports.bodies import check
from paragrad.reports.record import EDITED, Record, RecordError, of_this_version, parse
from paragrad.reports.shape import problems

CHECK = "check"


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
        found = records.read(path)
        return Document(Path(path), found["kind"], found["body"], found)
    where = os.fspath(path)
    of_this_version(document, where, check.SCHEMA)
    wrong = list(problems(document, check.CheckError if document.get("verdict") == "error" else check.Check))
    if wrong:
        raise RecordError(where, wrong, EDITED)
    return Document(Path(path), CHECK, document, None)


def _is_check(document: Any) -> bool:
    name = check.SCHEMA.rpartition("/")[0]
    schema = document.get("schema") if isinstance(document, dict) else None
    return isinstance(schema, str) and schema.startswith(f"{name}/")


def in_folder(folder: Path) -> Iterator[Path]:
    """The files of a folder that say they are ours, or can't be read: what is no JSON may be half a record."""
    for path in sorted(folder.glob("*.json")):
        try:
            document = parse(path)
        except RecordError:
            yield path
            continue
        schema = document.get("schema") if isinstance(document, dict) else None
        if isinstance(schema, str) and schema.startswith(("paragrad.record/", "paragrad.check/")):
            yield path


def by_kind(documents: Sequence[Document]) -> dict[str, Record]:
    """One record a kind: the file that is named after it, else the first."""
    found: dict[str, Record] = {}
    for document in documents:
        if document.record is not None and (document.kind not in found or document.path.stem == document.kind):
            found[document.kind] = document.record
    return found
