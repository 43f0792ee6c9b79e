"""The baseline: the findings that a project has accepted, in a file that is committed.

Held against a check, what is new fails, and so does what is gone. The file says which engine it is of, and with which
options it was made.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paragrad.fuzz.checking import SEVERITIES, Report
from paragrad.fuzz.checking.severity import FAILING
from paragrad.reports.files import write_text

SCHEMA = "paragrad.baseline/1"
FOLDER = ".paragrad"
DEFAULT = Path(FOLDER) / "baseline.json"
IGNORED = "# written by paragrad: only what it takes as known is committed\n*\n!.gitignore\n!baseline.json\n"
REASON = "accepted in the baseline"


class BaselineError(Exception):
    """A baseline that can't be read; the message names the file, the place, and what to do."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """The accepted findings of an engine: severity and title by id."""

    engine: str
    findings: Mapping[str, Mapping[str, str]]

    @staticmethod
    def of(report: Report) -> Baseline:
        """The findings of a check, all severities, but for those that are known already for a reason of their own."""
        told = {c.id: {"severity": c.severity, "title": c.finding.title} for c in report.findings if not c.known}
        return Baseline(report.engine, dict(sorted(told.items())))


def read(path: Path) -> Baseline:
    """The baseline in a file. Raises BaselineError."""
    mend = f"mend it, or make it anew with `paragrad check --baseline {path} --accept`"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        told = f"{path}: there is no such baseline; `paragrad check --baseline {path} --accept` makes it"
        raise BaselineError(told) from error
    except (OSError, ValueError) as error:
        raise BaselineError(f"{path} can't be read as JSON ({error}); {mend}") from error
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != SCHEMA:
        raise BaselineError(f"{path}: its schema is {schema!r}, and this paragrad reads {SCHEMA!r}; {mend}")
    try:
        return Baseline(_text(document, "engine", "the baseline"), _findings(document.get("findings")))
    except ValueError as error:
        raise BaselineError(f"{path}: {error}; {mend}") from error


def _findings(rows: Any) -> dict[str, dict[str, str]]:
    if not isinstance(rows, list):
        raise ValueError("findings is no list")
    found: dict[str, dict[str, str]] = {}
    for k, row in enumerate(rows):
        where = f"findings[{k}]"
        if not isinstance(row, dict):
            raise ValueError(f"{where} is no object")
        name, severity = _text(row, "id", where), _text(row, "severity", where)
        if severity not in SEVERITIES:
            raise ValueError(f"{where}: severity {severity!r} is none of {', '.join(SEVERITIES)}")
        if name in found:
            raise ValueError(f"{where}: id {name!r} is there twice")
        found[name] = {"severity": severity, "title": _text(row, "title", where)}
    return found


def _text(row: dict[str, Any], key: str, where: str) -> str:
    value = row.get(key)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{where}: {key} is {value!r}, expected a text")
    return value


def write(baseline: Baseline, path: Path) -> None:
    """Write a baseline: whole or not at all, the ids in order. A `.paragrad` folder gets a .gitignore of its own."""
    if path.parent.name == FOLDER:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not (ignore := path.parent / ".gitignore").exists():
            ignore.write_text(IGNORED, encoding="utf-8")
    rows = [{"id": name, **told} for name, told in sorted(baseline.findings.items())]
    document = {"schema": SCHEMA, "engine": baseline.engine, "findings": rows}
    text = json.dumps(document, ensure_ascii=False, indent=1) + "\n"
    write_text(path, text)


def mark(report: Report, baseline: Baseline, strict: bool) -> list[str]:
    """Make each finding that was accepted known; return the ids of those that would fail a check and are gone."""
    here = {c.id for c in report.findings}
    for checked in report.findings:
        if checked.id in baseline.findings:
            checked.known = checked.known or REASON
    serious = SEVERITIES if strict else FAILING
    return [name for name, told in baseline.findings.items() if told["severity"] in serious and name not in here]
