"""Comparisons, classes of numbers, logic and bits: nothing here is differentiable.

Operands meet in one dtype before they are compared, as everywhere: int64 with float32 compares in float32. Logic takes
any dtype, where everything but zero is true; bits are those of bools and integers.
"""

from __future__ import annotations

import numpy as np

from paragrad.engine.dtypes import Array, bool_
from paragrad.engine.ops import samples
from paragrad.engine.ops.rounding import EXACT
from paragrad.engine.ops.samples import Call, Draw, Output
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


def _refuse_floats(name: str, *operands: Operand) -> None:
    if np.result_type(*operands).kind == "f":
        raise NotImplementedError(f"{name}() is not implemented for floats: it takes bools and integers")


def _bits(draw: Draw) -> Call:
    shape = draw.tensor().shape
    pair = [draw.integers(shape, -8, 8), draw.mask(shape)] if draw.flag(0.3) else [draw.mask(shape), draw.mask(shape)]
    first, second = pair if draw.flag() else pair[::-1]
    return Call((first, second), {}, (Output(shape, None, -8.0, 8.0),))


@op(rounding=EXACT, sample=_bits)
def bitwise_and(input: Operand, other: Operand) -> Array:
    """input & other on bools and integers."""
    _refuse_floats("bitwise_and", input, other)
    return np.bitwise_and(input, other)


@op(rounding=EXACT, sample=_bits)
def bitwise_or(input: Operand, other: Operand) -> Array:
    """input | other on bools and integers."""
    _refuse_floats("bitwise_or", input, other)
    return np.bitwise_or(input, other)


@op(rounding=EXACT, sample=_bits)
def bitwise_xor(input: Operand, other: Operand) -> Array:
    """input ^ other on bools and integers."""
    _refuse_floats("bitwise_xor", input, other)
    return np.bitwise_xor(input, other)


def _bits_of_one(draw: Draw) -> Call:
    call = _bits(draw)
    return Call(call.args[:1], {}, call.outputs)


@op(promote=None, rounding=EXACT, sample=_bits_of_one)
def bitwise_not(input: Array) -> Array:
    """~input on bools and integers."""
    if input.dtype.kind == "f":
        raise TypeError("~ is only defined for bool and integer tensors")
    return np.invert(input)
