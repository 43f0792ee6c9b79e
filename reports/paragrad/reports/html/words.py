"""Numbers as cells: shown to a few digits, sorted by what they are."""

from __future__ import annotations

from paragrad.reports.html.blocks import Cell
from paragrad.reports.render.markdown import number, of_bound, plural, seconds

LACKING = "–"


def _cell(shown: str, value: float) -> Cell:
    """Sorted by what is shown, where that is the number."""
    return Cell(shown, None if float(shown.replace(",", "")) == value else value)


def num(value: float | None, digits: int = 4) -> Cell:
    """A number."""
    return Cell(LACKING, -1.0, "lacking") if value is None else _cell(number(value, digits), value)


def ratio(value: float) -> Cell:
    """An error ÷ bound."""
    return Cell(of_bound(value, 4), value)


def whole(value: int) -> Cell:
    """A count, in groups of three digits."""
    return Cell(f"{value:,}")


def time(value: float | None) -> Cell:
    """Seconds, in the unit that suits them."""
    return Cell(LACKING, -1.0, "lacking") if value is None else Cell(seconds(value), value)


def share(part: float, total: float) -> str:
    """A part as a percentage."""
    return f"{100 * part / total:.1f} %" if total else LACKING


__all__ = ["LACKING", "num", "number", "of_bound", "plural", "ratio", "seconds", "share", "time", "whole"]
