"""`paragrad ulps`: what elementwise ops declare, what they measure, and how much slack lies between."""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from paragrad.reports.accuracy import declared
from paragrad.reports.accuracy.declared import PROGRAMS, DeclaredError, Entry
from paragrad.reports.cli import FINDING, PARITY, UsageError
from paragrad.reports.commands import steps
from paragrad.reports.render.markdown import number
from paragrad.reports.terminal import command


@command
def ulps(options: argparse.Namespace) -> int:
    """Measure, show, and hold the committed file against it, or write that."""
    if options.programs == 0:
        raise UsageError("--programs 0: nothing would be measured")
    if options.write and options.programs != PROGRAMS:
        raise UsageError(
            f"--write --programs {options.programs}: the committed maxima are those of {PROGRAMS} programs"
        )
    console = Console(highlight=False)
    path = Path(options.file)
    try:
        known = {} if options.write and not path.is_file() else declared.load(path)
        with steps(console, "ULP") as progress:
            found = declared.measure(options.programs, progress=progress)
        if options.write:
            declared.write(found, path)
            known = declared.load(path)
    except DeclaredError as error:
        raise UsageError(str(error)) from error
    console.print(grid(found, known))
    wrong = list(declared.problems(known, found))
    for line in wrong:
        console.print(line, markup=False, soft_wrap=True)
    return FINDING if wrong else PARITY


def grid(found: dict[str, Entry], known: dict[str, Entry]) -> Grid:
    """One row an op and dtype."""
    result = Grid("op", "dtype", "declared", "engine", "torch", "slack", "reason")
    for name, entry in found.items():
        reason = known[name].reason if name in known else ""
        for dtype, sides in entry.measured.items():
            largest = max(sides.values())
            slack = entry.declared / largest if largest else None
            numbers = (entry.declared, sides["engine"], sides["torch"], slack)
            result.add_row(*map(Text, (name, dtype, *map(number, numbers), reason)))
            reason = ""
    return result
