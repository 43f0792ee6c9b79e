"""The first stage: where subject and torch agree within a few units in the last place, nothing more is asked.

All arrays of a program are laid end to end and compared at once; comparing them one by one costs more than torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from paragrad.engine import dtypes
from paragrad.fuzz.judge.bounds import NEAR, UNIT
from paragrad.fuzz.program import Array


@dataclass(slots=True)
class Agreement:
    """How many elements are identical and how many near, and the positions of the pairs of which some are not.

    `different` are the pairs with an element that is not identical, `apart` those that differ by more than NEAR u.
    """

    identical: int = 0
    near: int = 0
    different: list[int] = field(default_factory=list)
    apart: list[int] = field(default_factory=list)


def compare(found: Sequence[Array], expected: Sequence[Array]) -> Agreement:
    """Compare arrays pairwise; each pair has equal shape and dtype. Integers and bools must be identical."""
    groups: dict[str, list[int]] = {}
    for position, array in enumerate(expected):
        groups.setdefault(array.dtype.char, []).append(position)
    result = Agreement()
    for positions in groups.values():
        a = np.concatenate([found[k].reshape(-1) for k in positions])
        b = np.concatenate([expected[k].reshape(-1) for k in positions])
        off = np.flatnonzero(a != b)
        if off.size and a.dtype.kind == "f":
            off = off[(a[off] == a[off]) | (b[off] == b[off])]  # NaN is NaN
        result.identical += a.size - off.size
        if not off.size:
            continue
        far = off[~_near(a[off], b[off])] if a.dtype.kind == "f" else off
        result.near += off.size - far.size
        ends = np.cumsum([expected[k].size for k in positions])
        for places, elements in ((result.different, off), (result.apart, far)):
            places.extend(positions[k] for k in np.unique(np.searchsorted(ends, elements, side="right")))
    return result


def _near(x: Array, y: Array) -> Array:
    with np.errstate(all="ignore"):
        limit = NEAR * UNIT[dtypes.as_dtype(x.dtype)] * np.maximum(np.abs(x), np.abs(y))
        return np.asarray(np.abs(x - y) <= np.where(np.isfinite(limit), limit, -1))


def is_near(found: Array, expected: Array, size: Array) -> bool:
    """Whether two arrays of one dtype are equal or within NEAR u of `size`, element by element."""
    if found.dtype.kind != "f":
        return bool((found == expected).all())
    return bool(near(found, expected, size).all())


def near(found: Array, expected: Array, size: Array) -> Array:
    """Where two arrays of one float dtype are equal, both NaN, or within NEAR u of `size`, which is finite there."""
    with np.errstate(all="ignore"):
        within = np.abs(found - expected) <= NEAR * UNIT[dtypes.as_dtype(found.dtype)] * size
        if within.all() and np.isfinite(size).all():
            return np.asarray(within)
        return np.asarray(within & np.isfinite(size) | (found == expected) | (np.isnan(found) & np.isnan(expected)))


def is_far(found: Array, expected: Array) -> bool:
    """Whether two arrays of one float dtype differ somewhere by more than rounding seldom comes to: half the digits."""
    if found.dtype.kind != "f":
        return False
    with np.errstate(all="ignore"):
        limit = np.sqrt(UNIT[dtypes.as_dtype(found.dtype)]) * np.maximum(np.abs(found), np.abs(expected))
        return bool((np.abs(found - expected) > limit).any())
