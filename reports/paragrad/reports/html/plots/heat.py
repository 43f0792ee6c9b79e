"""A heat map: a row a name, columns in named groups, a level of colour a cell; split into panels that fit a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from paragrad.reports.html.plots.svg import drawing, element, group, mark, shortened, text

LABEL, ROW, HEAD = 136.0, 13.0, 94.0
LONGEST = 18
"""Characters of a name."""
LEVELS = 9
"""Levels of the colour scale: classes q0 (least) to q8."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A level, what is told of it, whether it is flagged, and the anchor that it leads to."""

    level: int
    told: str
    flag: bool = False
    anchor: str | None = None


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns under one head."""

    head: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A name, and a cell a column, None where there is nothing."""

    name: str
    cells: tuple[Cell | None, ...]


def heat(name: str, rows: Sequence[Row], columns: Sequence[Columns], panels: int, wide: float = 16.0) -> list[Markup]:
    """The panels, each a plot of its own, so that a narrow page shows them below one another."""
    each = -(-len(rows) // panels)
    pieces = [rows[start : start + each] for start in range(0, len(rows), each)]
    return [_panel(f"{name}, {piece[0].name} to {piece[-1].name}", piece, columns, wide) for piece in pieces]


def _panel(name: str, rows: Sequence[Row], columns: Sequence[Columns], wide: float) -> Markup:
    parts: list[Markup] = []
    lefts: list[float] = []
    x = LABEL
    for head in columns:
        parts.append(text(x + wide * len(head.names) / 2, 14, head.head, class_="middle strong"))
        for column in head.names:
            turned = f"translate({x + wide / 2 + 4:.1f} {HEAD - 5:.0f}) rotate(-90)"
            parts.append(text(0, 0, shortened(column, 12), transform=turned, class_="label"))
            lefts.append(x)
            x += wide
        x += 8
    for line, row in enumerate(rows):
        y = HEAD + ROW * line
        shown = text(LABEL - 8, y + ROW - 3, shortened(row.name, LONGEST), class_="end label")
        parts.append(group([element("title", row.name), shown]) if len(row.name) > LONGEST else shown)
        for left, cell in zip(lefts, row.cells, strict=True):
            box = {"x": left, "y": y, "width": wide - 1, "height": ROW - 1}
            if cell is None:
                parts.append(element("path", d=f"M{left + wide / 2 - 3:.1f} {y + ROW / 2:.1f}h5", class_="none"))
                continue
            parts.append(mark("rect", cell.told, class_=f"q{cell.level}", data_to=cell.anchor, **box))
            if cell.flag:
                centre = {"cx": left + wide / 2 - 0.5, "cy": y + ROW / 2 - 0.5}
                parts.append(element("circle", r=2, class_=f"flag on{cell.level}", **centre))
    return drawing(parts, x - 6, HEAD + ROW * len(rows) + 4, name)


def scale(names: Sequence[str], title: str) -> Markup:
    """The key of the colours: a name for each level that is in use."""
    parts = [text(0, 12, title, class_="strong")]
    x = 0.0
    for level, name in enumerate(names):
        parts.append(element("rect", x=x, y=20, width=58, height=12, class_=f"q{level}"))
        parts.append(text(x + 29, 46, name, class_="middle"))
        x += 60
    return drawing(parts, x, 52, f"Key: {title}: {', '.join(names)}")
