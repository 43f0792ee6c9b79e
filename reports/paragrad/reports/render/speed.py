"""The page of a speed record: each workload against its target, then engine and torch over sizes."""

from __future__ import annotations

from paragrad.reports.bodies.speed import Side, SizeRow, SpeedBody, SpeedRow
from paragrad.reports.record import Record
from paragrad.reports.render.markdown import code, number, plural, seconds, table, text

MET = {True: "met", False: "**not met**", None: ""}


def blocks(body: SpeedBody, record: Record) -> list[str]:
    """The page, block by block."""
    judged = [row["met"] for row in (*body["rows"], *body["memory"]) if row["met"] is not None]
    page = ["# Speed", f"{sum(judged)} of {plural(len(judged), 'target')} met."]
    if body["failed"]:
        failed = [(code(f["name"]), text(f["error"])) for f in body["failed"]]
        page += [f"## {plural(len(failed), 'workload')} could not run", table(("workload", "error"), failed, left=2)]
    if body["rows"]:
        lines = [_line(row) for row in body["rows"]]
        heads = ("work", "target", "measured", "", "engine", "reference", "rounds")
        page += ["## Ratios", table(heads, lines)]
        page.append(
            "Both sides run in one process in turn, with one thread; each time is the minimum over the rounds. "
            "A ratio to torch is engine / torch, and smaller is better; one to micrograd is micrograd / engine, and "
            "larger is better."
        )
    if body["memory"]:
        memory = [
            (
                text(m["title"]),
                "" if m["target"] is None else f"≤ {number(m['target'])} {m['unit']}",
                f"{number(m['measured'])} {m['unit']}",
                MET[m["met"]],
            )
            for m in body["memory"]
        ]
        page += ["## Memory", table(("what", "target", "measured", ""), memory)]
    if body["sizes"]:
        page += ["## Over sizes", _sizes(body["sizes"])]
    return page


def _line(row: SpeedRow) -> tuple[str, ...]:
    sign = "≤" if row["goal"] == "at most" else "≥"
    return (
        text(row["title"]),
        "" if row["target"] is None else f"{sign} {number(row['target'])}",
        f"{row['ratio']:.3g}",
        MET[row["met"]],
        _side(row["subject"]),
        f"{row['reference']['name']} {_side(row['reference'])}",
        str(row["rounds"]),
    )


def _side(side: Side) -> str:
    return seconds(side["minimum"])


def _sizes(rows: list[SizeRow]) -> str:
    """Engine and torch beside each other for each work and size."""
    sides: dict[tuple[str, int], dict[str, float]] = {}
    for row in rows:
        sides.setdefault((row["work"], row["size"]), {})[row["side"]] = row["minimum"]
    lines = []
    for (work, size), found in sorted(sides.items()):
        engine, torch = found.get("engine"), found.get("torch")
        ratio = f"{engine / torch:.3g}" if engine is not None and torch else "-"
        times = [seconds(t) if t is not None else "-" for t in (engine, torch)]
        lines.append((text(work), str(size), *times, ratio))
    return table(("work", "elements", "engine", "torch", "engine / torch"), lines)
