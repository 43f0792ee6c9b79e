"""Findings that may stay, each with a reason, and those that are gone: an exclusion that is no longer needed fails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from paragrad.fuzz.checking import Checked, Report

PATTERNS = ("id", "op", "kind", "title")
"""What an entry may say of a finding; `*` and `?` stand for any text and any character."""


@dataclass(frozen=True, slots=True)
class Known:
    """An entry: patterns by PATTERNS, all of which a finding has to match, and why it may stay."""

    patterns: dict[str, str]
    reason: str

    def matches(self, checked: Checked) -> bool:
        """Whether a finding is the one that is meant."""
        finding = checked.finding
        told = {"id": checked.id, "op": finding.op, "kind": finding.kind, "title": finding.title}
        return all(fnmatchcase(told[name], pattern) for name, pattern in self.patterns.items())

    def __str__(self) -> str:
        return ", ".join(f'{name} = "{pattern}"' for name, pattern in self.patterns.items())


def mark(report: Report, entries: Sequence[Known]) -> list[Known]:
    """Set the reason of each finding that an entry matches; return the entries that match none."""
    used = set()
    for checked in report.findings:
        for k, entry in enumerate(entries):
            if entry.matches(checked):
                used.add(k)
                checked.known = checked.known or entry.reason
    return [entry for k, entry in enumerate(entries) if k not in used]
