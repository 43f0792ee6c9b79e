"""How far a check has come: each serious finding as it comes, and a bar on a terminal's stderr."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
from rich.text import Text

from paragrad.fuzz.checking import SEVERITIES, Report


class Left(ProgressColumn):
    """The seconds that are left of so many."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds

    def render(self, task: Task) -> Text:
        """As a whole number; none below 0, for what was begun is ended."""
        return Text(f"{max(0.0, self.seconds - (task.elapsed or 0.0)):.0f} s left")


@contextmanager
def bar(
    programs: int, seconds: float, page: Console, console: Console | None = None
) -> Iterator[Callable[[Report], None]]:
    """A function that shows a report so far: programs judged of so many, findings by severity, seconds that are left.

    Where the console (stderr) is no terminal there is no bar; the findings go to the `page`.
    """
    console = console or Console(stderr=True)
    told: set[str] = set()
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total} programs"))
    with Progress(*columns, Left(seconds), console=console, transient=True, disable=not console.is_terminal) as shown:
        task = shown.add_task("judging", total=programs)

        def show(report: Report) -> None:
            for checked in report.failing():
                words = f"{checked.severity}: {checked.finding.title}"
                if words not in told:
                    told.add(words)
                    line = f"{time.perf_counter() - report.started:.1f} s: {words}"
                    (console if console.is_terminal else page).print(line, markup=False, highlight=False)
            shown.update(task, completed=report.judged, description=counted(report))

        yield show


def counted(report: Report) -> str:
    """The findings so far, most serious first."""
    counts = Counter(c.severity for c in report.findings)
    return ", ".join(f"{counts[s]} {s}" for s in SEVERITIES if counts[s]) or "judging"
