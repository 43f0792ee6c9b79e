"""What no edges connect: found, and set out side by side on shelves, so that many small graphs make no long row."""

from __future__ import annotations

import math
from collections.abc import Sequence

Point = tuple[float, float]
"""x to the right, y down, or a width and a height, in the unit of the sizes (CSS pixels)."""

ACROSS = 18.0
"""Room between neighbours in a row; half of it where an edge passes."""
DOWN = 34.0
"""Room between rows."""
WIDE = 900.0
"""A drawing may be as wide as this before parts go on to the next shelf, or as wide as its widest part."""
RATIO = 1.5
"""Of width to height, for drawings of many parts."""


def components(names: Sequence[str], edges: Sequence[tuple[str, str]]) -> list[list[str]]:
    """The connected parts, in the order of their first nodes."""
    near: dict[str, list[str]] = {name: [] for name in names}
    for source, target in edges:
        near[source].append(target)
        near[target].append(source)
    head: dict[str, str] = {}
    for name in names:
        waiting = [] if name in head else [name]
        head.setdefault(name, name)
        while waiting:
            for other in near[waiting.pop()]:
                if other not in head:
                    head[other] = name
                    waiting.append(other)
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(head[name], []).append(name)
    return list(found.values())


def shelves(sizes: Sequence[Point]) -> list[Point]:
    """The upper left corner of each part: the highest first, from left to right, shelf below shelf."""
    area = sum((width + ACROSS) * (height + DOWN) for width, height in sizes)
    room = max([WIDE, math.sqrt(RATIO * area), *(width for width, _ in sizes)])
    corners = [(0.0, 0.0)] * len(sizes)
    x = y = high = 0.0
    for k in sorted(range(len(sizes)), key=lambda k: -sizes[k][1]):
        width, height = sizes[k]
        if x and x + width > room:
            x, y, high = 0.0, y + high + DOWN, 0.0
        corners[k] = (x, y)
        x += width + 2 * ACROSS
        high = max(high, height)
    return corners
