"""Elements picked by position, and the ops that put gradients back where they were picked from."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from paragrad.engine.dtypes import Array
from paragrad.engine.ops import positions
from paragrad.engine.ops.rounding import MOVES, Linear
from paragrad.engine.ops.samples import Call, Draw, Output
from paragrad.engine.ops.table import Index, Shape, op

_SLICES = (
    slice(None),
    slice(1, None),
    slice(None, -1),
    slice(None, None, 2),
    slice(-2, None),
    slice(1, 2),
    slice(1, 100, 3),
    slice(2, 1),
)


def _kinds(draw: Draw, rank: int) -> str:
    """For each dimension what stands for it: a number, a slice, or something advanced (n, s, a)."""
    if rank > 2 and draw.flag(0.25):
        # A number apart from an array, where torch and NumPy differ.
        return str(draw.pick(("nsa", "asn", "nsas", "snsa", "asna"))).ljust(rank, "s")
    weights = draw.pick(("nnsss", "nnsss", "nsaaa", "nnsssaaa"))
    return "".join([draw.pick(weights) for _ in range(rank)])


def _index_sample(draw: Draw) -> Call:
    """Parts of every kind, a dimension at a time; arrays broadcast to `common`. `parts` holds what NumPy reads, too."""
    x = draw.tensor((-1e30, 1e30))
    shape = x.shape
    common = draw.pick(((3,), (3,), (2, 2), (1,), (4, 1), (0,)))
    kinds = _kinds(draw, len(shape))
    gap = draw.below(len(shape) + 1) if draw.flag(0.4) else -1
    end = len(shape) if gap >= 0 or draw.flag(0.7) else draw.below(len(shape) + 1)
    parts: list[tuple[Any, Any]] = []
    dim = 0
    while dim < end or (dim == end and gap == end):
        if dim == gap:
            parts.append((Ellipsis, Ellipsis))
            dim += draw.below(end - dim + 1)
            gap = -1
        elif draw.flag(0.12):
            parts.append((None, None))
        elif "a" in kinds and draw.flag(0.06):
            only = 0 not in common or draw.flag()
            parts.append((only, np.array(only)))
        elif kinds[dim] == "a":
            part, covered = _advanced_part(draw, shape[dim : gap if gap > dim else end], common)
            parts.append(part)
            dim += covered
        else:
            parts.append(_basic_part(draw, shape[dim], kinds[dim] == "n"))
            dim += 1
    index = tuple([part for part, _ in parts])
    picked = _shape_of([array for _, array in parts], shape)
    if len(index) == 1 and type(index[0]) is not tuple and draw.flag():
        (index,) = index
    return Call((x, index), {}, (Output(picked, None, x.low, x.high),))


def _shape_of(parts: list[Any], shape: Shape) -> Shape:
    """The shape of what is picked, without the code under test: sizes, and the shapes of arrays among them."""
    hidden = len(shape) - sum([positions.extent(part) for part in parts])
    sizes: list[Any] = []
    dim = 0
    for part in parts:
        if isinstance(part, slice):
            sizes.append(len(range(*part.indices(shape[dim]))))
        elif part is None:
            sizes.append(1)
        elif part is Ellipsis:
            sizes.extend(shape[dim : dim + hidden])
            dim += hidden
        elif isinstance(part, np.ndarray):
            sizes.append((int(np.sum(part)),) if part.dtype.kind == "b" else part.shape)
        dim += positions.extent(part)
    sizes.extend(shape[dim:])
    arrays = [k for k, size in enumerate(sizes) if type(size) is tuple]
    if arrays:
        rest = [size for size in sizes if type(size) is not tuple]
        start = arrays[0] if arrays[-1] - arrays[0] < len(arrays) else 0
        rest[start:start] = np.broadcast_shapes(*[sizes[k] for k in arrays])
        sizes = rest
    return tuple(sizes)


def _basic_part(draw: Draw, size: int, number: bool) -> tuple[Any, Any]:
    """A number, as an int or a 0-d tensor, or a slice."""
    if not number or not size:
        cut = draw.pick(_SLICES)
        return cut, cut
    if draw.flag(0.3):
        return draw.integers((), -size, size), 0
    position = draw.below(2 * size) - size
    return position, position


def _advanced_part(draw: Draw, shape: Shape, common: Shape) -> tuple[tuple[Any, Any], int]:
    """A mask, an integer tensor or a list for the first of these dimensions (a mask: two); broadcasts to `common`."""
    n = shape[0]
    choice = draw.below(8)
    fits = shape[: 2 if choice == 0 else 1]
    room = math.prod(fits)
    if choice < 3 and common[-1] <= room:
        count = 1 if room and draw.flag(0.3) else common[-1]
        return (draw.mask(fits, count), (np.arange(room) < count).reshape(fits)), len(fits)
    if choice == 3 and common == (3,) and n:
        listed = tuple([draw.below(2 * n) - n for _ in range(3)])
        return (listed, np.zeros(3, np.int64)), 1
    if n or 0 in common:
        own = draw.pick((common, common, common[1:] or common, (1,) * len(common))) if n else common
        return (draw.integers(own, -n, max(n, 1)), np.zeros(own, np.int64)), 1
    return (slice(None), slice(None)), 1


@op(
    promote=None,
    rounding=MOVES,
    sample=_index_sample,
    input=lambda g, index, shape: scatter_index(g, index, shape),
)
def getitem(input: Array, index: Index) -> Array:
    """input[index], with every form of index that torch allows."""
    basic, advanced, _ = positions.place(index, input.shape)
    try:
        view = input[basic]
    except IndexError as error:
        raise IndexError(f"getitem(): {error}, where the index is {index} and the shape {input.shape}") from None
    return positions.take(view, advanced) if advanced else view


def _additions(input: Array, index: Index, size: Shape) -> float:
    """The most additions that go into one element."""
    counts = scatter_index.compute(np.ones(input.shape), index, size)
    return max(0.0, float(np.max(counts, initial=0.0)) - 1)


@op(promote=None, rounding=Linear(_additions), internal=True, input=lambda g, index: getitem(g, index))
def scatter_index(input: Array, index: Index, size: Shape) -> Array:
    """Zeros of shape `size` with `input` added at `index`: the transpose of getitem."""
    out = np.zeros(size, input.dtype)
    basic, advanced, distinct = positions.place(index, size)
    view = out[basic]
    if not advanced:
        view[...] = input
    elif distinct:
        view[advanced] = input
    else:
        positions.put(view, advanced, input)
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
