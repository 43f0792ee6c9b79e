"""The records that lie beside one in its folder, so that a page can show what else is known."""

from __future__ import annotations

import contextlib
from pathlib import Path

from paragrad.reports import record as records
from paragrad.reports.record import Kind, Record, RecordError

SHOWN: tuple[Kind, ...] = ("parity", "accuracy", "mutants", "false-alarms")
"""Kinds that other pages show."""


def found(folder: Path) -> dict[str, Record]:
    """Records by kind under their default names; one that is not there, or is no record of today's schema, is left out:
    the page then names the command that makes it."""
    there: dict[str, Record] = {}
    for kind in SHOWN:
        path = folder / f"{kind}.json"
        if path.is_file():
            with contextlib.suppress(RecordError):
                record = records.read(path)
                if record["kind"] == kind:
                    there[kind] = record
    return there
