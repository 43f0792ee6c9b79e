"""Tables of every side over sizes and over nodes, with a line for what there is no number of."""

from __future__ import annotations

from collections.abc import Iterable

from paragrad.reports.bodies.speed import ScalingRow, SizeRow
from paragrad.reports.render.markdown import code, seconds, table, text

FIRST = ("engine", "torch")
"""The sides that stand first."""


def _sides(found: Iterable[str]) -> list[str]:
    """Engine and torch, then the others in the order in which they come."""
    return list(dict.fromkeys((*FIRST, *found)))


TOLD = (
    "Forward and backward of one op in float32, the median over the rounds. In brackets: the least and the most that "
    "both medians' 95 % intervals leave their ratio."
)


def _ratio(engine: SizeRow, torch: SizeRow) -> str:
    """The ratio of the medians, and its interval."""
    if not torch["low"]:
        return "-"
    low, high = engine["low"] / torch["high"], engine["high"] / torch["low"]
    return f"{engine['median'] / torch['median']:.3g} ({low:.3g} to {high:.3g})"


def sizes(rows: list[SizeRow], absent: list[str]) -> list[str]:
    """Every side beside the others for each work and size, and who is missing."""
    times: dict[tuple[str, int], dict[str, SizeRow]] = {}
    for row in rows:
        times.setdefault((row["work"], row["size"]), {})[row["side"]] = row
    others = [side for side in _sides(row["side"] for row in rows) if side not in FIRST]
    lines = []
    for (work, size), found in times.items():
        cells = [seconds(found[side]["median"]) if side in found else "-" for side in (*FIRST, *others)]
        ratio = _ratio(found["engine"], found["torch"]) if found.keys() >= set(FIRST) else "-"
        lines.append((text(work), f"{size:,}", *cells[:2], ratio, *cells[2:]))
    heads = ("work", "elements", *FIRST, "engine / torch", *map(text, others))
    page = [table(heads, lines), TOLD]
    works = dict.fromkeys(work for work, _ in times)
    for side in others:
        has = {row["work"] for row in rows if row["side"] == side}
        if lacks := [work for work in works if work not in has]:
            page.append(f"{text(side)} has no {', '.join(map(code, lacks))}, or computes something else there.")
    if absent:
        page.append(f"Not installed here: {', '.join(map(text, absent))}.")
    return page


def scaling(rows: list[ScalingRow]) -> list[str]:
    """Forward + backward of every side for each graph and number of nodes, and why there is none."""
    cells: dict[tuple[str, int], dict[str, str]] = {}
    missing: dict[tuple[str, str, str], list[int]] = {}
    for row in rows:
        forward, backward = row["forward"], row["backward"]
        if forward is None or backward is None:
            missing.setdefault((row["work"], row["side"], row["failed"]), []).append(row["nodes"])
            continue
        both = f"{seconds(forward)} + {seconds(backward)}"
        cells.setdefault((row["work"], row["nodes"]), {})[row["side"]] = both
    sides = _sides(row["side"] for row in rows)
    works = dict.fromkeys((row["work"], row["nodes"]) for row in rows)
    lines = [
        (text(work), f"{nodes:,}", *(cells.get((work, nodes), {}).get(side, "-") for side in sides))
        for work, nodes in works
    ]
    page = [table(("graph", "nodes", *map(text, sides)), lines), "Forward + backward, each the least over the rounds."]
    if missing:
        told = [
            f"- {text(side)}, {text(work)}, {' and '.join(f'{nodes:,}' for nodes in counts)} nodes: {text(why)}"
            for (work, side, why), counts in missing.items()
        ]
        page.append("\n".join(told))
    return page
