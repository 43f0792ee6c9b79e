"""What a check that was not possible leaves in the file of --json: an error, and never the check from before."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from paragrad.reports import places
from paragrad.reports.bodies.check import SCHEMA, CheckError
from paragrad.reports.files import write_text
from paragrad.reports.machine import versions

OPTION = "--json"
SHORTEST = "--j"
"""What argparse takes for it."""


def leave(error: str, path: str | None, baseline: str | None = None) -> None:
    """Write the error to the file, or to stdout for -; nothing where no file was named, or one that a check is never
    written to."""
    if not path or (path != "-" and places.refused(path, "check", baseline)):
        return
    refused: CheckError = {
        "schema": SCHEMA,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": versions(),
        "verdict": "error",
        "error": error,
    }
    text = json.dumps(refused, ensure_ascii=False, indent=1) + "\n"
    if path == "-":
        sys.stdout.write(text)
        return
    with contextlib.suppress(OSError):  # that the file can't be written may be the error
        write_text(path, text)


def path_in(words: Sequence[str]) -> str | None:
    """The file that --json names in a command line that argparse can't read; None where it names none."""
    found = None
    for word, after in zip(words, [*words, None][1:], strict=True):
        option, equals, value = word.partition("=")
        if OPTION.startswith(option) and option.startswith(SHORTEST):
            found = value if equals else after
    return found
