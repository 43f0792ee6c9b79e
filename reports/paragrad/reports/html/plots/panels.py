"""Small multiples: the same sides over a size, a little log-log plot a work, on scales that all of them share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from paragrad.reports.html.plots.axes import frame, log_scale
from paragrad.reports.html.plots.series import Series, colours, legend, point
from paragrad.reports.html.plots.svg import drawing, element, shortened, text

WIDTH, HEIGHT = 266.0, 212.0
LEFT, RIGHT, TOP, BOTTOM = 46.0, 12.0, 42.0, 46.0
LONGEST = 30
"""Characters of the name of a plot."""


def panels(named: Mapping[str, Sequence[Series]], across: str, up: str) -> list[Markup]:
    """A plot a name. Scales, colours and dashes are those of all plots, so that they can be compared."""
    every = [series for of in named.values() for series in of]
    x = log_scale([p[0] for s in every for p in s.points], LEFT, WIDTH - RIGHT)
    y = log_scale([p[1] for s in every for p in s.points], HEIGHT - BOTTOM, TOP)
    known = colours(every)
    places = {name: place for place, name in enumerate(known)}
    shown = []
    for name, of in named.items():
        parts = [text(0, 12, shortened(name, LONGEST), class_="strong")]
        parts.append(text(0, 28, up))  # beside the numbers, as the names of large plots are, there is no room
        parts += frame(x, y, across, "", (4, 5))
        for s in of:
            path = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b, _ in s.points)
            parts.append(element("polyline", points=path, class_=f"line s{known[s.name]} d{places[s.name] % 4}"))
            parts += [point(x(a), y(b), known[s.name], told) for a, b, told in s.points]
        shown.append(drawing(parts, WIDTH, HEIGHT, f"{name}: {up} over {across}"))
    return shown


def key(named: Mapping[str, Sequence[Series]]) -> Markup:
    """The sides' names beside their lines."""
    sides = [Series(name) for name in colours([series for of in named.values() for series in of])]
    wide = sum(50 + 7.2 * min(22, len(series.name)) for series in sides)
    return drawing(legend(sides, 0, lines=True), wide, 28, f"Key: {', '.join(series.name for series in sides)}")
