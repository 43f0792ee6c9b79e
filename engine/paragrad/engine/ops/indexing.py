"""Elements picked by position, and the ops that put gradients back where they were picked from."""

from __future__ import annotations

import numpy as np

from paragrad.engine.dtypes import Array
from paragrad.engine.ops.rounding import MOVES, Linear, per_output
from paragrad.engine.ops.table import Index, Shape, op


@op(promote=None, rounding=MOVES, input=lambda g, index, shape: scatter_index(g, index, shape))
def getitem(input: Array, index: Index) -> Array:
    """input[index], with every form of index that torch allows."""
    return input[index]


@op(promote=None, rounding=Linear(per_output), internal=True, input=lambda g, index: getitem(g, index))
def scatter_index(input: Array, index: Index, size: Shape) -> Array:
    """Zeros of shape `size` with `input` added at `index`: the transpose of getitem."""
    out = np.zeros(size, input.dtype)
    np.add.at(out, index, input)
    return out


@op(
    promote=None,
    rounding=MOVES,
    internal=True,
    input=lambda g, indices, dim, keepdim: pick_along_dim(g, indices, dim, keepdim),
)
def put_along_dim(input: Array, indices: Array, size: Shape, dim: int, keepdim: bool) -> Array:
    """Zeros of shape `size` with `input` put at `indices` along `dim`: the transpose of picking one a row."""
    out = np.zeros(size, input.dtype)
    if not out.ndim:
        return out + input
    if not keepdim:
        indices, input = np.expand_dims(indices, dim), np.expand_dims(input, dim)
    np.put_along_axis(out, indices, input, dim)
    return out


@op(
    promote=None,
    rounding=MOVES,
    internal=True,
    input=lambda g, indices, shape, dim, keepdim: put_along_dim(g, indices, shape, dim, keepdim),
)
def pick_along_dim(input: Array, indices: Array, dim: int, keepdim: bool) -> Array:
    """One element a row of `input`, at `indices` along `dim`."""
    if not input.ndim:
        return input.copy()
    if not keepdim:
        indices = np.expand_dims(indices, dim)
    picked = np.take_along_axis(input, indices, dim)
    return picked if keepdim else np.squeeze(picked, dim)
