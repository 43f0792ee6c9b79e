"""Lines over a size: log-log, a line a side, a mark a measurement."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from paragrad.reports.html.plots.axes import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, frame, log_scale
from paragrad.reports.html.plots.series import Series, colours, legend, point, side_of
from paragrad.reports.html.plots.svg import drawing, element


def lines(name: str, series: Sequence[Series], across: str, up: str) -> Markup:
    """The plot; both axes are logarithmic, and zeros lie on a line of their own below."""
    x = log_scale([p[0] for s in series for p in s.points], LEFT, WIDTH - RIGHT)
    y = log_scale([p[1] for s in series for p in s.points], HEIGHT - BOTTOM, TOP)
    known = colours(series)
    parts = frame(x, y, across, up) + legend(series, LEFT, lines=True)
    for place, s in enumerate(series):
        k = known[side_of(s)]
        path = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b, _ in s.points)
        parts.append(element("polyline", points=path, class_=f"line s{k} d{place % 4}"))
        parts += [point(x(a), y(b), k, told) for a, b, told in s.points]
    return drawing(parts, WIDTH, HEIGHT, name)
