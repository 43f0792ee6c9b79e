"""Numbers that may differ by a few roundings, where the judge can't be asked: distances in units in the last place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def assert_within_ulps(found: Any, expected: Any, most: float, what: str = "", of: Sequence[Any] = ()) -> None:
    """Equal shape and dtype, and numbers at most so many ULP apart: of the larger of two, or of the largest number
    in the arrays `of`, where sums of such numbers may cancel.

    Integers, bools, infinities and NaN have to be the same.
    """
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape, f"{what}: shape {found.shape}, expected {expected.shape}"
    assert found.dtype == expected.dtype, f"{what}: dtype {found.dtype}, expected {expected.dtype}"
    same = found == expected
    if expected.dtype.kind == "f":
        same |= np.isnan(found) & np.isnan(expected)
    if same.all():
        return
    assert expected.dtype.kind == "f", f"{what}: {found}, expected {expected}"
    with np.errstate(all="ignore"):
        size = np.maximum(np.abs(found), np.abs(expected))
        for array in of:
            largest = np.max(np.abs(array), where=np.isfinite(array), initial=0.0)
            size = np.where(np.isfinite(size), np.maximum(size, largest.astype(size.dtype)), size)
        apart = np.where(same, 0.0, np.abs(found - expected) / np.spacing(size))
    told = f"{what}: {found}, expected {expected}: {np.max(apart):.3g} ULP apart, {most:g} allowed"
    assert (apart <= most).all(), told
