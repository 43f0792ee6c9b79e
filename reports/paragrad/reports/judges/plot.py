"""Detection against fault size as SVG: a panel a dtype, a line a judge. Plain strings; the record is all it reads."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from paragrad.reports.bodies.judges import DetectionRow, JudgesBody

WIDTH, HEIGHT = 460, 300
LEFT, TOP, RIGHT, BOTTOM = 62, 40, 14, 56
COLOURS = ("#0b5fa5", "#c2410c", "#15803d", "#7e22ce", "#854d0e")
"""Dark enough to be told from white; lines differ by their dashes and marks, too."""
DASHES = ("", "7 4", "2 3", "9 3 2 3", "5 2")
TICKS = {"float32": range(-8, 0), "float64": range(-16, 0, 2)}


def svg(body: JudgesBody, graphs: str) -> str:
    """The plot for one kind of graphs."""
    judges = body["judges"]
    dtypes = list(dict.fromkeys(row["dtype"] for row in body["detection"]))
    legend = 26
    width, height = WIDTH * len(dtypes), HEIGHT + legend
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'font-family="sans-serif" font-size="12" role="img" aria-label="Share of faults found against their size">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    for place, dtype in enumerate(dtypes):
        rows = [
            r for r in body["detection"] if r["graphs"] == graphs and r["dtype"] == dtype and r["epsilon"] is not None
        ]
        parts.append(f'<g transform="translate({place * WIDTH} 0)">')
        parts += panel(f"{graphs} graphs of 80 ops, {dtype}", dtype, rows, judges)
        parts.append("</g>")
    step = (width - LEFT) / len(judges)
    for k, name in enumerate(judges):
        x, y = LEFT + k * step, HEIGHT + legend / 2
        parts.append(stroke([(x, y), (x + 34, y)], k) + mark(x + 17, y, k))
        parts.append(f'<text x="{x + 40:.1f}" y="{y + 4:.1f}">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def panel(title: str, dtype: str, rows: Sequence[DetectionRow], judges: Sequence[str]) -> list[str]:
    """Axes with their labels, and the lines; faults that no graph contained have no point."""
    ticks = TICKS[dtype]
    low, high = ticks[0], -1
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM

    def x(epsilon: float) -> float:
        return LEFT + (math.log10(epsilon) - low) / (high - low) * (right - LEFT)

    def y(share: float) -> float:
        return bottom - share * (bottom - TOP)

    parts = [f'<text x="{(LEFT + right) / 2}" y="22" text-anchor="middle" font-weight="bold">{escape(title)}</text>']
    for share in (0, 0.25, 0.5, 0.75, 1):
        parts.append(f'<path d="M{LEFT} {y(share):.1f}H{right}" stroke="#d4d4d4"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y(share) + 4:.1f}" text-anchor="end">{share:.0%}</text>')
    for power in ticks:
        at = x(10.0**power)
        parts.append(f'<path d="M{at:.1f} {bottom}v5" stroke="#404040"/>')
        parts.append(f'<text x="{at:.1f}" y="{bottom + 19}" text-anchor="middle">1e{power}</text>')
    parts.append(f'<path d="M{LEFT} {TOP}V{bottom}H{right}" fill="none" stroke="#404040"/>')
    middle = (TOP + bottom) / 2
    centre = f'x="{(LEFT + right) / 2}" y="{bottom + 40}" text-anchor="middle"'
    parts.append(f"<text {centre}>ε of the fault: one rule × (1 + ε)</text>")
    turned = f'transform="translate(16 {middle}) rotate(-90)"'
    parts.append(f'<text {turned} text-anchor="middle">share of graphs in which it is found</text>')
    for k, name in enumerate(judges):
        points = [
            (x(r["epsilon"]), y(r["found"][name] / r["contained"])) for r in rows if r["epsilon"] and r["contained"]
        ]
        parts.append(stroke(points, k))
        parts += [mark(*point, k) for point in points]
    return parts


def stroke(points: Sequence[tuple[float, float]], k: int) -> str:
    """The line of the k-th judge."""
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dash = f' stroke-dasharray="{DASHES[k]}"' if DASHES[k] else ""
    return f'<polyline points="{path}" fill="none" stroke="{COLOURS[k]}" stroke-width="2"{dash}/>'


def mark(x: float, y: float, k: int) -> str:
    """The mark of the k-th judge: a disc, square, triangle, diamond or ring."""
    colour = COLOURS[k]
    shapes = (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>',
        f'<rect x="{x - 3:.1f}" y="{y - 3:.1f}" width="6" height="6" fill="{colour}"/>',
        f'<path d="M{x:.1f} {y - 4:.1f}l4 7h-8z" fill="{colour}"/>',
        f'<path d="M{x:.1f} {y - 4:.1f}l4 4l-4 4l-4 -4z" fill="{colour}"/>',
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="#ffffff" stroke="{colour}" stroke-width="1.5"/>',
    )
    return shapes[k]
