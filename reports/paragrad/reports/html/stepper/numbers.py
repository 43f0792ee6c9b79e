"""Numbers of a diff record, written so that they read back as the very same number."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from paragrad.reports.bodies.diff import DiffNumber

WHOLE = 4
"""Elements up to which an array is written in full in a line."""
LARGEST = 16
"""Elements up to which it is written in full where there is room for rows."""
BRIEF = 6
"""Significant digits in a box of the drawing; the steps have them all."""


def exact(value: float | str | None, dtype: str = "float64") -> str:
    """The shortest text that reads back as this number of its dtype; "" of None. What is not finite is text already."""
    if value is None or isinstance(value, str):
        return value or ""
    told = str(np.float32(value)) if dtype == "float32" else repr(value)
    return told.removesuffix(".0")


def shown(one: DiffNumber | None) -> str:
    """A number in full, a small array in full, a larger one by shape and norm; words where there is none."""
    return _told(one, exact)


def rows(one: DiffNumber) -> str:
    """The same for a cell of a table, where an array of up to LARGEST elements is written row below row."""
    elements = one["elements"]
    if elements is None or not WHOLE < math.prod(one["shape"]) <= LARGEST:
        return shown(one)
    if len(one["shape"]) < 2:
        return _listed(elements, one["dtype"], exact)
    return "[" + ",\n ".join(_listed(row, one["dtype"], exact) for row in elements) + "]"


def brief(one: DiffNumber) -> str:
    """The same for a box of the drawing, with fewer digits, and an array by its shape."""
    if one["state"] == "shown" and one["shape"]:
        return f"{one['shape']} norm {_short(one['norm'], one['dtype'])}"
    return _told(one, _short)


def size(one: DiffNumber) -> float:
    """How large a contribution is: its norm; inf where that is not finite, 0 where there is none."""
    norm = one["norm"]
    return math.inf if isinstance(norm, str) else norm or 0.0


def _told(one: DiffNumber | None, write: Any) -> str:
    if one is None or one["state"] == "hidden":
        return "not shown"
    if one["state"] == "none":
        return "none"
    if one["elements"] is not None and math.prod(one["shape"]) <= WHOLE:
        return _listed(one["elements"], one["dtype"], write)
    return f"{one['dtype']}{one['shape']} of norm {write(one['norm'], 'float64')}"


def _listed(elements: Any, dtype: str, write: Any) -> str:
    if isinstance(elements, list):
        return f"[{', '.join(_listed(e, dtype, write) for e in elements)}]"
    if isinstance(elements, bool):
        return str(elements)
    found: str = write(elements, dtype)
    return found


def _short(value: float | str | None, dtype: str) -> str:
    """A few digits."""
    return exact(value, dtype) if value is None or isinstance(value, str) else f"{value:.{BRIEF}g}"
