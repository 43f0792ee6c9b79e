"""The error function and its complement, which NumPy lacks.

Few elements, and erfc always, go through the C library one by one. Many elements of erf go through rational functions
in blocks that stay in the cache: the fits below are this project's own, made in 40 digits with mpmath.

Measured against 30 digits, in ULP, float32 then float64: erf .85 1.06 (torch .66 .74, glibc .50 .89), erfc .50 2.62
(torch .76 .75).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from paragrad.engine.dtypes import Array, float32
from paragrad.engine.ops import samples
from paragrad.engine.ops.exponential import exp
from paragrad.engine.ops.extremum import where
from paragrad.engine.ops.rounding import ulps
from paragrad.engine.ops.table import op

_FEW = 256
_BLOCK = 16384


def _constants(*numbers: float) -> list[Array]:
    # NumPy takes a constant faster as an array than as a number.
    return [np.asarray(number) for number in numbers]


# float32, computed in float64: erf(x) = x P(x²) / Q(x²) within 0.35u on [-3.95, 3.95], beyond which erf is ±1 to within
# 0.4u. By least squares whose weights were raised (Lawson) where the error was largest. Highest power first.
_EDGE = 3.95
_P = _constants(
    2.0259123081281994e-06,
    2.8468625346848544e-04,
    3.8081101698078700e-03,
    5.2875284052565724e-02,
    1.9154916275781703e-01,
    1.1283791437584214e00,
)
_Q = _constants(
    3.7831769083243390e-05,
    1.1707127574666634e-03,
    1.5054986066815004e-02,
    1.1455913992577883e-01,
    5.0308870140970974e-01,
    1.0,
)

# float64 below 1: erf(x) = x + x P(x²) / Q(x²) within 0.01u, by interpolation at Chebyshev's nodes.
_P_BELOW = _constants(
    -2.0780228076561900e-05,
    -4.9664035253739079e-04,
    -8.8223363248167777e-03,
    -4.8371274599796295e-02,
    -3.1698916933954890e-01,
    1.2837916709551259e-01,
)
_Q_BELOW = _constants(
    2.0866484101019162e-05,
    6.9373623323491589e-04,
    1.0705251871973175e-02,
    9.3874608765124101e-02,
    4.6064498648983654e-01,
    1.0,
)

# float64 in [1, 6]: erf(x) = 1 - exp(-x²) P(x) / Q(x) within 0.12u, by interpolation at nodes that crowd at 1.
_LARGEST = 6.0
_P_ABOVE = _constants(
    3.1238988576962772e-03,
    3.5369868215872527e-02,
    1.9297000120483421e-01,
    6.3258123999149929e-01,
    1.3077773868330813e00,
    1.6307615597533653e00,
    1.0000000190698091e00,
)
_Q_ABOVE = _constants(
    5.5369653777786040e-03,
    6.2691516594790039e-02,
    3.4479759180478359e-01,
    1.1525855772693010e00,
    2.4860327547856125e00,
    3.4211333717651162e00,
    2.7591409436589891e00,
    1.0,
)


def _rational(x: Array, p: Sequence[Array], q: Sequence[Array]) -> Array:
    """P(x) / Q(x) by Horner's rule, in two arrays."""
    above, below = np.multiply(x, p[0]), np.multiply(x, q[0])
    for total, coefficients in ((above, p), (below, q)):
        for c in coefficients[1:-1]:
            np.add(total, c, out=total)
            np.multiply(total, x, out=total)
        np.add(total, coefficients[-1], out=total)
    return np.divide(above, below, out=above)


def _erf32(x: Array, out: Array) -> None:
    # Clipping between arrays is vectorised, by a number it is not.
    wide = np.minimum(x, np.full(x.shape, _EDGE))
    np.maximum(wide, np.full(x.shape, -_EDGE), out=wide)
    np.multiply(_rational(wide * wide, _P, _Q), wide, out=out, casting="same_kind")


def _erf64(x: Array, out: Array) -> None:
    size = np.absolute(x)
    np.minimum(size, np.full(x.shape, _LARGEST), out=size)
    square = size * size
    above = np.exp(-square)
    above *= _rational(size, _P_ABOVE, _Q_ABOVE)
    np.subtract(1, above, out=above)
    below = _rational(square, _P_BELOW, _Q_BELOW)
    below *= size
    below += size
    np.copysign(where.compute(size < 1, below, above), x, out=out)


def _one_by_one(function: Callable[[float], float], flat: Array) -> Array:
    out = np.empty_like(flat)
    for start in range(0, flat.size, _BLOCK):
        out[start : start + _BLOCK] = [function(x) for x in flat[start : start + _BLOCK].tolist()]
    return out


def error_function(input: Array) -> Array:
    """erf of a float array."""
    flat = np.asarray(input).reshape(-1)
    if flat.size <= _FEW:
        return _one_by_one(math.erf, flat).reshape(input.shape)
    out = np.empty_like(flat)
    kernel = _erf32 if flat.dtype == float32 else _erf64
    for start in range(0, flat.size, _BLOCK):
        kernel(flat[start : start + _BLOCK], out[start : start + _BLOCK])
    return out.reshape(input.shape)


@op(
    promote="float",
    rounding=ulps(1.2),
    sample=samples.unary(range=(-1.0, 1.0)),
    input=lambda g, input: 2 / math.sqrt(math.pi) * exp(-(input * input)) * g,
)
def erf(input: Array) -> Array:
    """2/√π ∫ exp(-t²) dt from 0 to input."""
    return error_function(input)


@op(
    promote="float",
    rounding=ulps(2.8),
    sample=samples.unary((-5, 5), (0.0, 2.0)),
    input=lambda g, input: -2 / math.sqrt(math.pi) * exp(-(input * input)) * g,
)
def erfc(input: Array) -> Array:
    """1 - erf(input), accurate where that is tiny."""
    return _one_by_one(math.erfc, np.asarray(input).reshape(-1)).reshape(input.shape)
