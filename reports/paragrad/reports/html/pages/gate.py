"""The gate's page: the answer, then what changed, then every interval against its threshold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from paragrad.reports.bodies.gate import AccuracyGate, Answer, ChangeRow, Estimate, GateBody, SpeedGate, SpeedGateRow
from paragrad.reports.html.blocks import (
    Block,
    Cell,
    Code,
    Column,
    Facts,
    Figure,
    Note,
    Page,
    Prose,
    Section,
    Table,
    Tile,
    Tone,
    code,
    columns,
    row,
)  # fmt: skip
from paragrad.reports.html.pages import run
from paragrad.reports.html.plots import forest
from paragrad.reports.html.words import number, plural, time
from paragrad.reports.record import Record

TONES: Mapping[Answer, Tone] = {"pass": "good", "fail": "bad", "inconclusive": "open"}
ANSWERS: Mapping[Answer, str] = {
    "pass": "Nothing got worse.",
    "fail": "Something got worse.",
    "inconclusive": "Nobody can tell from this run.",
}


def page(record: Record, beside: Mapping[str, Record]) -> Page:
    """The page of a gate record."""
    body = cast(GateBody, record["body"])
    tiles = [Tile("Gate", body["verdict"], f"in {number(body['elapsed'])} s", TONES[body["verdict"]])]
    sections = []
    for name, part in (("Accuracy", body["accuracy"]), ("Speed", body["speed"])):
        if part is None:
            tiles.append(Tile(name, "left out", "this run did not ask"))
        else:
            tiles.append(Tile(name, part["verdict"], part["why"], TONES[part["verdict"]]))
    sections.append(_left_out("accuracy") if body["accuracy"] is None else _accuracy(body["accuracy"]))
    sections.append(_left_out("speed") if body["speed"] is None else _speed(body["speed"]))
    sections.append(run.section(record))
    return Page("Gate", ANSWERS[body["verdict"]], TONES[body["verdict"]], tiles, sections)


def _left_out(part: str) -> Section:
    return Section(part, part.capitalize(), [Note("This run left it out.")])


def _accuracy(gate: AccuracyGate) -> Section:
    checked = ", ".join(f"{n:,} {kind}" for kind, n in gate["checked"].items())
    blocks: list[Block] = [
        Note(gate["why"], TONES[gate["verdict"]]),
        Facts([("baseline", code(gate["baseline"])), ("checked", checked), ("how ULP are compared", gate["rule"])]),
    ]
    for id, title, rows in (("worse", "Worse than the baseline", gate["worse"]), ("better", "Better", gate["better"])):
        if rows:
            blocks += [Prose(f"{title}: {plural(len(rows), 'change')}."), _changes(id, title, rows)]
        else:
            blocks.append(Prose(f"{title}: none."))
    blocks += [
        Code(f"Show change {k}: {r['what']}", r["repro"]) for k, r in enumerate(gate["worse"][:20], 1) if r["repro"]
    ]
    return Section("accuracy", f"Accuracy: {gate['verdict']}", blocks)


def _changes(id: str, title: str, rows: list[ChangeRow]) -> Table:
    lines = [row(r["kind"], r["what"], r["before"], r["after"], code(r["repro"])) for r in rows]
    heads = columns("kind", "what", "from", "to", "repro", facet=("kind",))
    return Table(id, title, heads, lines, tuple(f"{id}-{k}" for k in range(1, len(rows) + 1)))


def _speed(gate: SpeedGate) -> Section:
    rows = gate["rows"]
    blocks: list[Block] = [
        Note(gate["why"], TONES[gate["verdict"]]),
        Prose(f"Against {gate['base']}, {plural(len(rows), 'benchmark')}, on this machine, in one run."),
    ]
    if gate["failed"]:
        failed = [row(code(f["name"]), f["error"]) for f in gate["failed"]]
        blocks.append(Prose(f"{plural(len(failed), 'benchmark')} could not be measured:"))
        blocks.append(Table("failed", "Benchmarks that could not be measured", columns("benchmark", "error"), failed))
    if gate["new"]:
        blocks.append(Prose(f"New since the base, and not compared: {', '.join(gate['new'])}."))
    if rows:
        blocks.append(_forest(rows))
    else:
        blocks.append(Note("No benchmark was run."))
    return Section("speed", f"Speed: {gate['verdict']}", blocks)


def _forest(rows: list[SpeedGateRow]) -> Figure:
    shown, lines = [], []
    for r in rows:
        tone = TONES[r["verdict"]]
        estimates = [_estimate(f"{r['title']}: change ÷ base", r["estimate"], tone)]
        estimates += [_estimate(f"{r['title']}: rerun", r["confirmed"], tone)] if r["confirmed"] else []
        estimates.append(_estimate(f"{r['title']}: base ÷ base, the control", r["control"], "faint"))
        shown.append(forest.Row(r["title"], tuple(estimates), r["threshold"], r["verdict"]))
        lines.append(
            row(
                r["title"], Cell(r["verdict"], tone=TONES[r["verdict"]]), time(r["seconds"]), *_cells(r["estimate"]),
                *_cells(r["confirmed"]), *_cells(r["control"]), Cell(f"{r['threshold']:g}", r["threshold"]),
                Cell(f"{r['power']:.0%}", r["power"]),
            )
        )  # fmt: skip
    heads = [Column("benchmark"), Column("verdict", facet=True), Column("base", True)]
    for name in ("change ÷ base", "rerun", "control"):
        heads += [Column("ratio", True, group=name), Column("low", True, group=name), Column("high", True, group=name)]
    heads += [Column("threshold", True), Column("power", True)]
    return Figure(
        "intervals",
        "Intervals against their thresholds.",
        "Median paired ratio, working tree ÷ base, with its bootstrap interval; below it a rerun where there was one, "
        "and the control, base ÷ base. Slower is what lies beyond its threshold (the tick) as a whole, twice. Power, "
        "in the table, is the chance that a slow-down of 10 % would have been seen; where the threshold is above 1.03, "
        "one as far beyond it.",
        [forest.forest("Speed: working tree ÷ base", shown, "time, working tree ÷ base")],
        Table("intervals-table", "Benchmarks with their intervals", tuple(heads), lines),
    )


def _estimate(name: str, e: Estimate, tone: str) -> forest.Estimate:
    interval = f"{e['ratio']:.3f} ({e['low']:.3f} to {e['high']:.3f})"
    told = f"{name}: {interval}, {plural(e['pairs'], 'pair')} from launches: {e['launches']}"
    return forest.Estimate(e["ratio"], e["low"], e["high"], told, tone)


def _cells(e: Estimate | None) -> list[Cell]:
    if e is None:
        return [Cell("")] * 3
    return [Cell(f"{value:.3f}", value) for value in (e["ratio"], e["low"], e["high"])]
