"""`paragrad conventions`: what torch does where it has to choose, and whether the installed one chose otherwise."""

from __future__ import annotations

import argparse
import sys

import torch
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from paragrad.fuzz.judge.conventions import ConventionsError, Moved, Table, load, measure, moved, nearest, write
from paragrad.fuzz.judge.conventions.ours import DIFFERENT, unexplained
from paragrad.fuzz.judge.conventions.points import points
from paragrad.fuzz.judge.conventions.table import minor
from paragrad.reports.cli import FINDING, PARITY, UsageError
from paragrad.reports.files import write_text
from paragrad.reports.render.conventions import Row, page, rows
from paragrad.reports.render.markdown import plural

SHOWN = 20
"""Points that moved are told one by one up to so many."""


def notice() -> str:
    """One line where the installed torch does not do what its table, or the newest one, says; "" where it does."""
    try:
        expected = nearest(torch.__version__)
    except ConventionsError as error:
        raise UsageError(str(error)) from error
    found = measure()
    changes = moved(found.version, found)
    if not changes:
        return ""
    where = plural(len({change.point for change in changes}), "point")
    told = f"torch {found.version} is not as the table of torch {expected.version} says at {where}"
    return f"{told}, see `paragrad conventions`: {changes[0]}"


def conventions(options: argparse.Namespace) -> int:
    """Show torch's choices and what moved; write the table or the page where asked to."""
    console = Console(stderr=options.json == "-", highlight=False)
    known = {point.op for point in points()}
    for name in options.only:
        if name not in known:
            raise UsageError(f"--only {name}: no op of this name has a point; there are: {', '.join(sorted(known))}")
    try:
        if options.write:
            console.print(f"table: {write(measure())}", markup=False, soft_wrap=True)
        own, expected = load(torch.__version__), nearest(torch.__version__)
    except ConventionsError as error:
        raise UsageError(str(error)) from error
    found = measure()
    changes = moved(found.version, found)
    different = unexplained(found.answers)
    if options.output is not None:
        write_text(options.output, page(expected))
        console.print(f"page: {options.output}", markup=False, soft_wrap=True)
    if options.json is not None and options.json != "-":
        write_text(options.json, found.dumps())
    elif options.json == "-":
        sys.stdout.write(found.dumps())
    if options.output is None and options.json is None and not options.write:
        wanted = [row for row in rows(found) if not options.only or op_of(row) in options.only]
        console.print(grid(wanted, {c.point for c in changes}, {d.point for d in different}))
    summary(console, found, expected, changes, different)
    if own is None:
        return PARITY
    return FINDING if changes or different else PARITY


def op_of(row: Row) -> str:
    """The op that a row's call is of."""
    return row[0].partition("(")[0]


def grid(wanted: list[Row], moved: set[str], different: set[str]) -> Grid:
    """Rows as a table for a terminal; points that moved, or where ours does otherwise, stand out."""
    result = Grid("call", "dtype", "value", "gradient", "ours")
    for row in wanted:
        point = row[0]
        ours = "differs" if point in different else DIFFERENT.get(point, "the same")
        cells = [Text(cell) for cell in (*row, ours)]
        result.add_row(*cells, style="bold red" if point in moved | different else "")
    return result


def summary(console: Console, found: Table, expected: Table, changes: list[Moved], different: list[Moved]) -> None:
    """What moved, and where our engine does otherwise without a reason."""
    count = len(next(iter(found.answers.values())))
    told = f"torch {found.version}: {count} points, float32 and float64"
    if minor(found.version) != minor(expected.version):
        told += f"; it has no table yet, compared with that of torch {expected.version}"
    console.print(told, markup=False, soft_wrap=True)
    if changes:
        head = f"torch {found.version} chose otherwise than torch {expected.version}:"
        listing(console, head, changes)
        console.print("if this is right: paragrad conventions --write", markup=False, soft_wrap=True)
    else:
        console.print("every choice is as the table says", markup=False)
    if different:
        listing(console, "our engine does not do what torch does:", different)


def listing(console: Console, head: str, changes: list[Moved]) -> None:
    """Changes one by one, up to SHOWN."""
    console.print(head, markup=False, soft_wrap=True)
    for change in changes[:SHOWN]:
        console.print(f"  {change}", markup=False, soft_wrap=True)
    if len(changes) > SHOWN:
        console.print(f"  and {len(changes) - SHOWN} more", markup=False)
