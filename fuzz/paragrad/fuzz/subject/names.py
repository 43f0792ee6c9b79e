"""What each op is usually called, and what it is: its truth on Python numbers, at points where it is smooth.

Names are compared without case and underscores, so `leakyrelu` stands for leaky_relu, LeakyReLU and leakyRelu.
"""

from __future__ import annotations

import math
import operator
from typing import Any, Callable

ANY = (0.7, -0.6, 1.3, -1.9)
POSITIVE = (0.7, 1.9, 2.5, 0.3)
INSIDE = (0.3, -0.6, 0.8, -0.2)
OTHER = (1.4, 0.5, -0.8, 2.2)
"""The second operand where it may have any sign; nowhere equal to the first."""


def sigmoid(x: float) -> float:
    """1 / (1 + e^-x)."""
    return 1 / (1 + math.exp(-x))


def softplus(x: float) -> float:
    """log(1 + e^x)."""
    return math.log1p(math.exp(x))


SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772

Truth = Callable[..., float]

UNARY: dict[str, tuple[tuple[float, ...], Truth, str]] = {
    "neg": (ANY, operator.neg, "neg negate negative"),
    "abs": (ANY, abs, "abs absolute"),
    "exp": (ANY, math.exp, "exp exponential"),
    "log": (POSITIVE, math.log, "log ln"),
    "sqrt": (POSITIVE, math.sqrt, "sqrt squareroot"),
    "square": (ANY, lambda x: x * x, "square squared sqr"),
    "reciprocal": (POSITIVE, lambda x: 1 / x, "reciprocal inverse inv"),
    "rsqrt": (POSITIVE, lambda x: x**-0.5, "rsqrt"),
    "sin": (ANY, math.sin, "sin sine"),
    "cos": (ANY, math.cos, "cos cosine"),
    "tan": (ANY, math.tan, "tan tangent"),
    "asin": (INSIDE, math.asin, "asin arcsin"),
    "acos": (INSIDE, math.acos, "acos arccos"),
    "atan": (ANY, math.atan, "atan arctan"),
    "sinh": (ANY, math.sinh, "sinh"),
    "cosh": (ANY, math.cosh, "cosh"),
    "tanh": (ANY, math.tanh, "tanh"),
    "sigmoid": (ANY, sigmoid, "sigmoid sigm logistic expit"),
    "relu": (ANY, lambda x: max(x, 0.0), "relu rectify"),
    "selu": (ANY, lambda x: SELU_SCALE * (x if x > 0 else SELU_ALPHA * math.expm1(x)), "selu"),
    "silu": (ANY, lambda x: x * sigmoid(x), "silu swish"),
    "mish": (ANY, lambda x: x * math.tanh(softplus(x)), "mish"),
    "softsign": (ANY, lambda x: x / (1 + abs(x)), "softsign"),
    "logsigmoid": (ANY, lambda x: -softplus(-x), "logsigmoid"),
    "relu6": (ANY, lambda x: min(max(x, 0.0), 6.0), "relu6"),
    "hardtanh": (ANY, lambda x: min(max(x, -1.0), 1.0), "hardtanh"),
    "hardsigmoid": (ANY, lambda x: min(max(x / 6 + 0.5, 0.0), 1.0), "hardsigmoid"),
    "hardswish": (ANY, lambda x: x * min(max(x / 6 + 0.5, 0.0), 1.0), "hardswish"),
    "exp2": (ANY, lambda x: 2.0**x, "exp2"),
    "expm1": (ANY, math.expm1, "expm1"),
    "log2": (POSITIVE, math.log2, "log2"),
    "log10": (POSITIVE, math.log10, "log10"),
    "log1p": (POSITIVE, math.log1p, "log1p"),
    "erf": (ANY, math.erf, "erf"),
    "erfc": (ANY, math.erfc, "erfc"),
    "sign": (ANY, lambda x: math.copysign(1.0, x), "sign sgn"),
    "floor": (ANY, lambda x: float(math.floor(x)), "floor"),
    "ceil": (ANY, lambda x: float(math.ceil(x)), "ceil"),
}
"""Ops of one operand: points, truth, names."""

LIMITS: dict[str, tuple[str, float, Truth, str, str]] = {
    "leaky_relu": (
        "negative_slope",
        0.01,
        lambda x, s: x if x > 0 else s * x,
        "leakyrelu lrelu",
        "slope alpha negative",
    ),
    "elu": ("alpha", 1.0, lambda x, a: x if x > 0 else a * math.expm1(x), "elu", "alpha"),
    "softplus": ("beta", 1.0, lambda x, b: math.log1p(math.exp(b * x)) / b, "softplus", "beta"),
}
"""Ops with one number besides: torch's name of it and default, truth, names, and what the subject may call it."""

