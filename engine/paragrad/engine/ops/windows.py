"""What convolutions and pools share: where their windows lie, and the two ops that take windows apart and together.

Tensors are (batch, channels, *space) here. Along one dimension of size n, padded by (before, after), window o holds the
positions o · stride + k · dilation - before, for k in the kernel.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from paragrad.engine.dtypes import Array
from paragrad.engine.ops.rounding import MOVES, Linear
from paragrad.engine.ops.table import Shape, op

Several: TypeAlias = "int | Sequence[int]"


class Windows(NamedTuple):
    """A tuple entry for each dimension of space; `places` says how many windows lie along it."""

    kernel: Shape
    stride: Shape
    dilation: Shape
    before: Shape
    places: Shape

    def offsets(self) -> Iterator[tuple[Any, Any]]:
        """For each position in the kernel, in order, where the padded input holds it, window by window."""
        for at in product(*map(range, self.kernel)):
            spans = zip(at, self.dilation, self.stride, self.places, strict=True)
            yield at, (Ellipsis, *[slice(k * d, k * d + (n - 1) * s + 1, s) for k, d, s, n in spans])

    def span(self, size: Shape) -> Shape:
        """The size of the padded input: what the windows reach, or what `size` has beyond that."""
        reach = zip(size, self.kernel, self.stride, self.dilation, self.before, self.places, strict=True)
        return tuple([max(n + b, (c - 1) * s + (k - 1) * d + 1) for n, k, s, d, b, c in reach])


def several(name: str, argument: str, value: Several, rank: int, least: int) -> Shape:
    """An int for each dimension of space. Raises RuntimeError for too many or too small ones."""
    found = (value,) if isinstance(value, int) else tuple(value)
    found = found * rank if len(found) == 1 else found
    if len(found) != rank or min(found) < least:
        raise RuntimeError(f"{name}(): {argument} must be one int or {rank}, each at least {least}, not {value!r}")
    return found


def padded(x: Array, windows: Windows, fill: Any) -> Array:
    """`x` with `fill` around it as far as the windows reach."""
    size = x.shape[2:]
    span = windows.span(size)
    if span == size:
        return x
    out = np.full((*x.shape[:2], *span), fill, x.dtype)
    out[inside(windows, size)] = x
    return out


def inside(windows: Windows, size: Shape) -> Any:
    """Where the padded input holds the input itself."""
    return (Ellipsis, *[slice(b, b + n) for b, n in zip(windows.before, size, strict=True)])


def _overlapping(input: Array, size: Shape, windows: Windows) -> float:
    """How many additions at most go into one element."""
    each = zip(windows.kernel, windows.stride, windows.dilation, strict=True)
    return math.prod([math.ceil(k / (s // math.gcd(s, d))) for k, s, d in each]) - 1.0


@op(promote=None, rounding=MOVES, internal=True, input=lambda g, shape, windows: fold(g, shape, windows))
def unfold(input: Array, windows: Windows) -> Array:
    """The windows of `input`, padded with zeros: (batch, channels, *kernel, *places)."""
    x = padded(input, windows, 0)
    steps = x.strides[2:]
    within = [s * d for s, d in zip(steps, windows.dilation, strict=True)]
    between = [s * d for s, d in zip(steps, windows.stride, strict=True)]
    shape = (*x.shape[:2], *windows.kernel, *windows.places)
    return np.ascontiguousarray(np.lib.stride_tricks.as_strided(x, shape, (*x.strides[:2], *within, *between)))


@op(promote=None, rounding=Linear(_overlapping), internal=True, input=lambda g, windows: unfold(g, windows))
def fold(input: Array, size: Shape, windows: Windows) -> Array:
    """Windows added up where they overlap, and what lies in the padding dropped: the transpose of unfold."""
    span = windows.span(size[2:])
    everything: Any = (slice(None),) * (2 * input.ndim)
    # One dimension of space after the other, the last first: for a kernel of 3x3 six additions in place of nine.
    for k in reversed(range(len(span))):
        taken, put = 2 + k, 2 + 2 * k
        shape = input.shape[:taken] + input.shape[taken + 1 : put + 1] + (span[k],) + input.shape[put + 2 :]
        out = np.zeros(shape, input.dtype)
        for at in range(windows.kernel[k]):
            start, step = at * windows.dilation[k], windows.stride[k]
            stop = start + (windows.places[k] - 1) * step + 1
            out[(*everything[:put], slice(start, stop, step))] += input[(*everything[:taken], at)]
        input = out
    return input[inside(windows, size[2:])]
