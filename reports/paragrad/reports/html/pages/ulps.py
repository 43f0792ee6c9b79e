"""ULP by op and dtype: the heat map, the distributions, and the table behind both."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from paragrad.reports.bodies.accuracy import AccuracyBody, AccuracyRow, Quantity, Ulps, WorstPoint
from paragrad.reports.html.blocks import (
    Block,
    Cell,
    Column,
    Figure,
    Note,
    Prose,
    Section,
    Table,
    code,
    columns,
    link,
    row,
)
from paragrad.reports.html.plots import heat as heats
from paragrad.reports.html.plots.bars import Bar, Part, bars
from paragrad.reports.html.plots.heat import Columns, heat, scale
from paragrad.reports.html.plots.svg import element
from paragrad.reports.html.words import LACKING, num, number, plural, share, whole
from paragrad.reports.render.accuracy import quantities

LEVELS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 64.0, 1024.0)
"""The upper edges of the heat map's colours, in ULP; beyond the last there is one more."""
LEVEL_NAMES = (*(f"≤ {number(edge)}" for edge in LEVELS), "> 1024")
SIDES = ("engine", "torch")
PANELS = 3


def level(ulp: float) -> int:
    """The colour of an error."""
    return sum(ulp > edge for edge in LEVELS)


def level_with_torch(quantity: Quantity) -> bool:
    """Whether the engine's largest error is at most torch's, or half a ULP: correct rounding."""
    return quantity["engine"]["max"] <= max(quantity["torch"]["max"], 0.5)


def section(body: AccuracyBody, seed: int | None) -> Section:
    """All of it; an honest line where there is nothing."""
    rows = body["rows"]
    if not rows:
        return Section("ulp", "Distance from the truth", [Note("No op was measured.")])
    blocks: list[Block] = [
        Prose(
            Markup(
                "1 ULP is the spacing of floats at the truth; 0.5 is correct rounding. Truth: {}. Sums that cancel "
                "have few right digits on either side, so an engine is compared with torch at the same inputs. Every "
                "number here is made again by {}."
            ).format("; ".join(sorted({r["truth"] for r in rows})), code(f"paragrad accuracy --seed {seed or 0}"))
        ),
        _heat(rows),
    ]
    if any(sum(q["engine"]["bins"]) for _, _, q in quantities(rows)):
        blocks.append(_distributions(body))
    else:
        blocks.append(Note("This record holds no distributions."))
    blocks.append(_table(body))
    blocks += _furthest(body["worst"], seed)
    blocks += _exact(rows)
    if body["absent"]:
        absent = [row(code(a["op"]), a["dtype"], a["reason"]) for a in body["absent"]]
        blocks.append(Prose(f"Not measured: {plural(len(absent), 'row')}, each with its reason."))
        blocks.append(Table("absent", "Ops that were not measured", columns("op", "dtype", "reason"), absent))
    return Section("ulp", "Distance from the truth", blocks)


def _heat(rows: Sequence[AccuracyRow]) -> Figure:
    """A row an op; columns by dtype, value and worst gradient, and side."""
    dtypes = list(dict.fromkeys(r["dtype"] for r in rows))
    by_op: dict[str, dict[str, AccuracyRow]] = {}
    for r in rows:
        by_op.setdefault(r["op"], {})[r["dtype"]] = r
    anchors = {(r["op"], r["dtype"], what): f"ulp-{k}" for k, (r, what, _) in enumerate(quantities(list(rows)))}
    groups = [Columns(dtype, ("value", "value torch", "grad", "grad torch")) for dtype in dtypes]
    shown = []
    for op, of in sorted(by_op.items()):
        cells: list[heats.Cell | None] = []
        for dtype in dtypes:
            here = of.get(dtype)
            if here is None:
                cells += [None] * 4
                continue
            cells += _pair(f"{op}, {dtype}, value", here["value"], anchors.get((op, dtype, "value")))
            name, worst = _worst(here["gradients"])
            cells += _pair(f"{op}, {dtype}, gradient of {name}", worst, anchors.get((op, dtype, f"grad {name}")))
        shown.append(heats.Row(op, tuple(cells)))
    return Figure(
        "heat",
        "Largest error of each op, in ULP.",
        "A row an op. Of each pair of columns the left one is the engine and the right one torch; of an op's gradients "
        "the worst is shown. A ring marks where the engine is further off than torch and than half a ULP. "
        "A dash: nothing to measure there.",
        heat("Largest error in ULP by op", shown, groups, PANELS),
        key=scale(LEVEL_NAMES, "largest error, ULP"),
    )


