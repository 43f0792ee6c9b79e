"""A stretch of one dimension, and its transpose that puts a gradient back among zeros."""

from __future__ import annotations

import numpy as np

from paragrad.engine.dtypes import Array
from paragrad.engine.ops import dims as which
from paragrad.engine.ops.rounding import MOVES
from paragrad.engine.ops.samples import Call, Draw, Output
from paragrad.engine.ops.shape import unsqueeze
from paragrad.engine.ops.table import Shape, op


def _narrow_sample(draw: Draw) -> Call:
    x = draw.tensor(rank=(1, 4))
    rank = len(x.shape)
    dim = draw.below(rank)
    size = x.shape[dim]
    start = draw.below(size + 1)
    length = draw.below(size - start + 1)
    shape = (*x.shape[:dim], length, *x.shape[dim + 1 :])
    start -= size if start < size and draw.flag(0.2) else 0
    return Call((x, dim - (rank if draw.flag(0.3) else 0), start, length), {}, (Output(shape, None, x.low, x.high),))


@op(
    promote=None,
    rounding=MOVES,
    sample=_narrow_sample,
    input=lambda g, shape, dim, start: put_narrow(g, shape, dim, start),
)
def narrow(input: Array, dim: int, start: int, length: int) -> Array:
    """`length` elements of `input` along `dim`, beginning at `start`: a view."""
    shape = input.shape
    if not shape:
        raise RuntimeError("narrow(): a 0-d tensor can't be narrowed")
    dim = which.one("narrow", dim, shape)
    size = shape[dim]
    if length < 0:
        raise RuntimeError(f"narrow(): length must not be negative, got {length}")
    if not -size <= start <= size:
        raise IndexError(f"narrow(): start {start} is not in [{-size}, {size}], dimension {dim} of shape {shape}")
    start += size if start < 0 else 0
    if start + length > size:
        raise RuntimeError(f"narrow(): start {start} and length {length} exceed dimension {dim} of shape {shape}")
    return input[(slice(None),) * dim + (slice(start, start + length),)]


@op(
    promote=None,
    rounding=MOVES,
    internal=True,
    input=lambda g, shape, dim, start: narrow(g, dim, start, shape[dim]),
)
def put_narrow(input: Array, size: Shape, dim: int, start: int) -> Array:
    """Zeros of shape `size` with `input` put along `dim` from `start` on: the transpose of narrow."""
    out = np.zeros(size, input.dtype)
    start += size[dim] if start < 0 else 0
    out[(slice(None),) * (dim % len(size)) + (slice(start, start + input.shape[dim]),)] = input
    return out


def _select_sample(draw: Draw) -> Call:
    x = draw.tensor(rank=(1, 4), nonempty=True)
    rank = len(x.shape)
    dim = draw.below(rank)
    index = draw.below(x.shape[dim]) - (x.shape[dim] if draw.flag(0.4) else 0)
    shape = (*x.shape[:dim], *x.shape[dim + 1 :])
    return Call((x, dim - (rank if draw.flag(0.3) else 0), index), {}, (Output(shape, None, x.low, x.high),))


@op(
    promote=None,
    rounding=MOVES,
    sample=_select_sample,
    input=lambda g, shape, dim, index: put_narrow(unsqueeze(g, dim), shape, dim, index),
)
def select(input: Array, dim: int, index: int) -> Array:
    """The elements of `input` at one `index` along `dim`, which goes away: a view."""
    shape = input.shape
    if not shape:
        raise IndexError("select(): nothing can be selected from a 0-d tensor")
    dim = which.one("select", dim, shape)
    if not -shape[dim] <= index < shape[dim]:
        raise IndexError(f"select(): index {index} is out of range for dimension {dim} of shape {shape}")
    return np.asarray(input[(slice(None),) * dim + (index,)])
