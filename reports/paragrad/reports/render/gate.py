"""The page of a gate record: the answer first, then what got worse, then every benchmark with its interval."""

from __future__ import annotations

from paragrad.reports.bodies.gate import AccuracyGate, ChangeRow, Estimate, GateBody, SpeedGate
from paragrad.reports.record import Record
from paragrad.reports.render.markdown import code, plural, seconds, table, text


def blocks(body: GateBody, record: Record) -> list[str]:
    """The page, block by block."""
    page = [f"# Gate: {body['verdict']}"]
    if body["accuracy"] is not None:
        page += _accuracy(body["accuracy"])
    if body["speed"] is not None:
        page += _speed(body["speed"])
    return page


def _accuracy(gate: AccuracyGate) -> list[str]:
    checked = ", ".join(f"{number} {kind}" for kind, number in gate["checked"].items())
    page = [f"## Accuracy: {gate['verdict']}", f"{text(gate['why'])}. Against {code(gate['baseline'])}: {checked}."]
    page.append(f"How ULP are compared: {text(gate['rule'])}.")
    for title, rows in (("Worse", gate["worse"]), ("Better", gate["better"])):
        if rows:
            page += [f"### {title}", _changes(rows)]
    return page


def _changes(rows: list[ChangeRow]) -> str:
    lines = [(text(r["what"]), text(r["before"]), text(r["after"]), code(r["repro"])) for r in rows]
    return table(("what", "from", "to", "repro"), lines, left=4)


def _speed(gate: SpeedGate) -> list[str]:
    lines = [
        (
            text(row["title"]),
            row["verdict"],
            seconds(row["seconds"]),
            _estimate(row["estimate"]),
            "" if row["confirmed"] is None else _estimate(row["confirmed"]),
            _estimate(row["control"]),
            f"{row['threshold']:g}",
            f"{row['power']:.0%}",
        )
        for row in gate["rows"]
    ]
    heads = ("benchmark", "verdict", "base", "change ÷ base", "rerun", "base ÷ base", "threshold", "power")
    counted = plural(len(lines), "benchmark") + (
        f", and {len(gate['failed'])} without a time" if gate["failed"] else ""
    )
    page = [f"## Speed: {gate['verdict']}", f"{text(gate['why'])}. Against {code(gate['base'])}, {counted}."]
    if gate["failed"]:
        failed = [(code(row["name"]), text(row["error"])) for row in gate["failed"]]
        page += ["### Could not be measured", table(("benchmark", "error"), failed, left=2)]
    if gate["new"]:
        page.append(f"New since the base, and not compared: {', '.join(map(code, gate['new']))}.")
    if lines:
        page += [
            "### Measured",
            table(heads, lines, left=2),
            "Medians of paired ratios with their bootstrap intervals. Slower is what lies above its threshold with the "
            "whole interval, and does so again in a rerun. Power is the chance that a slow-down of 10 % would have "
            "been seen; where the threshold is above 1.03, one as far beyond it.",
        ]
    return page


def _estimate(estimate: Estimate) -> str:
    return f"{estimate['ratio']:.3f} ({estimate['low']:.3f} to {estimate['high']:.3f})"
