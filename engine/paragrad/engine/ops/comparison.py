"""Comparisons, classes of numbers and logic: results are bools, and nothing is differentiable.

Operands meet in one dtype before they are compared, as everywhere: int64 with float32 compares in float32. Logic takes
any dtype, where everything but zero is true.
"""

from __future__ import annotations

import numpy as np

from paragrad.engine.dtypes import Array, bool_
from paragrad.engine.ops import samples
from paragrad.engine.ops.rounding import EXACT
from paragrad.engine.ops.table import Operand, op

_compared = samples.binary(range=lambda a, b, c, d: (0.0, 1.0), dtype=bool_)
_logical = samples.binary(range=lambda a, b, c, d: (0.0, 1.0), dtype=bool_, numbers=False)
_classed = samples.unary(range=(0.0, 1.0), dtype=bool_)


@op(rounding=EXACT, sample=_compared)
def lt(input: Operand, other: Operand) -> Array:
    """input < other; false where either is NaN."""
    return np.less(input, other)


@op(rounding=EXACT, sample=_compared)
def le(input: Operand, other: Operand) -> Array:
    """input ≤ other; false where either is NaN."""
    return np.less_equal(input, other)


@op(rounding=EXACT, sample=_compared)
def gt(input: Operand, other: Operand) -> Array:
    """input > other; false where either is NaN."""
    return np.greater(input, other)


@op(rounding=EXACT, sample=_compared)
def ge(input: Operand, other: Operand) -> Array:
    """input ≥ other; false where either is NaN."""
    return np.greater_equal(input, other)


@op(rounding=EXACT, sample=_compared)
def eq(input: Operand, other: Operand) -> Array:
    """input = other; a NaN equals nothing, 0 equals -0."""
    return np.equal(input, other)


@op(rounding=EXACT, sample=_compared)
def ne(input: Operand, other: Operand) -> Array:
    """input ≠ other; a NaN differs from everything."""
    return np.not_equal(input, other)


@op(promote=None, rounding=EXACT, sample=_logical)
def logical_and(input: Array, other: Array) -> Array:
    """Both are true. A NaN is not zero, so it is true."""
    return np.logical_and(input, other)


@op(promote=None, rounding=EXACT, sample=_logical)
def logical_or(input: Array, other: Array) -> Array:
    """One at least is true."""
    return np.logical_or(input, other)


@op(promote=None, rounding=EXACT, sample=_logical)
def logical_xor(input: Array, other: Array) -> Array:
    """Exactly one is true."""
    return np.logical_xor(input, other)


@op(promote=None, rounding=EXACT, sample=_classed)
def logical_not(input: Array) -> Array:
    """It is zero."""
    return np.logical_not(input)


@op(promote=None, rounding=EXACT, sample=_classed)
def isnan(input: Array) -> Array:
    """It is a NaN."""
    return np.isnan(input)


@op(promote=None, rounding=EXACT, sample=_classed)
def isinf(input: Array) -> Array:
    """It is infinite, of either sign."""
    return np.isinf(input)


@op(promote=None, rounding=EXACT, sample=_classed)
def isfinite(input: Array) -> Array:
    """It is neither infinite nor NaN."""
    return np.isfinite(input)
