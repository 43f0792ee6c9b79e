"""The same elements in another shape or dtype, and the two ops that do and undo broadcasting.

Results are views of their input where NumPy can make one; only `view` insists.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from paragrad.engine import dtypes
from paragrad.engine.dtypes import Array, DType
from paragrad.engine.ops import dims as which
from paragrad.engine.ops.rounding import MOVES, Linear, ulps
from paragrad.engine.ops.samples import Call, Draw, Output
from paragrad.engine.ops.table import Shape, op


@op(promote=None, rounding=ulps(0.5), internal=True, input=lambda g, dtype: cast(g, dtype))
def cast(input: Array, dtype: DType) -> Array:
    """`input` in another dtype: how operands of different dtypes meet."""
    return input.astype(dtype)


def _to_sample(draw: Draw) -> Call:
    x = draw.tensor()
    dtype = draw.pick([d for d in dtypes.LADDER if d is not x.dtype])
    low, high = (0.0, 1.0) if dtype.kind == "b" else (x.low, x.high)
    return Call((x, dtype), {}, (Output(x.shape, dtype, low, high),))


@op(promote=None, sample=_to_sample)
def to(input: Array, dtype: DType) -> Array:
    """`input` in another dtype; `input` itself, not a copy, where it has that dtype already."""
    wanted = dtypes.as_dtype(dtype)
    return input if input.dtype is wanted else cast(input, wanted)


def _expanded(input: Array, size: Shape) -> Shape:
    """`size` with -1 replaced. Raises RuntimeError, as torch does, where `input` can't be repeated to it."""
    old = input.shape
    lead = len(size) - len(old)
    new = tuple([old[k - lead] if n == -1 and k >= lead else n for k, n in enumerate(size)])
    if lead < 0 or min(new, default=0) < 0 or any(m not in (1, n) for m, n in zip(old, new[lead:], strict=True)):
        raise RuntimeError(
            f"expand(): a tensor of shape {old} can't be expanded to {tuple(size)}: dimensions are added in front, "
            "and only those of size 1 are repeated"
        )
    return new


def _expand_sample(draw: Draw) -> Call:
    x = draw.tensor(rank=(0, 3))
    wide = tuple([draw.below(4) if n == 1 and draw.flag(0.7) else n for n in x.shape])
    shape = (*draw.pick(((), (), (2,), (1, 3))), *wide)
    front = len(shape) - len(wide)
    size = tuple([-1 if k >= front and n == x.shape[k - front] and draw.flag(0.3) else n for k, n in enumerate(shape)])
    return Call((x, size), {}, (Output(shape, None, x.low, x.high),))


@op(promote=None, rounding=MOVES, sample=_expand_sample, input=lambda g, shape: sum_to_size(g, shape))
def expand(input: Array, size: Shape) -> Array:
    """`input` repeated to the shape `size`, as broadcasting repeats it; -1 keeps a size."""
    shape = input.shape
    if not shape:
        strides: Shape = (0,) * len(size)
    else:
        size = _expanded(input, size)
        lead = len(size) - len(shape)
        steps = [0 if n == 1 else step for n, step in zip(shape, input.strides, strict=True)]
        strides = (0,) * lead + tuple(steps)
    if input.flags.c_contiguous and min(size, default=0) >= 0:
        # A tenth of what np.broadcast_to costs: every gradient of a sum comes through here.
        return np.ndarray(size, input.dtype, input, 0, strides)
    return np.broadcast_to(input, _expanded(input, size))


def _folded(input: Array, size: Shape) -> float:
    """How many elements at most were added up to give one of `size`, less one: the number of additions."""
    return max(0.0, input.size / max(1, math.prod(size)) - 1)


@op(
    promote=None,
    rounding=Linear(_folded),
    internal=True,
    input=lambda g, shape: expand(g, shape),
)
def sum_to_size(input: Array, size: Shape) -> Array:
    """Undo broadcasting: sum `input` over every dimension in which `size` was repeated to give it."""
    lead = input.ndim - len(size)
    repeated = tuple(k for k in range(lead, input.ndim) if size[k - lead] == 1 and input.shape[k] != 1)
    summed = np.add.reduce(input, axis=tuple(range(lead)) + repeated, keepdims=True)
    return np.asarray(summed).reshape(size)


