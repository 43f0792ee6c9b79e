"""Elements picked and put by position, and in order of size, from torch's documentation."""

from __future__ import annotations

from typing import Any

import numpy as np
from mpmath import mp

from paragrad.fuzz.judge.third.definitions_contraction import several
from paragrad.fuzz.judge.third.registry import DIFFERENTIATED, OPEN, UNDEFINED, axis, define, quotient
from paragrad.fuzz.program import Array


def _is_number(part: Any) -> bool:
    if isinstance(part, np.ndarray):
        return part.ndim == 0 and part.dtype != np.bool_
    return isinstance(part, int) and not isinstance(part, bool)


def _extent(part: Any) -> int:
    """How many dimensions of the input a part of an index stands for."""
    if part is None or part is Ellipsis or isinstance(part, bool):
        return 0
    return part.ndim if isinstance(part, np.ndarray) and part.dtype == np.bool_ else 1


def _tensor(listed: tuple[Any, ...]) -> Array:
    """A list of positions, or of bools."""
    return np.array(listed) if listed else np.zeros(0, np.int64)


@define("getitem")
def getitem(input: Array, index: Any) -> Array:
    """input[index]: first numbers, slices and None, then all tensors, lists and bools at once."""
    parts = list(index) if isinstance(index, tuple) else [index]
    parts = [_tensor(part) if isinstance(part, tuple) else part for part in parts]
    missing = input.ndim - sum(map(_extent, parts))
    gap = next((k for k, part in enumerate(parts) if part is Ellipsis), len(parts))
    parts[gap : gap + 1] = [slice(None)] * missing
    basic: list[Any] = []
    advanced: list[Any] = []
    for part in parts:
        if _is_number(part):
            basic.append(int(part))
        elif part is None or isinstance(part, slice):
            basic.append(part)
            advanced.append(slice(None))
        elif isinstance(part, bool) or (isinstance(part, np.ndarray) and part.ndim == 0):
            basic.append(None)
            advanced.append(np.zeros(1 if part else 0, np.int64))
        else:
            basic.extend([slice(None)] * _extent(part))
            advanced.extend(np.nonzero(part) if part.dtype == np.bool_ else [part])
    found = input[tuple(basic)]
    picks = any(isinstance(part, np.ndarray) for part in advanced)
    return np.asarray(found[tuple(advanced)] if picks else found, input.dtype)


def _along(index: Array, rank: int, dim: int) -> Any:
    """For each position of `index` the place to which it points along `dim`."""
    spread = index.reshape(index.shape or (1,))
    for position in np.ndindex(spread.shape):
        place = list(position)
        place[axis(dim, rank)] = int(spread[position])
        yield position, tuple(place)


@define("gather")
def gather(input: Array, dim: int, index: Array) -> Array:
    """out[i][j] = input[index[i][j]][j]."""
    source = input.reshape(input.shape or (1,))
    found = np.empty(index.shape or (1,), input.dtype)
    for position, place in _along(index, source.ndim, dim):
        found[position] = source[place]
    return found.reshape(index.shape)


@define("take_along_dim")
def take_along_dim(input: Array, indices: Array, dim: int | None) -> Array:
    """gather with operands that broadcast; of the flat input without a dimension."""
    if dim is None:
        return gather(input.reshape(-1), 0, indices.reshape(-1))
    place = axis(dim, input.ndim)
    sizes, counts = list(input.shape), list(indices.shape)
    sizes[place] = counts[place] = 1
    both = list(np.broadcast_shapes(tuple(sizes), tuple(counts)))
    both[place] = input.shape[place]
    source = np.broadcast_to(input, both)
    both[place] = indices.shape[place]
    return gather(source, place, np.broadcast_to(indices, both))


