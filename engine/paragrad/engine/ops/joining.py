"""Several tensors become one, and one becomes several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from paragrad.engine.dtypes import Array
from paragrad.engine.ops.rounding import MOVES
from paragrad.engine.ops.samples import Call, Draw, Output
from paragrad.engine.ops.shape import reshape, unsqueeze
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
    pieces = []
    start = 0
    for shape in shapes:
        if shape == (0,) and g.ndim > 1:
            pieces.append(reshape(narrow(g, 0, 0, 0), shape))
            continue
        length = shape[dim]
        pieces.append(narrow(g, dim, start, length))
        start += length
    return pieces


@op(rounding=MOVES, sample=_cat_sample, tensors=_uncat)
def cat(tensors: Sequence[Array], dim: int = 0) -> Array:
    """The tensors one after another along `dim`. One of shape (0,) fits anywhere and adds nothing, as torch has it."""
    try:
        return np.concatenate(tensors, axis=dim)
    except ValueError:
        kept = [t for t in tensors if t.shape != (0,)]
        if 0 < len(kept) < len(tensors):
            return np.concatenate(kept, axis=dim)
        raise


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
    return np.stack(tensors, dim)
