"""The findings of a check as people read them, as JSON, and as scripts in a folder.

A terminal gets the serious ones in full, most serious first, and limits and conventions in a few lines.
"""

from __future__ import annotations

import json
import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.text import Text

from paragrad.fuzz import explain
from paragrad.fuzz.checking.run import MOST_STATEMENTS
from paragrad.fuzz.checking.severity import FAILING
from paragrad.fuzz.encoding import to_json
from paragrad.fuzz.engines.foreign import Foreign
from paragrad.fuzz.engines.known import Started
from paragrad.fuzz.explain import short
from paragrad.fuzz.judge import reference
from paragrad.fuzz.telling import Told, script
from paragrad.fuzz.telling.scripts import name_of
from paragrad.reports.bodies.check import CheckFinding
from paragrad.reports.ci.plain import xml_plain

STYLES = {"wrong": "bold red", "crash": "red", "hang": "red", "precision": "yellow", "limit": "cyan"}
WIDEST = 100
"""Columns of text that are read with ease."""
INDENT = 11
FOLDER = "repros"
"""Where scripts go that nobody has named a folder for."""
LINES = 3
"""Lines that a limit or a convention may take."""
UNBROKEN: dict[str, Any] = {"break_long_words": False, "break_on_hyphens": False}


@dataclass(frozen=True, slots=True)
class Repro:
    """What shows a finding again: a file, and the command that runs it."""

    path: str
    command: str


def write_repros(told: Sequence[Told], engine: Started, folder: Path, again: str) -> list[Repro]:
    """A script for each finding; where there is none to be written its program, which `again --program FILE` runs."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for number, one in enumerate(told, start=1):
        name = name_of(one, number)
        text = script(one, engine, name, folder) if isinstance(engine, Foreign) else None
        path = folder / name if text is not None else (folder / name).with_suffix(".json")
        path.write_text(text if text is not None else json.dumps(to_json(one.program)) + "\n", encoding="utf-8")
        made.append(Repro(str(path), f"python {path}" if text is not None else f"{again} --program {path}"))
    return made


def show(console: Console, told: Sequence[Told], repros: Sequence[Repro] | None, again: str) -> None:
    """Tell the findings; without scripts the next command is the one that writes them."""
    width = width_of(console)
    serious = [k for k, one in enumerate(told) if one.severity in FAILING]
    for k in serious:
        command = repros[k].command if repros is not None else f"{again} --repro {FOLDER}"
        console.print()
        title = told[k].title.removeprefix(f"{told[k].severity} of ")
        if told[k].severity == "hang":
            title = title.removeprefix("crash of ")
        console.print(Text(f"{told[k].severity}: {title}", style=STYLES.get(told[k].severity, "")))
        for line in lines(told[k], command, width):
            console.print(Text(xml_plain(line)))
    if len(serious) < len(told):
        console.print()
    for one in told:
        if one.severity not in FAILING:
            brief = textwrap.shorten(
                xml_plain(briefly(one)), LINES * (width - INDENT), placeholder="... (--json has it whole)"
            )
            first, *rest = textwrap.wrap(f"{one.severity}: {brief}", width, subsequent_indent=" " * INDENT, **UNBROKEN)
            head = len(one.severity) + 1
            console.print(Text(first[:head], style=STYLES.get(one.severity, "")).append(first[head:], style="default"))
            for line in rest:
                console.print(Text(xml_plain(line)))


def width_of(console: Console) -> int:
    """The columns that are used of a console."""
    return min(console.width, WIDEST)


def lines(told: Told, command: str, width: int) -> list[str]:
    """One finding in full."""
    rows = [("", headline(told)), (told.what, numbers_told(told))]
    rows.append(("why", "; ".join(part for part in (told.diagnosis, told.forward) if part)))
    rows += [
        ("where", nearby(told.where)),
        ("meant", told.rule),
        ("first", seen(told)),
        ("also", ", ".join(f"in {op}" for op in told.also)),
        ("known", told.known),
        ("id", told.id),
        ("next", command),
    ]
    found: list[str] = []
    for label, text in rows:
        if not text:
            continue
        whole = f"  {label} ".ljust(INDENT) + text if label else f"  {text}"
        indent = " " * (INDENT if label else 4)
        # A command is to be copied in one piece.
        found += [whole] if label == "next" else textwrap.wrap(whole, width, subsequent_indent=indent, **UNBROKEN)
    return found


def headline(told: Told) -> str:
    """The expression and where it is taken."""
    return told.expression + (f"  at {told.at}" if told.at else "")


def seen(told: Told) -> str:
    """The first divergent node, and how often the cause was met."""
    times = f"in {told.programs} programs" if told.programs > 1 else "in one program"
    return f"{told.first}; {times}" if told.first else times


def numbers_told(told: Told) -> str:
    """Got, expected, and the witnesses; of what is no number, the judge's words."""
    if told.got is None or told.expected is None or told.finding.kind not in ("value", "gradient"):
        return told.finding.message
    said = [f"torch {short(told.torch)}"] if told.torch is not None else []
    at = "" if not told.element else f" at {list(told.element)}"
    if told.difference is not None:
        said.append(f"finite difference{at} {told.difference:.9g}")
    if told.own_difference is not None:
        said.append(f"of the engine's own forward {told.own_difference:.9g}")
    witnesses = f" ({', '.join(said)})" if said else ""
    return f"got {short(told.got)}, expected {short(told.expected)}{witnesses}"


def briefly(told: Told) -> str:
    """A limit or a convention in a line."""
    known = "(known) " if told.known else ""
    return f"{known}{headline(told)}: {told.diagnosis or numbers_told(told)}"


def nearby(where: str) -> str:
    """A place with its path as one would type it here."""
    here = str(Path.cwd()) + "/"
    return where.removeprefix(here)


def row(told: Told, levels: Sequence[str], repro: Repro | None, engine: Started, number: int) -> CheckFinding:
    """Finding `number` as plain data (paragrad.check/3); `levels` are the severities that fail the check."""
    finding = told.finding
    shown = isinstance(engine, Foreign) and script(told, engine, name_of(told, number), Path(FOLDER))
    return {
        "id": told.id,
        "known": told.known or None,
        "fails": told.severity in levels and not told.known,
        "severity": told.severity,
        "kind": finding.kind,
        "op": finding.op,
        "argument": finding.argument,
        "title": told.title,
        "expression": told.expression,
        "at": told.at,
        "number": told.what,
        "program": to_json(told.program),
        "expected": plain(told.expected),
        "got": finding.message if finding.kind == "crash" else plain(told.got),
        "torch": plain(told.torch),
        "finite_difference": plain(told.difference),
        "own_difference": plain(told.own_difference),
        "message": finding.message,
        "diagnosis": "; ".join(part for part in (told.diagnosis, told.forward) if part),
        "first": told.first,
        "rule": told.rule,
        "source_line": told.where or None,
        "programs": told.programs,
        "variable": finding.variable,
        "table": table(told),
        "script": shown or None,
        "also": list(told.also),
        "repro": None if repro is None else repro.path,
    }


def table(told: Told) -> str:
    """The program beside torch's numbers; "" for one that is too long to be read, or for none."""
    if not told.program.statements or len(told.program.statements) > MOST_STATEMENTS:
        return ""
    return explain.text(told.program, told.trace, reference(told.program, told.trace), told.finding)


def plain(value: Any) -> Any:
    """Numbers as JSON has them: what isn't finite as a string, arrays as nested lists; text for what is no number."""
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, list):
        return [plain(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)
    return value if value is None or isinstance(value, int | float | str) else str(value)
