"""Elements picked and put, one by one, by tensors of positions along a dimension.

Unlike an index in brackets these take no negative positions, and a wrong position raises RuntimeError.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from paragrad.engine.dtypes import Array
from paragrad.engine.ops import dims as which
from paragrad.engine.ops import positions
from paragrad.engine.ops.indexing import getitem
from paragrad.engine.ops.rounding import MOVES, Analysed, Linear
from paragrad.engine.ops.samples import Call, Draw, Output, Var
from paragrad.engine.ops.shape import expand, reshape
from paragrad.engine.ops.table import Index, Operand, Shape, op

WIDE = (-1e30, 1e30)


def _flat(name: str, shape: Shape, dim: int, index: Any) -> Array:
    """Where `index`, along `dim`, points among the elements of a tensor of this shape laid end to end."""
    positions.check_int64(name, index)
    dim = which.one(name, dim, shape)
    sizes, counts = shape or (1,), index.shape or (1,)
    if len(counts) != len(sizes):
        raise RuntimeError(f"{name}(): input of shape {shape} and index of shape {index.shape} must have one rank")
    if any(n > size for k, (n, size) in enumerate(zip(counts, sizes, strict=True)) if k != dim):
        raise RuntimeError(
            f"{name}(): the index, of shape {index.shape}, must not exceed the input, of shape {shape}, apart from "
            f"dimension {dim}"
        )
    positions.check_inside(name, index, sizes[dim], RuntimeError)
    flat: Any = 0
    step = 1
    for k in reversed(range(len(sizes))):
        along = index.reshape(counts) if k == dim else np.arange(counts[k]).reshape(-1, *(1,) * (len(sizes) - 1 - k))
        flat = flat + along * step
        step *= sizes[k]
    return flat.reshape(-1)


def _index(draw: Draw, x: Var) -> tuple[int, Var]:
    """A dim and an index for gather and scatter; these need no more rows than x has, gather as many as it likes."""
    rank = len(x.shape)
    dim = draw.below(max(rank, 1))
    shape = [n if draw.flag(0.5) else draw.below(n + 1) for n in x.shape]
    if rank:
        shape[dim] = (draw.below(6) if draw.flag(0.5) else x.shape[dim]) if x.shape[dim] else 0
    elif draw.flag(0.3):
        shape = [draw.below(4)]
    return dim - (max(rank, 1) if draw.flag(0.3) else 0), draw.integers(tuple(shape), 0, max((x.shape or (1,))[dim], 1))


def _gather_sample(draw: Draw) -> Call:
    x = draw.tensor(WIDE)
    dim, index = _index(draw, x)
    return Call((x, dim, index), {}, (Output(index.shape, None, x.low, x.high),))


@op(
    promote=None,
    rounding=MOVES,
    sample=_gather_sample,
    input=lambda g, dim, index, shape: put_gather(g, dim, index, shape),
)
def gather(input: Array, dim: int, index: Index) -> Array:
    """out[i, j] = input[index[i, j], j] for dim 0, and so on."""
    if getattr(index, "size", 1) == 0:
        positions.check_int64("gather", index)
        return np.empty(index.shape, input.dtype)
    return input.reshape(-1)[_flat("gather", input.shape, dim, index)].reshape(index.shape)


def _additions(input: Array, dim: int, index: Index, size: Shape) -> float:
    counts = put_gather.compute(np.ones(input.shape), dim, index, size)
    return max(0.0, float(np.max(counts, initial=0.0)) - 1)


@op(promote=None, rounding=Linear(_additions), internal=True, input=lambda g, dim, index: gather(g, dim, index))
def put_gather(input: Array, dim: int, index: Index, size: Shape) -> Array:
    """Zeros of shape `size` with `input` added where `index` points: the transpose of gather."""
    out = np.zeros(size, input.dtype)
    if input.size:
        np.add.at(out.reshape(-1), _flat("scatter_add", size, dim, index), np.ascontiguousarray(input).reshape(-1))
    return out


def _cropped(name: str, src: Any, index: Any, input: Any) -> Any:
    """The part of `src` that has a position."""
    positions.check_int64(name, index)
    if src.dtype != input.dtype:
        raise RuntimeError(f"{name}(): input and src must have one dtype, got {input.dtype} and {src.dtype}")
    if src.shape == index.shape:
        return src
    if (src.shape or (1,)) == (index.shape or (1,)):
        return reshape(src, index.shape)
    if src.ndim != index.ndim or any(m > n for m, n in zip(index.shape, src.shape, strict=True)):
        raise RuntimeError(f"{name}(): src, of shape {src.shape}, must cover the index, of shape {index.shape}")
    return getitem(src, tuple([slice(n) for n in index.shape]))


def as_number(name: str, value: Any, dtype: Any) -> Any:
    """A Python number as a tensor of this dtype holds it: cut off where that is an integer."""
    try:
        return value if dtype.kind == "f" else bool(value) if dtype.kind == "b" else int(value)
    except (OverflowError, ValueError):
        raise RuntimeError(f"{name}(): {value} can't be converted to {dtype}") from None


def _overwrite_error(u: float, errors: Any, input: Array, dim: int, index: Array, src: Any, out: Array) -> Array:
    if not np.any(errors[0]) and not np.any(errors[1]):
        return np.zeros(out.shape)
    moved = np.zeros(index.shape) + errors[1]
    return overwrite.compute(np.zeros(input.shape) + errors[0], dim, index, moved)


@op(
    promote=None,
    rounding=Analysed(_overwrite_error),
    internal=True,
    input=lambda g, dim, index: overwrite(g, dim, index, 0.0),
    src=lambda g, dim, index: gather(g, dim, index),
)
def overwrite(input: Array, dim: int, index: Index, src: Operand) -> Array:
    """`input` with `src`, a number or of the shape of `index`, where `index` points; the last of several stays."""
    out = np.array(input, order="C")
    if index.size:
        flat = _flat("scatter", input.shape, dim, index)
        out.reshape(-1)[flat] = src.reshape(-1) if isinstance(src, np.ndarray) else src
    return out


def _scatter_sample(draw: Draw) -> Call:
    x = draw.tensor(WIDE)
    dim, index = _index(draw, x)
    src = draw.number((-100, 100)) if draw.flag(0.25) else draw.shaped(index.shape, WIDE, x.dtype)
    low, high = (src, src) if isinstance(src, int | float) else (src.low, src.high)
    return Call((x, dim, index, src), {}, (Output(x.shape, None, min(x.low, low), max(x.high, high)),))


@op(promote=None, sample=_scatter_sample)
def scatter(input: Array, dim: int, index: Index, src: Operand) -> Array:
    """`input` with out[index[i, j], j] = src[i, j] for dim 0, and so on; `src` may be a number.

    Where several go to one place the last stays, but each gets the gradient of that place, as in torch.
    """
    if isinstance(src, int | float):
        positions.check_int64("scatter", index)
        return overwrite(input, dim, index, as_number("scatter", src, input.dtype))
    return overwrite(input, dim, index, _cropped("scatter", src, index, input))


def _scatter_value_sample(draw: Draw) -> Call:
    x = draw.tensor(WIDE)
    dim, index = _index(draw, x)
    value = draw.number((-100, 100))
    return Call((x, dim, index), {"value": value}, (Output(x.shape, None, min(x.low, value), max(x.high, value)),))


@op(name="scatter.value", promote=None, sample=_scatter_value_sample)
def scatter_value(input: Array, dim: int, index: Index, value: float) -> Array:
    """`input` with the number `value` where `index` points along `dim`."""
    return scatter(input, dim, index, value)


def _additions_to(input: Array, dim: int, index: Index, src: Array) -> float:
    return _additions(src, dim, index, input.shape) + 1


@op(
    promote=None,
    rounding=Linear(_additions_to),
    internal=True,
    input=lambda g: g,
    src=lambda g, dim, index: gather(g, dim, index),
)
def add_gather(input: Array, dim: int, index: Index, src: Array) -> Array:
    """`input` with `src` added where `index` points, one after the other, as torch does."""
    out = np.array(input, order="C")
    if src.size:
        np.add.at(out.reshape(-1), _flat("scatter_add", input.shape, dim, index), np.ascontiguousarray(src).reshape(-1))
    return out


def _scatter_add_sample(draw: Draw) -> Call:
    x = draw.tensor()
    dim, index = _index(draw, x)
    src = draw.shaped(index.shape, dtype=x.dtype)
    reach = max(abs(src.low), abs(src.high)) * math.prod(index.shape)
    return Call((x, dim, index, src), {}, (Output(x.shape, None, x.low - reach, x.high + reach),))


@op(promote=None, sample=_scatter_add_sample)
def scatter_add(input: Array, dim: int, index: Index, src: Array) -> Array:
    """`input` with out[index[i, j], j] += src[i, j] for dim 0, and so on."""
    if not hasattr(src, "shape"):
        raise TypeError(f"scatter_add(): argument 'src' must be a tensor, not {type(src).__name__}")
    src = _cropped("scatter_add", src, index, input)
    return add_gather(input, dim, index, src)


def _take_along_dim_sample(draw: Draw) -> Call:
    x = draw.tensor(WIDE, rank=(0, 4), nonempty=True)
    rank = len(x.shape)
    size = math.prod(x.shape)
    if not rank or (rank == 1 and draw.flag(0.3)):
        # At higher ranks torch refuses an input that is not contiguous, which nobody knows here.
        index = draw.integers(draw.pick(((), (3,), (2, 2), (0,))), 0, size)
        return Call((x, index), {}, (Output((math.prod(index.shape),), None, x.low, x.high),))
    dim = draw.below(rank)
    shape = [1 if draw.flag(0.3) else draw.pick((2, 3)) if n == 1 and draw.flag(0.3) else n for n in x.shape]
    shape[dim] = draw.below(5)
    out = tuple([n if k == dim else m if n == 1 else n for k, (m, n) in enumerate(zip(x.shape, shape, strict=True))])
    index = draw.integers(tuple(shape), -x.shape[dim], x.shape[dim])
    return Call((x, index, dim - (rank if draw.flag(0.3) else 0)), {}, (Output(out, None, x.low, x.high),))


@op(promote=None, sample=_take_along_dim_sample)
def take_along_dim(input: Array, indices: Index, dim: int | None = None) -> Array:
    """gather whose operands broadcast against each other apart from `dim`; without a dim, of all elements in a row.

    Positions along a dim are taken modulo its size, as torch takes them.
    """
    positions.check_int64("take_along_dim", indices)
    if dim is None:
        return gather(reshape(input, (-1,)), 0, reshape(indices, (-1,)))
    if not input.ndim or input.ndim != indices.ndim:
        error = RuntimeError if input.ndim else IndexError
        raise error(
            f"take_along_dim(): input of shape {input.shape} and indices of shape {indices.shape} must have one rank"
        )
    dim = which.one("take_along_dim", dim, input.shape)
    rest = [list(x.shape[:dim] + x.shape[dim + 1 :]) for x in (input, indices)]
    try:
        common = np.broadcast_shapes(*map(tuple, rest))
    except ValueError:
        raise RuntimeError(
            f"take_along_dim(): shapes {input.shape} and {indices.shape} don't broadcast apart from dimension {dim}"
        ) from None
    wide, narrow = [(*common[:dim], x.shape[dim], *common[dim:]) for x in (input, indices)]
    picked = indices % input.shape[dim] if input.shape[dim] else indices
    return gather(expand(input, wide), dim, expand(picked, narrow))