def _worst(gradients: dict[str, Quantity]) -> tuple[str, Quantity | None]:
    """The gradient with the engine's largest error, by its argument."""
    return max(gradients.items(), key=lambda item: item[1]["engine"]["max"], default=("", None))


def _pair(where: str, quantity: Quantity | None, anchor: str | None) -> list[heats.Cell | None]:
    if quantity is None:
        return [None, None]
    flag = not level_with_torch(quantity)
    told = [
        f"{where}: {side} {number(quantity[side]['max'], 4)} ULP{_unlike(quantity[side])}"
        for side in ("engine", "torch")
    ]
    return [
        heats.Cell(level(quantity["engine"]["max"]), told[0], flag, anchor),
        heats.Cell(level(quantity["torch"]["max"]), told[1], False, anchor),
    ]


def _unlike(side: Ulps) -> str:
    return f", {side['unlike']} unlike" if side["unlike"] else ""


def _bin_names(edges: Sequence[float]) -> list[str]:
    return [("exact" if edge == 0 else f"≤ {number(edge)}") for edge in edges] + [f"> {number(edges[-1])}"]


def _tone(edges: Sequence[float], place: int) -> str:
    """The heat map's colour of a bin, by its upper edge."""
    return f"q{len(LEVELS)}" if place >= len(edges) else f"q{level(edges[place])}"


def _distributions(body: AccuracyBody) -> Figure:
    """All elements of a dtype, values and gradients, by how far off they are: engine above torch."""
    edges, names = body["edges"], _bin_names(body["edges"])
    shown, numbers = [], []
    for dtype in dict.fromkeys(r["dtype"] for r in body["rows"]):
        for what in ("values", "gradients"):
            of = [
                q
                for r, kind, q in quantities([r for r in body["rows"] if r["dtype"] == dtype])
                if (kind == "value") == (what == "values")
            ]
            for side in ("engine", "torch"):
                bins = [sum(column) for column in zip(*(q[side]["bins"] for q in of), strict=True)]
                total = sum(bins)
                if not total:
                    continue
                where = f"{dtype} {what}, {side}"
                parts = tuple(
                    Part(100 * n / total, _tone(edges, k), f"{where}: {n:,} {names[k]} ULP ({share(n, total)})")
                    for k, n in enumerate(bins)
                )
                shown.append(Bar(where, parts, f"{total:,}"))
                numbers.append(row(f"{dtype} {what}", side, *(whole(n) for n in bins)))
    heads = columns("of", "side", *names, numeric=names)
    return Figure(
        "distributions",
        "How the errors of all elements are distributed.",
        "The share of elements by their distance from the truth. At the right: elements.",
        [bars("Distribution of errors in ULP", shown, "share of elements, %")],
        Table("distributions-numbers", "Elements by distance from the truth, in ULP", heads, numbers),
        key=scale(LEVEL_NAMES, "error, ULP"),
    )


def _spark(ulps: Ulps, told: str) -> Markup:
    """A distribution as wide as a word: a bar a bin, the fullest as high as the line."""
    most = max(ulps["bins"], default=0)
    if not most:
        return Markup("")
    bins = ulps["bins"]
    path = "".join(f"M{4 * k + 2} 14v-{max(1.0, 14 * n / most):.0f}" for k, n in enumerate(bins) if n)
    box = f"0 0 {4 * len(bins)} 14"
    drawn = element("path", d=path)
    return element("svg", drawn, viewBox=box, class_="spark", role="img", aria_label=told)


def _table(body: AccuracyBody) -> Table:
    heads = [
        Column("op"),
        Column("dtype", facet=True),
        Column("of"),
        Column("elements", True),
        *(Column(name, True, group=side) for side in SIDES for name in ("max", "99.9 %", "median")),
        Column("engine", group="distribution"),
        Column("torch", group="distribution"),
        Column("declared", True),
        Column("to torch", facet=True),
    ]
    lines, ids = [], []
    furthest = {(p["op"], p["dtype"]): f"furthest-{k}" for k, p in enumerate(body["worst"])}
    for k, (r, what, q) in enumerate(quantities(body["rows"])):
        sides = [num(q[side][key]) for side in ("engine", "torch") for key in ("max", "p999", "median")]
        sparks = [
            Cell(_spark(q[side], _told(q[side], body["edges"])), tone=f"spark-{side}") for side in ("engine", "torch")
        ]
        unlike = " and ".join(f"{q[s]['unlike']} unlike ({s})" for s in ("engine", "torch") if q[s]["unlike"])
        standing = "level" if level_with_torch(q) else "behind"
        ids.append(f"ulp-{k}")
        lines.append(
            row(
                link(anchor, code(r["op"])) if (anchor := furthest.get((r["op"], r["dtype"]))) else code(r["op"]),
                r["dtype"],
                what.replace("grad ", "∂ ") + (f" · {unlike}" if unlike else ""),
                whole(q["count"] - q["beyond"]),
                *sides,
                *sparks,
                num(r["declared"]) if what == "value" else None,
                standing,
            )
        )
    caption = "Error in ULP of every op, value and gradient"
    return Table("ulp-table", caption, tuple(heads), lines, tuple(ids))


