"""Sums, products, quotients and powers, element by element."""

from __future__ import annotations

import numpy as np

from paragrad.engine.dtypes import Array
from paragrad.engine.ops import samples
from paragrad.engine.ops.rounding import EXACT, ulps
from paragrad.engine.ops.table import Operand, op


@op(
    rounding=ulps(0.5),
    sample=samples.binary(range=lambda a, b, c, d: (a + c, b + d)),
    input=lambda g: g,
    other=lambda g: g,
)
def add(input: Operand, other: Operand) -> Array:
    """input + other."""
    return np.add(input, other)


@op(
    rounding=ulps(0.5),
    sample=samples.binary(range=lambda a, b, c, d: (a - d, b - c)),
    input=lambda g: g,
    other=lambda g: -g,
)
def sub(input: Operand, other: Operand) -> Array:
    """input - other."""
    return np.subtract(input, other)


@op(
    rounding=ulps(0.5),
    sample=samples.binary(range=samples.product),
    input=lambda g, other: g * other,
    other=lambda g, input: g * input,
)
def mul(input: Operand, other: Operand) -> Array:
    """input · other."""
    return np.multiply(input, other)


@op(rounding=EXACT, sample=samples.unary(range=lambda low, high: (-high, -low)), input=lambda g: -g)
def neg(input: Array) -> Array:
    """-input."""
    return np.negative(input)


@op(
    promote="float",
    rounding=ulps(0.5),
    sample=samples.binary(second=(0.25, 1e4), range=lambda a, b, c, d: samples.product(a, b, 1 / d, 1 / c)),
    input=lambda g, other: g / other,
    other=lambda g, input, other: -g * ((input / other) / other),
)
def div(input: Operand, other: Operand) -> Array:
    """input / other. Integers are divided as floats of the default dtype."""
    return np.true_divide(input, other)


@op(promote=None, rounding=EXACT, internal=True)
def no_change(input: Array) -> Array:
    """Zeros like `input`: the gradient of a step function. It is a constant, whatever comes in, and so has no rule."""
    return np.zeros(input.shape, input.dtype)


@op(rounding=EXACT, sample=samples.unary(range=(-1.0, 1.0)), input=lambda g: no_change(g))
def sign(input: Array) -> Array:
    """1, 0 or -1; 0 for a NaN, too."""
    if input.dtype.kind == "b":
        return input.copy()
    return np.subtract(np.greater(input, 0), np.less(input, 0), dtype=input.dtype)


@op(rounding=EXACT, sample=samples.unary(range=lambda a, b: (0.0, max(-a, b))), input=lambda g, input: g * sign(input))
def abs(input: Array) -> Array:
    """|input|, with gradient 0 at 0."""
    return np.absolute(input)
