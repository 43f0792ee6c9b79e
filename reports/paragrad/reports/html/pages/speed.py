"""The speed page: ratios with their intervals, every side over sizes and nodes, and where the time goes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from markupsafe import Markup

from paragrad.reports.bodies.speed import LoopBody, MemoryRow, ScalingRow, SpeedBody, SpeedRow, SplitRow
from paragrad.reports.html.blocks import (
    Block,
    Cell,
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
)
from paragrad.reports.html.pages import run
from paragrad.reports.html.plots import forest
from paragrad.reports.html.plots.bars import Bar, Part, bars
from paragrad.reports.html.plots.lines import lines
from paragrad.reports.html.plots.panels import key, panels
from paragrad.reports.html.plots.series import Series
from paragrad.reports.html.words import num, number, plural, seconds, share, time, whole
from paragrad.reports.record import Record

MET: Mapping[bool | None, tuple[str, str]] = {True: ("met", "good"), False: ("not met", "bad"), None: ("", "plain")}
PARTS = ("forward", "backward", "optimizer")


def page(record: Record, beside: Mapping[str, Record]) -> Page:
    """The page of a speed record."""
    body = cast(SpeedBody, record["body"])
    targets = [r["met"] for r in (*body["rows"], *body["memory"]) if r["met"] is not None]
    met = sum(targets)
    tone: Tone = "plain" if not targets else "good" if met == len(targets) else "bad"
    machine = record["machine"]
    settings = ", ".join(f"{k}={v}" for k, v in machine["settings"].items()) or "defaults"
    tiles = [
        Tile("Targets met", f"{met} of {len(targets)}", "ratios and memory", tone),
        *_fastest(body["rows"]),
        Tile("CPU", machine["cpu"], f"{plural(machine['cores'], 'core')}, {machine['os']}"),
        Tile("Threads", ", ".join(f"{k} {n or 'its own choice'}" for k, n in machine["threads"].items()),
             f"BLAS: {', '.join(f'{k} {v}' for k, v in machine['blas'].items())}; settings: {settings}"),
    ]  # fmt: skip
    sections = [
        Section("ratios", "Ratios", _ratios(body["rows"])),
        Section("sizes", "Over sizes", _sizes(body)),
        Section("scaling", "Over graph size", _scaling(body["scaling"])),
        Section("splits", "Where a step's time goes", _splits(body["splits"])),
        Section("memory", "Memory", _memory(body["memory"])),
        Section("loop", "The fuzz loop", _loop(body["loop"])),
    ]
    if body["failed"]:
        failed = [row(code(f["name"]), f["error"]) for f in body["failed"]]
        table = Table("failed-table", "Workloads that could not run", columns("workload", "error"), failed)
        sections.insert(0, Section("failed", f"{plural(len(failed), 'workload')} could not run", [table]))
    answer = f"{met} of {plural(len(targets), 'target')} met." if targets else "No target was measured."
    answer += "".join(
        f" The median workload takes {tile.value} times as long as in torch." for tile in _fastest(body["rows"])
    )
    return Page("Speed", answer, tone, tiles, [*sections, run.section(record)])


def _fastest(rows: list[SpeedRow]) -> list[Tile]:
    """The median workload against torch."""
    ratios = sorted(r["paired"]["median"] for r in rows if r["goal"] == "at most" and r["reference"]["name"] == "torch")
    if not ratios:
        return []
    middle = ratios[len(ratios) // 2]
    return [Tile("Time ÷ torch", number(middle), f"the median of {plural(len(ratios), 'workload')}; below 1 is faster")]


def _ratios(rows: list[SpeedRow]) -> list[Block]:
    if not rows:
        return [Note("No workload was measured.")]
    blocks: list[Block] = []
    for goal, id, title, across in (
        ("at most", "against-torch", "Engine ÷ reference; below 1 is faster.", "engine ÷ reference"),
        ("at least", "against-peers", "Reference ÷ engine; above 1 is faster.", "reference ÷ engine"),
    ):
        of = [r for r in rows if r["goal"] == goal]
        if not of:
            continue
        shown = []
        for r in of:
            p, (word, tone) = r["paired"], MET[r["met"]]
            told = f"{r['title']}: {number(p['median'])} ({number(p['low'])} to {number(p['high'])}) {word}".rstrip()
            estimate = forest.Estimate(p["median"], p["low"], p["high"], told, tone)
            shown.append(forest.Row(r["title"], (estimate,), r["target"], f"{number(r['ratio'])} {word}".rstrip()))
        caption = (
            "Drawn: the median of the paired ratios over rounds of one interleaved run, with its bootstrap "
            "interval (nominal 95 %). At the right: the ratio of both sides' minima, which is what is held against "
            "the target, the tick; where the two are far apart, the machine was busy."
        )
        blocks.append(Figure(id, title, caption, [forest.forest(title, shown, across)]))
    numeric = ("ratio of minima", "median", "low", "high", "target", "engine", "reference", "rounds")
    table = [
        row(
            r["title"], num(r["ratio"], 3), num(r["paired"]["median"], 3), num(r["paired"]["low"], 3),
            num(r["paired"]["high"], 3), _target(r),
            Cell(MET[r["met"]][0], tone=MET[r["met"]][1]), time(r["subject"]["minimum"]), r["reference"]["name"],
            time(r["reference"]["minimum"]), whole(r["rounds"]), code(f"paragrad bench --only {r['name']}"),
        )
        for r in rows
    ]  # fmt: skip
    heads = columns("work", "ratio of minima", "median", "low", "high", "target", "met", "engine", "against",
                    "reference", "rounds", "measure it again",
                    numeric=numeric, facet=("met", "against"))  # fmt: skip
    return [*blocks, Table("ratios-table", "Workloads, their ratios and targets", heads, table, titled=True)]


def _target(r: SpeedRow) -> Cell:
    sign = "≤" if r["goal"] == "at most" else "≥"
    return Cell("" if r["target"] is None else f"{sign} {number(r['target'])}", r["target"])


def _sizes(body: SpeedBody) -> list[Block]:
    rows, absent = body["sizes"], body["absent"]
    blocks: list[Block] = []
    if body["peers"]:
        blocks.append(Prose(f"Peers: {', '.join(f'{name} {version}' for name, version in body['peers'].items())}."))
    if absent:
        blocks.append(Note(f"Not installed, and so not measured: {', '.join(absent)}."))
    if not rows:
        return [
            *blocks,
            Note(
                Markup("No sizes were measured: they come from pytest-benchmark, by {}.").format(code("nox -s bench"))
            ),
        ]
    torch = {(r["work"], r["size"]): r for r in rows if r["side"] == "torch"}
    found: dict[str, dict[str, Series]] = {}
    table = []
    for r in sorted(rows, key=lambda r: r["size"]):
        base = torch.get((r["work"], r["size"]))
        beside = None if base is None or base is r else base
        ratio = None if beside is None else r["median"] / beside["median"]
        least = None if beside is None else r["low"] / beside["high"]
        most = None if beside is None else r["high"] / beside["low"]
        against = "" if ratio is None else f", {number(ratio)} of torch's"
        told = f"{r['work']}, {r['side']}, {r['size']:,}: {seconds(r['median'])}{against}"
        of = found.setdefault(r["work"], {})
        of.setdefault(r["side"], Series(r["side"])).points.append((r["size"], r["median"], told))
        table.append(
            row(
                r["work"], r["side"], whole(r["size"]), time(r["median"]), time(r["low"]), time(r["high"]),
                time(r["minimum"]), num(ratio, 3), num(least, 3), num(most, 3), whole(r["rounds"]),
            )
        )  # fmt: skip
    numeric = ("size", "median", "low", "high", "minimum", "÷ torch", "least", "most", "rounds")
    heads = columns("work", "side", *numeric, numeric=numeric, facet=("work", "side"))
    caption = (
        "Median seconds a call, forward and backward, in float32; both axes are logarithmic, and the same in every "
        "plot. The table has the median's 95 % interval, and the least and the most that it leaves the ratio to torch."
    )
    named = {work: list(found[work].values()) for work in dict.fromkeys(r["work"] for r in rows)}
    drawn = panels(named, "elements", "seconds")
    behind = Table("sizes-table", "Every side over sizes", heads, table)
    return [*blocks, Figure("sizes-figure", "Every op over sizes.", caption, drawn, behind, key=key(named))]


def _scaling(rows: list[ScalingRow]) -> list[Block]:
    if not rows:
        return [Note("No scaling was measured.")]
    blocks: list[Block] = []
    for k, work in enumerate(dict.fromkeys(r["work"] for r in rows), 1):
        of = sorted((r for r in rows if r["work"] == work), key=lambda r: r["nodes"])
        found: dict[str, Series] = {}
        table = []
        for r in of:
            table.append(row(r["side"], whole(r["nodes"]), time(r["forward"]), time(r["backward"]), r["failed"]))
            if r["forward"] is None or r["backward"] is None:
                continue
            each = (r["forward"] + r["backward"]) / r["nodes"]
            spent = f"forward {seconds(r['forward'])}, backward {seconds(r['backward'])}"
            told = f"{r['side']}, {r['nodes']:,} nodes: {seconds(each)} a node, {spent}"
            found.setdefault(r["side"], Series(r["side"])).points.append((r["nodes"], each, told))
        heads = columns("side", "nodes", "forward", "backward", "failed", numeric=("nodes", "forward", "backward"))
        behind = Table(f"scaling-{k}-table", f"{work}: seconds over graph size", heads, table)
        if found:
            drawn = lines(f"{work}: seconds a node over graph size", list(found.values()), "nodes", "seconds a node")
            caption = "Forward and backward together, ÷ nodes: a level line is linear time."
            blocks.append(Figure(f"scaling-{k}", f"{work}.", caption, [drawn], behind))
        else:
            blocks.append(behind)
        failed = [f"{r['side']} at {r['nodes']:,} nodes: {r['failed']}" for r in of if r["failed"]]
        blocks += [Note("\n".join(failed))] if failed else []
    return blocks


def _splits(rows: list[SplitRow]) -> list[Block]:
    if not rows:
        return [Note("No splits were measured.")]
    blocks: list[Block] = []
    key = [(f"s{k}", part) for k, part in enumerate(PARTS)]
    for k, name in enumerate(dict.fromkeys(r["name"] for r in rows), 1):
        of = [r for r in rows if r["name"] == name]
        shown, table = [], []
        for r in of:
            spent = (r["forward"], r["backward"], r["optimizer"])
            total = sum(spent)
            parts = tuple(
                Part(1e3 * s, f"s{j}", f"{r['side']}, {part}: {seconds(s)}, {share(s, total)}")
                for j, (part, s) in enumerate(zip(PARTS, spent, strict=True))
                if s
            )
            shown.append(Bar(r["side"], parts, seconds(total)))
            table.append(row(r["side"], *map(time, spent), time(total)))
        numeric = (*PARTS, "total")
        behind = Table(
            f"splits-{k}-table", f"{of[0]['title']}: seconds by part", columns("side", *numeric, numeric=numeric), table
        )
        drawn = bars(f"{of[0]['title']}: milliseconds by part", shown, "milliseconds a step", key)
        blocks.append(Figure(f"splits-{k}", f"{of[0]['title']}.", "Medians over rounds.", [drawn], behind))
    return blocks


def _memory(rows: list[MemoryRow]) -> list[Block]:
    if not rows:
        return [Note("No memory was measured.")]
    blocks: list[Block] = []
    for k, unit in enumerate(dict.fromkeys(r["unit"] for r in rows), 1):
        of = [r for r in rows if r["unit"] == unit]
        shown = []
        for r in of:
            name = f"{r['title']}, {r['side']}"
            part = Part(
                r["measured"], "s0" if r["side"] == "engine" else "s1", f"{name}: {number(r['measured'])} {unit}"
            )
            shown.append(Bar(name, (part,), number(r["measured"]), r["target"]))
        drawn = bars(f"Memory in {unit}", shown, unit, [("s0", "engine"), ("s1", "torch")])
        caption = f"In {unit}; the tick is the target, where there is one."
        blocks.append(Figure(f"memory-{k}", "Peaks of memory.", caption, [drawn]))
    table = [
        row(
            r["title"],
            r["side"],
            num(r["measured"], 3),
            r["unit"],
            num(r["target"]),
            Cell(MET[r["met"]][0], tone=MET[r["met"]][1]),
        )
        for r in rows
    ]
    heads = columns("what", "side", "measured", "unit", "target", "met", numeric=("measured", "target"))
    return [*blocks, Table("memory-table", "Peaks of memory", heads, table, titled=True)]


def _loop(loop: LoopBody | None) -> list[Block]:
    if loop is None:
        return [Note("The fuzz loop was not measured.")]
    total = sum(loop["seconds"].values())
    if not total:
        return [Note("The fuzz loop took no time that was measured.")]
    rate = (
        f"{loop['programs'] / total:,.0f} programs a second: {plural(loop['programs'], 'program')} in {seconds(total)}."
    )
    shown = [
        Bar(part, (Part(1e3 * s, "s0", f"{part}: {seconds(s)}, {share(s, total)}"),), share(s, total))
        for part, s in loop["seconds"].items()
    ]
    table = [
        row(part, time(s), share(s, total), time(s / max(1, loop["programs"]))) for part, s in loop["seconds"].items()
    ]
    numeric = ("time", "a program")
    heads = columns("part", "time", "share", "a program", numeric=numeric)
    behind = Table("loop-table", "The fuzz loop's time by part", heads, table)
    return [
        Prose(rate),
        Figure("loop-figure", "Where the loop's time goes.", "", [bars("Fuzz loop", shown, "milliseconds")], behind),
    ]
