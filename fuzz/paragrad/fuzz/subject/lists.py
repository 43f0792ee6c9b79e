"""The truth of tensor ops on Plain arrays: short, slow, and without NumPy, which a subject may not have."""

from __future__ import annotations

import itertools
import math
from typing import Any, Callable, Sequence

from .plain import Plain


def size(shape: Sequence[int]) -> int:
    """The number of elements."""
    return math.prod(shape)


def places(shape: Sequence[int]) -> list[tuple[int, ...]]:
    """All indices, in C order."""
    return list(itertools.product(*[range(n) for n in shape]))


def at(x: Plain, index: Sequence[int]) -> Any:
    """One element."""
    place = 0
    for k, n in zip(index, x.shape):
        place = place * n + k
    return x.data[place]


def reduced(x: Plain, dims: Sequence[int], keep: bool, of: Callable[[list[Any]], Any]) -> Plain:
    """`of` the elements along the dims; all where `dims` is empty."""
    dims = [d % len(x.shape) for d in dims] if dims else list(range(len(x.shape)))
    groups: dict[tuple[int, ...], list[Any]] = {}
    for index in places(x.shape):
        key = tuple([0 if d in dims else k for d, k in enumerate(index)])
        groups.setdefault(key, []).append(at(x, index))
    shape = tuple([1 if d in dims else n for d, n in enumerate(x.shape)])
    if not keep:
        shape = tuple([n for d, n in enumerate(x.shape) if d not in dims])
    return Plain([of(group) for _, group in sorted(groups.items())], shape)


def along(x: Plain, dim: int, of: Callable[[list[Any]], list[Any]]) -> Plain:
    """`of` each line along a dim, which gives a line of the same length."""
    dim %= len(x.shape)
    lines: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
    for index in places(x.shape):
        lines.setdefault(index[:dim] + index[dim + 1 :], []).append(index)
    found: dict[tuple[int, ...], Any] = {}
    for line in lines.values():
        found.update(zip(line, of([at(x, index) for index in line])))
    return Plain([found[index] for index in places(x.shape)], x.shape)


def matmul(x: Plain, y: Plain) -> Plain:
    """The product of two matrices."""
    rows, inner, columns = x.shape[0], x.shape[1], y.shape[1]
    data = [sum(at(x, (i, k)) * at(y, (k, j)) for k in range(inner)) for i in range(rows) for j in range(columns)]
    return Plain(data, (rows, columns))


def permuted(x: Plain, dims: Sequence[int]) -> Plain:
    """The array with its dims in this order."""
    shape = tuple([x.shape[d] for d in dims])
    data = []
    for index in places(shape):
        old = [0] * len(dims)
        for k, d in enumerate(dims):
            old[d] = index[k]
        data.append(at(x, old))
    return Plain(data, shape)


def variance(group: list[Any], correction: int) -> Any:
    """The variance, dividing by n - correction."""
    mean = sum(group) / len(group)
    return sum((v - mean) ** 2 for v in group) / (len(group) - correction)


def softmax(line: list[Any]) -> list[Any]:
    """softmax of a line."""
    weights = [math.exp(v - max(line)) for v in line]
    return [w / sum(weights) for w in weights]


def log_softmax(line: list[Any]) -> list[Any]:
    """log of softmax of a line."""
    return [math.log(v) for v in softmax(line)]


def logsumexp(group: list[Any]) -> Any:
    """log of the sum of exponentials."""
    return math.log(sum(math.exp(v) for v in group))


def joined(parts: Sequence[Plain], dim: int) -> Plain:
    """The arrays one after the other along a dim."""
    shape = list(parts[0].shape)
    shape[dim] = sum(p.shape[dim] for p in parts)
    data = []
    for index in places(shape):
        k, rest = index[dim], list(index)
        for part in parts:
            if k < part.shape[dim]:
                rest[dim] = k
                data.append(at(part, rest))
                break
            k -= part.shape[dim]
    return Plain(data, tuple(shape))