def _scatter(input: Array, dim: int, index: Array, src: Any, add: bool) -> Array:
    """Where several go to one place torch leaves open which of them stays."""
    found = input.reshape(input.shape or (1,)).copy()
    values = src.reshape(src.shape or (1,)) if isinstance(src, np.ndarray) else None
    taken = set()
    for position, place in _along(index, found.ndim, dim):
        value = src if values is None else values[position]
        if add:
            found[place] = found[place] + value
        elif place in taken and values is not None:
            found[place] = UNDEFINED
        else:
            found[place] = value
        taken.add(place)
    return found.reshape(input.shape)


@define("scatter")
def scatter(input: Array, dim: int, index: Array, src: Any) -> Array:
    """out[index[i][j]][j] = src[i][j]."""
    return _scatter(input, dim, index, src, False)


@define("scatter.value")
def scatter_value(input: Array, dim: int, index: Array, value: Any) -> Array:
    """out[index[i][j]][j] = value."""
    return _scatter(input, dim, index, value, False)


@define("scatter_add")
def scatter_add(input: Array, dim: int, index: Array, src: Array) -> Array:
    """out[index[i][j]][j] += src[i][j]."""
    return _scatter(input, dim, index, src, True)


@define("index_select")
def index_select(input: Array, dim: int, index: Array) -> Array:
    """Slices of the input."""
    if not input.ndim:
        return input
    return np.take(input, index.reshape(-1), axis(dim, input.ndim))


@define("index_add")
def index_add(input: Array, dim: int, index: Array, source: Array, alpha: Any) -> Array:
    """Slice index[i] of the input gets alpha · slice i of the source."""
    found = input.reshape(input.shape or (1,)).copy()
    rows = np.moveaxis(found, axis(dim, input.ndim), 0)
    parts = np.moveaxis(source.reshape(source.shape or (1,)), axis(dim, input.ndim), 0)
    for k, place in enumerate(index.reshape(-1)):
        rows[place] = rows[place] + alpha * parts[k]
    return found.reshape(input.shape)


@define("embedding")
def embedding(input: Array, weight: Array, padding_idx: int | None) -> Array:
    """Rows of the weight."""
    return weight[input]


def _without_padding(input: Array, weight: Array, padding_idx: int | None) -> Array:
    """The row at `padding_idx` takes no part in the gradient."""
    if padding_idx is not None:
        weight = weight.copy()
        weight[padding_idx] = mp.mpf(0)
    return embedding(input, weight, padding_idx)


DIFFERENTIATED["embedding"] = _without_padding


def _sorted(input: Array, dim: int, descending: bool, stable: bool) -> tuple[Array, Array]:
    """The elements in order, and their places: left open among equals unless the order is stable."""
    if not input.ndim:
        return input, np.zeros((), np.int64)
    values, places = input.copy(), np.zeros(input.shape, np.int64)
    rows, found = np.moveaxis(values, dim, -1), np.moveaxis(places, dim, -1)
    for index in np.ndindex(rows.shape[:-1]):
        row = list(rows[index])
        order = sorted(range(len(row)), key=row.__getitem__, reverse=descending)  # reversed or not it is stable
        for k, place in enumerate(order):
            rows[(*index, k)] = row[place]
            found[(*index, k)] = place if stable or row.count(row[place]) == 1 else OPEN
    return values, places


@define("sort")
def sort(input: Array, dim: int, descending: bool, stable: bool) -> tuple[Array, Array]:
    """In order."""
    return _sorted(input, dim, descending, stable)


@define("argsort")
def argsort(input: Array, dim: int, descending: bool, stable: bool) -> Array:
    """The places of `sort`."""
    return _sorted(input, dim, descending, stable)[1]


@define("topk")
def topk(input: Array, k: int, dim: int, largest: bool, sorted: bool) -> tuple[Array, Array]:
    """The first k in order; of an order that isn't asked for nothing is known."""
    values, places = _sorted(input, dim, largest, False)
    if not input.ndim:
        return values, places
    values, places = [np.take(x, range(k), axis(dim, input.ndim)) for x in (values, places)]
    return (values, places) if sorted else (np.full_like(values, UNDEFINED), np.full_like(places, OPEN))


