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
