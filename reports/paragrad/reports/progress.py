"""How far a check has come: a bar on a terminal's stderr, nothing elsewhere."""

from __future__ import annotations

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
def bar(programs: int, seconds: float, console: Console | None = None) -> Iterator[Callable[[Report], None]]:
    """A function that shows a report so far: programs judged of so many, findings by severity, seconds that are left.

    It shows nothing unless the console (stderr) is a terminal.
    """
    console = console or Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total} programs"))
    with Progress(*columns, Left(seconds), console=console, transient=True, disable=not console.is_terminal) as shown:
        task = shown.add_task("judging", total=programs)
        yield lambda report: shown.update(task, completed=report.judged, description=told(report))


def told(report: Report) -> str:
    """The findings so far, most serious first."""
    counts = Counter(c.severity for c in report.findings)
    return ", ".join(f"{counts[s]} {s}" for s in SEVERITIES if counts[s]) or "judging"
