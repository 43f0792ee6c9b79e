"""Ratios with their intervals, one a row, on a logarithmic axis, with the line at 1 and a target for each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from paragrad.reports.html.plots.axes import Scale, label
from paragrad.reports.html.plots.svg import CHARACTER, characters, drawing, element, mark, row_label, text

WIDTH, RIGHT, TOP, ROW, BOTTOM = 720.0, 122.0, 34.0, 28.0, 44.0
GAP = 14.0
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
    most = characters(row.name for row in rows)
    x = _scale(rows, CHARACTER * most + GAP)
    height = TOP + ROW * len(rows) + BOTTOM
    bottom = height - BOTTOM
    parts = []
    for value in x.ticks(7):
        parts.append(element("path", d=f"M{x(value):.1f} {TOP:.1f}V{bottom:.1f}", class_="grid"))
        parts.append(text(x(value), bottom + 18, label(value), class_="middle"))
        if len(rows) > LONG:
            parts.append(text(x(value), TOP - 12, label(value), class_="middle"))
    parts.append(element("path", d=f"M{x(1):.1f} {TOP - 6:.1f}V{bottom:.1f}", class_="one"))
    parts.append(text((x.start + x.end) / 2, bottom + 38, across, class_="middle name"))
    for place, row in enumerate(rows):
        parts += _row(row, TOP + ROW * (place + 0.5), x, most)
    return drawing(parts, WIDTH, height, name)


def _scale(rows: Sequence[Row], left: float) -> Scale:
    """All intervals, targets and 1, with some air; whole decades only where there are several."""
    values = [v for row in rows for e in row.estimates for v in (e.low, e.high, e.median)]
    values += [row.target for row in rows if row.target is not None]
    known = [v for v in (*values, 1.0) if 0 < v < math.inf]
    low, high = min(known), max(known)
    air = max((high / low) ** 0.04, 1.02)
    return _Near(low / air, high * air, left, WIDTH - RIGHT, True)


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


def _row(row: Row, y: float, x: Scale, most: int) -> list[Markup]:
    parts = [
        row_label(x.start - GAP, y + 4, row.name, most),
        text(WIDTH - RIGHT + 10, y + 4, row.written, class_="value"),
    ]
    if row.target is not None:
        parts.append(mark("path", f"target {row.target:g}", d=f"M{x(row.target):.1f} {y - 9:.1f}v18", class_="target"))
    step = 8.0 / max(1, len(row.estimates) - 1) if len(row.estimates) > 1 else 0.0
    for place, e in enumerate(row.estimates):
        at = y + (place - (len(row.estimates) - 1) / 2) * step
        interval = (
            f"M{x(e.low):.1f} {at:.1f}H{x(e.high):.1f}M{x(e.low):.1f} {at - 3:.1f}v6M{x(e.high):.1f} {at - 3:.1f}v6"
        )
        parts.append(element("path", d=interval, class_=f"interval {e.tone}"))
        parts.append(mark("circle", e.told, cx=x(e.median), cy=at, r=4 if place == 0 else 2.6, class_=f"dot {e.tone}"))
    return parts
