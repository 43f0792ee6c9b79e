"""Powers, roots and their relatives.

Rounding, measured, the worse of numpy 2.4 and torch 2.13, in ULP, float32 then float64: pow .99 .69, by 3 1.28 1.28, by
-2 1.45 1.45, by -½ 1.47 1.47; sqrt .75 .53 (numpy .50), rsqrt 1.48 1.49, hypot .50 .55, xlogy 3.83 1.40.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from paragrad.engine.dtypes import Array
from paragrad.engine.ops import samples
from paragrad.engine.ops.arithmetic import constant, no_change
from paragrad.engine.ops.exponential import log
from paragrad.engine.ops.extremum import where
from paragrad.engine.ops.rounding import ulps
from paragrad.engine.ops.samples import Call, Draw, Output
from paragrad.engine.ops.table import Operand, op

_EXPONENTS: tuple[tuple[float, samples.Interval, samples.Interval], ...] = (
    (2, (-100.0, 100.0), (0.0, 1e4)),
    (3, (-20.0, 20.0), (-8e3, 8e3)),
    (2.0, (-100.0, 100.0), (0.0, 1e4)),
    (0.5, (1e-4, 1e4), (0.0, 100.0)),
    (-1, (0.1, 100.0), (0.01, 10.0)),
    (-2, (0.1, 100.0), (1e-4, 100.0)),
    (-0.5, (1e-2, 1e4), (0.01, 10.0)),
    (0, samples.MODERATE, (1.0, 1.0)),
    (1, samples.MODERATE, samples.MODERATE),
    (1.5, (1e-4, 400.0), (0.0, 8e3)),
    (-3, (-4.0, -0.25), (-64.0, -0.01)),
    (4, (-10.0, 10.0), (0.0, 1e4)),
)


def _pow_sample(draw: Draw) -> Call:
    choice = draw.below(8)
    if choice < 3:
        exponent, domain, (low, high) = draw.pick(_EXPONENTS)
        x = draw.tensor(domain)
        return Call((x, exponent), {}, (Output(x.shape, None, low, high),))
    if choice == 3:
        base = draw.pick((2, 2.0, 0.5, 3.0, 1.0, 0.0, 10))
        y = draw.tensor((-3.0, 3.0))
        return Call((base, y), {}, (Output(y.shape, None, 0.0, 1e3),))
    x = draw.tensor((0.25, 4.0))
    y = draw.beside(x, (-3.0, 3.0))
    return Call((x, y), {}, (Output(samples.broadcast(x.shape, y.shape), None, 0.0, 64.0),))


def _log(x: Any, like: Any) -> Any:
    """log of an operand that may be a Python number beside the tensor `like`."""
    return log(constant(like, x) if isinstance(x, bool | int | float) else x)


def _pow_input(g: Any, input: Any, exponent: Any) -> Any:
    if isinstance(exponent, bool | int | float):
        return g * (exponent * pow(input, exponent - 1)) if exponent else no_change(g)
    return where(exponent == 0, 0.0, g * (exponent * pow(input, exponent - 1)))


def _pow_exponent(g: Any, input: Any, exponent: Any, out: Any) -> Any:
    return g * where((input == 0) & (exponent >= 0), 0.0, out * _log(input, out))


def _square_root(input: Any) -> Any:
    # torch takes a root for these exponents: its pow(-inf, 0.5) is NaN where C's is inf.
    return np.sqrt(input)


_SHORTCUTS: dict[float, Any] = {
    2: np.square,
    3: lambda x: x * x * x,
    0.5: _square_root,
    1: lambda x: x,
    0: np.ones_like,
    -1: lambda x: 1 / x,
    -2: lambda x: 1 / (x * x),
    -0.5: lambda x: 1 / np.sqrt(x),
}


@op(rounding=ulps(1.5), sample=_pow_sample, input=_pow_input, exponent=_pow_exponent)
def pow(input: Operand, exponent: Operand) -> Array:
    """input to the power of exponent.

    0 to the power of 0 is 1, and the gradients there are 0: ATen's pow_backward. Integers give integers; a negative
    whole number as exponent of integers raises RuntimeError, in a tensor of exponents it gives 1 / input cut to 0.
    """
    if isinstance(exponent, bool | int | float):
        array = np.asarray(input)
        if array.dtype.kind == "f":
            shortcut = _SHORTCUTS.get(exponent)
            return shortcut(input) if shortcut is not None else np.power(input, exponent)
        if array.dtype.kind == "b" and isinstance(exponent, bool):
            return array | (not exponent)
        if exponent < 0:
            raise RuntimeError("pow(): integers can't be raised to a negative integer power: make one of them float")
        return np.power(input, exponent)
    if exponent.dtype.kind == "b":
        raise NotImplementedError("pow() is not implemented for bool tensors: convert with .to(dtype) first")
    if exponent.dtype.kind == "i":
        return _integer_power(np.asarray(input, np.int64), exponent)
    return np.power(input, exponent)


def _integer_power(base: Array, exponent: Array) -> Array:
    odd = np.where(exponent % 2 == 0, 1, base)
    inverse = np.where(np.abs(base) == 1, odd, 0)
    return np.where(exponent < 0, inverse, np.power(base, np.maximum(exponent, 0)))


@op(
    rounding=ulps(0.5),
    sample=samples.unary((-100, 100), lambda low, high: (0.0, max(low * low, high * high))),
    input=lambda g, input: g * (2 * input),
)
def square(input: Array) -> Array:
    """input · input."""
    return np.multiply(input, input, dtype=np.int64 if input.dtype.kind == "b" else None)


@op(
    promote="float",
    rounding=ulps(0.8),
    sample=samples.unary((1e-4, 1e4), lambda low, high: (0.0, 100.0)),
    input=lambda g, out: g / (2 * out),
)
def sqrt(input: Array) -> Array:
    """The square root; NaN below 0. The gradient at 0 is inf."""
    return np.sqrt(input)


@op(
    promote="float",
    rounding=ulps(1.5),
    sample=samples.unary((1e-2, 1e4), lambda low, high: (0.0, 10.0)),
    input=lambda g, out: -0.5 * g * pow(out, 3),
)
def rsqrt(input: Array) -> Array:
    """1 / √input."""
    return np.true_divide(1, np.sqrt(input))


@op(
    promote="float",
    rounding=ulps(0.5),
    sample=samples.unary((0.1, 1e4), lambda low, high: (0.0, 10.0)),
    input=lambda g, out: -g * (out * out),
)
def reciprocal(input: Array) -> Array:
    """1 / input."""
    return np.true_divide(1, input)


@op(
    promote="floats",
    rounding=ulps(1.0),
    sample=samples.binary(numbers=False, range=lambda a, b, c, d: (0.0, max(-a, b) + max(-c, d))),
    input=lambda g, input, out: g * (input / out),
    other=lambda g, other, out: g * (other / out),
)
def hypot(input: Array, other: Array) -> Array:
    """√(input² + other²) without overflow on the way. The gradients at (0, 0) are NaN."""
    return np.hypot(input, other)


def _xlogy_input(g: Any, input: Any, other: Any) -> Any:
    return where((input == 0) & (other <= 0), 0.0, xlogy(g, other))


@op(
    promote="float",
    rounding=ulps(4.4),
    sample=samples.binary(second=(1e-4, 1e4), range=lambda a, b, c, d: (-10 * max(-a, b), 10 * max(-a, b))),
    input=_xlogy_input,
    other=lambda g, input, other: g * input / other,
)
def xlogy(input: Operand, other: Operand) -> Array:
    """input · log(other), and 0 where input is 0, whatever number other is."""
    if isinstance(other, bool | int | float):
        other = np.asarray(other, np.result_type(input))
    return np.where(np.equal(input, 0) & ~np.isnan(other), 0.0, np.multiply(input, np.log(other)))
