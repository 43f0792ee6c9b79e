"""Activations of neural networks, with the formulas and the gradients at kinks of ATen/native/cpu/Activation.cpp.

Each is one op with its own rule. Where a branch that is not taken could overflow, its argument is kept out: the first
derivative would come out right without, the second would be 0 · inf. (It is in torch: mish at 100 in float32 is NaN.)

Rounding, measured, the worse of these and torch 2.13, in ULP, float32 then float64: sigmoid 2.93 2.02, silu 3.07 2.0,
mish 4.48 2.0, elu 2.24 .98, selu 3.01 2.57, softplus 2.82 1.53, logsigmoid 3.08 1.52, softsign 1.48 1.48. Where
exp(-input) overflows, sigmoid and silu are 0 in torch as they are here, below the smallest normal number.

torch's gradients at NaN differ between its vector code and its scalar code, which takes what is left of an array after
full registers. Where they do (elu, selu, hardtanh, relu6, hardswish), these follow the vector code.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from paragrad.engine.dtypes import Array, float32, float64, get_default_dtype
from paragrad.engine.ops import samples
from paragrad.engine.ops.arithmetic import abs, sign
from paragrad.engine.ops.exponential import exp
from paragrad.engine.ops.extremum import where
from paragrad.engine.ops.rounding import EXACT, Analysed, ulps
from paragrad.engine.ops.samples import Call, Draw, Output
from paragrad.engine.ops.special import erf, error_function
from paragrad.engine.ops.table import op
from paragrad.engine.ops.trigonometric import tanh

_ZERO = {float32: np.zeros((), float32), float64: np.zeros((), float64)}
_BLOCK = 1 << 15
_ZEROS = {float32: np.zeros(_BLOCK, float32), float64: np.zeros(_BLOCK, float64)}

_shrunk = samples.unary(range=lambda low, high: (min(low, -1.0), max(high, 1.0)))


def _with(*choices: tuple[Any, ...]) -> samples.Sample:
    """A tensor and, half of the time, further arguments."""

    def sample(draw: Draw) -> Call:
        x = draw.tensor()
        extra = draw.pick(choices) if draw.flag() else ()
        return Call((x, *extra), {}, (Output(x.shape, None, min(4 * x.low, -6.0), max(x.high, 6.0)),))

    return sample


@op(
    promote="numbers",
    rounding=EXACT,
    sample=samples.unary(range=lambda a, b: (0.0, max(b, 0.0))),
    input=lambda g, out: where(out <= 0, 0.0, g),
)
def relu(input: Array) -> Array:
    """max(input, 0). Unlike maximum(input, 0), its gradient at 0 is 0 and at NaN g: ATen's threshold_backward."""
    if input.dtype not in _ZEROS:
        return np.maximum(input, 0)
    if input.size < 64 or not input.flags.c_contiguous:
        return np.maximum(input, _ZERO[input.dtype])
    # np.maximum of two arrays is vectorised, of an array and a number it is not: 15 against 38 us at 1e5 elements.
    zeros = _ZEROS[input.dtype]
    if input.size <= _BLOCK:
        return np.maximum(input, zeros[: input.size].reshape(input.shape))
    out = np.empty_like(input)
    flat, result = input.reshape(-1), out.reshape(-1)
    for start in range(0, flat.size, _BLOCK):
        part = flat[start : start + _BLOCK]
        np.maximum(part, zeros[: part.size], out=result[start : start + _BLOCK])
    return out


@op(
    promote="floats",
    rounding=ulps(1.0),  # the slope is rounded, too
    sample=_with((0.2,), (0.0,), (-0.5,), (1.5,)),
    input=lambda g, input, negative_slope: where(input > 0, g, g * negative_slope),
)
def leaky_relu(input: Array, negative_slope: float = 0.01) -> Array:
    """input where it is positive, else negative_slope · input."""
    if 0 < negative_slope <= 1:
        return np.maximum(input, input * negative_slope)
    return np.where(input > 0, input, input * negative_slope)


def _elu(g: Any, input: Any, below: float, above: float) -> Any:
    # At 0 the second derivative is 0: ATen's elu_double_backward.
    falling = g * below * exp(where(input >= 0, 0.0, input))
    return where(input > 0, g * above if above != 1 else g, falling)


@op(
    promote="floats",
    rounding=ulps(3.0),
    sample=_with((0.5,), (2.0,), (-1.0,), (1,)),
    input=lambda g, input, alpha: _elu(g, input, alpha, 1.0),
)
def elu(input: Array, alpha: float = 1.0) -> Array:
    """input where it is positive, else alpha · (exp(input) - 1). The gradient at 0 is alpha."""
    return np.where(input <= 0, np.expm1(np.minimum(input, 0)) * alpha, input)


_ALPHA = 1.6732632423543772848170429916717
_SCALE = 1.0507009873554804934193349852946


