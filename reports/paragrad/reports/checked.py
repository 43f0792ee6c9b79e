"""A finding in the JSON of `paragrad check` as lines of text; the standard library is enough for it."""

from __future__ import annotations

import json
import re
import shlex
import textwrap
from pathlib import Path
from typing import Any

from paragrad.reports.bodies.check import Check, CheckFinding

WIDTH = 100
INDENT = 9
LONGEST = 300
"""Characters of a number or an array."""
INTERRUPTED = "The check was interrupted: nothing failed until then, and of the rest nothing is known"
PLACE = re.compile(r"(?P<file>.+?):(?P<line>\d+)(?::|$)")


def lines(finding: CheckFinding, again: str) -> list[str]:
    """What is wrong, the numbers, why, where and the next command; `again` is the command of the check."""
    head = finding["expression"] + (f"  at {finding['at']}" if finding["at"] else "")
    rows = [
        (finding["number"] or "is", numbers(finding)),
        ("why", finding["diagnosis"]),
        ("where", finding["source_line"] or ""),
        ("meant", finding["rule"]),
        ("id", finding["id"]),
    ]
    found = textwrap.wrap(f"  {head}", WIDTH, subsequent_indent="    ", break_long_words=False)
    for label, text in rows:
        if text:
            whole = f"  {label} ".ljust(INDENT) + " ".join(text.split())
            found += textwrap.wrap(whole, WIDTH, subsequent_indent=" " * INDENT, break_long_words=False)
    # A command is to be copied in one piece.
    return [*found, "  next ".ljust(INDENT) + next_command(finding, again)]


def title(finding: CheckFinding) -> str:
    """How bad it is, and what is wrong."""
    of = finding["title"].removeprefix(f"{finding['severity']} of ")
    if finding["severity"] == "hang":  # the judge knows a crash only
        of = of.removeprefix("crash of ")
    return f"{finding['severity']}: {of}"


def numbers(finding: CheckFinding) -> str:
    """Got and expected; of what is no number, the judge's words."""
    if finding["kind"] not in ("value", "gradient") or finding["got"] is None or finding["expected"] is None:
        return finding["message"]
    return f"got {_short(finding['got'])}, expected {_short(finding['expected'])}"


def why(finding: CheckFinding) -> str:
    """The diagnosis, else what was seen."""
    return finding["diagnosis"] or numbers(finding)


def next_command(finding: CheckFinding, again: str) -> str:
    """The command that shows the finding again, or writes what does."""
    script = finding["repro"]
    if script is None:
        return f"{again} --repro repros"
    return f"python {script}" if script.endswith(".py") else f"{again} --program {script}"


def command(body: Check) -> str:
    """The command that makes the check again."""
    options = body["options"]
    numbers = {name: options.get(name) for name in ("programs", "seconds", "seed")}
    words = [body["command"]]
    words += [f"--{name} {number:.12g}" for name, number in numbers.items() if isinstance(number, int | float)]
    only = options.get("only")
    words += [f"--only {shlex.quote(str(op))}" for op in (only if isinstance(only, list) else ())]
    return " ".join([*words, "--strict"] if options.get("strict") is True else words)


def place(source_line: str | None, root: Path) -> tuple[str, int] | None:
    """The file, relative to a folder, with / between its parts, and the line; None for a file that is not in it."""
    found = PLACE.match(source_line or "")
    if found is None:
        return None
    try:
        path = (root / found["file"]).resolve().relative_to(root.resolve())
        return path.as_posix(), int(found["line"])
    except (OSError, RuntimeError, ValueError):  # elsewhere, a loop of links, or no name that a system has
        return None


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.9g}"
    return textwrap.shorten(value if isinstance(value, str) else json.dumps(value), LONGEST, placeholder=" ...")
