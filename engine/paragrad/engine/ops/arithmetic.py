"""Sums, products and quotients, element by element."""

from __future__ import annotations

from typing import Any

import numpy as np

from paragrad.engine.dtypes import Array
from paragrad.engine.ops import samples
from paragrad.engine.ops.rounding import EXACT, Analysed, ulps
from paragrad.engine.ops.samples import Call, Draw, Output
from paragrad.engine.ops.table import Operand, op

_divided = samples.binary(second=(0.25, 1e4), range=lambda a, b, c, d: samples.product(a, b, 1 / d, 1 / c))


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
    promote="numbers",
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


@op(
    promote="numbers",
    rounding=EXACT,
    sample=samples.unary(range=lambda low, high: (-high, -low)),
    input=lambda g: -g,
)
def neg(input: Array) -> Array:
    """-input."""
    return np.negative(input)


# 0.5 would do for ours; torch divides by a Python number by multiplying with its reciprocal, which rounds twice.
@op(
    promote="float",
    rounding=ulps(1.5),
    sample=_divided,
    input=lambda g, other: g / other,
    other=lambda g, input, other: -g * ((input / other) / other),
)
def div(input: Operand, other: Operand) -> Array:
    """input / other. Integers are divided as floats of the default dtype."""
    return np.true_divide(input, other)


@op(promote=None, rounding=EXACT, internal=True)
def constant(like: Array, number: float) -> Array:
    """A number as a 0-d array in the dtype of `like`, to which torch rounds it before it computes."""
    return np.asarray(number, like.dtype)


@op(promote=None, rounding=EXACT, internal=True)
def no_change(input: Array) -> Array:
    """Zeros like `input`: the gradient of a step function. It is a constant, whatever comes in, and so has no rule."""
    return np.zeros(input.shape, input.dtype)


def _whole_sample(draw: Draw) -> Call:
    call = _divided(draw)
    return Call(call.args, {"rounding_mode": draw.pick(("floor", "trunc"))}, call.outputs)


@op(
    name="div.rounding_mode",
    promote="numbers",
    rounding=ulps(1.0),
    sample=_whole_sample,
    input=lambda g: no_change(g),
    other=lambda g: no_change(g),
)
def div_whole(input: Operand, other: Operand, rounding_mode: str) -> Array:
    """input / other rounded to a whole number: "trunc" towards 0, "floor" down. Integers stay integers."""
    if rounding_mode not in ("trunc", "floor"):
        raise RuntimeError(f"div(): rounding_mode must be None, 'trunc' or 'floor', not {rounding_mode!r}")
    _refuse_zero("div", input, other)
    if rounding_mode == "floor":
        return np.floor_divide(input, other)
    if np.result_type(input, other).kind == "i":
        # Python's // on magnitudes: a float quotient would lose digits.
        return np.floor_divide(np.absolute(input), np.absolute(other)) * np.sign(input) * np.sign(other)
    return np.trunc(np.true_divide(input, other))


def _refuse_zero(name: str, input: Operand, other: Operand) -> None:
    if np.result_type(input, other).kind == "i" and not np.all(other):
        raise RuntimeError(f"{name}(): ZeroDivisionError: an integer is divided by 0")


# The remainder itself is exact; where the signs differ one addition follows.
@op(
    promote="numbers",
    rounding=ulps(0.5),
    # torch gives number % tensor no derivative.
    sample=samples.binary(second=(0.25, 1e4), range=lambda a, b, c, d: (0.0, d), reflected=False),
    input=lambda g: g,
    other=lambda g, input, other: -g * div_whole(input, other, "floor"),
)
def remainder(input: Operand, other: Operand) -> Array:
    """input - other · floor(input / other): Python's %, with the sign of other."""
    _refuse_zero("remainder", input, other)
    return np.remainder(input, other)


def _lerp_sample(draw: Draw) -> Call:
    x = draw.tensor()
    end = draw.shaped(x.shape if draw.flag(0.7) else x.shape[1:], dtype=x.dtype)
    shape = x.shape
    weight: Any = draw.number((-1.0, 2.0))
    if draw.flag():
        weight = draw.shaped(shape if draw.flag(0.7) else shape[1:], (-1.0, 2.0), dtype=x.dtype)
    if draw.flag(0.2):
        x, end = end, x
    low, high = min(x.low, end.low), max(x.high, end.high)
    return Call((x, end, weight), {}, (Output(shape, None, 2 * low - high, 2 * high - low),))


def _lerp_error(u: float, errors: Any, input: Array, end: Array, weight: Any, out: Array) -> Array:
    # Whichever end one starts from, the step rounds three times and its sum once more.
    gap = np.abs(end - input)
    far, near = np.abs(weight), np.abs(1 - weight)
    own = u * (3 * gap * (far + near) + np.abs(out))
    return np.asarray(own + errors[0] * near + errors[1] * far + errors[2] * gap)


@op(
    promote="equal",
    rounding=Analysed(_lerp_error),
    sample=_lerp_sample,
    input=lambda g, weight: g * (1 - weight),
    end=lambda g, weight: g * weight,
    weight=lambda g, input, end: g * (end - input),
)
def lerp(input: Array, end: Array, weight: Operand) -> Array:
    """input + weight · (end - input), from the nearer end, so that both ends are met exactly: ATen/native/Lerp.h."""
    gap = np.subtract(end, input)
    if gap.dtype.kind != "f":
        raise NotImplementedError(f"lerp() is not implemented for {gap.dtype} tensors: convert with .to(dtype) first")
    if isinstance(weight, bool | int | float):
        return input + weight * gap if -0.5 < weight < 0.5 else end - gap * (1 - weight)
    return np.where(np.absolute(weight) < 0.5, input + weight * gap, end - gap * (1 - weight))


@op(rounding=EXACT, sample=samples.unary(range=(-1.0, 1.0)), input=lambda g: no_change(g))
def sign(input: Array) -> Array:
    """1, 0 or -1; 0 for a NaN, too."""
    if input.dtype.kind == "b":
        return input.copy()
    return np.subtract(np.greater(input, 0).view(np.int8), np.less(input, 0).view(np.int8)).astype(input.dtype)


@op(
    promote="numbers",
    rounding=EXACT,
    sample=samples.unary(range=lambda a, b: (0.0, max(-a, b))),
    input=lambda g, input: g * sign(input),
)
def abs(input: Array) -> Array:
    """|input|, with gradient 0 at 0."""
    return np.absolute(input)
