"""`[tool.paragrad]` of the nearest pyproject.toml: what a check is asked for where the command line is silent."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from paragrad.fuzz.checking.nearest import hint
from paragrad.reports.cli import UsageError
from paragrad.reports.project.known import PATTERNS, Known

TABLE = "[tool.paragrad]"


@dataclass(frozen=True, slots=True)
class Settings:
    """What the table says; `file` is the pyproject.toml, None where there is none, and paths are relative to it."""

    file: Path | None = None
    values: dict[str, Any] = field(default_factory=dict)
    known: tuple[Known, ...] = ()


def find(start: Path) -> Settings:
    """The settings that hold for a file or folder: those of the nearest table above. Raises UsageError."""
    start = start.absolute()
    for folder in (start, *start.parents):
        file = folder / "pyproject.toml"
        if not file.is_file():
            continue
        text = file.read_text(encoding="utf-8", errors="replace")
        if "paragrad" not in text:
            continue
        try:
            table = tomllib.loads(text).get("tool", {}).get("paragrad")
        except tomllib.TOMLDecodeError as error:
            raise UsageError(f"{file} is no valid TOML: {error}") from error
        if table is not None:
            return read(table, file)
    return Settings()


def read(table: Any, file: Path) -> Settings:
    """The settings in a table. Raises UsageError, naming the key and what was expected."""
    if not isinstance(table, dict):
        raise UsageError(f"{file}: {TABLE} is {table!r}, expected a table")
    where = f"{file}: {TABLE}"
    for key in table:
        if key not in KEYS:
            raise UsageError(f"{where} {key}: no such key; {hint(key, KEYS, 'there are ' + ', '.join(KEYS))}")
    for key, value in table.items():
        suits, expected = KEYS[key]
        if not suits(value):
            raise UsageError(f"{where} {key} = {value!r}: expected {expected}")
    if "target" in table and "exec" in table:
        raise UsageError(f"{where} has both target and exec: name one")
    known = tuple(_entry(entry, f"{where} known[{k}]") for k, entry in enumerate(table.get("known", ())))
    return Settings(file, {key: value for key, value in table.items() if key != "known"}, known)


def _entry(entry: Any, where: str) -> Known:
    if not isinstance(entry, dict):
        raise UsageError(f'{where} is {entry!r}, expected a table such as {{ id = "wrong-*", reason = "why" }}')
    keys = (*PATTERNS, "reason")
    for key, value in entry.items():
        if key not in keys:
            raise UsageError(f"{where} {key}: no such key; {hint(key, keys, 'there are ' + ', '.join(keys))}")
        if not _text(value):
            raise UsageError(f"{where} {key} = {value!r}: expected a text")
    if "reason" not in entry:
        raise UsageError(f"{where} has no reason: a finding is known only where one says why it may stay")
    patterns = {key: entry[key] for key in PATTERNS if key in entry}
    if not patterns:
        raise UsageError(f"{where} has none of {', '.join(PATTERNS)}: it would stand for every finding")
    return Known(patterns, entry["reason"])


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _whole(least: int) -> Callable[[Any], bool]:
    return lambda value: type(value) is int and value >= least


def _number(value: Any) -> bool:
    return type(value) in (int, float) and 0 < value < float("inf")


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_text, value))


def _names(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_text, value.values()))


KEYS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "target": (_text, 'a text such as "engine.py:Value"'),
    "exec": (_text, "a command that speaks the protocol"),
    "seed": (_whole(0), "a whole number ≥ 0"),
    "programs": (_whole(1), "a whole number ≥ 1"),
    "seconds": (_number, "a number > 0"),
    "only": (_texts, 'a list of ops such as ["add", "mul"]'),
    "map": (_names, 'a table such as { relu = "rectify" }'),
    "strict": (lambda value: isinstance(value, bool), "true or false"),
    "python": (_text, "the path of a Python or of a virtual environment"),
    "known": (lambda value: isinstance(value, list), "a list of tables, each with a reason"),
}
"""Each key, whether a value suits it, and what was expected."""
