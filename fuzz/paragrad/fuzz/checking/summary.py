"""One line that says it all, to be pasted in a chat."""

from __future__ import annotations

from collections import Counter

from paragrad.fuzz.checking.report import Report
from paragrad.fuzz.checking.severity import SEVERITIES


def verdict_line(report: Report, strict: bool) -> str:
    """The verdict, findings by severity, and how much was tried."""
    counts = Counter(c.severity for c in report.findings)
    known = Counter(c.severity for c in report.findings if c.known)
    parts = [f"{counts[s]} {s}" + (f" ({known[s]} known)" if known[s] else "") for s in SEVERITIES if counts[s]]
    if report.gone:
        parts.append(f"{len(report.gone)} known gone")
    word = report.verdict(strict).upper()
    told = ", ".join(parts) or "nothing wrong"
    lacking = [op for op in report.ops if op not in report.compared] if report.tried else []
    left = f" ({', '.join(lacking)} not)" if lacking else ""
    ops = f"{len(report.ops) - len(lacking)} ops{left}"
    return f"{word} {report.engine}: {told}; {report.judged} programs, {ops}, against torch"
