"""The page of an accuracy record: where the engine is further from the truth than torch, then every row."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from itertools import pairwise

from paragrad.reports.bodies.accuracy import (
    AccuracyBody,
    AccuracyRow,
    ConventionsBody,
    GraphCounts,
    PointRow,
    Quantity,
    Ulps,
)
from paragrad.reports.record import Record
from paragrad.reports.render.markdown import code, number, plural, table, text

HEADS = ("op", "of", "elements", "max", "99.9 %", "median", "torch: max", "99.9 %", "median", "declared", "slack")
WORST = 10
SIZES = (2.0, 8.0, 20.0, 50.0)
CONDITIONS = (10.0, 100.0, 1e3, 1e6)
"""The upper edges of the bins in which random graphs are told."""


def blocks(body: AccuracyBody, record: Record) -> list[str]:
    """The page, block by block."""
    rows = body["rows"]
    page = ["# Accuracy", _claim(rows)]
    page += ["## Furthest behind torch", _behind(rows)]
    if over := [f"{code(row['op'])} in {row['dtype']} ({side})" for row in rows for side in _beyond(row)]:
        page.append(f"**Further off than the table declares:** {', '.join(over)}.")
    if body["depth"]:
        page += ["## Gradient error against depth", _depth(body)]
    page += _points(body) + _choices(body["conventions"])
    for dtype in dict.fromkeys(row["dtype"] for row in rows):
        page += [f"## ULP in {dtype}", _rows([row for row in rows if row["dtype"] == dtype])]
    exact = [row for row in rows if row["exact"]]
    if exact:
        page += ["## Integer and bool outputs", _exact(exact)]
    if body["absent"]:
        absent = [(code(a["op"]), a["dtype"], text(a["reason"])) for a in body["absent"]]
        page += ["## Not measured", table(("op", "dtype", "reason"), absent, left=3)]
    return page


def quantities(rows: list[AccuracyRow]) -> list[tuple[AccuracyRow, str, Quantity]]:
    """Each row's value and gradients."""
    found: list[tuple[AccuracyRow, str, Quantity]] = []
    for row in rows:
        if row["value"] is not None:
            found.append((row, "value", row["value"]))
        found += [(row, f"grad {name}", quantity) for name, quantity in row["gradients"].items()]
    return found


def _claim(rows: list[AccuracyRow]) -> str:
    """The page in two sentences."""
    all_of = quantities(rows)
    level = sum(q["engine"]["max"] <= max(q["torch"]["max"], 0.5) for _, _, q in all_of)
    truths = sorted({row["truth"] for row in rows})
    return (
        f"{plural(len({row['op'] for row in rows}), 'op')}. In {level} of {len(all_of)} values and gradients "
        "the engine's largest error is at most torch's, or half a ULP. "
        f"Truth: {'; '.join(truths)}. 1 ULP is the spacing of floats at the truth, and 0.5 is correct rounding; "
        "sums that cancel have few right digits on either side. "
        "Slack: what the table declares ÷ the larger of both maxima; `paragrad ulps` holds it."
    )


def _behind(rows: list[AccuracyRow]) -> str:
    """Where the engine's 99.9 % error exceeds torch's by the largest factor."""
    ranked = sorted(
        quantities(rows),
        key=lambda entry: entry[2]["engine"]["p999"] / max(entry[2]["torch"]["p999"], 0.5),
        reverse=True,
    )
    lines = [
        (code(row["op"]), row["dtype"], what, number(q["engine"]["p999"]), number(q["torch"]["p999"]))
        for row, what, q in ranked[:WORST]
        if q["engine"]["p999"] > max(q["torch"]["p999"], 0.5)
    ]
    return table(("op", "dtype", "of", "engine, 99.9 %", "torch, 99.9 %"), lines, left=3) if lines else "Nowhere."


def _beyond(row: AccuracyRow) -> list[str]:
    """The sides whose values are further off than the table declares."""
    declared, value = row["declared"], row["value"]
    if declared is None or value is None:
        return []
    sides = (("engine", value["engine"]["max"]), ("torch", value["torch"]["max"]))
    return [side for side, error in sides if error > declared]


def _slack(declared: float, quantity: Quantity) -> float | None:
    """What the table declares ÷ the largest error of either side, which the judge's bounds have to cover; None where
    nothing was off."""
    largest = max(quantity["engine"]["max"], quantity["torch"]["max"])
    return declared / largest if largest else None


