"""The first stage: where subject and torch agree within a few units in the last place, nothing more is asked.

All arrays of a program are laid end to end and compared at once; comparing them one by one costs more than torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from paragrad.engine import dtypes
from paragrad.fuzz.judge.bounds import UNIT
from paragrad.fuzz.program import Array

NEAR = 4
"""Differences of up to this many u pass without a bound."""


@dataclass(slots=True)
class Agreement:
    """Positions of pairs that differ by more than NEAR u, and of elements how many are identical and how many near."""

    apart: list[int]
    identical: int
    near: int


def compare(found: Sequence[Array], expected: Sequence[Array]) -> Agreement:
    """Compare arrays pairwise; each pair has equal shape and dtype. Integers and bools must be identical."""
    groups: dict[str, list[int]] = {}
    for position, array in enumerate(expected):
        groups.setdefault(array.dtype.char, []).append(position)
    result = Agreement([], 0, 0)
    for positions in groups.values():
        a = np.concatenate([found[k].reshape(-1) for k in positions])
        b = np.concatenate([expected[k].reshape(-1) for k in positions])
        same = a == b
        count = int(np.count_nonzero(same))
        if count == a.size:
            result.identical += count
            continue
        off = np.flatnonzero(~same)
        x, y = a[off], b[off]
        if a.dtype.kind == "f":
            both_nan = (x != x) & (y != y)
            with np.errstate(all="ignore"):
                limit = NEAR * UNIT[dtypes.as_dtype(a.dtype)] * np.maximum(np.abs(x), np.abs(y))
                near = np.abs(x - y) <= np.where(np.isfinite(limit), limit, -1)
            count += int(np.count_nonzero(both_nan))
            far = off[~(near | both_nan)]
            result.near += off.size - far.size - int(np.count_nonzero(both_nan))
        else:
            far = off
        result.identical += count
        if far.size:
            ends = np.cumsum([expected[k].size for k in positions])
            result.apart.extend(positions[k] for k in np.unique(np.searchsorted(ends, far, side="right")))
    return result
