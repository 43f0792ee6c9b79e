"""Numbers that were computed in float32 on the way to a float64 result."""

from __future__ import annotations

import numpy as np

from paragrad.fuzz.judge.hypotheses import View
from paragrad.fuzz.program import Array

TOLD = "it is computed in float32, where float64 is meant"
LEAST, MOST = 2.0**-30, 2.0**-20
"""The relative errors that computing in float32 leaves over a few ops."""
UNITS = 4
"""Units of float64 by which a number that float32 holds may be missed once it was multiplied and divided."""


def in_single_precision(views: list[View]) -> str:
    """TOLD where each number is right but for what float32 loses, and one that float32 holds; else "".

    Of a gradient it may be the local derivative that float32 holds, or both are what torch makes in float32: an error
    of this size alone may as well be a constant that was written with few digits.
    """
    first = views[0]
    with np.errstate(all="ignore"):
        off = np.abs(first.found - first.exact) > LEAST * np.abs(first.exact)
        near = all(v.found.dtype == np.float64 and v.matches(v.exact, MOST) for v in views)
        return TOLD if off.any() and near and all(_held(v) or _replayed(v) for v in views) else ""


def _held(view: View) -> bool:
    """Whether float32 holds the numbers, or the local derivatives."""
    asked = [view.found]
    given = view.incoming[0] if len(view.incoming) == 1 else None
    if view.operand is not None and given is not None and given.shape == view.found.shape:
        asked.append(np.where(given == 0, 0.0, view.found / given))
    unit = UNITS * float(np.finfo(np.float64).eps)
    return any(bool((np.abs(x - x.astype(np.float32)) <= unit * np.abs(x)).all()) for x in asked)


def _replayed(view: View) -> bool:
    """Whether the numbers are what torch computes in float32."""
    low: dict[int, Array] = {
        k: v.astype(np.float32) if v.dtype == np.float64 else v for k, v in view.local.values.items()
    }
    given = [None if g is None else g.astype(np.float32) for g in view.incoming]
    return view.matches(view.again(low, given, np.float32))
