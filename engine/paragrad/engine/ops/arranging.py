"""The same elements in other places: reversed, rotated, repeated; and those of a triangle or a diagonal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from paragrad.engine.dtypes import Array
from paragrad.engine.ops import dims as which
from paragrad.engine.ops.dims import ints
from paragrad.engine.ops.reduction import sum
from paragrad.engine.ops.rounding import MOVES
from paragrad.engine.ops.samples import Call, Draw, Output, dimension
from paragrad.engine.ops.shape import reshape
from paragrad.engine.ops.table import Shape, op


def _flip_sample(draw: Draw) -> Call:
    x = draw.tensor()
    rank = len(x.shape)
    dims = tuple([k - (rank if draw.flag(0.4) else 0) for k in range(rank) if draw.flag(0.6)])
    return Call((x, dims), {}, (Output(x.shape, None, x.low, x.high),))


@op(promote=None, rounding=MOVES, sample=_flip_sample, input=lambda g, dims: flip(g, dims))
def flip(input: Array, dims: Sequence[int]) -> Array:
    """`input` reversed along `dims`."""
    found = which.distinct("flip", ints(dims), input.shape)
    return np.asarray(input[tuple([slice(None, None, -1 if k in found else 1) for k in range(input.ndim)])])


def _roll_sample(draw: Draw) -> Call:
    x = draw.tensor()
    rank = len(x.shape)
    if not rank or draw.flag(0.25):
        return Call((x, draw.below(11) - 5), {}, (Output(x.shape, None, x.low, x.high),))
    if draw.flag(0.5):
        args: tuple[Any, ...] = (x, draw.below(11) - 5, dimension(draw, rank))
    else:
        count = draw.below(3) + 1
        args = (
            x,
            tuple([draw.below(11) - 5 for _ in range(count)]),
            tuple([dimension(draw, rank) for _ in range(count)]),
        )
    return Call(args, {}, (Output(x.shape, None, x.low, x.high),))


def _back(shifts: int | Sequence[int]) -> tuple[int, ...]:
    return tuple([-s for s in ints(shifts)])


@op(promote=None, rounding=MOVES, sample=_roll_sample, input=lambda g, shifts, dims: roll(g, _back(shifts), dims))
def roll(input: Array, shifts: int | Sequence[int], dims: int | Sequence[int] | None = None) -> Array:
    """`input` moved on by `shifts` along `dims`, what falls off coming in at the start; without dims in flat order."""
    amounts = ints(shifts)
    axes = () if dims is None else ints(dims)
    if len(amounts) != len(axes) and (axes or len(amounts) != 1):
        raise RuntimeError(f"roll(): {len(amounts)} shifts and {len(axes)} dims for an input of shape {input.shape}")
    if not axes:
        return np.roll(input, amounts[0])
    if not input.ndim:
        raise IndexError(f"roll(): dims {axes} for a tensor of no dimensions")
    return np.roll(input, amounts, tuple([which.one("roll", dim, input.shape) for dim in axes]))


def _repeat_sample(draw: Draw) -> Call:
    x = draw.tensor(rank=(0, 3))
    repeats = tuple([draw.pick((1, 1, 2, 3, 0)) for _ in range(len(x.shape) + draw.below(2))])
    old = (1,) * (len(repeats) - len(x.shape)) + x.shape
    shape = tuple([n * r for n, r in zip(old, repeats, strict=True)])
    return Call((x, repeats), {}, (Output(shape, None, x.low, x.high),))


def _unrepeat(g: Any, shape: Shape, repeats: Sequence[int]) -> Any:
    """The sum over the copies: each dimension of `g` is (copy, element)."""
    lead = len(repeats) - len(shape)
    pairs = tuple([n for pair in zip(repeats, (1,) * lead + tuple(shape), strict=True) for n in pair])
    copies = tuple(range(0, 2 * len(repeats), 2))
    return reshape(sum(reshape(g, pairs), copies), shape) if copies else g


@op(promote=None, rounding=MOVES, sample=_repeat_sample, input=_unrepeat)
def repeat(input: Array, repeats: Sequence[int]) -> Array:
    """`input` laid side by side, `repeats` times along each dimension; dimensions are added in front for the rest."""
    if len(repeats) < input.ndim or min(repeats, default=0) < 0:
        raise RuntimeError(f"repeat(): {tuple(repeats)} can't repeat a tensor of shape {input.shape}")
    return np.tile(input, tuple(repeats))


def _triangle_sample(draw: Draw) -> Call:
    x = draw.tensor(rank=(2, 4))
    args = (x,) if draw.flag(0.3) else (x, draw.below(7) - 3)
    return Call(args, {}, (Output(x.shape, None, min(x.low, 0.0), max(x.high, 0.0)),))


def _below(op: str, shape: Shape, diagonal: int) -> Array:
    """True on and below a diagonal of matrices of this shape."""
    if len(shape) < 2:
        raise RuntimeError(f"{op}(): a matrix, or a stack of them, is needed, got shape {shape}")
    return np.arange(shape[-2])[:, None] >= np.arange(-diagonal, shape[-1] - diagonal)


@op(promote=None, rounding=MOVES, sample=_triangle_sample, input=lambda g, diagonal: tril(g, diagonal))
def tril(input: Array, diagonal: int = 0) -> Array:
    """The elements on and below a diagonal of each matrix, 0 above."""
    return np.where(_below("tril", input.shape, diagonal), input, np.zeros((), input.dtype))


@op(promote=None, rounding=MOVES, sample=_triangle_sample, input=lambda g, diagonal: triu(g, diagonal))
def triu(input: Array, diagonal: int = 0) -> Array:
    """The elements on and above a diagonal of each matrix, 0 below."""
    return np.where(_below("triu", input.shape, diagonal - 1), np.zeros((), input.dtype), input)


def _diagonal_length(rows: int, columns: int, offset: int) -> int:
    return max(min(rows + min(offset, 0), columns - max(offset, 0)), 0)


def _diagonal_sample(draw: Draw) -> Call:
    x = draw.tensor(rank=(2, 4))
    rank = len(x.shape)
    first = draw.below(rank)
    second = (first + 1 + draw.below(rank - 1)) % rank
    plain = draw.flag(0.3)
    first, second = (0, 1) if plain else (first, second)
    offset = draw.below(5) - 2
    length = _diagonal_length(x.shape[first], x.shape[second], offset)
    shape = (*[n for k, n in enumerate(x.shape) if k not in (first, second)], length)
    dims = () if plain else (first - (rank if draw.flag(0.4) else 0), second - (rank if draw.flag(0.4) else 0))
    return Call((x, offset, *dims), {}, (Output(shape, None, x.low, x.high),))


def _diagonal_view(op: str, array: Array, offset: int, dim1: int, dim2: int) -> Array:
    first, second = which.one(op, dim1, array.shape), which.one(op, dim2, array.shape)
    if first == second:
        raise RuntimeError(f"{op}(): dims {dim1} and {dim2} of a tensor of shape {array.shape} are the same")
    return array.diagonal(offset, first, second)


@op(
    promote=None,
    rounding=MOVES,
    sample=_diagonal_sample,
    input=lambda g, shape, offset, dim1, dim2: put_diagonal(g, shape, offset, dim1, dim2),
)
def diagonal(input: Array, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Array:
    """The diagonal of each matrix that dims 1 and 2 make, as the last dimension: a view."""
    return _diagonal_view("diagonal", input, offset, dim1, dim2)


@op(
    promote=None,
    rounding=MOVES,
    internal=True,
    input=lambda g, offset, dim1, dim2: diagonal(g, offset, dim1, dim2),
)
def put_diagonal(input: Array, size: Shape, offset: int, dim1: int, dim2: int) -> Array:
    """Zeros of shape `size` with `input` put on a diagonal: the transpose of diagonal."""
    out = np.zeros(size, input.dtype)
    view = _diagonal_view("diagonal", out, offset, dim1, dim2)
    view.flags.writeable = True
    view[...] = input
    return out