def _new_shape(draw: Draw, shape: Shape) -> Shape:
    """Another shape for the same elements that any strides allow: sizes of 1 come and go, a dimension is split."""
    sizes = [n for n in shape if n != 1 or draw.flag(0.5)]
    if sizes and draw.flag(0.4):
        k = draw.below(len(sizes))
        factor = 2 if sizes[k] % 2 == 0 else max(sizes[k], 1)
        sizes[k : k + 1] = [factor, sizes[k] // factor] if draw.flag() else [sizes[k] // factor, factor]
    if draw.flag(0.4):
        sizes.insert(draw.below(len(sizes) + 1), 1)
    return tuple(sizes[:6])


def _with_unknown(draw: Draw, shape: Shape) -> Shape:
    """`shape`, at times with a -1 where a size can be inferred."""
    if shape and draw.flag(0.4):
        k = draw.below(len(shape))
        if math.prod(shape[:k] + shape[k + 1 :]):
            return (*shape[:k], -1, *shape[k + 1 :])
    return shape


def _reshape_sample(draw: Draw) -> Call:
    x = draw.tensor()
    shape = (math.prod(x.shape),) if draw.flag(0.3) else _new_shape(draw, x.shape[::-1] if draw.flag() else x.shape)
    return Call((x, _with_unknown(draw, shape)), {}, (Output(shape, None, x.low, x.high),))


def _view_sample(draw: Draw) -> Call:
    x = draw.tensor()
    shape = _new_shape(draw, x.shape)
    return Call((x, _with_unknown(draw, shape)), {}, (Output(shape, None, x.low, x.high),))


def _reshaped(op: str, input: Array, shape: Shape) -> Array:
    try:
        result = input.reshape(shape)
    except ValueError:
        result = None
    # NumPy takes any negative size for -1, torch none but -1.
    if result is None or (result.shape != shape and min(shape, default=0) < -1):
        raise RuntimeError(f"{op}(): the shape {tuple(shape)} is invalid for a tensor of shape {input.shape}")
    return result


@op(promote=None, rounding=MOVES, sample=_reshape_sample, input=lambda g, shape: reshape(g, shape))
def reshape(input: Array, shape: Shape) -> Array:
    """The elements of `input` in row-major order, in `shape`; one size may be -1."""
    return _reshaped("reshape", input, shape)


@op(promote=None, rounding=MOVES, sample=_view_sample, input=lambda g, shape: reshape(g, shape))
def view(input: Array, size: Shape) -> Array:
    """`reshape` that never copies. Raises RuntimeError where the strides of `input` don't allow a view."""
    result = _reshaped("view", input, size)
    if result.size and not np.may_share_memory(result, input):
        raise RuntimeError(
            f"view(): the strides of an input of shape {input.shape} don't allow a view of shape {tuple(size)}: "
            "use reshape, which copies"
        )
    return result


def _flatten_sample(draw: Draw) -> Call:
    x = draw.tensor(rank=(0, 4))
    rank = len(x.shape)
    if rank == 1:
        x = draw.shaped((2, 3))  # a tensor of one dimension comes back itself, not a copy, and is not a new variable
        rank = 2
    if draw.flag(0.4) or rank < 2:
        return Call((x,), {}, (Output((math.prod(x.shape),), None, x.low, x.high),))
    start = draw.below(rank - 1)
    end = start + 1 + draw.below(rank - 1 - start)
    shape = (*x.shape[:start], math.prod(x.shape[start : end + 1]), *x.shape[end + 1 :])
    chosen = {"start_dim": start - (rank if draw.flag(0.3) else 0), "end_dim": end - (rank if draw.flag(0.3) else 0)}
    return Call((x,), chosen, (Output(shape, None, x.low, x.high),))


@op(promote=None, sample=_flatten_sample)
def flatten(input: Array, start_dim: int = 0, end_dim: int = -1) -> Array:
    """The dimensions from `start_dim` to `end_dim` as one; `input` itself where that is a single one."""
    shape = input.shape
    start, end = which.one("flatten", start_dim, shape), which.one("flatten", end_dim, shape)
    if start > end:
        raise RuntimeError(
            f"flatten(): start_dim {start_dim} comes after end_dim {end_dim} in a tensor of shape {shape}"
        )
    if not shape:
        return reshape(input, (1,))
    if start == end:
        return input
    size = (*shape[:start], math.prod(shape[start : end + 1]), *shape[end + 1 :])
    return reshape(input, size)


def _squeeze_sample(draw: Draw) -> Call:
    x = draw.tensor()
    if draw.flag(0.3) and x.shape:
        x = draw.shaped(tuple([1 if draw.flag() else n for n in x.shape]))
    rank = len(x.shape)
    if draw.flag(0.3) or not rank:
        kwargs: dict[str, Any] = {} if draw.flag(0.7) else {"dim": () if rank else -1}
        shape = x.shape if kwargs else tuple([n for n in x.shape if n != 1])
        return Call((x,), kwargs, (Output(shape, None, x.low, x.high),))
    dims = [k for k in range(rank) if draw.flag()] or [0]
    gone = {k for k in dims if x.shape[k] == 1}
    if len(dims) == 1 and draw.flag(0.7):
        dim: Any = dims[0] - (rank if draw.flag(0.4) else 0)
    else:
        dim = tuple([k - (rank if draw.flag(0.4) else 0) for k in dims])
    shape = tuple([n for k, n in enumerate(x.shape) if k not in gone])
    return Call((x, dim), {}, (Output(shape, None, x.low, x.high),))


@op(promote=None, rounding=MOVES, sample=_squeeze_sample, input=lambda g, shape: reshape(g, shape))
def squeeze(input: Array, dim: int | Sequence[int] | None = None) -> Array:
    """`input` without its dimensions of size 1, or without those of them that `dim` names."""
    shape = input.shape
    gone = range(len(shape)) if dim is None else which.distinct("squeeze", which.ints(dim), shape)
    return input.reshape([n for k, n in enumerate(shape) if n != 1 or k not in gone])


def _unsqueeze_sample(draw: Draw) -> Call:
    x = draw.tensor(rank=(0, 3))
    rank = len(x.shape) + 1
    dim = draw.below(rank)
    shape = (*x.shape[:dim], 1, *x.shape[dim:])
    return Call((x, dim - (rank if draw.flag(0.4) else 0)), {}, (Output(shape, None, x.low, x.high),))


@op(promote=None, rounding=MOVES, sample=_unsqueeze_sample, input=lambda g, shape: reshape(g, shape))
def unsqueeze(input: Array, dim: int) -> Array:
    """`input` with a dimension of size 1 at `dim`."""
    shape = input.shape
    dim = which.one("unsqueeze", dim, shape, 1)
    return input.reshape((*shape[:dim], 1, *shape[dim:]))
