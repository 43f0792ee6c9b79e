"""What `paragrad judges` does, once its options are parsed."""

from __future__ import annotations

import argparse
from pathlib import Path

from paragrad.reports.cli import FINDING, PARITY, UsageError
from paragrad.reports.commands import BUILD, save, steps
from paragrad.reports.judges import page
from paragrad.reports.judges.detection import OURS
from paragrad.reports.judges.run import Options, run
from paragrad.reports.render import render_markdown
from paragrad.reports.terminal import command, console_for

DOCS = Path("docs")


@command
def judges(options: argparse.Namespace) -> int:
    """Measure, write the record and, with --docs, the page under docs/. A false alarm of ours is a finding."""
    for name in ("graphs", "programs", "timed"):
        if getattr(options, name) == 0:
            raise UsageError(f"--{name} 0: nothing would be measured")
    if options.docs:
        try:  # before minutes of measuring
            page.read(DOCS)
        except page.PageError as error:
            raise UsageError(str(error)) from error
    console = console_for(options.json)
    with steps(console, "judges") as progress:
        record = run(Options(options.seed, options.graphs, options.programs, options.timed), progress)
    console.print(render_markdown(record), markup=False)
    console.print(f"record: {save(record, options.json, BUILD / 'judges.json')}", markup=False)
    if options.docs:
        page.write(DOCS, record)
        console.print(f"written: {DOCS / page.PAGE}, with its record and plots")
    alarmed = any(row["alarms"][OURS] for row in record["body"]["sound"])
    return FINDING if alarmed else PARITY