def _furthest(points: Sequence[WorstPoint], seed: int | None) -> list[Block]:
    """The furthest point of each op and dtype, with its program and the command that writes its script."""
    if not points:
        return [Note("This record holds no points at which an op is furthest off.")]
    lines = [
        row(
            p["op"], p["dtype"], p["of"].replace("grad ", "∂ "), number(p["ulp"], 4), p["call"], p["inputs"],
            _place(p["element"]), p["engine"], p["torch"], p["truth"], str(p["program"]),
        )
        for p in points
    ]  # fmt: skip
    heads = columns("op", "dtype", "of", "ULP", "program", "operands", "at", "engine", "torch", "truth", "number",
                    numeric=("ULP", "number"), facet=("dtype",))  # fmt: skip
    first = points[0]
    example = (
        f"paragrad accuracy --seed {seed or 0} --script {first['op']} {first['dtype']} {first['program']} | python"
    )
    told = Markup(
        "The furthest point of each op and dtype: the program, and what both sides and the truth have there. Op, dtype "
        "and the program's number give it again as a script that shows both sides: {}."
    ).format(code(example))
    ids = tuple(f"furthest-{k}" for k in range(len(points)))
    return [Prose(told), Table("furthest", "Where each op is furthest off", heads, lines, ids, packed=True)]


def _place(element: list[int]) -> str:
    return ", ".join(map(str, element)) if element else LACKING


def _told(ulps: Ulps, edges: Sequence[float]) -> str:
    """A distribution in words: the share that is correctly rounded, and the last bin in use."""
    total = sum(ulps["bins"])
    right = sum(n for n, edge in zip(ulps["bins"], edges, strict=False) if edge <= 0.5)
    return f"{share(right, total)} within 0.5"


def _exact(rows: Sequence[AccuracyRow]) -> list[Block]:
    lines = [
        row(code(r["op"]), r["dtype"], whole(e["count"]), whole(e["engine"]), whole(e["torch"]))
        for r in rows
        if (e := r["exact"]) is not None
    ]
    if not lines:
        return []
    heads = columns(
        "op",
        "dtype",
        "elements",
        "wrong: engine",
        "wrong: torch",
        numeric=("elements", "wrong: engine", "wrong: torch"),
    )
    return [Table("exact", "Integer and bool outputs, which have to be right", heads, lines, titled=True)]


def behind(body: AccuracyBody) -> Section:
    """Where the engine's 99.9 % error exceeds torch's by the largest factor, each with its row."""
    ranked = sorted(
        ((k, r, what, q) for k, (r, what, q) in enumerate(quantities(body["rows"]))),
        key=lambda entry: entry[3]["engine"]["p999"] / max(entry[3]["torch"]["p999"], 0.5),
        reverse=True,
    )
    lines = [
        row(link(f"ulp-{k}", code(r["op"])), r["dtype"], what, num(q["engine"]["p999"]), num(q["torch"]["p999"]),
            num(q["engine"]["p999"] / max(q["torch"]["p999"], 0.5), 3))
        for k, r, what, q in ranked[:10]
        if q["engine"]["p999"] > max(q["torch"]["p999"], 0.5)
    ]  # fmt: skip
    if not lines:
        return Section("behind", "Furthest behind torch", [Prose("Nowhere: no 99.9 % error is larger than torch's.")])
    numeric = ("engine, 99.9 %", "torch, 99.9 %", "factor")
    told = Prose("The 99.9 % error against torch's, or against half a ULP where torch's is smaller.")
    heads = columns("op", "dtype", "of", *numeric, numeric=numeric)
    return Section(
        "behind", "Furthest behind torch", [told, Table("behind-table", "Furthest behind torch", heads, lines)]
    )
