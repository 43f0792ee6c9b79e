"""Elementwise ops as mpmath computes them, under the op table's names and torch's argument names.

Written from torch's documentation and from neither engine's code, so that the truth of float64 shares no fault with
what it measures. Python numbers among the arguments are exact.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mpmath import mp

Function = Callable[..., Any]

DIGITS = 60
"""Decimal digits in which truths are computed; a central difference loses a third of them."""

SELU_ALPHA = "1.6732632423543772848170429916717"
SELU_SCALE = "1.0507009873554804934193349852946"


def _clamp(input: Any, min: Any = None, max: Any = None) -> Any:
    if min is not None and input < min:
        input = min
    return max if max is not None and input > max else input


def clamp_inside(input: Any, min: Any = None, max: Any = None) -> Any:
    """Undefined at a bound: between two that are equal moving the input moves nothing."""
    return mp.nan if input in (min, max) else _clamp(input, min, max)


def _pow(input: Any, exponent: Any) -> Any:
    return mp.power(input, exponent)


def _round(input: Any, decimals: int = 0) -> Any:
    return mp.nint(input * mp.mpf(10) ** decimals) / mp.mpf(10) ** decimals


def _gelu(input: Any, approximate: str = "none") -> Any:
    if approximate == "tanh":
        return input * (1 + mp.tanh(mp.sqrt(2 / mp.pi) * (input + mp.mpf(0.044715) * input**3))) / 2
    return input * mp.ncdf(input)


def _softplus(input: Any, beta: Any = 1, threshold: Any = 20) -> Any:
    return input if input * beta > threshold else mp.log1p(mp.exp(beta * input)) / beta


def _div(input: Any, other: Any, rounding_mode: str | None = None) -> Any:
    quotient = input / other
    if rounding_mode is None:
        return quotient
    return mp.floor(quotient) if rounding_mode == "floor" or quotient >= 0 else mp.ceil(quotient)


def _fmod(input: Any, other: Any) -> Any:
    return input - other * _div(input, other, "trunc")


def _xlogy(input: Any, other: Any) -> Any:
    return mp.mpf(0) if input == 0 else input * mp.log(other)


def _elu(input: Any, alpha: Any = 1, scale: Any = 1, input_scale: Any = 1) -> Any:
    return scale * (input if input > 0 else alpha * mp.expm1(input_scale * input))


def _softshrink(input: Any, lambd: Any = 0.5) -> Any:
    return input - lambd if input > lambd else input + lambd if input < -lambd else mp.mpf(0)


def _add(input: Any, other: Any, alpha: Any = 1) -> Any:
    both = isinstance(input, bool) and isinstance(other, bool)
    return input or other if both else input + alpha * other


def _masked_fill(input: Any, mask: Any, value: Any) -> Any:
    if not mask:
        return input
    return bool(value) if isinstance(input, bool) else value


def _masked_dropout(input: Any, p: Any, mask: Any) -> Any:
    """Undefined where nobody knows whether the element was dropped."""
    return input / (1 - p) if mask == 1 else input * 0 if mask == 0 else mp.nan


FUNCTIONS: dict[str, Function] = {
    "abs": lambda input: abs(input),
    "acos": lambda input: mp.acos(input),
    "acosh": lambda input: mp.acosh(input),
    "add": _add,
    "addcdiv": lambda input, tensor1, tensor2, value=1: input + value * tensor1 / tensor2,
    "addcmul": lambda input, tensor1, tensor2, value=1: input + value * tensor1 * tensor2,
    "asin": lambda input: mp.asin(input),
    "asinh": lambda input: mp.asinh(input),
    "atan": lambda input: mp.atan(input),
    "atan2": lambda input, other: mp.atan2(input, other),
    "atanh": lambda input: mp.atanh(input),
    "ceil": lambda input: mp.ceil(input),
    "celu": lambda input, alpha=1: input if input > 0 else alpha * mp.expm1(input / alpha),
    "clamp": _clamp,
    "copysign": lambda input, other: abs(input) if other >= 0 else -abs(input),
    "cos": lambda input: mp.cos(input),
    "cosh": lambda input: mp.cosh(input),
    "deg2rad": lambda input: input * mp.pi / 180,
    "digamma": lambda input: mp.digamma(input),
    "div": _div,
    "div.rounding_mode": _div,
    "elu": _elu,
    "erf": lambda input: mp.erf(input),
    "erfc": lambda input: mp.erfc(input),
    "erfinv": lambda input: mp.erfinv(input),
    "exp": lambda input: mp.exp(input),
    "exp2": lambda input: mp.power(2, input),
    "expm1": lambda input: mp.expm1(input),
    "floor": lambda input: mp.floor(input),
    "fmax": lambda input, other: max(input, other),
    "fmin": lambda input, other: min(input, other),
    "fmod": _fmod,
    "frac": lambda input: input - _div(input, mp.mpf(1), "trunc"),
    "gelu": _gelu,
    "hardshrink": lambda input, lambd=0.5: input if abs(input) > lambd else mp.mpf(0),
    "hardsigmoid": lambda input: _clamp(input + 3, 0, 6) / 6,
    "hardswish": lambda input: input * _clamp(input + 3, 0, 6) / 6,
    "hardtanh": lambda input, min_val=-1, max_val=1: _clamp(input, min_val, max_val),
    "hypot": lambda input, other: mp.sqrt(input * input + other * other),
    "leaky_relu": lambda input, negative_slope=0.01: input if input > 0 else mp.mpf(negative_slope) * input,
    "lerp": lambda input, end, weight: input + weight * (end - input),
    "lgamma": lambda input: mp.log(abs(mp.gamma(input))),
    "log": lambda input: mp.log(input),
    "log10": lambda input: mp.log10(input),
    "log1p": lambda input: mp.log1p(input),
    "log2": lambda input: mp.log(input, 2),
    "logaddexp": lambda input, other: mp.log(mp.exp(input) + mp.exp(other)),
    "logit": lambda input: mp.log(input / (1 - input)),
    "logsigmoid": lambda input: -mp.log1p(mp.exp(-input)),
    "masked_dropout": _masked_dropout,
    "masked_fill": _masked_fill,
    "maximum": lambda input, other: max(input, other),
    "minimum": lambda input, other: min(input, other),
    "mish": lambda input: input * mp.tanh(mp.log1p(mp.exp(input))),
    "mul": lambda input, other: input * other,
    "neg": lambda input: -input,
    "pow": _pow,
    "rad2deg": lambda input: input * 180 / mp.pi,
    "reciprocal": lambda input: 1 / input,
    "relu": lambda input: max(input, mp.mpf(0)),
    "relu6": lambda input: _clamp(input, 0, 6),
    "remainder": lambda input, other: input - other * mp.floor(input / other),
    "round": _round,
    "rsqrt": lambda input: 1 / mp.sqrt(input),
    "rsub": lambda input, other, alpha=1: other - alpha * input,
    "selu": lambda input: mp.mpf(SELU_SCALE) * (input if input > 0 else mp.mpf(SELU_ALPHA) * mp.expm1(input)),
    "sigmoid": lambda input: 1 / (1 + mp.exp(-input)),
    "sign": lambda input: mp.sign(input),
    "silu": lambda input: input / (1 + mp.exp(-input)),
    "sin": lambda input: mp.sin(input),
    "sinc": lambda input: mp.sincpi(input),
    "sinh": lambda input: mp.sinh(input),
    "softplus": _softplus,
    "softshrink": _softshrink,
    "softsign": lambda input: input / (1 + abs(input)),
    "sqrt": lambda input: mp.sqrt(input),
    "square": lambda input: input * input,
    "sub": lambda input, other, alpha=1: input - alpha * other,
    "tan": lambda input: mp.tan(input),
    "tanh": lambda input: mp.tanh(input),
    "tanhshrink": lambda input: input - mp.tanh(input),
    "threshold": lambda input, threshold, value: input if input > threshold else value,
    "trunc": lambda input: _div(input, mp.mpf(1), "trunc"),
    "where": lambda condition, input, other: input if condition else other,
    "xlogy": _xlogy,
}
