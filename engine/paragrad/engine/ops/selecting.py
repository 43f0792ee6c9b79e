"""Rows picked by a vector of positions, and elements replaced by a mask."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from paragrad.engine.dtypes import Array, bool_
from paragrad.engine.ops import dims as which
from paragrad.engine.ops import positions
from paragrad.engine.ops.comparison import eq
from paragrad.engine.ops.extremum import where
from paragrad.engine.ops.gathering import WIDE, as_number
from paragrad.engine.ops.indexing import scatter_index
from paragrad.engine.ops.rounding import MOVES, Linear
from paragrad.engine.ops.samples import Call, Draw, Output
from paragrad.engine.ops.shape import cast, unsqueeze
from paragrad.engine.ops.table import Index, Operand, Shape, op


def _vector(name: str, index: Any, size: int, error: type[Exception]) -> Array:
    """The index of index_select and index_add: 1-D, or a single number."""
    positions.check_int64(name, index)
    if index.ndim > 1:
        raise IndexError(f"{name}(): the index must be 1-D, not of shape {index.shape}")
    positions.check_inside(name, index, size, error)
    return index.reshape(-1)


def _index_select_sample(draw: Draw) -> Call:
    x = draw.tensor(WIDE)
    rank = len(x.shape)
    dim = draw.below(max(rank, 1))
    size = (x.shape or (1,))[dim]
    count = 1 if not rank else draw.below(6) if size else 0
    index = draw.integers(() if count == 1 and draw.flag(0.3) else (count,), 0, size)
    shape = (*x.shape[:dim], count, *x.shape[dim + 1 :]) if rank else ()
    return Call((x, dim - (max(rank, 1) if draw.flag(0.3) else 0), index), {}, (Output(shape, None, x.low, x.high),))


@op(
    promote=None,
    rounding=MOVES,
    sample=_index_select_sample,
    input=lambda g, dim, index, shape: put_select(g, dim, index, shape),
)
def index_select(input: Array, dim: int, index: Index) -> Array:
    """The elements of `input` at the positions `index`, a vector, along `dim`."""
    dim = which.one("index_select", dim, input.shape)
    rows = _vector("index_select", index, (input.shape or (1,))[dim], IndexError)
    if input.ndim:
        return np.take(input, rows, dim)
    if rows.size != 1:
        raise RuntimeError(f"index_select(): a 0-d tensor takes one index, not {rows.size}")
    return input.copy()


def _most(input: Array, dim: int, index: Index, size: Shape) -> float:
    return max(0.0, float(np.max(np.bincount(index.reshape(-1)), initial=0)) - 1)


@op(promote=None, rounding=Linear(_most), internal=True, input=lambda g, dim, index: index_select(g, dim, index))
def put_select(input: Array, dim: int, index: Index, size: Shape) -> Array:
    """Zeros of shape `size` with `input` added at the positions `index` along `dim`: the transpose of index_select."""
    dim = which.one("index_add", dim, size)
    rows = _vector("index_add", index, (size or (1,))[dim], RuntimeError if len(size) > 1 else IndexError)
    if input.shape != (*size[:dim], rows.size, *size[dim + 1 :]) and (size or input.size != 1):
        raise RuntimeError(
            f"index_add(): source of shape {input.shape} must have the shape {size} of the input, apart from "
            f"{rows.size}, the length of the index, at dimension {dim}"
        )
    if not size:
        return input.reshape(())
    out = np.zeros(size, input.dtype)
    positions.put(out, (positions.EVERYTHING,) * dim + (rows,), input)
    return out


def _most_to(input: Array, dim: int, index: Index, source: Array) -> float:
    return _most(source, dim, index, input.shape) + 1


@op(
    promote=None,
    rounding=Linear(_most_to),
    internal=True,
    input=lambda g: g,
    source=lambda g, dim, index: index_select(g, dim, index),
)
def add_select(input: Array, dim: int, index: Index, source: Array) -> Array:
    """`input` with `source` added at the positions `index` along `dim`."""
    return input + put_select.compute(source, dim, index, input.shape)


def _index_add_sample(draw: Draw) -> Call:
    x = draw.tensor()
    rank = len(x.shape)
    dim = draw.below(max(rank, 1))
    count = draw.below(6) if rank and x.shape[dim] else int(not rank)
    index = draw.integers((count,), 0, (x.shape or (1,))[dim])
    source = draw.shaped((*x.shape[:dim], count, *x.shape[dim + 1 :]) if rank else (), dtype=x.dtype)
    kwargs: dict[str, Any] = {"alpha": draw.pick((1, 2, -0.5, 0.25, 0))} if draw.flag(0.4) else {}
    reach = max(abs(source.low), abs(source.high)) * 2 * max(count, 1)
    return Call((x, dim, index, source), kwargs, (Output(x.shape, None, x.low - reach, x.high + reach),))


@op(promote=None, sample=_index_add_sample)
def index_add(input: Array, dim: int, index: Index, source: Array, alpha: float = 1) -> Array:
    """`input` with alpha · source added to it at the positions `index`, a vector, along `dim`."""
    if source.dtype != input.dtype:
        raise RuntimeError(f"index_add(): input and source must have one dtype, got {input.dtype} and {source.dtype}")
    alpha = as_number("index_add", alpha, input.dtype)
    return add_select(input, dim, index, source if alpha == 1 else source * alpha)


def _masked_fill_sample(draw: Draw) -> Call:
    x = draw.tensor(WIDE)
    shape = tuple([1 if draw.flag(0.15) else n for n in x.shape])[
        draw.below(len(x.shape) + 1) if draw.flag(0.2) else 0 :
    ]
    if draw.flag(0.1) and len(x.shape) < 4:
        shape = (2, *x.shape)
    value = draw.shaped((), WIDE) if draw.flag(0.4) else draw.pick((0, 1.5, -2, -math.inf, math.nan, draw.number()))
    low, high = (-math.inf, math.inf) if isinstance(value, int | float) else (value.low, value.high)
    out = Output((2, *x.shape) if len(shape) > len(x.shape) else x.shape, x.dtype, min(x.low, low), max(x.high, high))
    return Call((x, draw.mask(shape), value), {}, (out,))


@op(promote=None, sample=_masked_fill_sample)
def masked_fill(input: Array, mask: Index, value: Operand) -> Array:
    """`input` with `value`, a number or a 0-d tensor, where the mask, which broadcasts, is true."""
    if getattr(mask, "dtype", None) != bool_:
        raise RuntimeError(
            f"masked_fill(): the mask must be a tensor of dtype bool, not {getattr(mask, 'dtype', mask)}"
        )
    if isinstance(value, int | float):
        value = as_number("masked_fill", value, input.dtype)
    elif value.ndim:
        raise RuntimeError(f"masked_fill(): the value must be a number or a 0-d tensor, not one of shape {value.shape}")
    elif value.dtype != input.dtype:
        value = cast(value, input.dtype)
    return where(mask, value, input)


def _embedding_sample(draw: Draw) -> Call:
    weight = draw.tensor(WIDE, rank=(2, 2), nonempty=True)
    count, width = weight.shape
    index = draw.integers(draw.pick(((), (3,), (6,), (2, 3), (2, 1, 2))), 0, count)
    kwargs = {"padding_idx": draw.below(2 * count) - count} if draw.flag(0.4) else {}
    return Call((index, weight), kwargs, (Output((*index.shape, width), weight.dtype, weight.low, weight.high),))


def _embedding_weight(g: Any, input: Any, shape: Shape, padding_idx: int | None) -> Any:
    if padding_idx is not None:
        g = where(unsqueeze(eq(input, padding_idx % shape[0]), -1), 0.0, g)
    return scatter_index(g, (input,), shape)


@op(promote=None, rounding=MOVES, sample=_embedding_sample, weight=_embedding_weight)
def embedding(input: Index, weight: Array, padding_idx: int | None = None) -> Array:
    """The rows of `weight` at the positions `input`; that at `padding_idx` gets no gradient."""
    positions.check_int64("embedding", input)
    if weight.ndim != 2:
        raise RuntimeError(f"embedding(): the weight must be 2-D, not of shape {weight.shape}")
    count = weight.shape[0]
    if padding_idx is not None and not -count <= padding_idx < count:
        raise AssertionError(f"embedding(): padding_idx {padding_idx} is not in a weight of {count} rows")
    positions.check_inside("embedding", input, count, IndexError)
    return weight[input]