@op(
    promote="floats",
    rounding=ulps(3.5),
    sample=_shrunk,
    input=lambda g, input: _elu(g, input, _ALPHA * _SCALE, _SCALE),
)
def selu(input: Array) -> Array:
    """1.0507 · elu(input, 1.6733): the scale and alpha that keep mean 0 and variance 1 (Klambauer et al. 2017)."""
    return np.where(input <= 0, np.expm1(np.minimum(input, 0)) * (_ALPHA * _SCALE), input * _SCALE)


@op(
    promote="float",
    rounding=ulps(3.8, lost=0.5),  # where exp(-input) overflows
    sample=samples.unary(range=(0.0, 1.0)),
    input=lambda g, out: g * (1 - out) * out,
)
def sigmoid(input: Array) -> Array:
    """1 / (1 + exp(-input))."""
    out = np.negative(input)
    if not out.ndim:
        return np.true_divide(1, 1 + np.exp(out))
    np.exp(out, out=out)
    np.add(out, 1, out=out)
    return np.reciprocal(out, out=out)


# torch's second derivative of logsigmoid cancels where sigmoid is near 1 (FunctionsManual.cpp); so does this rule.
@op(
    promote="float",
    rounding=ulps(3.8, lost=0.5),
    internal=True,
    input=lambda g, input: g * ((sigmoid(input) - 1) * sigmoid(input)),
)
def sigmoid_of_negative(input: Array) -> Array:
    """sigmoid(-input): the derivative of logsigmoid."""
    return sigmoid.compute(np.negative(input))


@op(
    promote="floats",
    rounding=ulps(3.2),
    sample=samples.unary(range=lambda a, b: (min(a, -1.0), 0.0)),
    input=lambda g, input: g * sigmoid_of_negative(input),
)
def logsigmoid(input: Array) -> Array:
    """log(sigmoid(input)) = min(input, 0) - log1p(exp(-|input|))."""
    return np.minimum(input, 0) - np.log1p(np.exp(-np.absolute(input)))


def _silu(g: Any, input: Any) -> Any:
    s = sigmoid(input)
    return g * s * (1 + input * (1 - s))


# Where exp(-input) overflows input itself, up to 745 in size, is divided by inf.
@op(promote="floats", rounding=ulps(3.5, lost=100), sample=_shrunk, input=_silu)
def silu(input: Array) -> Array:
    """input · sigmoid(input)."""
    return np.true_divide(input, 1 + np.exp(-input))


def _mish(g: Any, input: Any) -> Any:
    t = tanh(softplus(input))
    return g * (t + input * sigmoid(input) * (1 - t * t))


# Where exp(input) is subnormal its error is multiplied by input.
@op(promote="floats", rounding=ulps(5.0, lost=0.5), sample=_shrunk, input=_mish)
def mish(input: Array) -> Array:
    """input · tanh(softplus(input)), where tanh(log(1 + e)) = n / (n + 2) with e = exp(input), n = e² + 2e."""
    e = np.exp(np.minimum(input, 20))
    n = e * (e + 2)
    return np.multiply(input, n / (n + 2))


def _softplus_error(u: float, errors: Any, input: Array, beta: float, threshold: float, out: Array) -> Array:
    # The product with beta rounds, and exp makes an absolute error relative.
    scaled = input * beta
    slope = np.where(scaled > threshold, 1.0, 1 / (1 + np.exp(-scaled)))
    return np.asarray(u * (6 * np.abs(out) + 2 * np.abs(input) * slope) + errors[0] * slope)


def _softplus(g: Any, input: Any, beta: float, threshold: float) -> Any:
    scaled = input * beta
    # At the threshold the second derivative is 0: ATen's softplus_double_backward.
    z = exp(where(scaled >= threshold, threshold, scaled))
    return where(scaled > threshold, g, g * z / (z + 1))


@op(
    promote="floats",
    rounding=Analysed(_softplus_error),
    sample=_with((2.0,), (1.0, 2.0), (0.5, 5.0), (2, 1)),
    input=_softplus,
)
def softplus(input: Array, beta: float = 1.0, threshold: float = 20.0) -> Array:
    """log(1 + exp(beta · input)) / beta, and input itself where beta · input > threshold."""
    scaled = np.multiply(input, beta)
    with_log = np.log1p(np.exp(np.minimum(scaled, threshold))) / beta
    return np.where(scaled > threshold, input, with_log)


def _softsign(g: Any, input: Any) -> Any:
    d = abs(input) + 1
    return g / d - g * ((input / d) / d) * sign(input)


@op(promote="numbers", rounding=ulps(1.5), sample=samples.unary(range=(-1.0, 1.0)), input=_softsign)
def softsign(input: Array) -> Array:
    """input / (1 + |input|). Integers give floats."""
    if input.dtype.kind == "i":
        input = input.astype(get_default_dtype())
    return np.true_divide(input, np.absolute(input) + 1)


