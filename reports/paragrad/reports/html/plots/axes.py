"""Scales, ticks and the frame of a plot with two axes."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup

from paragrad.reports.html.plots.svg import element, text

WIDTH, HEIGHT = 720.0, 360.0
LEFT, RIGHT, TOP, BOTTOM = 76.0, 18.0, 40.0, 52.0
ZERO = 28.0
"""How far before its first decade a logarithmic scale has its zero."""
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, slots=True)
class Scale:
    """Values between `low` and `high` onto coordinates between `start` and `end`; values outside go to the border.

    A logarithmic scale has `zero`, the coordinate of what is not above 0, where there is such a value.
    """

    low: float
    high: float
    start: float
    end: float
    log: bool
    zero: float | None = None

    def __call__(self, value: float) -> float:
        """The coordinate of a value."""
        if self.zero is not None and value <= 0:
            return self.zero
        value = min(max(value, self.low), self.high)
        if self.log:
            share = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self, most: int = 8) -> list[float]:
        """Round numbers along the scale: powers of ten, 1-2-5 where there are few decades, or even steps."""
        if not self.log:
            return _even(self.low, self.high, most)
        first, last = round(math.log10(self.low)), round(math.log10(self.high))
        if last - first <= 1:
            return [m * 10.0**p for p in range(first, last + 1) for m in (1, 2, 5) if m * 10.0**p <= self.high]
        step = max(1, math.ceil((last - first) / most))
        return [10.0**p for p in range(first, last + 1, step)]


def _even(low: float, high: float, most: int) -> list[float]:
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    count = math.floor(high / step + 1e-9) - first
    return [(first + k) * step for k in range(count + 1)]


def log_scale(values: Iterable[float], start: float, end: float) -> Scale:
    """Whole decades around the values; where there are zeros they have a place of their own before the decades."""
    values = list(values)
    known = [v for v in values if 0 < v < math.inf]
    zero = start if any(v <= 0 for v in values) else None
    if zero is not None:
        start += math.copysign(ZERO, end - start)
    low, high = (min(known), max(known)) if known else (1.0, 1.0)
    first, last = math.floor(math.log10(low) + 1e-9), math.ceil(math.log10(high) - 1e-9)
    if first == last:
        last += 1
    return Scale(max(10.0**first, 5e-324), 10.0**last, start, end, True, zero)


def label(value: float) -> str:
    """A tick's number: 0.01, 1, 5,000, 10⁶."""
    if value == 0:
        return "0"
    power = math.log10(abs(value))
    if -3 <= power < 5:
        return f"{value:,.6f}".rstrip("0").rstrip(".") if value < 1 else f"{value:,.10g}"
    whole = math.floor(power + 1e-9)
    factor = value / 10.0**whole
    lead = "" if abs(factor - 1) < 1e-6 else f"{factor:.3g}·"
    return f"{lead}10{str(whole).translate(SUPERSCRIPTS)}"


def frame(x: Scale, y: Scale, across: str, up: str, most: tuple[int, int] = (8, 6)) -> list[Markup]:
    """Grid, at most about so many ticks across and up, and the names of both axes, where they have one."""
    parts = []
    left = x.start if x.zero is None else x.zero
    bottom = y.start if y.zero is None else y.zero
    for value in [*y.ticks(most[1]), *([] if y.zero is None else [0.0])]:
        at = y(value)
        parts.append(element("path", d=f"M{left:.1f} {at:.1f}H{x.end:.1f}", class_="grid"))
        parts.append(text(left - 8, at + 4, label(value), class_="end"))
    for value in [*x.ticks(most[0]), *([] if x.zero is None else [0.0])]:
        at = x(value)
        parts.append(element("path", d=f"M{at:.1f} {bottom:.1f}v5", class_="axis"))
        parts.append(text(at, bottom + 20, label(value), class_="middle"))
    parts.append(element("path", d=f"M{left:.1f} {y.end:.1f}V{bottom:.1f}H{x.end:.1f}", class_="axis"))
    parts.append(text((left + x.end) / 2, bottom + 42, across, class_="middle name"))
    if up:
        middle = (bottom + y.end) / 2
        parts.append(text(0, 0, up, class_="middle name", transform=f"translate(16 {middle:.1f}) rotate(-90)"))
    return parts
