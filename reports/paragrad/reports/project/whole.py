"""Whether a check saw enough of an engine to say parity: what was not compared is no parity."""

from __future__ import annotations

from paragrad.fuzz.checking import Report
from paragrad.fuzz.engines.worker.protocol import Hello
from paragrad.reports.project.asked import Asked

SHOWN = 6
"""Names that a line gives."""


def why_not_whole(report: Report, hello: Hello, wanted: Asked, single: bool) -> str:
    """Why parity can't be said of the engine, and how to mend it; "" where it can. `single`: of one program only."""
    if report.judged + report.crashed == 0:
        told = "; ".join(f"{reason}: {count}" for reason, count in report.filtered.items()) or "none ran to its end"
        return f"{report.engine}: nothing was compared with torch, so this is no parity ({told})"
    if single:
        return ""
    if not report.gradients.total():
        return f"{report.engine}: no gradient was compared with torch, so this is no parity: {_why(report)}"
    lost = sorted(report.tried.difference(report.compared).intersection(report.ops))
    if 2 * len(lost) > len(report.ops):
        told = f"{len(lost)} of its {len(report.ops)} ops ended no program ({_names(lost)})"
        return f"{report.engine}: {told}, so this is no parity: {_why(report)}; --only OP checks the others alone"
    if hello.missing and wanted.only is None:
        told = f"a part of it could not be loaded ({_names(list(hello.missing), '; ')})"
        mend = "install what is missing, or name another --python; --only OP checks what there is"
        return f"{report.engine}: {told}, so this is no parity of the whole: {mend}"
    return ""


def _why(report: Report) -> str:
    crashes = list(dict.fromkeys(c.finding.message for c in report.findings if c.finding.kind == "crash"))
    return _names(crashes, "; ") or "no program got as far as a backward"


def _names(names: list[str], between: str = ", ") -> str:
    more = f"{between}and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return between.join(names[:SHOWN]) + more
