"""The error function and its complement, which NumPy lacks.

Few elements go through the C library, one by one. Many go through NumPy: float64 by the rational approximations of
Sun's fdlibm (s_erf.c, 1993: |x| in [0, 0.84375), [0.84375, 1.25), [1.25, 1/0.35) and beyond, each within 1 ULP),
float32 by one rational function on [-4, 4], computed in float64, in blocks that stay in the cache.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from paragrad.engine.dtypes import Array, float32
from paragrad.engine.ops import samples
from paragrad.engine.ops.exponential import exp
from paragrad.engine.ops.rounding import ulps
from paragrad.engine.ops.table import op

_FEW = 128
_BLOCK = 16384

# erf(x) = x P(x²) / Q(x²) within 0.35u of float32 on [-3.95, 3.95]: a fit by weighted least squares, its weights
# raised (Lawson) where the error was largest. Beyond, erf is 1 to within float32.
_EDGE = 3.95
_P = (
    2.0259123081281994e-06,
    0.00028468625346848544,
    0.00380811016980787,
    0.052875284052565724,
    0.19154916275781703,
    1.1283791437584214,
)
_Q = (
    3.783176908324339e-05,
    0.0011707127574666634,
    0.015054986066815004,
    0.11455913992577883,
    0.5030887014097097,
    1.0,
)

# fdlibm's coefficients, lowest power first: in x² below 0.84375, in |x| - 1 below 1.25, in 1/x² beyond.
_PP = (
    1.28379167095512558561e-01,
    -3.25042107247001499370e-01,
    -2.84817495755985104766e-02,
    -5.77027029648944159157e-03,
    -2.37630166566501626084e-05,
)
_QQ = (
    1.0,
    3.97917223959155352819e-01,
    6.50222499887672944485e-02,
    5.08130628187576562776e-03,
    1.32494738004321644526e-04,
    -3.96022827877536812320e-06,
)
_ERX = 8.45062911510467529297e-01
_PA = (
    -2.36211856075265944077e-03,
    4.14856118683748331666e-01,
    -3.72207876035701323847e-01,
    3.18346619901161753674e-01,
    -1.10894694282396677476e-01,
    3.54783043256182359371e-02,
    -2.16637559486879084300e-03,
)
_QA = (
    1.0,
    1.06420880400844228286e-01,
    5.40397917702171048937e-01,
    7.18286544141962662868e-02,
    1.26171219808761642112e-01,
    1.36370839120290507362e-02,
    1.19844998467991074170e-02,
)
_RA = (
    -9.86494403484714822705e-03,
    -6.93858572707181764372e-01,
    -1.05586262253232909814e01,
    -6.23753324503260060396e01,
    -1.62396669462573470355e02,
    -1.84605092906711035994e02,
    -8.12874355063065934246e01,
    -9.81432934416914548592e00,
)
_SA = (
    1.0,
    1.96512716674392571292e01,
    1.37657754143519042600e02,
    4.34565877475229228821e02,
    6.45387271733267880336e02,
    4.29008140027567833386e02,
    1.08635005541779435134e02,
    6.57024977031928170135e00,
    -6.04244152148580987438e-02,
)
_RB = (
    -9.86494292470009928597e-03,
    -7.99283237680523006574e-01,
    -1.77579549177547519889e01,
    -1.60636384855821916062e02,
    -6.37566443368389627722e02,
    -1.02509513161107724954e03,
    -4.83519191608651397019e02,
)
_SB = (
    1.0,
    3.03380607434824582924e01,
    3.25792512996573918826e02,
    1.53672958608443695994e03,
    3.19985821950859553908e03,
    2.55305040643316442583e03,
    4.74528541206955367215e02,
    -2.24409524465858183362e01,
)
_FIRST, _SECOND, _THIRD = 0.84375, 1.25, 1 / 0.35


def _polynomial(coefficients: Sequence[float], x: Array) -> Array:
    """Σ c_k x^k by Horner's rule."""
    total = x * coefficients[-1]
    for c in coefficients[-2:0:-1]:
        total += c
        total *= x
    total += coefficients[0]
    return total


def _tail(x: Array) -> Array:
    """erfc of x ≥ 1.25, as exp(-x²) times a rational function: x² is split so that its rounding can be put right."""
    s = 1 / (x * x)
    ratio = _polynomial(_RB, s) / _polynomial(_SB, s)
    near = x < _THIRD
    if near.any():
        ratio[near] = _polynomial(_RA, s[near]) / _polynomial(_SA, s[near])
    head = (x.view(np.int64) & -0x100000000).view(np.float64)
    return np.exp(-head * head - 0.5625) * np.exp((head - x) * (head + x) + ratio) / x


