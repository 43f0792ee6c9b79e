"""What inputs are filled with: extremes that are a dtype's own."""

from __future__ import annotations

import math
import random

import numpy as np

from paragrad.fuzz.strategies.values import Values


def test_float64_gets_extremes_of_its_own() -> None:
    everywhere = (-math.inf, math.inf)
    found = {}
    for dtype in (np.dtype(np.float32), np.dtype(np.float64)):
        values = Values(1, random.Random(1))
        drawn = np.abs(np.concatenate([values.fill(200, "extreme", everywhere, dtype) for _ in range(20)]))
        found[dtype.name] = drawn[np.isfinite(drawn)]
    assert found["float64"].min(where=found["float64"] > 0, initial=1.0) == 1e-300
    assert found["float64"].max() == 1e300
    assert found["float32"].max() < 1e38
    assert found["float32"].min(where=found["float32"] > 0, initial=1.0) > 1e-39
