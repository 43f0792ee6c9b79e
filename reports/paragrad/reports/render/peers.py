"""The page of a peers record: the scoreboard, then what was found in each peer, conventions apart."""

from __future__ import annotations

from collections.abc import Iterator

from paragrad.reports.bodies.peers import PeerFindingRow, PeerRow, PeersBody
from paragrad.reports.record import Record
from paragrad.reports.render.markdown import code, number, plural, table, text

INTRODUCTION = (
    "Every engine that paragrad knows by name, checked against torch as anyone's is. `own` is this repository's. "
    "A finding is a difference from torch, with the smallest program that shows it; `convention` is a choice of the "
    "engine's authors that torch makes otherwise, and `limit` what an engine does not set out to do. What an engine "
    "lacks is left out and counted. `time` is that of a program of 13 ops on 4 by 4 arrays, or on numbers for scalar "
    "engines, the protocol between the processes included, as a multiple of torch's through the same protocol; "
    "ours runs in this process."
)


def blocks(body: PeersBody, record: Record) -> list[str]:
    """The page."""
    rows = body["rows"]
    severities = list(next((r["severities"] for r in rows if r["severities"]), {}))
    heads = ("name", "engine", "ops", "programs", "gradient elements", *severities, "time")
    lines = [
        (
            code(r["name"]), text(r["engine"]), str(r["ops"]), str(r["programs"]), str(r["gradients"]),
            *(str(r["severities"].get(s, 0)) for s in severities), number(r["speed"]),
        )
        for r in rows if not r["missing"]
    ]  # fmt: skip
    page = ["# Peers against torch", INTRODUCTION, table(heads, lines, left=2)]
    page += [f"Not checked: {code(r['name'])}: {text(r['missing'])}" for r in rows if r["missing"]]
    for r in rows:
        page += _found(r)
    return page


def _found(row: PeerRow) -> Iterator[str]:
    if not row["findings"]:
        return
    yield f"## {text(row['engine'])}"
    faults = [f for f in row["findings"] if f["severity"] != "convention"]
    conventions = [f for f in row["findings"] if f["severity"] == "convention"]
    if faults:
        yield "\n".join(_line(f) for f in faults)
    if conventions:
        yield "Conventions:"
        yield "\n".join(_line(f) for f in conventions)


def _line(finding: PeerFindingRow) -> str:
    reason = finding["reason"] or finding["diagnosis"]
    why = f" {text(reason)}." if reason else ""
    seen = plural(finding["programs"], "program")
    return f"- {finding['severity']}: {text(finding['expression'])}.{why} Seen in {seen}; {code(finding['repro'])}"
