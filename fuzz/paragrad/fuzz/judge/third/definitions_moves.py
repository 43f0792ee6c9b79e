"""Ops that give elements of their operands unchanged, elsewhere, from torch's documentation."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from paragrad.fuzz.judge.third.registry import axis, define
from paragrad.fuzz.program import Array

Whole = int | Sequence[int]


def _listed(x: Whole) -> list[int]:
    return [x] if isinstance(x, int) else list(x)


@define("to")
def to(input: Array, dtype: Any) -> Array:
    """The operand, which is given in this dtype already."""
    return input


@define("expand")
def expand(input: Array, size: Sequence[int]) -> Array:
    """Repeated along dimensions of size 1, and new ones in front; -1 keeps a size."""
    kept = [1] * (len(size) - input.ndim) + list(input.shape)
    return np.broadcast_to(input, [k if n == -1 else n for n, k in zip(size, kept, strict=True)])


@define("reshape")
def reshape(input: Array, shape: Whole) -> Array:
    """The elements in row-major order in another shape."""
    return input.reshape(shape)


@define("view")
def view(input: Array, size: Whole) -> Array:
    """As reshape."""
    return input.reshape(size)


@define("flatten")
def flatten(input: Array, start_dim: int, end_dim: int) -> Array:
    """Dimensions from the first to the last named as one."""
    if not input.ndim:
        return input.reshape(1)
    start, end = axis(start_dim, input.ndim), axis(end_dim, input.ndim)
    count = 1
    for n in input.shape[start : end + 1]:
        count *= n
    return input.reshape(*input.shape[:start], count, *input.shape[end + 1 :])


@define("squeeze")
def squeeze(input: Array, dim: Whole | None) -> Array:
    """Without dimensions of size 1."""
    named = range(input.ndim) if dim is None else [axis(d, input.ndim) for d in _listed(dim)]
    return input.reshape([n for k, n in enumerate(input.shape) if n != 1 or k not in named])


@define("unsqueeze")
def unsqueeze(input: Array, dim: int) -> Array:
    """With one more dimension of size 1."""
    place = dim % (input.ndim + 1)
    return input.reshape(*input.shape[:place], 1, *input.shape[place:])


@define("flip")
def flip(input: Array, dims: Whole) -> Array:
    """out[i] = input[n - 1 - i]."""
    turned = [axis(d, input.ndim) for d in _listed(dims)]
    return input[tuple([slice(None, None, -1) if k in turned else slice(None) for k in range(input.ndim)])]


@define("roll")
def roll(input: Array, shifts: Whole, dims: Whole | None) -> Array:
    """out[(i + shift) mod n] = input[i]."""
    if dims is None or dims == ():
        return roll(input.reshape(-1), shifts, 0).reshape(input.shape) if input.ndim else input
    found = input
    for shift, dim in zip(_listed(shifts), _listed(dims), strict=True):
        n = found.shape[dim] if found.ndim else 0
        found = np.take(found, [(i - shift) % n for i in range(n)], dim) if n else found
    return found


@define("repeat")
def repeat(input: Array, repeats: Whole) -> Array:
    """Copies side by side."""
    times = _listed(repeats)
    found = input.reshape((1,) * (len(times) - input.ndim) + input.shape)
    for k, n in enumerate(times):
        found = np.take(found, list(range(found.shape[k])) * n, k)
    return found


def _triangle(input: Array, keep: Any) -> Array:
    rows, columns = np.indices(input.shape[-2:])
    return np.where(keep(columns - rows), input, np.zeros((), input.dtype))


@define("tril")
def tril(input: Array, diagonal: int) -> Array:
    """0 above a diagonal."""
    return _triangle(input, lambda offset: offset <= diagonal)


@define("triu")
def triu(input: Array, diagonal: int) -> Array:
    """0 below a diagonal."""
    return _triangle(input, lambda offset: offset >= diagonal)


@define("diagonal")
def diagonal(input: Array, offset: int, dim1: int, dim2: int) -> Array:
    """out[..., i] = input[i, i + offset]."""
    matrix = np.moveaxis(input, (dim1, dim2), (-2, -1))
    n, m = matrix.shape[-2:]
    places = [(i, i + offset) for i in range(n) if 0 <= i + offset < m]
    return matrix[..., [i for i, _ in places], [j for _, j in places]]


@define("transpose")
def transpose(input: Array, dim0: int, dim1: int) -> Array:
    """Two dimensions exchanged."""
    order = list(range(input.ndim))
    if order:
        order[dim0], order[dim1] = order[dim1], order[dim0]
    return input.transpose(order)


@define("permute")
def permute(input: Array, dims: Sequence[int]) -> Array:
    """Dimension k of the result is dims[k]."""
    return input.transpose([axis(d, input.ndim) for d in dims])


@define("movedim")
def movedim(input: Array, source: Whole, destination: Whole) -> Array:
    """Dimensions `source` stand at `destination`, the rest in order."""
    rank = input.ndim
    moved = {axis(d, rank): axis(s, rank) for s, d in zip(_listed(source), _listed(destination), strict=True)}
    rest = iter([k for k in range(rank) if k not in moved.values()])
    return input.transpose([moved[k] if k in moved else next(rest) for k in range(rank)]) if rank else input


@define("narrow")
def narrow(input: Array, dim: int, start: int, length: int) -> Array:
    """`length` elements from `start` on."""
    n = input.shape[dim]
    first = start + n if start < 0 else start
    return np.take(input, range(first, first + length), dim)


@define("select")
def select(input: Array, dim: int, index: int) -> Array:
    """One slice."""
    return np.asarray(np.take(input, index, dim), input.dtype)


@define("cat")
def cat(tensors: Sequence[Array], dim: int) -> Array:
    """One after another; what has shape (0,) is passed over."""
    kept = [t for t in tensors if t.shape != (0,)] or list(tensors[:1])
    return np.concatenate(kept, dim)


@define("stack")
def stack(tensors: Sequence[Array], dim: int) -> Array:
    """One after another along a new dimension."""
    return np.concatenate([unsqueeze(t, dim) for t in tensors], dim)


@define("split")
def split(tensor: Array, split_size_or_sections: Whole, dim: int) -> tuple[Array, ...]:
    """Pieces of one size, the last one smaller, or of the sizes named."""
    n = tensor.shape[dim]
    if isinstance(split_size_or_sections, int):
        size = split_size_or_sections
        sections = [min(size, n - k) for k in range(0, n, size)] if n else [0]
    else:
        sections = list(split_size_or_sections)
    ends = list(itertools.accumulate(sections))
    return tuple([narrow(tensor, dim, end - size, size) for end, size in zip(ends, sections, strict=True)])


@define("chunk")
def chunk(input: Array, chunks: int, dim: int) -> tuple[Array, ...]:
    """At most `chunks` pieces of the least size with which these suffice."""
    n = input.shape[dim]
    return split(input, -(-n // chunks), dim) if n else split(input, [0] * chunks, dim)


@define("unbind")
def unbind(input: Array, dim: int) -> tuple[Array, ...]:
    """All slices."""
    return tuple([select(input, dim, k) for k in range(input.shape[dim])])


@define("constant_pad_nd")
def constant_pad_nd(input: Array, pad: Sequence[int], value: Any) -> Array:
    """`value` before and after, from the last dimension on; less than 0 cuts off."""
    found = input
    for k in range(len(pad) // 2):
        dim, (low, high) = input.ndim - 1 - k, pad[2 * k : 2 * k + 2]
        n = input.shape[dim]
        found = np.take(found, range(max(0, -low), n - max(0, -high)), dim)
        sides = []
        for width in (low, high):
            shape = list(found.shape)
            shape[dim] = max(0, width)
            sides.append(np.full(shape, value, input.dtype))
        found = np.concatenate([sides[0], found, sides[1]], dim)
    return found


def _reflected(i: int, n: int) -> int:
    return -i if i < 0 else 2 * (n - 1) - i if i >= n else i


PLACES: dict[str, Callable[[int, int], int]] = {
    "reflect": _reflected,
    "replicate": lambda i, n: min(max(i, 0), n - 1),
    "circular": lambda i, n: i % n,
}


@define("pad")
def pad_(input: Array, pad: Sequence[int], mode: str, value: Any) -> Array:
    """More elements around: a constant, mirrored without the edge, the edge, or from the other side."""
    if mode == "constant":
        return constant_pad_nd(input, pad, 0 if value is None else value)
    found = input
    for k in range(len(pad) // 2):
        dim, (low, high) = input.ndim - 1 - k, pad[2 * k : 2 * k + 2]
        n = input.shape[dim]
        found = np.take(found, [PLACES[mode](i, n) for i in range(-low, n + high)], dim)
    return found
