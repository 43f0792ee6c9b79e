"""Circular and hyperbolic functions and their inverses.

Rounding is what was measured over 3e5 points of all magnitudes, the worse of numpy 2.4 and torch 2.13, in ULP, float32
then float64: sin 1.39 .52, cos 1.40 .52, tan 2.91 .55, asin 2.69 .81, acos 1.81 .82, atan 1.79 .66, atan2 2.77 .81,
sinh 1.42 1.00, cosh 2.09 .78, tanh 1.35 1.16; the C library's are up to 2.1 in tanh.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from paragrad.engine.dtypes import Array
from paragrad.engine.ops import samples
from paragrad.engine.ops.extremum import where
from paragrad.engine.ops.power import reciprocal, rsqrt
from paragrad.engine.ops.rounding import ulps
from paragrad.engine.ops.table import op

_bounded = samples.unary(range=(-1.0, 1.0))
_hyperbolic = samples.unary((-10, 10), (-2e4, 2e4))


@op(promote="float", rounding=ulps(1.6), sample=_bounded, input=lambda g, input: g * cos(input))
def sin(input: Array) -> Array:
    """The sine of an angle in radians."""
    return np.sin(input)


@op(promote="float", rounding=ulps(1.5), sample=_bounded, input=lambda g, input: g * -sin(input))
def cos(input: Array) -> Array:
    """The cosine of an angle in radians."""
    return np.cos(input)


@op(
    promote="float",
    rounding=ulps(3.8),
    sample=samples.unary((-1.5, 1.5), (-15.0, 15.0)),
    input=lambda g, out: g * (1 + out * out),
)
def tan(input: Array) -> Array:
    """The tangent of an angle in radians."""
    return np.tan(input)


@op(
    promote="float",
    rounding=ulps(3.4),
    sample=samples.unary((-0.99, 0.99), (-1.6, 1.6)),
    input=lambda g, input: g * rsqrt(-input * input + 1),
)
def asin(input: Array) -> Array:
    """The angle in [-π/2, π/2] whose sine is input; NaN outside [-1, 1]."""
    return np.arcsin(input)


@op(
    promote="float",
    rounding=ulps(2.2),
    sample=samples.unary((-0.99, 0.99), (0.0, 3.2)),
    input=lambda g, input: g * -rsqrt(-input * input + 1),
)
def acos(input: Array) -> Array:
    """The angle in [0, π] whose cosine is input; NaN outside [-1, 1]."""
    return np.arccos(input)


@op(
    promote="float",
    rounding=ulps(2.3),
    sample=samples.unary(range=(-1.6, 1.6)),
    input=lambda g, input: g / (input * input + 1),
)
def atan(input: Array) -> Array:
    """The angle in [-π/2, π/2] whose tangent is input."""
    return np.arctan(input)


def _inverse_square(input: Any, other: Any) -> Any:
    """1 / (input² + other²), and 0 at the origin, where torch takes the gradients of atan2 to be 0."""
    square = input * input + other * other
    return where(square == 0, 0.0, reciprocal(square))


@op(
    promote="float",
    rounding=ulps(3.5),
    sample=samples.binary(range=lambda a, b, c, d: (-3.2, 3.2), numbers=False),
    input=lambda g, input, other: g * other * _inverse_square(input, other),
    other=lambda g, input, other: g * -input * _inverse_square(input, other),
)
def atan2(input: Array, other: Array) -> Array:
    """The angle in [-π, π] of the point with abscissa other and ordinate input."""
    return np.arctan2(input, other)


@op(promote="float", rounding=ulps(2.0), sample=_hyperbolic, input=lambda g, input: g * cosh(input))
def sinh(input: Array) -> Array:
    """(exp(input) - exp(-input)) / 2."""
    return np.sinh(input)


@op(promote="float", rounding=ulps(2.6), sample=_hyperbolic, input=lambda g, input: g * sinh(input))
def cosh(input: Array) -> Array:
    """(exp(input) + exp(-input)) / 2."""
    return np.cosh(input)


@op(promote="float", rounding=ulps(2.1), sample=_bounded, input=lambda g, out: g * (1 - out * out))
def tanh(input: Array) -> Array:
    """sinh(input) / cosh(input)."""
    return np.tanh(input)