@define("median")
def median(input: Array) -> Array:
    """The one in the middle, the lower of two; NaN of none."""
    return median_dim(input.reshape(-1), 0, False)[0] if input.size else np.asarray(UNDEFINED, object)


@define("median.dim")
def median_dim(input: Array, dim: int, keepdim: bool) -> tuple[Array, ...]:
    """The one in the middle of each row, the lower of two, and its place."""
    values, places = _sorted(input, dim, False, False)
    if not input.ndim:
        return values, places
    middle = (input.shape[dim] - 1) // 2
    found = [np.take(x, [middle], dim) for x in (values, places)]
    return tuple(x if keepdim else np.asarray(np.squeeze(x, dim), x.dtype) for x in found)


def _single(input: Array, dim: int, keepdim: bool) -> tuple[Array, ...]:
    """Undefined where equals stand in the middle: among three of them moving one moves nothing."""
    values, places = median_dim(input, dim, keepdim)
    return np.where(places == OPEN, UNDEFINED, values), places


DIFFERENTIATED["median.dim"] = _single
DIFFERENTIATED["median"] = lambda input: _single(input.reshape(-1), 0, False)[0]


def _windows(
    input: Array, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool
) -> tuple[list[list[tuple[list[int], int]]], list[int]]:
    """For each dimension of an image, for each window, its places inside and its length with padding."""
    found = []
    kernel = several(kernel_size, 2)
    steps = kernel if stride in (None, ()) else several(stride, 2)
    for n, k, s, p, d in zip(input.shape[-2:], kernel, steps, several(padding, 2), several(dilation, 2), strict=True):
        room = n + 2 * p - d * (k - 1) - 1
        places = (-(-room // s) if ceil_mode else room // s) + 1
        if ceil_mode and (places - 1) * s >= n + p:
            places -= 1  # a window that begins behind the input, in the padding, is left out
        each = []
        for c in range(places):
            start = c * s - p
            inside = [start + d * i for i in range(k) if 0 <= start + d * i < n]
            each.append((inside, min(start + d * (k - 1) + 1, n + p) - start))
        found.append(each)
    return found, kernel


def _pooled(input: Array, windows: list[list[tuple[list[int], int]]], pool: Any) -> Array:
    rows, columns = windows
    images = input.reshape(-1, *input.shape[-2:])
    found = np.empty((len(images), len(rows), len(columns)), object)
    for k, i, j in np.ndindex(found.shape):
        (inner, height), (across, width) = rows[i], columns[j]
        found[k, i, j] = pool(images[k][np.ix_(inner, across)], inner, across, height * width)
    return found.reshape(*input.shape[:-2], len(rows), len(columns))


@define("max_pool2d")
def max_pool2d(
    input: Array, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool, return_indices: bool
) -> Any:
    """The largest of each window, and where in its image it stands, which is left open among equals."""
    windows, _ = _windows(input, kernel_size, stride, padding, dilation, ceil_mode)
    largest = _pooled(input, windows, lambda window, *_: np.max(window))
    if not return_indices:
        return largest

    def place(window: Array, inner: list[int], across: list[int], _: int) -> int:
        hits = np.argwhere(np.asarray(window == np.max(window)))
        return inner[hits[0][0]] * input.shape[-1] + across[hits[0][1]] if len(hits) == 1 else OPEN

    return largest, _pooled(input, windows, place).astype(np.int64)


@define("avg_pool2d")
def avg_pool2d(
    input: Array,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: int | None,
) -> Array:
    """The sum of each window over its size, with or without the padding in it, or over the divisor given."""
    windows, _ = _windows(input, kernel_size, stride, padding, 1, ceil_mode)

    def pool(window: Array, inner: list[int], across: list[int], room: int) -> Any:
        divisor = divisor_override or (room if count_include_pad else len(inner) * len(across))
        return quotient(np.sum(window), divisor)[()]

    return _pooled(input, windows, pool)
