"""Many elements become one: sums, extremes and what is made of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from paragrad.engine.dtypes import Array, int64
from paragrad.engine.ops import dims as which
from paragrad.engine.ops import samples
from paragrad.engine.ops.indexing import put_along_dim
from paragrad.engine.ops.rounding import MOVES, Linear, per_output
from paragrad.engine.ops.shape import expand, reshape
from paragrad.engine.ops.table import Dims, Shape, op


def unreduce(g: Any, shape: Shape, dim: Dims, keepdim: bool) -> Any:
    """The gradient of a reduction, repeated over the dimensions that it summed away."""
    if dim is not None and not keepdim:
        g = reshape(g, samples.reduced(shape, dim, True))
    return expand(g, shape)


@op(
    promote=None,
    rounding=Linear(per_output),
    sample=samples.reduction(range=samples.total),
    input=lambda g, shape, dim, keepdim: unreduce(g, shape, dim, keepdim),
)
def sum(input: Array, dim: Dims = None, keepdim: bool = False) -> Array:
    """Σ input over `dim` (None: all). Sums of bools and ints are int64."""
    return np.add.reduce(input, axis=dim, keepdims=keepdim, dtype=int64 if input.dtype.kind == "b" else None)


@op(
    name="max.dim",
    promote=None,
    rounding=MOVES,
    sample=samples.reduction(dims="one", nonempty=True, outputs=(None, int64)),
    outputs=("values", "indices"),
    input=lambda g, indices, shape, dim, keepdim: put_along_dim(g, indices, shape, dim, keepdim),
)
def max_dim(input: Array, dim: int, keepdim: bool = False) -> tuple[Array, Array]:
    """The largest element along `dim` and its index: the first of equals, a NaN before all."""
    indices = np.argmax(input, axis=dim, keepdims=True) if input.ndim else np.zeros((), np.int64)
    values = np.take_along_axis(input, indices, dim) if input.ndim else input.copy()
    if keepdim or not input.ndim:
        return values, indices
    return np.squeeze(values, dim), np.squeeze(indices, dim)


def _count(shape: Shape, dim: Dims) -> int:
    """How many elements go into one output."""
    if dim is None or not shape:
        return math.prod(shape)
    return math.prod([shape[k] for k in which.ints(dim)] if dim != () else shape)


@op(
    promote=None,
    rounding=Linear(lambda input, dim, keepdim: _count(input.shape, dim)),
    sample=samples.reduction(),
    input=lambda g, shape, dim, keepdim: unreduce(g / _count(shape, dim), shape, dim, keepdim),
)
def mean(input: Array, dim: Dims = None, keepdim: bool = False) -> Array:
    """Σ input / n over `dim` (None: all), n elements at a time."""
    count = _count(input.shape, dim)
    return np.add.reduce(input, axis=dim, keepdims=keepdim) / input.dtype.type(count)
