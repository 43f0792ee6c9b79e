"""Programs that once failed: committed ones beside this file in `corpus/`, fresh ones under `build/findings/`.

Both are replayed before anything new is tried. An entry is a Program with a title and the engine it was found in.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paragrad.fuzz.encoding import ProgramError, from_json, to_json
from paragrad.fuzz.program import Program

SCHEMA = "paragrad.corpus/1"
COMMITTED = Path(__file__).parent / "corpus"
FRESH = Path("build") / "findings"


class CorpusError(ValueError):
    """A corpus file that can't be used; the message names the file, what is wrong, and what to do."""


@dataclass(slots=True)
class Entry:
    """A program that failed, what was wrong, and which engine ("tensor" or "scalar") it was found in."""

    title: str
    engine: str
    program: Program
    path: Path | None = None

    @property
    def stem(self) -> str:
        """A file name that is the same for the same program."""
        words = "".join(c if c.isalnum() else "-" for c in self.title.lower()).strip("-")
        return f"{words[:60]}-{self.program.digest()[:8]}"

    def save(self, folder: Path) -> Path:
        """Write the entry into `folder`, atomically; return its path."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.stem}.json"
        document = {"schema": SCHEMA, "title": self.title, "engine": self.engine, "program": to_json(self.program)}
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps(document, indent=1, allow_nan=False) + "\n", encoding="utf-8")
        partial.replace(path)
        self.path = path
        return path


def load(path: Path) -> Entry:
    """Read an entry. Raises CorpusError."""
    try:
        document: Any = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CorpusError(f"{path}: can't be read: {error.strerror}") from error
    except ValueError as error:
        raise CorpusError(f"{path}: not JSON ({error}); restore the file or delete it") from error
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != SCHEMA:
        raise CorpusError(
            f"{path}: schema {schema!r} is not {SCHEMA!r}; use the paragrad that wrote it, or delete the file"
        )
    try:
        return Entry(str(document["title"]), str(document["engine"]), from_json(document["program"]), path)
    except KeyError as error:
        raise CorpusError(f"{path}: {error} is missing; restore the file or delete it") from error
    except ProgramError as error:
        raise CorpusError(f"{path}: {error}; restore the file or delete it") from error


def entries(folder: Path) -> Iterator[Entry]:
    """Every entry of a folder, in order of name. Raises CorpusError for the first that can't be read."""
    for path in sorted(folder.glob("*.json")):
        yield load(path)


def add(path: Path, folder: Path = COMMITTED) -> Path:
    """Move a finding into the corpus. Raises CorpusError where it can't be read or its like is there already."""
    entry = load(path)
    digest = entry.program.digest()
    for known in entries(folder):
        if known.program.digest() == digest:
            raise CorpusError(f"{path}: the corpus holds this program already, as {known.path}")
    placed = entry.save(folder)
    if placed.resolve() != path.resolve():
        path.unlink()
    return placed
