"""The same elements with their dimensions in another order: views, all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from paragrad.engine.dtypes import Array
from paragrad.engine.ops import dims as which
from paragrad.engine.ops.rounding import MOVES
from paragrad.engine.ops.samples import Call, Draw, Output
from paragrad.engine.ops.table import op


def _order(draw: Draw, rank: int) -> list[int]:
    left = list(range(rank))
    return [left.pop(draw.below(len(left))) for _ in range(rank)]


def _transpose_sample(draw: Draw) -> Call:
    x = draw.tensor()
    rank = max(len(x.shape), 1)
    first, second = draw.below(rank), draw.below(rank)
    sizes = list(x.shape)
    if sizes:
        sizes[first], sizes[second] = sizes[second], sizes[first]
    args = (x, first - (rank if draw.flag(0.4) else 0), second - (rank if draw.flag(0.4) else 0))
    return Call(args, {}, (Output(tuple(sizes), None, x.low, x.high),))


@op(
    promote=None,
    rounding=MOVES,
    sample=_transpose_sample,
    input=lambda g, dim0, dim1: transpose(g, dim0, dim1),
)
def transpose(input: Array, dim0: int, dim1: int) -> Array:
    """`input` with two dimensions exchanged."""
    try:
        return input.swapaxes(dim0, dim1)
    except ValueError:
        for dim in (dim0, dim1):
            which.one("transpose", dim, input.shape)
        return input[...]  # 0-d: dims 0 and -1 are allowed


def _permute_sample(draw: Draw) -> Call:
    x = draw.tensor()
    rank = len(x.shape)
    order = _order(draw, rank)
    shape = tuple([x.shape[k] for k in order])
    dims = tuple([k - (rank if draw.flag(0.3) else 0) for k in order])
    return Call((x, dims), {}, (Output(shape, None, x.low, x.high),))


def _inverse(dims: Sequence[int]) -> tuple[int, ...]:
    order = [d % len(dims) for d in dims]
    return tuple(sorted(range(len(dims)), key=order.__getitem__))


@op(promote=None, rounding=MOVES, sample=_permute_sample, input=lambda g, dims: permute(g, _inverse(dims)))
def permute(input: Array, dims: Sequence[int]) -> Array:
    """`input` with its dimensions in the order `dims`."""
    try:
        return input.transpose(tuple(dims))
    except ValueError:
        which.distinct("permute", dims, input.shape)
        raise RuntimeError(
            f"permute(): {tuple(dims)} is not an order of the dimensions of shape {input.shape}"
        ) from None


def _movedim_sample(draw: Draw) -> Call:
    x = draw.tensor()
    rank = len(x.shape)
    source: Any = _order(draw, rank)[: draw.below(rank + 1)]
    target: Any = _order(draw, rank)[: len(source)]
    rest = [x.shape[k] for k in range(rank) if k not in source]
    sizes = [x.shape[source[target.index(k)]] if k in target else rest.pop(0) for k in range(rank)]
    if len(source) == 1 and draw.flag(0.7):
        source, target = source[0] - (rank if draw.flag(0.4) else 0), target[0] - (rank if draw.flag(0.4) else 0)
    else:
        source, target = tuple([s - (rank if draw.flag(0.4) else 0) for s in source]), tuple(target)
    return Call((x, source, target), {}, (Output(tuple(sizes), None, x.low, x.high),))


@op(promote=None, sample=_movedim_sample)
def movedim(input: Array, source: int | Sequence[int], destination: int | Sequence[int]) -> Array:
    """`input` with the dimensions `source` moved to `destination`, the others in their old order."""
    here, there = which.ints(source), which.ints(destination)
    if len(here) != len(there):
        raise RuntimeError(f"movedim(): source {here} and destination {there} differ in length")
    found = which.distinct("movedim", here, input.shape)
    target = which.distinct("movedim", there, input.shape)
    rest = iter([k for k in range(input.ndim) if k not in found])
    order = [found[target.index(k)] if k in target else next(rest) for k in range(input.ndim)]
    return permute(input, order)
