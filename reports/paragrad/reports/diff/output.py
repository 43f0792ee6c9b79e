"""What `paragrad diff` leaves in files: the record as JSON, and the page that is made from it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from paragrad.reports import record as records
from paragrad.reports.bodies.diff import DiffBody
from paragrad.reports.cli import UsageError
from paragrad.reports.files import write_text
from paragrad.reports.html import render_html
from paragrad.reports.record import Counts, Record


def refuse(options: argparse.Namespace) -> None:
    """Raise UsageError for files that can't be written, before anything is run."""
    for name, path in (("--json", options.json), ("--html", options.html)):
        if path not in (None, "-") and Path(str(path)).is_dir():
            raise UsageError(f"{name} {path}: this is a folder; name a file in it")
    if options.html == "-":
        raise UsageError("--html -: the page goes to a file; name one, such as out.html")
    both = options.html is not None and options.json not in (None, "-")
    if both and Path(options.html).resolve() == Path(options.json).resolve():
        raise UsageError(f"--html {options.html}: the record goes there; name another file for one of the two")


def write(told: DiffBody, options: argparse.Namespace) -> None:
    """The record and the page, as far as they are asked for; - of the record is stdout."""
    if options.json is None and options.html is None:
        return
    record = recorded(told, options)
    try:
        if options.json == "-":
            sys.stdout.write(records.dumps(record))
        elif options.json is not None:
            records.write(record, options.json)
        if options.html is not None:
            write_text(options.html, render_html(record, {}))
    except OSError as error:
        where = error.filename or ("stdout" if options.json == "-" else options.html or options.json)
        raise UsageError(f"{where}: can't be written ({error.strerror})") from error


def recorded(told: DiffBody, options: argparse.Namespace) -> Record:
    """The record of a diff."""
    hidden = sum(n["value"]["verdict"] == "hidden" for n in told["nodes"])
    rest = told["size"] - len(told["nodes"])
    counts: Counts = {
        "requested": told["size"],
        "judged": len(told["nodes"]) - hidden,
        "filtered": {reason: n for reason, n in (("hidden", hidden), ("not shown", rest)) if n},
        "crashed": 0,
        "not_run": 0,
    }
    kept = {"engine": options.engine, "node": options.node, "depth": options.depth, "most": options.most}
    return records.new("diff", None, kept, counts, told)
