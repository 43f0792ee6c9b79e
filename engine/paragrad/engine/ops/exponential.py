"""Exponentials and logarithms."""

from __future__ import annotations

import numpy as np

from paragrad.engine.dtypes import Array
from paragrad.engine.ops import samples
from paragrad.engine.ops.rounding import ulps
from paragrad.engine.ops.table import op


@op(promote="float", rounding=ulps(2.5), sample=samples.unary((-20, 10), (0.0, 3e4)), input=lambda g, out: g * out)
def exp(input: Array) -> Array:
    """e to the power of input."""
    return np.exp(input)


@op(
    promote="float",
    rounding=ulps(3.5),
    sample=samples.unary((1e-6, 1e6), (-14.0, 14.0)),
    input=lambda g, input: g / input,
)
def log(input: Array) -> Array:
    """The natural logarithm; NaN below 0, -inf at 0."""
    return np.log(input)
