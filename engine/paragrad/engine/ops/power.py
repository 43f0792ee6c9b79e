"""Powers and roots."""

from __future__ import annotations

import numpy as np

from paragrad.engine.dtypes import Array
from paragrad.engine.ops import samples
from paragrad.engine.ops.rounding import ulps
from paragrad.engine.ops.table import op


@op(
    promote="float",
    rounding=ulps(1.0),
    sample=samples.unary((1e-4, 1e4), lambda low, high: (0.0, 100.0)),
    input=lambda g, out: g / (2 * out),
)
def sqrt(input: Array) -> Array:
    """The square root; NaN below 0. The gradient at 0 is inf."""
    return np.sqrt(input)
