"""Where a command's record and the pages beside it go, and what they never replace."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Iterator
from pathlib import Path

from paragrad.reports import files
from paragrad.reports.gate import checkout

RECORDS = {
    "parity": ("parity", "accuracy", "speed"),
    "bench": ("speed",),
    "accuracy": ("accuracy",),
    "mutants": ("mutants",),
    "false-alarms": ("false-alarms",),
    "judges": ("judges",),
    "peers": ("peers",),
    "gate": ("gate",),
}
"""The kinds of records that a command writes with their pages; the first goes where --json says."""
PAGES = (".md", ".html")
TITLES = (
    "Accuracy",
    "False alarms",
    "Gate: pass",
    "Gate: fail",
    "Gate: inconclusive",
    "Parity with torch",
    "Peers against torch",
    "Speed",
    "The judge beside four others",
    "The tester, tested",
)
"""How the Markdown of a record begins."""
THE_RUN = "\n## The run\n"
"""The heading that the Markdown of every record has, too."""
GENERATOR = '<meta name="generator" content="paragrad '
HEAD = 4096
"""Bytes in which a document says what it is."""
DATA = re.compile(r'"schema"\s*:\s*"paragrad\.([\w-]+)/')
WRITTEN = {"record", "check"}
"""Schemas of what commands write to --json; the others are files of a project, which are edited and committed."""


def default(command: str, kind: str) -> Path:
    """Where a record goes without --json: build/ of the checkout for the gate, which is about that, else of the
    current folder. As seen from the current folder."""
    folder = Path(os.path.relpath(checkout.top())) if command == "gate" else Path()
    return folder / files.BUILD / f"{kind}.json"


def records(options: argparse.Namespace) -> Iterator[Path]:
    """The files that the records of a command go to, stdout left out."""
    kinds = RECORDS.get(options.command, ())
    if not kinds or getattr(options, "script", None):
        return
    path = getattr(options, "json", None)
    if path != "-":
        yield default(options.command, kinds[0]) if path is None else Path(path)
    if not getattr(options, "quick", False):
        yield from (default(options.command, kind) for kind in kinds[1:])


def pages(record: Path) -> list[Path]:
    """The pages that may be written beside a record: of a regular file called *.json, and over nothing but our own."""
    if record.suffix != ".json" or (record.exists() and not record.is_file()):
        return []
    found = (record.with_suffix(suffix) for suffix in PAGES)
    return [page for page in found if not page.is_file() or ours(page)]


def ours(page: Path) -> bool:
    """Whether a file is a page of a record, which a newer one replaces."""
    try:
        text = page.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    if page.suffix == ".html":
        return GENERATOR in text[:HEAD]
    return text.startswith(tuple(f"# {title}\n" for title in TITLES)) and THE_RUN in text


def hindrance(options: argparse.Namespace) -> str:
    """What stands in the way of what a command is to write, in a line; nothing where it can begin."""
    try:
        Path.cwd()
    except OSError:
        return "the current folder is gone; change to one that is there" if options.command in RECORDS else ""
    for name in ("json", "output"):
        path = getattr(options, name, None)
        if path in (None, "-"):
            continue
        told = files.hindrance(path)
        if name == "json" and not told:
            told = refused(path, options.command, getattr(options, "baseline", None))
        if told:
            return f"--{name} {path}: {told}"
    for record in records(options):
        for path in (record, *pages(record)):
            if told := files.hindrance(path):
                return f"{path}: can't be written: {told}"
    return ""


def refused(path: str, command: str, baseline: str | None = None) -> str:
    """Why a command's JSON does not go to a file that could be written; nothing where it does."""
    if Path(path).suffix.lower() in PAGES:
        return "this is JSON, and the name is a page's; name a file that ends in .json"
    if baseline is not None and Path(path).resolve() == Path(baseline).resolve():
        return "this is the baseline, which it would replace; name another file"
    found = DATA.search(head(Path(path)))
    if found is None or found[1] in {*WRITTEN, command}:
        return ""
    return f"this is a file of schema paragrad.{found[1]}, which it would replace; name another"


def head(path: Path) -> str:
    """The first characters of a file; none of a device, or of what can't be read."""
    if not path.is_file():
        return ""
    try:
        with path.open("rb") as file:
            return file.read(HEAD).decode("utf-8", errors="replace")
    except OSError:
        return ""
