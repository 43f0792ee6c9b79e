"""Several tensors become one, and one becomes several."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from paragrad.engine.dtypes import Array
from paragrad.engine.ops import dims as which
from paragrad.engine.ops.rounding import MOVES
from paragrad.engine.ops.samples import Call, Draw, Output
from paragrad.engine.ops.shape import reshape
from paragrad.engine.ops.slicing import narrow, select
from paragrad.engine.ops.table import Shape, op


def _cat_sample(draw: Draw) -> Call:
    x = draw.tensor(rank=(1, 4))
    rank = len(x.shape)
    dim = draw.below(rank)
    parts = [x]
    for _ in range(draw.below(4)):
        size = x.shape[dim] if draw.flag() else draw.below(4)
        part = x if draw.flag(0.2) else draw.shaped((*x.shape[:dim], size, *x.shape[dim + 1 :]))
        parts.insert(draw.below(len(parts) + 1), part)
    joined = sum([p.shape[dim] for p in parts])
    if draw.flag(0.05):
        parts.insert(draw.below(len(parts) + 1), draw.shaped((0,)))
    shape = (*x.shape[:dim], joined, *x.shape[dim + 1 :])
    low, high = min([p.low for p in parts]), max([p.high for p in parts])
    kwargs = {} if dim == 0 and draw.flag() else {"dim": dim - (rank if draw.flag(0.4) else 0)}
    return Call((tuple(parts),), kwargs, (Output(shape, None, low, high),))


def _uncat(g: Any, shapes: Sequence[Shape], dim: int) -> list[Any]:
    """The stretch of `g` that came from each part."""
    lengths = [0 if shape == (0,) and g.ndim > 1 else shape[dim] for shape in shapes]
    pieces = [narrow(g, dim, start, n) for start, n in zip(accumulate(lengths, initial=0), lengths, strict=False)]
    return [p if len(shape) == g.ndim else reshape(p, shape) for p, shape in zip(pieces, shapes, strict=True)]


def _check_joined(tensors: Sequence[Array], dim: int) -> None:
    """Say why tensors can't be joined, as torch does."""
    if not tensors:
        raise ValueError("cat(): nothing to join: a non-empty list of tensors is needed")
    shapes = [tuple(t.shape) for t in tensors]
    if () in shapes:
        raise RuntimeError(f"cat(): tensor {shapes.index(())} has shape (), which can't be joined: use stack")
    shape = next((s for s in shapes if s != (0,)), (0,))
    axis = which.one("cat", dim, shape)
    for k, other in enumerate(shapes):
        fits = len(other) == len(shape) and other[:axis] == shape[:axis] and other[axis + 1 :] == shape[axis + 1 :]
        if not fits and other != (0,):
            raise RuntimeError(f"cat(): shapes must agree except in dim {dim}: got {shape} and, as number {k}, {other}")


@op(rounding=MOVES, sample=_cat_sample, tensors=_uncat)
def cat(tensors: Sequence[Array], dim: int = 0) -> Array:
    """The tensors one after another along `dim`. One of shape (0,) fits anywhere and adds nothing, as torch has it."""
    try:
        return np.concatenate(tensors, dim)
    except ValueError:
        _check_joined(tensors, dim)
    return np.concatenate([t for t in tensors if t.shape != (0,)], dim)


def _stack_sample(draw: Draw) -> Call:
    x = draw.tensor(rank=(0, 3))
    rank = len(x.shape) + 1
    dim = draw.below(rank)
    parts = [x, *[x if draw.flag(0.2) else draw.shaped(x.shape) for _ in range(draw.below(4))]]
    shape = (*x.shape[:dim], len(parts), *x.shape[dim:])
    low, high = min([p.low for p in parts]), max([p.high for p in parts])
    kwargs = {} if dim == 0 and draw.flag() else {"dim": dim - (rank if draw.flag(0.4) else 0)}
    return Call((tuple(parts),), kwargs, (Output(shape, None, low, high),))


@op(
    rounding=MOVES,
    sample=_stack_sample,
    tensors=lambda g, shapes, dim: [select(g, dim, k) for k in range(len(shapes))],
)
def stack(tensors: Sequence[Array], dim: int = 0) -> Array:
    """Tensors of one shape, one after another along a new dimension `dim`."""
    shapes = {tuple(t.shape) for t in tensors}
    if len(shapes) != 1:
        got = " and ".join(map(str, sorted(shapes))) or "none"
        raise RuntimeError(f"stack(): tensors of one shape are needed, got {got}")
    return np.stack(tensors, which.one("stack", dim, shapes.pop(), 1))


