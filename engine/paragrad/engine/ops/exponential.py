"""Exponentials and logarithms.

Rounding is what was measured over 3e5 points of all magnitudes, the worse of numpy 2.4 and torch 2.13, in ULP, float32
then float64: exp 2.26 .70, exp2 1.61 .84, expm1 2.44 .99, log 3.05 .72, log2 2.01 .52, log10 2.92 .60, log1p 1.81 1.00.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from paragrad.engine.dtypes import Array
from paragrad.engine.ops import samples
from paragrad.engine.ops.rounding import Analysed, ulps
from paragrad.engine.ops.table import op

_LN10 = 2.3025850929940456  # torch's: one ULP below math.log(10), and as far from the truth
_positive = samples.unary((1e-6, 1e6), (-20.0, 20.0))


@op(promote="float", rounding=ulps(2.5), sample=samples.unary((-20, 10), (0.0, 3e4)), input=lambda g, out: g * out)
def exp(input: Array) -> Array:
    """e to the power of input."""
    return np.exp(input)


@op(
    promote="float",
    rounding=ulps(2.6),
    sample=samples.unary((-20, 10), (0.0, 1e3)),
    input=lambda g, out: g * out * math.log(2),
)
def exp2(input: Array) -> Array:
    """2 to the power of input."""
    return np.exp2(input)


@op(
    promote="float",
    rounding=ulps(2.8),
    sample=samples.unary((-20, 10), (-1.0, 3e4)),
    input=lambda g, out: g * (out + 1),
)
def expm1(input: Array) -> Array:
    """exp(input) - 1, accurate near 0."""
    return np.expm1(input)


@op(promote="float", rounding=ulps(3.8), sample=_positive, input=lambda g, input: g / input)
def log(input: Array) -> Array:
    """The natural logarithm; NaN below 0, -inf at 0."""
    return np.log(input)


@op(promote="float", rounding=ulps(2.2), sample=_positive, input=lambda g, input: g / (input * math.log(2)))
def log2(input: Array) -> Array:
    """The logarithm to base 2."""
    return np.log2(input)


@op(promote="float", rounding=ulps(3.5), sample=_positive, input=lambda g, input: g / (input * _LN10))
def log10(input: Array) -> Array:
    """The logarithm to base 10."""
    return np.log10(input)


@op(
    promote="float",
    rounding=ulps(2.0),
    sample=samples.unary((-0.99, 1e6), (-20.0, 20.0)),
    input=lambda g, input: g / (input + 1),
)
def log1p(input: Array) -> Array:
    """log(1 + input), accurate near 0."""
    return np.log1p(input)


def _logaddexp_error(u: float, errors: Any, input: Array, other: Array, out: Array) -> Array:
    # max + log1p(exp(-gap)): the sum rounds as a whole, the logarithm by what exp makes of the rounded gap.
    largest = np.maximum(input, other)
    gap = np.abs(input - other)
    own = u * (1.2 * np.abs(out) + (8 + np.nan_to_num(gap, nan=0.0, posinf=0.0)) * np.abs(out - largest))
    return np.asarray(own + errors[0] * np.exp(input - out) + errors[1] * np.exp(other - out))


@op(
    promote="floats",
    rounding=Analysed(_logaddexp_error),
    sample=samples.binary((-50, 50), (-50, 50), lambda a, b, c, d: (max(a, c), max(b, d) + 1), numbers=False),
    input=lambda g, input, other: g / (1 + exp(other - input)),
    other=lambda g, input, other: g / (1 + exp(input - other)),
)
def logaddexp(input: Array, other: Array) -> Array:
    """log(exp(input) + exp(other)) without overflow on the way."""
    return np.logaddexp(input, other)
