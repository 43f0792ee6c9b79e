"""Many elements become one: sums, means and truth."""

from __future__ import annotations

from typing import Any

import numpy as np

from paragrad.engine.dtypes import Array, DType, bool_, int64
from paragrad.engine.ops import samples
from paragrad.engine.ops.dims import axes, count, kept
from paragrad.engine.ops.rounding import EXACT, Linear
from paragrad.engine.ops.shape import expand, reshape
from paragrad.engine.ops.table import Dims, Shape, op


def keep(x: Any, shape: Shape, dim: Dims, keepdim: bool) -> Any:
    """What a reduction over `dim` of something of this shape gave, with the dimensions that it took away as 1."""
    return x if keepdim or dim is None else reshape(x, kept(dim, shape))


def spread(g: Any, shape: Shape, dim: Dims, keepdim: bool) -> Any:
    """The gradient of a reduction, repeated over the dimensions that it took away."""
    return expand(keep(g, shape, dim, keepdim), shape)


def add_up(x: Array, axis: Any, dtype: DType | None = None, keepdim: bool = False) -> Array:
    """np.add.reduce. Many short rows of floats are multiplied by ones instead, as are long arrays, cut into rows: BLAS
    adds 1,000 rows of 64 in a fourth of the time, a million elements in a third."""
    if x.size < 2048 or dtype is not None or x.dtype.kind != "f":
        return np.add.reduce(x, axis, dtype, None, keepdim)
    if axis is None and x.size > 1 << 16 and x.flags.c_contiguous and not keepdim:
        flat, end = x.reshape(-1), x.size // 512 * 512
        rows = np.matmul(flat[:end].reshape(-1, 512), np.ones(512, x.dtype))
        return np.add.reduce(rows) + np.add.reduce(flat[end:])
    if not isinstance(axis, int) or axis % x.ndim != x.ndim - 1 or x.strides[-1] != x.itemsize:
        return np.add.reduce(x, axis, None, None, keepdim)
    width = x.shape[axis]
    if width * 16 > x.size:
        return np.add.reduce(x, axis, None, None, keepdim)
    total = np.matmul(x, np.ones(width, x.dtype))
    return total[..., None] if keepdim else total


@op(
    rounding=Linear(lambda input, dim, keepdim, dtype: max(count(dim, input.shape) - 1, 0)),
    sample=samples.reduction(range=samples.total, whole="int64", given=True),
    input=lambda g, shape, dim, keepdim: spread(g, shape, dim, keepdim),
)
def sum(input: Array, dim: Dims = None, keepdim: bool = False, dtype: DType | None = None) -> Array:
    """Σ input over `dim` (None: all). Sums of bools and ints are int64."""
    if dtype is None and input.dtype.kind == "b":
        dtype = int64
    if dim is None and input.size < 2048 and not keepdim:
        return np.add.reduce(input, None, dtype)
    return add_up(input, axes("sum", dim, input.shape), dtype, keepdim)


@op(
    rounding=Linear(lambda input, dim, keepdim, dtype: count(dim, input.shape)),
    sample=samples.reduction(given=True),
    input=lambda g, shape, dim, keepdim: spread(g / (count(dim, shape) or 1), shape, dim, keepdim),
)
def mean(input: Array, dim: Dims = None, keepdim: bool = False, dtype: DType | None = None) -> Array:
    """Σ input / n over `dim` (None: all), n elements at a time. Raises RuntimeError for bools and ints."""
    if (input.dtype if dtype is None else dtype).kind != "f":
        raise RuntimeError(
            f"mean(): the mean of {dtype or input.dtype} is no {dtype or input.dtype}: cast to a float dtype"
        )
    total = add_up(input, axes("mean", dim, input.shape), dtype, keepdim)
    return total / count(dim, input.shape)


@op(promote=None, rounding=EXACT, sample=samples.reduction(outputs=(bool_,), whole="same"))
def any(input: Array, dim: Dims = None, keepdim: bool = False) -> Array:
    """Whether one at least over `dim` (None: all) is true: not 0, so a NaN is. Over no dims at all: each by itself."""
    axis = () if dim == () else axes("any", dim, input.shape)
    return np.logical_or.reduce(input, axis, np.bool_, None, keepdim)


@op(promote=None, rounding=EXACT, sample=samples.reduction(outputs=(bool_,), whole="same"))
def all(input: Array, dim: Dims = None, keepdim: bool = False) -> Array:
    """Whether every one over `dim` (None: all) is true: not 0, so a NaN is. Over no dims at all: each by itself."""
    axis = () if dim == () else axes("all", dim, input.shape)
    return np.logical_and.reduce(input, axis, np.bool_, None, keepdim)
