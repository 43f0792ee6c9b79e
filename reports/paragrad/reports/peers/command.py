"""What `paragrad peers` does, once its options are parsed."""

from __future__ import annotations

import argparse
from pathlib import Path

from paragrad.fuzz.engines.known import OWN, PEERS
from paragrad.reports.bodies.peers import PeerRow
from paragrad.reports.cli import OURS, PARITY, UsageError
from paragrad.reports.commands import BUILD, save
from paragrad.reports.peers.run import ALL, Options, measure
from paragrad.reports.render import render_markdown
from paragrad.reports.terminal import command, console_for

DOCS = Path("docs/peers.md")


@command
def peers(options: argparse.Namespace) -> int:
    """Check the peers, tell, and write the scoreboard. What is found in them fails nothing: they are not ours."""
    for name in options.only:
        if name not in PEERS and name not in OWN:
            raise UsageError(f"--only {name}: no known engine of this name; there are: {', '.join((*OWN, *PEERS))}")
    console = console_for(options.json)

    def show(row: PeerRow) -> None:
        told = ", ".join(f"{n} {severity}" for severity, n in row["severities"].items() if n) or "nothing found"
        line = row["missing"] or f"{row['engine']}: {told}; {row['programs']} programs, {row['ops']} ops"
        console.print(f"{row['name']:<14} {line}", markup=False)

    asked = Options(tuple(options.only) or ALL, options.programs, options.seconds, options.seed)
    record = measure(asked, show)
    console.print(f"scoreboard     {save(record, options.json, BUILD / 'peers.json')}", markup=False)
    if options.docs:
        if not DOCS.parent.is_dir():
            raise UsageError(f"--docs: there is no folder {DOCS.parent} here; run it in the repository")
        DOCS.write_text(render_markdown(record), encoding="utf-8")
    return PARITY if record["counts"]["judged"] else OURS
