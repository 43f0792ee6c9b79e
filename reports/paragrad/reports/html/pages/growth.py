"""Errors of whole graphs: against the bound over size and condition, and against depth."""

from __future__ import annotations

from collections.abc import Callable

from markupsafe import Markup

from paragrad.reports.bodies.accuracy import AccuracyBody, PointRow
from paragrad.reports.html.blocks import Block, Figure, Note, Prose, Section, Table, code, columns, row
from paragrad.reports.html.plots.lines import lines
from paragrad.reports.html.plots.scatter import scatter
from paragrad.reports.html.plots.series import Series
from paragrad.reports.html.words import num, number, plural, whole
from paragrad.reports.render.accuracy import graphs

SIDES = ("engine", "torch")


def section(body: AccuracyBody, seed: int | None) -> Section:
    """Both, or a line that says which is missing."""
    blocks: list[Block] = []
    points = body["points"]
    if told := graphs(body["graphs"]):
        blocks.append(Note(told) if body["graphs"]["not_run"] else Prose(told))
    if points:
        blocks.append(_scatter(points, "size", "Gradient error ÷ bound over graph size.", "ops in the graph", _ops))
        title = "Gradient error ÷ bound over condition."
        blocks.append(_scatter(points, "condition", title, "condition: bound ÷ (u · largest gradient)", _condition))
        worst = max(points, key=lambda p: p["engine"])
        example = f"paragrad accuracy --seed {seed or 0} --script {worst['family']} {worst['dtype']} {worst['program']}"
        each = Markup(
            "Each point is a random program: its family, dtype and number, which hovering and the table tell, give it "
            "again as a script that shows both sides. The one closest to its bound: {}."
        ).format(code(f"{example} | python"))
        blocks.append(Prose(each))
        numeric = ("number", "ops", "condition", "engine", "torch")
        table = [
            row(
                p["family"],
                p["dtype"],
                str(p["program"]),
                str(p["ops"]),
                *(number(p[k], 4) for k in ("condition", "engine", "torch")),
            )
            for p in points
        ]
        heads = columns("family", "dtype", *numeric, numeric=numeric, facet=("family", "dtype"))
        blocks.append(
            Table("points-table", "Largest gradient error ÷ bound, graph by graph", heads, table, packed=True)
        )
    else:
        blocks.append(Note("This record holds no graphs judged against their end-to-end bound."))
    if body["depth"]:
        blocks.append(_depth(body))
    else:
        blocks.append(Note("This record holds no errors against depth."))
    return Section("graphs", "Error of whole graphs", blocks)


def _ops(point: PointRow) -> float:
    return float(point["ops"])


def _condition(point: PointRow) -> float:
    return point["condition"]


def _scatter(points: list[PointRow], id: str, title: str, across: str, of: Callable[[PointRow], float]) -> Figure:
    found = {side: Series(side) for side in SIDES}
    for p in points:
        for side, ratio in (("engine", p["engine"]), ("torch", p["torch"])):
            told = f"{side}: {number(ratio)} of the bound; {p['family']} {p['dtype']} {p['program']}, {p['ops']} ops"
            found[side].points.append((of(p), ratio, f"{told}, condition {number(p['condition'])}"))
    over = sum(max(p["engine"], p["torch"]) > 1 for p in points)
    caption = (
        f"{plural(len(points), 'random graph')}, the largest error of its gradients on either side. Nothing sound lies "
        f"above the line at 1; here {'nothing does' if not over else plural(over, 'graph') + ' above it'}."
    )
    drawn = scatter(title, list(found.values()), across, "error ÷ bound", 1.0, "the bound")
    return Figure(f"points-{id}", title, caption, [drawn])


def _depth(body: AccuracyBody) -> Figure:
    drawn, table = [], []
    for side in SIDES:
        for key, name in (("median", "median"), ("max", "max")):
            drawn.append(Series(f"{side}, {name}", side))
            for r in body["depth"]:
                ulps = r["engine"] if side == "engine" else r["torch"]
                value = ulps["median"] if key == "median" else ulps["max"]
                told = f"{side}, {name}: {number(value, 4)} u at depth {r['depth']}, {r['gradients']} gradients"
                drawn[-1].points.append((r["depth"], value, told))
    numeric = [f"{side}, {name}" for side in SIDES for name in ("median", "99.9 %", "max")]
    for r in body["depth"]:
        values = [num(r[side][key]) for side in ("engine", "torch") for key in ("median", "p999", "max")]
        table.append(row(whole(r["depth"]), whole(r["graphs"]), whole(r["gradients"]), *values))
    heads = columns("depth", "graphs", "gradients", *numeric, numeric=("depth", "graphs", "gradients", *numeric))
    return Figure(
        "depth",
        "Gradient error over depth.",
        "Norm-wise error in units of u = 2⁻²⁴ (float32) against torch in float64, over the ops on the longest path.",
        [lines("Gradient error over depth", drawn, "ops on the longest path", "error ÷ u")],
        Table("depth-table", "Gradient error against depth", heads, table),
    )
