"""The length of a vector, in every p-norm that torch.norm has."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from paragrad.engine.dtypes import Array, DType
from paragrad.engine.ops import dims as which
from paragrad.engine.ops.arithmetic import abs, sign
from paragrad.engine.ops.comparison import isnan, logical_or
from paragrad.engine.ops.extremum import where
from paragrad.engine.ops.power import pow
from paragrad.engine.ops.reduction import keep, sum
from paragrad.engine.ops.rounding import Analysed, largest, smallest
from paragrad.engine.ops.samples import Call, Draw, Output, reduced, some_dims
from paragrad.engine.ops.shape import cast
from paragrad.engine.ops.table import Dims, Shape, op


def _sample(draw: Draw) -> Call:
    # Not 0: nothing goes back from a count, so that a program of it alone can't be differentiated twice.
    p = draw.pick(("fro", 2, 2.0, 1, 3, 1.5, 0.5, math.inf, -math.inf, -1, -2.5))
    x = draw.tensor(nonempty=p not in ("fro", 2, 1, 3))
    rank = len(x.shape)
    kwargs: dict[str, Any] = {} if p == "fro" and draw.flag() else {"p": p}
    dim = some_dims(draw, rank) if draw.flag(0.7) else None
    if dim is not None and (isinstance(dim, int) or len(dim) < 3 or p != "fro"):
        kwargs["dim"] = dim
    if draw.flag(0.4):
        kwargs["keepdim"] = True
    shape = reduced(x.shape, kwargs.get("dim"), "keepdim" in kwargs)
    return Call((x,), kwargs, (Output(shape, None, 0.0),))


def _power(p: Any, dim: Dims) -> float:
    """Which p is meant. Raises RuntimeError for the matrix norms, which are not here."""
    if p == "fro" and (dim is None or isinstance(dim, int) or len(dim) <= 2):
        return 2.0
    if isinstance(p, str):
        raise RuntimeError(f"norm(): p = {p!r} over dim {dim} is a matrix norm, which paragrad doesn't have")
    return 2.0 if p is None else float(p)


def _norm_input(g: Any, input: Any, out: Any, shape: Shape, p: Any, dim: Dims, keepdim: bool) -> Any:
    """torch's norm_backward, with gradient 0 where the norm is 0. The 0-norm is a count: nothing goes back."""
    p = _power(p, dim)
    g, out = keep(g, shape, dim, keepdim), keep(out, shape, dim, keepdim)
    if p == 0:
        return None
    if p == 1:
        return sign(input) * g
    if p == 2:
        return g * where(out == 0, 0.0, input / out)
    if math.isinf(p):
        size = abs(input)
        most = cast(logical_or(size == out, isnan(size)), g.dtype)
        return sign(input) * (g / sum(most, dim, True) * most)
    if p < 1:
        return sign(input) * where(input == 0, 0.0, pow(abs(input), p - 1)) * g * pow(out, 1 - p)
    scale = where(out == 0, 0.0, g / pow(out, p - 1))
    if p < 2:
        return sign(input) * pow(abs(input), p - 1) * scale
    return input * pow(abs(input), p - 2) * scale


def _norm_error(
    u: float, errors: Any, input: Array, p: Any, dim: Dims, keepdim: bool, dtype: DType | None, out: Array
) -> Array:
    """The powers and their sum as any sum, whose error the root, a monotone function, carries on."""
    p = _power(p, dim)
    axis = which.axes("norm", dim, input.shape)
    sizes, count = np.abs(input), which.count(dim, input.shape)
    if p == 0:
        return np.zeros(out.shape)
    brought = np.sum(np.broadcast_to(errors[0], input.shape), axis, keepdims=keepdim)
    if math.isinf(p):
        return np.asarray(brought)
    powers = np.sum(sizes**p, axis, keepdims=keepdim)
    error = (count + (0 if p == 1 else 3)) * (u * powers + smallest(u))
    if np.any(errors[0]):
        error = error + np.abs(np.sum((sizes + errors[0]) ** p, axis, keepdims=keepdim) - powers)
    ends = [np.maximum(powers + side * error, 0) ** (1 / p) for side in (-1, 1)]
    root = np.maximum(np.abs(ends[0] - out), np.abs(ends[1] - out))
    late = 0.0 if p == 1 else u * out * (3 + np.abs(np.log(out)) * 2)
    return np.asarray(root + late + np.where(powers > largest(u), u * powers, 0.0))


@op(rounding=Analysed(_norm_error), sample=_sample, input=_norm_input)
def norm(
    input: Array,
    p: float | str | None = "fro",
    dim: Dims = None,
    keepdim: bool = False,
    dtype: DType | None = None,
) -> Array:
    """(Σ |input|^p)^(1/p) over `dim` (None: all); the largest for ∞, the smallest for -∞, how many are not 0 for 0."""
    if input.dtype.kind != "f":
        raise RuntimeError(f"norm(): only floating point dtypes have a norm, not {input.dtype}")
    p, axis = _power(p, dim), which.axes("norm", dim, input.shape)
    count = which.count(dim, input.shape)
    if count == 1 and p != 0 and (input.ndim or dim is None or dim == ()):
        p = 1.0  # no power that could under- or overflow; torch overlooks a 0-d tensor whose dim is named
    if p == 2:
        return np.sqrt(np.add.reduce(input * input, axis, None, None, keepdim))
    if not count and (p < 0 or p == math.inf):
        raise RuntimeError(f"norm(): the {p}-norm of no elements, of an input of shape {input.shape}, is not defined")
    if p == 0:
        return np.add.reduce(input != 0, axis, input.dtype, None, keepdim)
    sizes = np.abs(input)
    if p == 1:
        return np.add.reduce(sizes, axis, None, None, keepdim)
    if math.isinf(p):
        return (np.maximum if p > 0 else np.minimum).reduce(sizes, axis, None, None, keepdim)
    return np.add.reduce(sizes**p, axis, None, None, keepdim) ** (1 / p)
