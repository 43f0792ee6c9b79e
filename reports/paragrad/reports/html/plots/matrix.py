"""Counts by row and column, thousands of them: a path a level for all its cells, and their numbers as data."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from paragrad.reports.html.plots.svg import drawing, element, shortened, text

LEVELS = (1, 3, 10, 30, 100, 300, 1000, 3000)
"""The least count of each level but the first, which is none."""
Counts = Mapping[str, Mapping[str, int | None]]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where cells lie: the room for the rows' names and the columns' heads, and a cell's width and height."""

    left: float
    top: float
    wide: float
    high: float


PAIRS = Layout(120.0, 112.0, 7.0, 7.0)
LABELLED = Layout(206.0, 118.0, 15.0, 13.0)
ROOMY = 12.0
"""A cell so high has room for its row's name."""
LONG = 40
"""More rows than this have the columns' names below them, too."""


def level(count: int) -> int:
    """The level of colour of a count; 0 for none."""
    return sum(count >= least for least in LEVELS)


def matrix(name: str, rows: Sequence[str], columns: Sequence[str], counts: Counts, at: Layout) -> Markup:
    """The plot: a cell is coloured by its count, grey where that is 0 and empty where it is None or not there."""
    paths: dict[int, list[str]] = {}
    for i, row in enumerate(rows):
        of = counts.get(row, {})
        levels = [None if (count := of.get(column)) is None else level(count) for column in columns]
        start = 0
        for k, run in itertools.groupby(levels):
            length = len(list(run))
            if k is not None:
                paths.setdefault(k, []).append(f"M{start} {i}h{length}")
            start += length
    width, height = at.left + at.wide * len(columns), at.top + at.high * len(rows)
    parts = []
    for k, d in sorted(paths.items()):
        # Strokes are the shortest way to write thousands of boxes; dashes leave the gap between them.
        place = f"translate({at.left:g} {at.top + at.high / 2:g}) scale({at.wide:g} {at.high:g})"
        parts.append(element("path", d="".join(d), class_=f"cells c{k}", transform=place))
    parts.append(element("rect", x=0, y=0, width=0, height=0, class_="cursor", visibility="hidden"))
    below = at.top if len(rows) > LONG else 4.0
    return drawing([*parts, *_names(rows, columns, at)], width + 40, height + below, name)


def _names(rows: Sequence[str], columns: Sequence[str], at: Layout) -> list[Markup]:
    """All names where there is room; else every other one, and the tooltip tells the rest. Long plots have the columns'
    names below, too."""
    roomy = at.high >= ROOMY
    parts = []
    for i, row in enumerate(rows):
        if roomy or i % 2 == 0:
            shown = shortened(row, 28 if roomy else 18)
            parts.append(text(at.left - 7, at.top + at.high * (i + 0.5) + 4, shown, class_=f"end {_size(roomy)}"))
    bottom = at.top + at.high * len(rows)
    for j, column in enumerate(columns):
        if roomy or j % 2 == 0:
            x, shown = at.left + at.wide * (j + 0.5) + 4, shortened(column, 16)
            above = f"translate({x:.1f} {at.top - 6:g}) rotate(-90)"
            parts.append(text(0, 0, shown, transform=above, class_=_size(roomy)))
            if len(rows) > LONG:
                below = f"translate({x:.1f} {bottom + 6:g}) rotate(-90)"
                parts.append(text(0, 0, shown, transform=below, class_=f"end {_size(roomy)}"))
    return parts


def _size(roomy: bool) -> str:
    return "label" if roomy else "small"


def numbers(rows: Sequence[str], columns: Sequence[str], counts: Counts, at: Layout, words: str) -> dict[str, object]:
    """What the script needs to tell a cell: names, by row its counts as column and number in turn, and where it lies.

    `words` stands between the names of a row and a column.
    """
    places = {column: j for j, column in enumerate(columns)}
    packed = [
        [entry for column, n in counts.get(row, {}).items() if n is not None for entry in (places[column], n)]
        for row in rows
    ]
    sizes = {"left": at.left, "top": at.top, "wide": at.wide, "high": at.high}
    return {"rows": list(rows), "columns": list(columns), "counts": packed, "words": words, **sizes}
