"""torch itself, through an adapter and the protocol: the control, of which nothing may be found."""

from __future__ import annotations

import operator
import warnings
from collections.abc import Callable
from typing import Any

import torch

warnings.simplefilter("ignore")  # its hints at speed and at what it will do some day
torch.set_num_threads(1)

paragrad_adapter = 1
name = "torch " + torch.__version__
NAMES = (
    "abs", "neg", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "rsqrt", "square",
    "reciprocal", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "sigmoid", "relu",
    "relu6", "selu", "silu", "mish", "softsign", "logsigmoid", "hardtanh", "hardsigmoid", "hardswish",
    "leaky_relu", "elu", "softplus", "gelu", "erf", "erfc", "sign", "maximum", "minimum", "fmax", "fmin",
    "atan2", "hypot", "logaddexp", "sum", "mean", "prod", "amax", "amin", "max", "min", "var", "std", "norm",
    "cumsum", "cumprod", "softmax", "log_softmax", "logsumexp", "reshape", "transpose", "permute", "movedim",
    "flip", "roll", "unsqueeze", "squeeze", "flatten", "tril", "triu", "diagonal", "clamp", "where", "mm",
    "mv", "bmm", "dot", "outer", "einsum", "tensordot", "linear", "layer_norm", "conv1d", "conv2d", "repeat",
    "expand",
)  # fmt: skip
OPERATORS = ("add", "sub", "mul", "pow", "matmul", "getitem", "lt", "le", "gt", "ge")
ops: dict[str, Callable[..., Any]] = {op: getattr(operator, op) for op in OPERATORS} | {"div": operator.truediv}
for op in NAMES:
    ops[op] = next(getattr(p, op) for p in (torch.nn.functional, torch, torch.Tensor) if hasattr(p, op))
ops["cat"] = lambda tensors, dim=0: torch.cat(list(tensors), dim)
ops["stack"] = lambda tensors, dim=0: torch.stack(list(tensors), dim)


def leaf(array: Any, requires_grad: bool) -> Any:
    """A tensor over the array; torch knows no negative strides, so a reversed view is copied."""
    shared = array if all(s >= 0 for s in array.strides) else array.copy()
    return torch.from_numpy(shared).requires_grad_(requires_grad)


def value(x: Any) -> Any:
    """The array of a tensor."""
    return x.detach().numpy(force=True)


def vjp(function: Any, leaves: list[Any]) -> Any:
    """torch.autograd.grad, of a function from a list to a list."""
    values = function(leaves)

    def pullback(cotangents: list[Any]) -> Any:
        return torch.autograd.grad(values, leaves, cotangents, allow_unused=True, materialize_grads=True)

    return values, pullback
