"""Pullbacks once more, for speed: fewer calls and fewer arrays than the rules, on arrays, for first derivatives only.

Where to put what: a rule belongs with its op, in ops of the table; its fast form belongs here, may use NumPy freely,
and must give what the rule gives (a test holds each against its rule).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from paragrad.engine.dtypes import Array
from paragrad.engine.ops import contraction, reduction, softmax
from paragrad.engine.ops import dims as which
from paragrad.engine.ops.table import Dims, Shape, fused


def _matmul_input(g: Array, other: Array, shape: Shape) -> Any:
    if g.ndim == other.ndim == len(shape) == 2 and g.shape[1] != 1:
        return g.dot(other.T)
    return contraction.matmul.pullbacks["input"](g, other, shape)


def _matmul_other(g: Array, input: Array, shape: Shape) -> Any:
    if g.ndim == input.ndim == len(shape) == 2 and g.shape[0] != 1:
        return input.T.dot(g)
    return contraction.matmul.pullbacks["other"](g, input, shape)


def _spread(g: Array, shape: Shape, dim: Dims, keepdim: bool) -> Any:
    """reduction.spread, as a view whose strides are written down."""
    if dim is None:
        return np.ndarray(shape, g.dtype, np.asarray(g), 0, (0,) * len(shape))
    if not isinstance(dim, int) or not shape or not g.flags.c_contiguous:
        return reduction.spread(g, shape, dim, keepdim)
    strides = list(g.strides)
    if keepdim:
        strides[dim] = 0
    else:
        strides.insert(dim % len(shape), 0)
    return np.ndarray(shape, g.dtype, g, 0, tuple(strides))


def _mean(g: Array, shape: Shape, dim: Dims, keepdim: bool) -> Any:
    return _spread(np.asarray(g / (which.count(dim, shape) or 1)), shape, dim, keepdim)


def _dot(a: Array, b: Array, dim: int) -> Any:
    """Σ a·b along `dim`, kept."""
    if dim == -1 or dim == a.ndim - 1:
        return np.vecdot(a, b)[..., None]
    return np.add.reduce(a * b, dim, None, None, True)


def _softmax(g: Array, out: Array, dim: int) -> Any:
    if not g.ndim:
        return softmax.softmax.pullbacks["input"](g, out, dim)
    result = np.subtract(g, _dot(g, out, dim))
    return np.multiply(result, out, result)


def _log_softmax(g: Array, out: Array, dim: int) -> Any:
    if not g.ndim:
        return softmax.log_softmax.pullbacks["input"](g, out, dim)
    result = np.exp(out)
    np.multiply(result, reduction.add_up(g, dim, None, True), result)
    return np.subtract(g, result, result)


fused(contraction.matmul, input=_matmul_input, other=_matmul_other)
fused(reduction.sum, input=_spread)
fused(reduction.mean, input=_mean)
fused(softmax.softmax, input=_softmax)
fused(softmax.log_softmax, input=_log_softmax)
