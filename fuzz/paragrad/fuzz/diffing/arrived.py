"""Which terms of a gradient arrived, where the engine's number is not the sum of what its rules give alone."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from paragrad.engine import dtypes
from paragrad.fuzz.judge.bounds import UNIT
from paragrad.fuzz.judge.gradients import BackwardCheck, Consumer
from paragrad.fuzz.judge.walks import MOST_TERMS
from paragrad.fuzz.program import Array

UNITS = 64
"""Units of rounding by which a sum of a few terms may be missed."""


def adds_up(parts: Sequence[Array], given: Array | None, shown: Array) -> bool:
    """Whether a gradient is the sum of its parts and of what it started with, but for rounding."""
    total = np.zeros_like(shown) if given is None else given
    size = np.abs(total)
    with np.errstate(all="ignore"):
        for part in parts:
            if part.shape != shown.shape:
                return False
            total, size = total + part, size + np.abs(part)
        off = np.abs(total - shown) <= UNITS * UNIT[dtypes.as_dtype(shown.dtype)] * size
    return bool((off | (np.isnan(total) & np.isnan(shown)) | (total == shown)).all())


def times(parts: Sequence[Array], given: Array | None, shown: Array) -> list[int] | None:
    """How often each part is in a gradient, 0 to 2, the likeliest first; None where no such sum is it."""
    if len(parts) > MOST_TERMS or shown.dtype.kind != "f":
        return None
    counts = sorted(itertools.product((1, 0, 2), repeat=len(parts)), key=lambda c: (c.count(2), c.count(0)))
    for chosen in counts:
        held = [part for part, n in zip(parts, chosen, strict=True) for _ in range(n)]
        if adds_up(held, given, shown):
            return list(chosen)
    return None


def lost(check: BackwardCheck, variable: int, shown: Array) -> tuple[list[Consumer], list[Consumer]]:
    """The uses of a variable whose terms are not in its gradient, and those whose terms are; both empty if unclear."""
    consumers, parts = [], []
    for consumer, contribution in zip(check.consumers(variable), check.consumed(variable), strict=True):
        for k in contribution.places.get(variable, []):
            if k in contribution.expected:
                consumers.append(consumer)
                parts.append(contribution.expected[k].torch)
    start = check.given(variable)
    counts = times(parts, np.asarray(sum(start[1:], start[0])) if start else None, shown)
    if counts is None or 2 in counts:
        return [], []
    pairs = list(zip(consumers, counts, strict=True))
    return [c for c, n in pairs if n == 0], [c for c, n in pairs if n == 1]
