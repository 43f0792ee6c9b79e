"""The bootstrap: how far a median could have come out otherwise (Efron 1979; the percentile interval).

Times of a shared machine follow no law that could be named, and a few blocks in each run are far off: so the statistic
is the median of paired ratios, and its interval comes from drawing the same ratios again. Its level is nominal: it runs
from one of the ratios to another, and so covers the median as their order statistics do. Of 7, where it runs from the
second to the sixth, that is 1 - 2 (1 + 7) / 2**7 = 87.5 % for a nominal 95 %.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from paragrad.reports.bodies.speed import Interval

LEVEL = 0.95
RESAMPLES = 2000


def interval(ratios: Sequence[float], level: float = LEVEL, seed: int = 0) -> Interval:
    """The median of some ratios and its two-sided bootstrap interval. Raises ValueError where there are none."""
    if not ratios:
        raise ValueError("no ratios: there is no median")
    drawn = np.random.default_rng(seed).choice(np.asarray(ratios), (RESAMPLES, len(ratios)))
    medians = np.median(drawn, axis=1)
    low, high = np.quantile(medians, [(1 - level) / 2, (1 + level) / 2])
    return {"median": float(np.median(ratios)), "low": float(low), "high": float(high)}


def around_median(times: Sequence[float]) -> tuple[float, float]:
    """The 95 % confidence interval of a median by order statistics: how many of n values lie below the median follows
    the binomial law of n and 1/2 whatever the times' own law, here as its normal approximation. For many values, where
    drawing them again would take seconds. Raises ValueError where there are none."""
    if not times:
        raise ValueError("no times: there is no median")
    ordered, n = sorted(times), len(times)
    aside = 0.98 * math.sqrt(n)  # 1.96 standard deviations of √n / 2
    first = max(0, math.floor(n / 2 - aside))
    return ordered[first], ordered[n - 1 - first]
