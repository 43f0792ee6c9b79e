"""How a check stands to what was known before: new, known, gone; and a baseline made of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console

from paragrad.fuzz.checking import Report
from paragrad.reports.cli import UsageError
from paragrad.reports.project import baseline, known
from paragrad.reports.project.asked import Asked
from paragrad.reports.project.baseline import Baseline

STOPPED = {
    "": "",
    "time": "the time was up before all programs ran (--seconds gives more)",
    "interrupted": "the check was interrupted",
    "only": "--only left ops out",
}
"""Why a check can't say that something is gone."""


@dataclass(slots=True)
class Standing:
    """`gone` is what was known and is no longer found; it fails unless `excuse` says why nobody could have found it."""

    gone: list[str] = field(default_factory=list)
    excuse: str = ""
    lines: list[str] = field(default_factory=list)

    @property
    def fails(self) -> bool:
        """Whether something is known for nothing."""
        return bool(self.gone) and not self.excuse

    def tell(self, console: Console) -> None:
        """What is gone and what was accepted, a line each."""
        for name in self.gone:
            told = f"not held against you, for {self.excuse}" if self.excuse else "take it out, it is needed no more"
            console.print(f"gone       {name}: known, and not found ({told})", markup=False)
        for line in self.lines:
            console.print(line, markup=False)

    def as_data(self) -> dict[str, Any]:
        """As it stands in the JSON of a check, where it changes anything there."""
        return {"gone": self.gone, **({"verdict": "findings"} if self.fails else {})}


def accepted_before(wanted: Asked) -> Baseline | None:
    """The baseline to hold a check against; None where there is none. Raises BaselineError, UsageError."""
    if wanted.accept and wanted.only is not None:
        raise UsageError("--accept with --only would forget what is known of all other ops: leave one of them out")
    if not wanted.baseline.is_file() and (wanted.accept or not wanted.named):
        return None
    return baseline.read(wanted.baseline)


def hold(report: Report, wanted: Asked, accepted: Baseline | None) -> Standing:
    """Mark what is known in the report; rewrite the baseline where that was asked for. Raises UsageError."""
    unused: Sequence[known.Known] = known.mark(report, wanted.known)
    standing = Standing(
        [f"[tool.paragrad] known {entry}" for entry in unused],
        STOPPED["only" if wanted.only is not None else report.stopped],
    )
    if wanted.accept:
        if report.stopped == "interrupted":
            raise UsageError("interrupted: the baseline is left as it was")
        standing.lines += _accept(report, wanted, accepted)
    elif accepted is not None and accepted.engine == report.engine:
        standing.gone += baseline.mark(report, accepted, wanted.strict)
        standing.lines.append(f"baseline   {wanted.baseline}: {len(accepted.findings)} findings")
    elif accepted is not None:
        told = f"{wanted.baseline} is the baseline of {accepted.engine}, and this is {report.engine}"
        if wanted.named:
            raise UsageError(f"{told}: name that one's, or make one with --accept")
        standing.lines.append(f"baseline   left out: {told}")
    return standing


def _accept(report: Report, wanted: Asked, before: Baseline | None) -> list[str]:
    """Write the baseline; a line for each thing that came or went."""
    made = Baseline.of(report)
    baseline.write(made, wanted.baseline)
    old = {} if before is None or before.engine != report.engine else before.findings
    lines = [f"accepted   {name}" for name in made.findings if name not in old]
    lines += [f"no longer  {name}" for name in old if name not in made.findings]
    baseline.mark(report, made, wanted.strict)
    return [*lines, f"baseline   {wanted.baseline}: {len(made.findings)} findings written"]