@op(
    promote="numbers",
    rounding=EXACT,
    sample=_with((-2.0, 3.0), (0.0, 6.0), (1, 1)),
    input=lambda g, input, min_val, max_val: where((input > min_val) & (input < max_val), g, 0.0),
)
def hardtanh(input: Array, min_val: float = -1.0, max_val: float = 1.0) -> Array:
    """input pushed into [min_val, max_val]. The gradient at both ends is 0."""
    if min_val > max_val:
        raise ValueError(f"hardtanh(): min_val {min_val} is greater than max_val {max_val}")
    bounded = np.minimum(np.maximum(input, min_val), max_val)
    return bounded.astype(input.dtype, copy=False)


@op(
    promote="numbers",
    rounding=EXACT,
    sample=samples.unary(range=(0.0, 6.0)),
    input=lambda g, input: where((input > 0) & (input < 6), g, 0.0),
)
def relu6(input: Array) -> Array:
    """hardtanh(input, 0, 6)."""
    return np.minimum(np.maximum(input, 0), 6)


# torch has the sixth of the gradient as a float32, in float64 as well: a relative error of 3e-8 that is its convention.
_SIXTH = float(np.float32(1 / 6))


@op(
    promote="floats",
    rounding=ulps(1.0),
    sample=samples.unary(range=(0.0, 1.0)),
    twice=False,
    input=lambda g, input: where((input > -3) & (input < 3), g * _SIXTH, 0.0),
)
def hardsigmoid(input: Array) -> Array:
    """(input + 3) / 6 pushed into [0, 1]. The gradient at both ends is 0."""
    return np.minimum(np.maximum(input + 3, 0), 6) / 6


@op(
    promote="floats",
    rounding=ulps(2.0),
    sample=_shrunk,
    input=lambda g, input: where(input >= 3, g, where(input <= -3, 0.0, g * (input / 3 + 0.5))),
)
def hardswish(input: Array) -> Array:
    """input · hardsigmoid(input). The gradient at -3 is 0, at 3 it is 1."""
    return input * np.minimum(np.maximum(input + 3, 0), 6) / 6


_KAPPA = 0.044715
_BETA = math.sqrt(2 / math.pi)


def _gelu_sample(draw: Draw) -> Call:
    x = draw.tensor()
    kwargs = {"approximate": draw.pick(("tanh", "tanh", "none"))} if draw.flag(0.6) else {}
    return Call((x,), kwargs, (Output(x.shape, None, min(x.low, -1.0), max(x.high, 1.0)),))


def _gelu_error(u: float, errors: Any, input: Array, approximate: str, out: Array) -> Array:
    # 1 + erf and 1 + tanh cancel where input is negative: the error is one of input, not of out. The slope is at most
    # 1.13. Measured against this bound in float32: 0.25, torch's quick erf inside gelu 0.85.
    return np.asarray(u * (4 * np.abs(out) + 6 * np.minimum(np.abs(input), 12)) + errors[0] * 1.13)


def _gelu(g: Any, input: Any, approximate: str) -> Any:
    if approximate == "tanh":
        t = tanh(_BETA * (input + _KAPPA * (input * input * input)))
        inner = _BETA * (1 + 3 * _KAPPA * (input * input))
        return g * (0.5 * (1 + t) + 0.5 * input * ((1 - t * t) * inner))
    return g * (normal_cdf(input) + input * _normal_density(input))


def _normal_density(input: Any) -> Any:
    return exp(input * input * -0.5) * (1 / math.sqrt(2 * math.pi))


# 1 + erf cancels where input is negative: the error is one of 1. torch's quick erf inside gelu is off by up to 4 u.
@op(
    promote="floats",
    rounding=Analysed(lambda u, errors, input, out: u * (4 + np.abs(out)) + errors[0] * 0.4),
    internal=True,
    input=lambda g, input: g * _normal_density(input),
)
def normal_cdf(input: Array) -> Array:
    """The distribution function of the standard normal distribution, (1 + erf(input / √2)) / 2."""
    return 0.5 * (1 + erf.compute(input * math.sqrt(0.5)))


@op(promote="floats", rounding=Analysed(_gelu_error), sample=_gelu_sample, input=_gelu)
def gelu(input: Array, approximate: str = "none") -> Array:
    """input · Φ(input), Φ the normal distribution; "tanh": ½ input (1 + tanh(√(2/π) (input + 0.044715 input³)))."""
    if approximate == "tanh":
        return 0.5 * input * (1 + np.tanh(_BETA * (input + _KAPPA * (input * input * input))))
    if approximate != "none":
        raise RuntimeError(f"gelu(): approximate must be 'none' or 'tanh', not {approximate!r}")
    return 0.5 * input * (1 + error_function(input * math.sqrt(0.5)))
