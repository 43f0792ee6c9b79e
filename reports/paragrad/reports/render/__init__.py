"""Records as pages. A renderer reads a record and nothing else; it never measures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from paragrad.reports.record import Record
from paragrad.reports.render import accuracy, diff, false_alarms, gate, judges, mutants, parity, peers, speed
from paragrad.reports.render.markdown import facts

BODIES: Mapping[str, Callable[[Any, Record], list[str]]] = {
    "parity": parity.blocks,
    "accuracy": accuracy.blocks,
    "speed": speed.blocks,
    "mutants": mutants.blocks,
    "false-alarms": false_alarms.blocks,
    "judges": judges.blocks,
    "peers": peers.blocks,
    "gate": gate.blocks,
    "diff": diff.blocks,
}


def render_markdown(record: Record) -> str:
    """The Markdown page of a record that `record.read` or `record.new` gave."""
    return "\n\n".join([*BODIES[record["kind"]](record["body"], record), *facts(record)]) + "\n"


__all__ = ["render_markdown"]
