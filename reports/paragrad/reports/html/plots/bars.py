"""Stacked bars, a row a thing: the parts of a time, or the shares of a distribution."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from paragrad.reports.html.plots.axes import Scale, label
from paragrad.reports.html.plots.svg import CHARACTER, characters, drawing, element, mark, row_label, text

WIDTH, GAP, RIGHT, TOP, ROW, BOTTOM = 720.0, 12.0, 84.0, 34.0, 28.0, 44.0


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a bar: its size, its CSS class, and what is told of it."""

    size: float
    tone: str
    told: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A row: its name, its parts from left to right, what is written at the right, and a target."""

    name: str
    parts: tuple[Part, ...]
    written: str = ""
    target: float | None = None


def bars(
    name: str,
    rows: Sequence[Bar],
    across: str,
    key: Sequence[tuple[str, str]] = (),
    words: Callable[[float], str] = label,
) -> Markup:
    """The plot. `key` names the classes of the parts, as (class, name); `words` writes a tick."""
    longest = max([sum(p.size for p in row.parts) for row in rows] + [row.target or 0.0 for row in rows])
    most = characters(row.name for row in rows)
    x = Scale(0.0, longest or 1.0, CHARACTER * most + GAP, WIDTH - RIGHT, False)
    height = TOP + ROW * len(rows) + BOTTOM
    bottom = height - BOTTOM
    parts = _key(key)
    for value in x.ticks(6):
        parts.append(element("path", d=f"M{x(value):.1f} {TOP:.1f}V{bottom:.1f}", class_="grid"))
        parts.append(text(x(value), bottom + 18, words(value), class_="middle"))
    parts.append(text((x.start + x.end) / 2, bottom + 38, across, class_="middle name"))
    for place, row in enumerate(rows):
        top = TOP + ROW * place + 4
        parts.append(row_label(x.start - GAP, top + 14, row.name, most))
        at = 0.0
        for p in row.parts:
            width = x(at + p.size) - x(at)
            if p.size > 0:
                parts.append(
                    mark("rect", p.told, x=x(at), y=top, width=max(width, 0.6), height=ROW - 8, class_=f"part {p.tone}")
                )
            at += p.size
        if row.target is not None:
            place_of = f"M{x(row.target):.1f} {top - 3:.1f}v{ROW - 2:.1f}"
            parts.append(mark("path", f"target {row.target:g}", d=place_of, class_="target"))
        parts.append(text(WIDTH - RIGHT + 10, top + 14, row.written, class_="value"))
    return drawing(parts, WIDTH, height, name)


def _key(key: Sequence[tuple[str, str]]) -> list[Markup]:
    parts, x = [], 8.0
    step = min(140.0, (WIDTH - 16) / max(1, len(key)))
    for tone, name in key:
        parts.append(element("rect", x=x, y=8, width=12, height=12, class_=f"part {tone}"))
        parts.append(text(x + 17, 18, name))
        x += max(26 + 7.0 * len(name), step if len(key) <= 6 else 0)
    return parts