def _sections(x: Any, dim: int, sizes: list[int]) -> tuple[Output, ...]:
    return tuple([Output((*x.shape[:dim], n, *x.shape[dim + 1 :]), None, x.low, x.high) for n in sizes])


def _split_sample(draw: Draw) -> Call:
    x = draw.tensor(rank=(1, 4))
    dim = draw.below(len(x.shape))
    size = x.shape[dim]
    how: Any
    if draw.flag():
        how = draw.below(3) + 1
        sizes = [min(how, size - start) for start in range(0, size, how)] or [0]
    else:
        sizes = []
        while sum(sizes) < size and len(sizes) < 4:
            sizes.append(draw.below(size - sum(sizes) + 1))
        how = (*sizes, size - sum(sizes))
        sizes = list(how)
    kwargs = {} if dim == 0 and draw.flag() else {"dim": dim - (len(x.shape) if draw.flag(0.4) else 0)}
    return Call((x, how), kwargs, _sections(x, dim, sizes))


@op(promote=None, sample=_split_sample)
def split(tensor: Array, split_size_or_sections: int | Sequence[int], dim: int = 0) -> tuple[Array, ...]:
    """`tensor` along `dim` in pieces of one size, the last one shorter, or in pieces of the sizes given: views."""
    shape = tensor.shape
    if not shape:
        raise RuntimeError("split(): a 0-d tensor can't be split")
    size = shape[which.one("split", dim, shape)]
    if isinstance(split_size_or_sections, int):
        step = split_size_or_sections
        if step < 0 or (not step and size):
            raise RuntimeError(f"split(): pieces of {step} don't divide dimension {dim} of shape {shape}")
        sizes = [min(step, size - start) for start in range(0, size, step or 1)] or [0]
    else:
        sizes = list(split_size_or_sections)
        if sum(sizes) != size or min(sizes, default=0) < 0:
            raise RuntimeError(f"split(): sizes {sizes} don't add up to dimension {dim} of shape {shape}")
    starts = accumulate(sizes, initial=0)
    return tuple([narrow(tensor, dim, start, n) for start, n in zip(starts, sizes, strict=False)])


def _chunk_sample(draw: Draw) -> Call:
    x = draw.tensor(rank=(1, 4))
    dim = draw.below(len(x.shape))
    size, chunks = x.shape[dim], draw.below(4) + 1
    step = -(-size // chunks)
    sizes = [min(step, size - start) for start in range(0, size, step)] if size else [0] * chunks
    kwargs = {} if dim == 0 and draw.flag() else {"dim": dim - (len(x.shape) if draw.flag(0.4) else 0)}
    return Call((x, chunks), kwargs, _sections(x, dim, sizes))


@op(promote=None, sample=_chunk_sample)
def chunk(input: Array, chunks: int, dim: int = 0) -> tuple[Array, ...]:
    """`input` along `dim` in at most `chunks` pieces of one size, the last one shorter; `chunks` empty ones of none."""
    shape = input.shape
    if not shape:
        raise RuntimeError("chunk(): a 0-d tensor can't be cut")
    if chunks < 1:
        raise RuntimeError(f"chunk(): chunks must be greater than 0, got {chunks}")
    size = shape[which.one("chunk", dim, shape)]
    return split(input, -(-size // chunks) if size else (0,) * chunks, dim)


def _unbind_sample(draw: Draw) -> Call:
    x = draw.tensor(rank=(1, 4), nonempty=True)
    dim = draw.below(len(x.shape))
    shape = (*x.shape[:dim], *x.shape[dim + 1 :])
    kwargs = {} if dim == 0 and draw.flag() else {"dim": dim - (len(x.shape) if draw.flag(0.4) else 0)}
    return Call((x,), kwargs, (Output(shape, None, x.low, x.high),) * x.shape[dim])


@op(promote=None, sample=_unbind_sample)
def unbind(input: Array, dim: int = 0) -> tuple[Array, ...]:
    """The slices of `input` along `dim`, which goes away: views."""
    if not input.ndim:
        raise IndexError("unbind(): a 0-d tensor has no slices")
    size = input.shape[which.one("unbind", dim, input.shape)]
    return tuple([select(input, dim, k) for k in range(size)])
