"""Ratios with their intervals, one a row, on a logarithmic axis, with the line at 1 and a target for each.

Names stand above their rows, and what lies along the axis is placed in per cent: the plot is as wide as its frame.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from paragrad.reports.html.plots.axes import Scale, label
from paragrad.reports.html.plots.svg import broken, element, fluid, group, mark, text

LEFT, RIGHT = 6.0, 94.0
"""Where the axis begins and ends, in per cent."""
TOP, BOTTOM = 30.0, 44.0
LINE, BAND = 15.0, 24.0
"""The height of a line of a name, and of the intervals below it."""
LONGEST = 32
"""Characters of a line of a name; a phone has room for these, and for what is written at the right."""
LONG = 16
"""More rows than this have the axis above them, too."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A median and its interval; `tone` colours it: good, bad, open or faint (a control)."""

    median: float
    low: float
    high: float
    told: str
    tone: str


@dataclass(frozen=True, slots=True)
class Row:
    """A name, its estimates from top to bottom, where the target lies, and what is written at the right."""

    name: str
    estimates: tuple[Estimate, ...]
    target: float | None
    written: str


def forest(name: str, rows: Sequence[Row], across: str) -> Markup:
    """The plot."""
    x = _scale(rows)
    drawn, y = [], TOP
    for row in rows:
        parts, height = _row(row, y, x)
        drawn += parts
        y += height
    parts = []
    for value in x.ticks(6):
        parts.append(_upright(x(value), TOP, y, "grid"))
        parts.append(text(_share(x(value)), y + 18, label(value), class_="middle"))
        if len(rows) > LONG:
            parts.append(text(_share(x(value)), TOP - 12, label(value), class_="middle"))
    parts.append(_upright(x(1), TOP - 6, y, "one"))
    parts.append(text("50%", y + 38, across, class_="middle name"))
    return fluid([*parts, *drawn], y + BOTTOM, name)


def _scale(rows: Sequence[Row]) -> Scale:
    """All intervals, targets and 1, with some air; whole decades only where there are several."""
    values = [v for row in rows for e in row.estimates for v in (e.low, e.high, e.median)]
    values += [row.target for row in rows if row.target is not None]
    known = [v for v in (*values, 1.0) if 0 < v < math.inf]
    low, high = min(known), max(known)
    air = max((high / low) ** 0.04, 1.02)
    return _Near(low / air, high * air, LEFT, RIGHT, True)


class _Near(Scale):
    """A logarithmic scale that need not end at a power of ten."""

    __slots__ = ()

    def ticks(self, most: int = 8) -> list[float]:
        """1-2-5 between the ends, powers of ten where that is too many, even steps where it is too few."""
        first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
        for factors in ((1, 2, 5), (1,)):
            found = [
                m * 10.0**p for p in range(first, last + 1) for m in factors if self.low <= m * 10.0**p <= self.high
            ]
            if 3 <= len(found) <= most + 2:
                return found
        if len(found) > most:
            return found[:: math.ceil(len(found) / most)]
        return Scale(self.low, self.high, 0, 1, False).ticks(most - 2)


def _row(row: Row, top: float, x: Scale) -> tuple[list[Markup], float]:
    """A row whose upper end is `top`, and how high it is."""
    lines = [line for line in broken(row.name, LONGEST) if line]
    named = group(text(0, top + LINE * place - 3, line) for place, line in enumerate(lines, 1))
    whole = " ".join(lines) == row.name
    parts = [
        named if whole else group([element("title", row.name), named]),
        text("100%", top + LINE - 3, row.written, class_="value end"),
    ]
    y = top + LINE * len(lines) + BAND / 2
    if row.target is not None:
        at = _share(x(row.target))
        parts.append(
            mark("line", f"{row.name}: target {row.target:g}", x1=at, x2=at, y1=y - 9, y2=y + 9, class_="target")
        )
    step = 8.0 / max(1, len(row.estimates) - 1) if len(row.estimates) > 1 else 0.0
    for place, e in enumerate(row.estimates):
        at_y = y + (place - (len(row.estimates) - 1) / 2) * step
        ends = {"x1": _share(x(e.low)), "x2": _share(x(e.high))}
        parts.append(element("line", **ends, y1=at_y, y2=at_y, class_=f"interval {e.tone}"))
        parts += [_upright(x(end), at_y - 3, at_y + 3, f"interval {e.tone}") for end in (e.low, e.high)]
        size = 4 if place == 0 else 2.6
        parts.append(mark("circle", e.told, cx=_share(x(e.median)), cy=at_y, r=size, class_=f"dot {e.tone}"))
    return parts, LINE * len(lines) + BAND


def _upright(at: float, top: float, bottom: float, tone: str) -> Markup:
    """A line from top to bottom."""
    return element("line", x1=_share(at), x2=_share(at), y1=top, y2=bottom, class_=tone)


def _share(at: float) -> str:
    """A place along the axis."""
    return f"{at:.2f}%"
