"""Series: names that keep their colour and mark from plot to plot, and their legend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from paragrad.reports.html.plots.svg import element, mark, shortened, text

KNOWN = ("engine", "torch", "micrograd", "mygrad", "autograd", "jax", "numpy")
"""Sides whose colour never changes; others take the remaining ones in turn."""
COLOURS = 8
SHAPES = 5


@dataclass(slots=True)
class Series:
    """One line or cloud: points as (x, y, what is told of it). `side` gives the colour, where that is not the name."""

    name: str
    side: str = ""
    points: list[tuple[float, float, str]] = field(default_factory=list)


def colours(series: Sequence[Series]) -> dict[str, int]:
    """The number of the colour and mark of each side."""
    names = list(dict.fromkeys(side_of(s) for s in series))
    found = {name: KNOWN.index(name) for name in names if name in KNOWN}
    free = [k for k in range(COLOURS) if k not in found.values()] or list(range(COLOURS))
    for place, name in enumerate(name for name in names if name not in found):
        found[name] = free[place % len(free)]
    return found


def side_of(series: Series) -> str:
    """What gives a series its colour."""
    return series.side or series.name


def point(x: float, y: float, k: int, title: str | None, hollow: bool = False) -> Markup:
    """The k-th mark at a place: a disc, square, triangle, diamond or ring; without a title it is a picture only.

    A `hollow` one is larger, and leaves room for one inside it.
    """
    more = 1.6 if hollow else 0.0
    shapes: tuple[tuple[str, dict[str, str | float | None]], ...] = (
        ("circle", {"cx": x, "cy": y, "r": 3.6 + more}),
        ("rect", {"x": x - 3.2 - more, "y": y - 3.2 - more, "width": 6.4 + 2 * more, "height": 6.4 + 2 * more}),
        ("path", {"d": f"M{x:.1f} {y - 4.4:.1f}l4.4 7.6h-8.8z"}),
        ("path", {"d": f"M{x:.1f} {y - 4.8:.1f}l4.8 4.8l-4.8 4.8l-4.8 -4.8z"}),
        ("circle", {"cx": x, "cy": y, "r": 3.2}),
    )
    shape, place = shapes[k % SHAPES]
    classes = f"dot s{k}" + (" ring" if k % SHAPES == 4 else "") + (" hollow" if hollow else "")
    if title is None:
        return element(shape, class_=classes, **place)
    return mark(shape, title, class_=classes, **place)


def legend(series: Sequence[Series], left: float, lines: bool = False, hollow: bool = False) -> list[Markup]:
    """The names in a row above the plot, each with its mark; all but the first are `hollow` where that is asked for."""
    parts, x = [], left
    known = colours(series)
    for place, s in enumerate(series):
        k, name = known[side_of(s)], s.name
        if lines:
            parts.append(element("path", d=f"M{x:.1f} 16h24", class_=f"line s{k} d{place % 4}"))
        parts.append(point(x + 12, 16, k, None, hollow and place > 0))
        shown = shortened(name, 22)
        parts.append(text(x + 30, 20, shown))
        x += 50 + 7.2 * len(shown)
    return parts
