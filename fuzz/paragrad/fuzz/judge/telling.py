"""Numbers in a finding's message: of many elements the one that is farthest off."""

from __future__ import annotations

import numpy as np

from paragrad.fuzz.judge.local import Expected
from paragrad.fuzz.program import Array

SMALLEST = float(np.finfo(np.float64).tiny)
"""A bound below this leaves room for no other number: what is expected is exact."""


def farthest(array: Array, other: Array) -> str:
    """The element of an array that differs most from that of another of its shape."""
    with np.errstate(all="ignore"):
        off = np.nan_to_num(np.abs(array.astype(np.float64) - other), nan=np.inf)
    return str(array.reshape(-1)[int(np.argmax(off))])


def describe(what: str, found: Array, expected: Expected) -> str:
    """One line on the worst element."""
    with np.errstate(all="ignore"):
        off = np.where(expected.accepts(found), -1.0, np.nan_to_num(np.abs(found - expected.exact), nan=np.inf))
    where = np.unravel_index(int(np.argmax(off)), found.shape) if found.ndim else ()
    place = f"[{', '.join(map(str, where))}]" if where else ""
    bound = float(expected.bound[where])
    told = f"expected {expected.torch[where]!s}, error bound {bound:.2g}"
    told = f"expected exactly {expected.torch[where]!s}" if bound < SMALLEST else told
    return f"{what}{place} is {found[where]!s}, {told}"
