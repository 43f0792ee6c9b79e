"""How far a check has come: a bar on a terminal's stderr, nothing elsewhere."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from paragrad.fuzz.checking import SEVERITIES, Report


@contextmanager
def bar(programs: int, seconds: float, console: Console | None = None) -> Iterator[Callable[[Report], None]]:
    """A function that shows a report so far: programs judged of so many, findings by severity, seconds that are left.

    It shows nothing unless the console (stderr) is a terminal.
    """
    console = console or Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total} programs"))
    left = TextColumn("{task.fields[left]:.0f} s left")
    with Progress(*columns, left, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("judging", total=programs, left=seconds)
        started = time.monotonic()

        def show(report: Report) -> None:
            remaining = max(0.0, seconds - (time.monotonic() - started))
            progress.update(task, completed=report.judged, description=told(report), left=remaining)

        yield show


def told(report: Report) -> str:
    """The findings so far, most serious first."""
    counts = Counter(c.severity for c in report.findings)
    return ", ".join(f"{counts[s]} {s}" for s in SEVERITIES if counts[s]) or "judging"
