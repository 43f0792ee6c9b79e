"""Points of two measures: log-log, a mark a program, a line that must not be crossed."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from paragrad.reports.html.plots.axes import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, frame, log_scale
from paragrad.reports.html.plots.series import Series, colours, legend, point, side_of
from paragrad.reports.html.plots.svg import drawing, element, text


def scatter(
    name: str, series: Sequence[Series], across: str, up: str, limit: float | None = None, limit_name: str = ""
) -> Markup:
    """The plot; both axes are logarithmic, and zeros lie on a line of their own below.

    The first series lies above the others, whose marks are hollow and larger: of two at one place both are seen.
    """
    x = log_scale([p[0] for s in series for p in s.points], LEFT, WIDTH - RIGHT)
    heights = [p[1] for s in series for p in s.points]
    y = log_scale([*heights, limit] if limit is not None else heights, HEIGHT - BOTTOM, TOP)
    known = colours(series)
    parts = frame(x, y, across, up) + legend(series, LEFT, hollow=True)
    if limit is not None:
        parts.append(element("path", d=f"M{LEFT:.1f} {y(limit):.1f}H{x.end:.1f}", class_="limit"))
        parts.append(text(x.end, y(limit) - 6, limit_name, class_="end"))
    for place, s in reversed(list(enumerate(series))):
        parts += [point(x(a), y(b), known[side_of(s)], told, hollow=place > 0) for a, b, told in s.points]
    return drawing(parts, WIDTH, HEIGHT, name)
