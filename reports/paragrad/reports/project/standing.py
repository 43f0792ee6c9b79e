"""How a check stands to what was known before: new, known, gone; and a baseline made of it."""

from __future__ import annotations

from paragrad.fuzz.checking import Report
from paragrad.reports.cli import UsageError
from paragrad.reports.project import baseline, known
from paragrad.reports.project.asked import Asked
from paragrad.reports.project.baseline import Baseline

EXCUSES = {
    "": "",
    "time": "the time was up before all programs ran (--seconds gives more)",
    "interrupted": "the check was interrupted",
    "only": "--only left ops out",
}
"""Why a check can't say that something is gone."""


def accepted_before(wanted: Asked) -> Baseline | None:
    """The baseline to hold a check against; None where there is none. Raises BaselineError, UsageError."""
    if wanted.accept and wanted.only is not None:
        raise UsageError("--accept with --only would forget what is known of all other ops: leave one of them out")
    if not wanted.baseline.is_file() and (wanted.accept or not wanted.named):
        return None
    return baseline.read(wanted.baseline)


def hold(report: Report, wanted: Asked, accepted: Baseline | None) -> list[str]:
    """Mark in the report what is known and what is gone; rewrite the baseline where that was asked for.

    Returns what is to be said of it, a line each. Raises UsageError.
    """
    gone = [f"[tool.paragrad] known {entry}" for entry in known.mark(report, wanted.known)]
    lines = []
    if wanted.accept:
        if report.stopped == "interrupted":
            raise UsageError("interrupted: the baseline is left as it was")
        lines = _accept(report, wanted, accepted)
    elif accepted is not None and accepted.engine == report.engine:
        gone += baseline.mark(report, accepted, wanted.strict)
        lines = [f"baseline   {wanted.baseline}: {len(accepted.findings)} findings"]
    elif accepted is not None:
        told = f"{wanted.baseline} is the baseline of {accepted.engine}, and this is {report.engine}"
        if wanted.named:
            raise UsageError(f"{told}: name that one's, or make one with --accept")
        lines = [f"baseline   left out: {told}"]
    excuse = EXCUSES["only" if wanted.only is not None else report.stopped]
    report.gone = [] if excuse else gone
    told = f"it is not held against you, for {excuse}" if excuse else "take it out, it is needed no more"
    return [*lines, *(f"gone       {name}: known, and not found; {told}" for name in gone)]


def _accept(report: Report, wanted: Asked, before: Baseline | None) -> list[str]:
    """Write the baseline; a line for each thing that came or went."""
    made = Baseline.of(report)
    baseline.write(made, wanted.baseline)
    old = {} if before is None or before.engine != report.engine else before.findings
    lines = [f"accepted   {name}" for name in made.findings if name not in old]
    lines += [f"no longer  {name}" for name in old if name not in made.findings]
    baseline.mark(report, made, wanted.strict)
    return [*lines, f"baseline   {wanted.baseline}: {len(made.findings)} findings written"]
