"""The same elements in another shape, and the two ops that do and undo broadcasting."""

from __future__ import annotations

import numpy as np

from paragrad.engine.dtypes import Array, DType
from paragrad.engine.ops.rounding import MOVES, Linear, ulps
from paragrad.engine.ops.table import Shape, op


@op(promote=None, rounding=ulps(0.5), internal=True, input=lambda g, dtype: cast(g, dtype))
def cast(input: Array, dtype: DType) -> Array:
    """`input` in another dtype: how operands of different dtypes meet."""
    return input.astype(dtype)


@op(promote=None, rounding=MOVES, input=lambda g, shape: sum_to_size(g, shape))
def expand(input: Array, size: Shape) -> Array:
    """`input` repeated to the shape `size`, as broadcasting repeats it."""
    return np.broadcast_to(input, size)


@op(
    promote=None,
    rounding=Linear(lambda input, size: input.size / max(1, int(np.prod(size)))),
    internal=True,
    input=lambda g, shape: expand(g, shape),
)
def sum_to_size(input: Array, size: Shape) -> Array:
    """Undo broadcasting: sum `input` over every dimension in which `size` was repeated to give it."""
    lead = input.ndim - len(size)
    repeated = tuple(k for k in range(lead, input.ndim) if size[k - lead] == 1 and input.shape[k] != 1)
    summed = np.add.reduce(input, axis=tuple(range(lead)) + repeated, keepdims=True)
    return np.asarray(summed).reshape(size)


@op(promote=None, rounding=MOVES, input=lambda g, shape: reshape(g, shape))
def reshape(input: Array, shape: Shape) -> Array:
    """The elements of `input` in row-major order, in `shape`; one size may be -1."""
    return input.reshape(shape)


@op(promote=None, rounding=MOVES, input=lambda g, dim0, dim1: transpose(g, dim0, dim1))
def transpose(input: Array, dim0: int, dim1: int) -> Array:
    """`input` with two dimensions exchanged."""
    return input.swapaxes(dim0, dim1)