def _apply(pieces: Sequence[tuple[Array, Callable[[Array], Array]]], x: Array, out: Array) -> Array:
    for where, piece in pieces:
        if where.any():
            out[where] = piece(x[where])
    return out


def _center(x: Array) -> Array:
    z = x * x
    return _polynomial(_PP, z) / _polynomial(_QQ, z)


def _shoulder(x: Array) -> Array:
    s = np.absolute(x) - 1
    return _polynomial(_PA, s) / _polynomial(_QA, s)


def _erf64(x: Array) -> Array:
    size = np.absolute(x)
    pieces = (
        (size < _FIRST, lambda x: x + x * _center(x)),
        ((size >= _FIRST) & (size < _SECOND), lambda x: np.copysign(_ERX + _shoulder(x), x)),
        ((size >= _SECOND) & (size < 6), lambda x: np.copysign(1 - _tail(np.absolute(x)), x)),
    )
    # What is left is ±1 or NaN.
    return _apply(pieces, x, np.sign(x))


def _erfc64(x: Array) -> Array:
    size = np.absolute(x)
    pieces = (
        ((size < _FIRST) & (x < 0.25), lambda x: 1 - (x + x * _center(x))),
        ((x >= 0.25) & (x < _FIRST), lambda x: 0.5 - (x - 0.5 + x * _center(x))),
        ((x >= _FIRST) & (x < _SECOND), lambda x: 1 - _ERX - _shoulder(x)),
        ((x <= -_FIRST) & (x > -_SECOND), lambda x: 1 + (_ERX + _shoulder(x))),
        ((x >= _SECOND) & (x < 28), _tail),
        ((x <= -_SECOND) & (x > -6), lambda x: 2 - _tail(-x)),
    )
    return _apply(pieces, x, 1 - np.sign(x))


def _constants(numbers: Sequence[float]) -> list[Array]:
    return [np.asarray(number) for number in numbers]


def _erf32(flat: Array) -> Array:
    """erf of a float32 vector. NumPy takes constants faster as arrays, and clips faster between arrays."""
    out = np.empty_like(flat)
    work = np.empty((4, min(_BLOCK, flat.size)))
    edges = np.empty((2, work.shape[1]))
    edges[0], edges[1] = _EDGE, -_EDGE
    p, q = _constants(_P), _constants(_Q)
    for start in range(0, flat.size, _BLOCK):
        part = flat[start : start + _BLOCK]
        x, square, above, below = work[:, : part.size]
        high, low = edges[:, : part.size]
        np.minimum(part, high, out=x)
        np.maximum(x, low, out=x)
        np.multiply(x, x, out=square)
        for total, coefficients in ((above, p), (below, q)):
            np.multiply(square, coefficients[0], out=total)
            for c in coefficients[1:-1]:
                np.add(total, c, out=total)
                np.multiply(total, square, out=total)
            np.add(total, coefficients[-1], out=total)
        np.multiply(above, x, out=above)
        np.divide(above, below, out=out[start : start + _BLOCK], casting="same_kind")
    return out


def _elementwise(one: Callable[[float], float], many: Callable[[Array], Array], input: Array) -> Array:
    flat = np.asarray(input).reshape(-1)
    if flat.size <= _FEW:
        return np.array([one(x) for x in flat.tolist()], input.dtype).reshape(input.shape)
    return many(flat).astype(input.dtype, copy=False).reshape(input.shape)


def error_function(input: Array) -> Array:
    """erf on arrays."""
    return _elementwise(math.erf, _erf32 if input.dtype == float32 else _erf64, input)


# Measured over 2e5 points: see ULPS in parity_tests/test_elementwise.py.
@op(
    promote="float",
    rounding=ulps(1.5),
    sample=samples.unary(range=(-1.0, 1.0)),
    input=lambda g, input: 2 / math.sqrt(math.pi) * exp(-(input * input)) * g,
)
def erf(input: Array) -> Array:
    """2/√π ∫ exp(-t²) dt from 0 to input."""
    return error_function(input)


@op(
    promote="float",
    rounding=ulps(3.0),
    sample=samples.unary((-5, 5), (0.0, 2.0)),
    input=lambda g, input: -2 / math.sqrt(math.pi) * exp(-(input * input)) * g,
)
def erfc(input: Array) -> Array:
    """1 - erf(input), accurate where that is tiny."""
    return _elementwise(math.erfc, lambda flat: _erfc64(flat.astype(np.float64)), input)
