"""The median of paired ratios from several launches, how far it could have come out otherwise, and what would be seen.

A process keeps its memory layout for life, so the pairs of one launch share what that does to them: drawing all pairs
again as if each stood alone gives an interval that is too narrow. The bootstrap is therefore hierarchical: launches are
drawn again, and pairs within each (Davison and Hinkley 1997, section 3.8; for benchmarks Kalibera and Jones 2013).

Its level is nominal. Of n launches no interval of the median covers more than 1 - 2 / 2**n: 93.75 % of five.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.99
"""Two-sided and nominal. Fifty benchmarks are judged at a time, so 95 % would be left by two or three by chance."""
RESAMPLES = 2000
SLOWDOWN, USUAL = 1.10, 1.03
"""Power is told for this slow-down, at thresholds up to the usual one."""
SURE = 0.8
"""Power below which it says nothing that no slow-down was seen."""


def to_be_seen(threshold: float) -> float:
    """The slow-down that power is told for: 1.1, and as far beyond a threshold that is above the usual one."""
    return SLOWDOWN * max(1.0, threshold / USUAL)


@dataclass(frozen=True, slots=True)
class Spread:
    """The median ratio, its bootstrap interval, and the medians that the interval comes from."""

    ratio: float
    low: float
    high: float
    launches: int
    pairs: int
    medians: NDArray[np.float64]

    @property
    def width(self) -> float:
        """Half the interval, as a share of the ratio."""
        return (self.high - self.low) / (2 * self.ratio)

    def power(self, threshold: float) -> float:
        """The chance that a slow-down `to_be_seen` would have been called slower twice running, in this noise.

        Had that been the ratio, a run's median would have been as many times one of the medians, over the ratio here,
        and its lower bound lower than that by what the lower bound is lower here.
        """
        lows = to_be_seen(threshold) * (self.medians / self.ratio) * (self.low / self.ratio)
        return float(np.mean(lows > threshold)) ** 2


def spread(launches: Sequence[Sequence[float]], seed: int = 0) -> Spread:
    """The spread of ratios, a list a launch, each of the same length. Raises ValueError where there are none."""
    ratios = np.asarray(launches, np.float64)
    if ratios.ndim != 2 or ratios.size == 0:
        raise ValueError("no ratios, or launches of different lengths: there is no median")
    if not (np.isfinite(ratios).all() and (ratios > 0).all()):
        raise ValueError("a ratio of times is not positive and finite")
    count, pairs = ratios.shape
    draw = np.random.default_rng(seed)
    of_launch = draw.integers(0, count, (RESAMPLES, count, 1))
    of_pair = draw.integers(0, pairs, (RESAMPLES, count, pairs))
    medians = np.median(ratios[of_launch, of_pair].reshape(RESAMPLES, -1), axis=1)
    low, high = np.quantile(medians, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Spread(float(np.median(ratios)), float(low), float(high), count, ratios.size, medians)
