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


PAIRS = Layout(96.0, 26.0, 7.0, 7.0)
LABELLED = Layout(190.0, 112.0, 15.0, 13.0)


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
    return drawing([*parts, *_names(rows, columns, at)], width + 40, height + 4, name)


def _names(rows: Sequence[str], columns: Sequence[str], at: Layout) -> list[Markup]:
    """All names where there is room; else the first of each letter shows the way, and the tooltip tells the rest."""
    roomy = at.high >= 12
    parts, last = [], 0.0
    for i, row in enumerate(rows):
        y = at.top + at.high * (i + 0.5) + 4
        if roomy or (row[:1] != (rows[i - 1][:1] if i else "") and y - last >= 9):
            shown, classes = (shortened(row, 28), "end") if roomy else (shortened(row, 14), "end small")
            parts.append(text(at.left - 7, y, shown, class_=classes))
            last = y
    for j, column in enumerate(columns):
        x = at.left + at.wide * (j + 0.5)
        if roomy:
            parts.append(
                text(
                    0,
                    0,
                    shortened(column, 16),
                    transform=f"translate({x + 4:.1f} {at.top - 6:g}) rotate(-90)",
                    class_="label",
                )
            )
        elif j == 0 or column[:1] != columns[j - 1][:1]:
            parts.append(text(x, at.top - 6, column[:1], class_="middle small"))
    return parts


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
