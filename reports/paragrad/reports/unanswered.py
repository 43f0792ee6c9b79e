"""What a gate that gave no answer leaves of the one before: nothing, for that would be taken for this one's."""

from __future__ import annotations

import argparse
import contextlib
import re
from dataclasses import dataclass
from pathlib import Path

from paragrad.reports import files, places

GATE = re.compile(r'\{\s*"schema": "paragrad\.record/\d+",\s*"kind": "gate"')


@dataclass(frozen=True, slots=True)
class Older:
    """The record of an earlier gate, and which file it is."""

    path: Path
    file: tuple[int, int, int]


def older(options: argparse.Namespace) -> Older | None:
    """The record of an earlier gate that lies where this one's goes; None where there is none."""
    if options.command != "gate":
        return None
    with contextlib.suppress(OSError):  # that the place can't be looked at is told by the command
        for path in places.records(options):
            if GATE.match(places.head(path)) and not files.hindrance(path):
                return Older(path, _file(path))
    return None


def withdraw(found: Older | None) -> None:
    """Remove it with its pages, unless a newer record has its place."""
    if found is None:
        return
    with contextlib.suppress(OSError):  # what keeps it from being removed may be the error that was told
        if _file(found.path) == found.file:
            found.path.unlink()
            for page in places.pages(found.path):
                page.unlink(missing_ok=True)


def _file(path: Path) -> tuple[int, int, int]:
    about = path.stat()
    return about.st_dev, about.st_ino, about.st_mtime_ns
