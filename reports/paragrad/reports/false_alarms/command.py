"""What `paragrad false-alarms` does, once its options are parsed."""

from __future__ import annotations

import argparse
import math
import secrets
import time

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from paragrad.fuzz.judge import VERDICTS
from paragrad.reports.cli import FINDING, INTERRUPTED, OURS, PARITY, UsageError
from paragrad.reports.commands import BUILD, LINE_EVERY, save
from paragrad.reports.false_alarms.run import Options, Outcome, made, measure
from paragrad.reports.false_alarms.sound import SUBJECTS
from paragrad.reports.terminal import command, console_for


@command
def false_alarms(options: argparse.Namespace) -> int:
    """Judge sound engines, tell, and write the record. An alarm is a finding."""
    if options.elements == 0:
        raise UsageError("--elements 0: nothing would be judged")
    if options.jobs == 0:
        raise UsageError("--jobs 0: somebody has to do the work")
    subjects = {subject.name for subject in SUBJECTS}
    for name in options.engine:
        if name not in subjects:
            raise UsageError(f"--engine {name}: no sound engine of this name; there are: {', '.join(sorted(subjects))}")
    seed = secrets.randbits(32) if options.seed is None else options.seed
    asked = Options(options.elements, options.seconds, seed, options.jobs, engines=tuple(options.engine))
    console = console_for(options.json)
    console.print(
        f"paragrad false-alarms: {asked.elements} gradient elements in at most {asked.seconds:g} s, --seed {seed}"
    )
    with Watch(console, asked) as watch:
        outcome = measure(asked, watch.show)
    summary(console, outcome)
    for peer in outcome.absent:
        console.print(f"{peer} is not installed, and was not judged")
    for line in outcome.needless:
        console.print(f"no longer so, and to be taken out of peers/deviations.json: {line}", markup=False)
    if outcome.elements == 0:
        console.print("nothing was judged")
        return INTERRUPTED if outcome.stopped == "interrupted" else OURS
    console.print(f"record: {save(made(outcome, asked), options.json, BUILD / 'false-alarms.json')}", markup=False)
    if outcome.stopped == "interrupted":
        return INTERRUPTED
    return FINDING if outcome.alarms or outcome.needless else PARITY


class Watch:
    """A bar where somebody watches, a line now and then elsewhere."""

    def __init__(self, console: Console, asked: Options) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
        self.console = console
        self.asked = asked
        self.bar = Progress(*columns, TimeElapsedColumn(), console=console, disable=not console.is_terminal)
        self.task = self.bar.add_task("judging", total=asked.elements)
        self.told = -math.inf

    def __enter__(self) -> Watch:
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()

    def show(self, outcome: Outcome) -> None:
        """The progress of `measure`."""
        word = f"{len(outcome.alarms)} false alarms" if outcome.alarms else "judging"
        self.bar.update(self.task, completed=outcome.elements, description=word)
        if not self.console.is_terminal and time.monotonic() - self.told > LINE_EVERY:
            self.told = time.monotonic()
            self.console.print(f"{word} {outcome.elements}/{self.asked.elements}")


def summary(console: Console, outcome: Outcome) -> None:
    """The alarms with their smallest programs, and what was judged."""
    for row in outcome.alarms.values():
        console.print(row["table"], markup=False)
        staged = "" if row["staged"] else ", each number by its bound"
        told = f"{row['engine']}{staged}, in {row['programs']} programs; kept as {row['file']}\n"
        console.print(told, markup=False)
    engines: dict[str, int] = {}
    for judged in outcome.rows.values():
        name = judged["engine"] + ("" if judged["staged"] else ", each number by its bound")
        engines[name] = engines.get(name, 0) + judged["gradients"]
    for name, count in sorted(engines.items()):
        console.print(f"{count:>12,} gradient elements: {name}")
    console.print("verdicts     " + ", ".join(f"{verdict} {outcome.gradients[verdict]}" for verdict in VERDICTS))
    ended = f" ({outcome.stopped})" if outcome.stopped else ""
    console.print(f"time         {outcome.elapsed:.1f} s{ended}")
    if outcome.alarms:
        console.print(f"[bold red]FALSE ALARMS[/bold red] {len(outcome.alarms)} distinct")
    else:
        console.print(f"[bold green]NO FALSE ALARM[/bold green] in {outcome.elements:,} gradient elements")