BINARY: dict[str, tuple[tuple[float, ...], tuple[float, ...], Truth, str]] = {
    "add": (ANY, OTHER, operator.add, "add plus"),
    "sub": (ANY, OTHER, operator.sub, "sub subtract minus"),
    "mul": (ANY, OTHER, operator.mul, "mul multiply times prod product"),
    "div": (ANY, OTHER, operator.truediv, "div truediv divide truedivide"),
    "pow": (POSITIVE, OTHER, operator.pow, "pow power"),
    "maximum": (ANY, OTHER, max, "maximum max"),
    "minimum": (ANY, OTHER, min, "minimum min"),
    "atan2": (ANY, OTHER, math.atan2, "atan2 arctan2"),
    "hypot": (ANY, OTHER, math.hypot, "hypot"),
    "logaddexp": (ANY, OTHER, lambda x, y: math.log(math.exp(x) + math.exp(y)), "logaddexp"),
}
"""Ops of two operands: points of each, truth, names."""

OPERATORS: dict[str, tuple[str, str, Callable[..., Any]]] = {
    "add": ("__add__", "a + b", operator.add),
    "sub": ("__sub__", "a - b", operator.sub),
    "mul": ("__mul__", "a * b", operator.mul),
    "div": ("__truediv__", "a / b", operator.truediv),
    "pow": ("__pow__", "a ** b", operator.pow),
    "neg": ("__neg__", "-a", operator.neg),
    "abs": ("__abs__", "abs(a)", abs),
    "matmul": ("__matmul__", "a @ b", operator.matmul),
    "getitem": ("__getitem__", "a[index]", operator.getitem),
}
"""Ops that have an operator: the method behind it, how it is written, what calls it."""

IN_PLACE: dict[str, tuple[str, str, Callable[..., Any]]] = {
    "add": ("__iadd__", "a += b", operator.iadd),
    "sub": ("__isub__", "a -= b", operator.isub),
    "mul": ("__imul__", "a *= b", operator.imul),
    "div": ("__itruediv__", "a /= b", operator.itruediv),
    "pow": ("__ipow__", "a **= b", operator.ipow),
    "matmul": ("__imatmul__", "a @= b", operator.imatmul),
}
"""The operators in place: tried where a class defines them itself."""

PARAMETERS: dict[str, tuple[str, ...]] = {
    "leaky_relu": ("negative_slope",),
    "elu": ("alpha",),
    "softplus": ("beta", "threshold"),
    "gelu": ("approximate",),
    "hardtanh": ("min_val", "max_val"),
    "clamp": ("min", "max"),
    **dict.fromkeys(("sum", "mean", "prod", "amax", "amin"), ("dim", "keepdim", "dtype")),
    **dict.fromkeys(("softmax", "log_softmax", "cumsum"), ("dim", "dtype")),
    "logsumexp": ("dim", "keepdim"),
    "max": (),
    "min": (),
    "var": ("dim", "unbiased", "keepdim", "correction"),
    "std": ("dim", "unbiased", "keepdim", "correction"),
    "norm": ("p", "dim", "keepdim", "dtype"),
    "reshape": ("shape",),
    "transpose": ("dim0", "dim1"),
    "permute": ("dims",),
    "flatten": ("start_dim", "end_dim"),
    "squeeze": ("dim",),
    "unsqueeze": ("dim",),
    "expand": ("size",),
    "getitem": ("index",),
    "cat": ("dim",),
    "stack": ("dim",),
    "mse_loss": ("reduction",),
    "l1_loss": ("reduction",),
    "cross_entropy": ("weight", "ignore_index", "reduction", "label_smoothing"),
    "binary_cross_entropy": ("weight", "reduction"),
}
"""torch's names of the arguments that follow the operands, in order."""

GELU: dict[str, Truth] = {
    "none": lambda x: x * (1 + math.erf(x / math.sqrt(2))) / 2,
    "tanh": lambda x: x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))) / 2,
}
"""gelu's two forms, by torch's name."""


BACKWARD = (
    "backward backprop backpropagate backpropagation propagate propagateback reverse runbackward backwards "
    "computegradients computegradient computegrads computegrad calculategradients differentiate autodiff walk "
    "back bprop pullback"
).split()
"""Normal names of methods and functions that start a backward, likeliest first."""


def normal(name: str) -> str:
    """A name without case and underscores."""
    return name.replace("_", "").lower()


def close(got: float, expected: float) -> bool:
    """Whether a number is the op's value, to the few digits that tell one op from another."""
    return abs(got - expected) <= 1e-4 * max(1.0, abs(expected))