def _rows(rows: list[AccuracyRow]) -> str:
    lines = []
    for row, what, quantity in quantities(rows):
        is_value = what == "value"
        declared = row["declared"] if is_value else None
        slack = None if declared is None else _slack(declared, quantity)
        lines.append(
            (
                code(row["op"]),
                what,
                str(quantity["count"] - quantity["beyond"]),
                *_ulps(quantity["engine"]),
                *_ulps(quantity["torch"]),
                "" if declared is None else number(declared),
                "" if slack is None else number(slack),
            )
        )
    return table(HEADS, lines, left=2)


def _ulps(side: Ulps) -> tuple[str, str, str]:
    unlike = f" and {side['unlike']} unlike" if side["unlike"] else ""
    return number(side["max"]) + unlike, number(side["p999"]), number(side["median"])


def _depth(body: AccuracyBody) -> str:
    """Median and maximum by depth."""
    lines = [
        (
            str(row["depth"]),
            str(row["gradients"]),
            *(number(row[side][key]) for side in ("engine", "torch") for key in ("median", "p999", "max")),
        )
        for row in body["depth"]
    ]
    heads = ("ops on the longest path", "gradients", "median", "99.9 %", "max", "torch: median", "99.9 %", "max")
    return table(heads, lines) + "\n\nfloat32, norm-wise error in units of 2^-24, against torch in float64."


def graphs(counts: GraphCounts) -> str:
    """What became of the random graphs that are not among the points, in a sentence; nothing where all are."""
    parts = [
        f"{why}: {count}"
        for why, count in (
            ("without a gradient that can be compared", counts["not_compared"]),
            ("not run, for the time of the run was over", counts["not_run"]),
        )
        if count
    ]
    asked = plural(counts["requested"], "random graph")
    return f"{asked} asked for; judged: {counts['judged']}; {'; '.join(parts)}." if parts else ""


def _points(body: AccuracyBody) -> list[str]:
    """Error ÷ bound by size and by condition."""
    points, told = body["points"], graphs(body["graphs"])
    if not points:
        return ["## Gradient error ÷ bound", told] if told else []
    by_size, by_condition = ([p["ops"] for p in points], [p["condition"] for p in points])
    return [
        "## Gradient error ÷ bound",
        f"{plural(len(points), 'random graph')}, end to end; more than 1 would be a fault. Condition: bound ÷ (u · "
        "largest gradient), by how much a graph may amplify one rounding.",
        *([told] if told else []),
        _binned("ops", SIZES, by_size, points),
        _binned("condition", CONDITIONS, by_condition, points),
    ]


def _binned(what: str, edges: tuple[float, ...], keys: Sequence[float], points: list[PointRow]) -> str:
    """Median and maximum of either side; each bin reaches up to and with its edge, the last has none."""
    rows = []
    for low, high in pairwise((-math.inf, *edges, math.inf)):
        inside = [point for key, point in zip(keys, points, strict=True) if low < key <= high]
        if inside:
            sides = ([p["engine"] for p in inside], [p["torch"] for p in inside])
            name = f"≤ {number(high)}" if high < math.inf else f"> {number(low)}"
            cells = (number(f(side)) for side in sides for f in (statistics.median, max))
            rows.append((name, str(len(inside)), *cells))
    return table((what, "graphs", "median", "max", "torch: median", "max"), rows)


def _choices(conventions: ConventionsBody) -> list[str]:
    """Where the engine chooses otherwise than torch."""
    if not conventions["points"]:
        return []
    differing = conventions["differing"]
    told = f"{plural(conventions['points'], 'point')} at kinks, ties, poles and with inf and NaN; "
    told += f"the engine chooses otherwise at {len(differing)}." if differing else "the engine does what torch does."
    rows = [
        (code(c["point"]), text(c["torch"]), text(c["engine"]), text(c["reason"]) or "**none stated**")
        for c in differing
    ]
    return ["## Conventions", told, *([table(("point", "torch", "engine", "reason"), rows, left=4)] if rows else [])]


def _exact(rows: list[AccuracyRow]) -> str:
    lines = [
        (code(row["op"]), row["dtype"], str(exact["count"]), str(exact["engine"]), str(exact["torch"]))
        for row in rows
        if (exact := row["exact"]) is not None
    ]
    return table(("op", "dtype", "elements", "wrong: engine", "wrong: torch"), lines, left=2)
