"""The page of a speed record: each workload against its target, then where time and memory go, and every side over
sizes and over nodes."""

from __future__ import annotations

from paragrad.reports.bodies.speed import Interval, LoopBody, MemoryRow, Side, SpeedBody, SpeedRow, SplitRow
from paragrad.reports.record import Record
from paragrad.reports.render.markdown import code, number, plural, seconds, table, text
from paragrad.reports.render.speed_curves import scaling, sizes

MET = {True: "met", False: "**not met**", None: ""}
RATIOS = (
    "Both sides run in one process in turn, with one thread; each time is the minimum over the rounds, and what is "
    "measured is the ratio of the minima. Beside it stands the median over the rounds with its interval "
    "(bootstrap, nominal 95 %): where the two are apart, the machine was busy. A ratio to torch is engine / torch, "
    "and smaller is better; one to micrograd is micrograd / engine, and larger is better."
)


def blocks(body: SpeedBody, record: Record) -> list[str]:
    """The page, block by block."""
    judged = [row["met"] for row in (*body["rows"], *body["memory"]) if row["met"] is not None]
    page = ["# Speed", f"{sum(judged)} of {plural(len(judged), 'target')} met."]
    if body["failed"]:
        failed = [(code(f["name"]), text(f["error"])) for f in body["failed"]]
        page += [f"## {plural(len(failed), 'workload')} could not run", table(("workload", "error"), failed, left=2)]
    if body["rows"]:
        lines = [_line(row) for row in body["rows"]]
        heads = ("work", "target", "measured", "", "median, 95 %", "engine", "reference", "rounds")
        page += ["## Ratios", table(heads, lines), RATIOS]
    if body["splits"]:
        page += ["## A training step", _splits(body["splits"])]
        page.append("Medians over rounds in turn; the optimizer's part holds zero_grad.")
    if body["memory"]:
        page += ["## Memory", _memory(body["memory"])]
        page.append("Each in a process of its own, above what that process had before the work.")
    if body["scaling"]:
        page += ["## Over nodes", *scaling(body["scaling"])]
    if body["sizes"]:
        page += ["## Over sizes", *sizes(body["sizes"], body["absent"])]
    if body["peers"]:
        told = [f"{text(name)} {text(version)}" for name, version in body["peers"].items()]
        page.append(f"Installed here: {', '.join(told)}.")
    if body["loop"] is not None:
        page += ["## The fuzz loop", *_loop(body["loop"])]
    return page


def _line(row: SpeedRow) -> tuple[str, ...]:
    sign = "≤" if row["goal"] == "at most" else "≥"
    return (
        text(row["title"]),
        "" if row["target"] is None else f"{sign} {number(row['target'])}",
        f"{row['ratio']:.3g}",
        MET[row["met"]],
        _interval(row["paired"]),
        _side(row["subject"]),
        f"{text(row['reference']['name'])} {_side(row['reference'])}",
        str(row["rounds"]),
    )


def _interval(paired: Interval) -> str:
    return f"{paired['median']:.3g} ({paired['low']:.3g} to {paired['high']:.3g})"


def _side(side: Side) -> str:
    return seconds(side["minimum"])


def _splits(rows: list[SplitRow]) -> str:
    """The parts of each side's step, and their sum."""
    lines = []
    for row in rows:
        parts = (row["forward"], row["backward"], row["optimizer"])
        lines.append((text(row["title"]), text(row["side"]), *map(seconds, parts), seconds(sum(parts))))
    return table(("step", "side", "forward", "backward", "optimizer", "sum"), lines, left=2)


def _memory(rows: list[MemoryRow]) -> str:
    lines = [
        (
            text(row["title"]),
            text(row["side"]),
            "" if row["target"] is None else f"≤ {number(row['target'])} {text(row['unit'])}",
            f"{number(row['measured'])} {text(row['unit'])}",
            MET[row["met"]],
        )
        for row in rows
    ]
    return table(("what", "side", "target", "measured", ""), lines, left=2)


def _loop(loop: LoopBody) -> list[str]:
    """Programs a second, and the share of each part."""
    whole = sum(loop["seconds"].values())
    if not whole or not loop["programs"]:
        return ["Nothing was judged."]
    lines = [
        (text(part), seconds(spent / loop["programs"]), f"{100 * spent / whole:.1f} %")
        for part, spent in loop["seconds"].items()
    ]
    told = f"{plural(loop['programs'], 'program')} in {seconds(whole)}: {loop['programs'] / whole:.0f} a second."
    return [told, table(("part", "time a program", "share"), lines)]
