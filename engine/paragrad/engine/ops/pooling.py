"""Pools: the largest element, or the mean, of each window of an image."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from paragrad.engine.dtypes import Array
from paragrad.engine.ops.gathering import gather
from paragrad.engine.ops.rounding import EXACT, Linear
from paragrad.engine.ops.samples import Call, Draw, Output, Sample
from paragrad.engine.ops.shape import reshape
from paragrad.engine.ops.table import Shape, op
from paragrad.engine.ops.windows import Several, Windows, inside, padded, several


def _windows(
    name: str,
    shape: Shape,
    kernel_size: Several,
    stride: Several | None,
    padding: Several,
    dilation: Several,
    ceil: bool,
) -> Windows:
    """The windows of an image (batch, channels, h, w), or one without a batch. Raises RuntimeError as torch does."""
    if len(shape) not in (3, 4) or 0 in shape[-3:]:
        raise RuntimeError(f"{name}(): the input must be 4-D, or 3-D without a batch, and not empty, not {shape}")
    kernel = several(name, "kernel_size", kernel_size, 2, 1)
    steps = kernel if stride is None or stride in ((), []) else several(name, "stride", stride, 2, 1)
    before = several(name, "padding", padding, 2, 0)
    spread = several(name, "dilation", dilation, 2, 1)
    if any(b > ((k - 1) * d + 1) // 2 for k, d, b in zip(kernel, spread, before, strict=True)):
        raise RuntimeError(f"{name}(): padding {before} is more than half of the kernel's size {kernel}")
    count = []
    for n, k, s, d, b in zip(shape[-2:], kernel, steps, spread, before, strict=True):
        room = n + 2 * b - d * (k - 1) - 1
        windows = -(-room // s) + 1 if ceil else room // s + 1
        # A window may hang over, but must begin inside the input or the padding before it.
        count.append(windows - 1 if ceil and (windows - 1) * s >= n + b else windows)
    if min(count) < 1:
        raise RuntimeError(f"{name}(): a kernel of size {kernel} is too large for an input of shape {shape}")
    return Windows(kernel, steps, spread, before, tuple(count))


def _images(x: Any) -> Any:
    return x if x.ndim == 4 else reshape(x, (1, *x.shape))


def _sample(name: str, mean: bool) -> Sample:
    def sample(draw: Draw) -> Call:
        x = draw.tensor(rank=(3, 4), nonempty=True)
        kwargs: dict[str, Any] = {}
        spread = draw.pick((1, 1, (1, 2), 2)) if not mean and min(x.shape[-2:]) > 2 else 1
        kernel = tuple([min(n, draw.pick((1, 2, 2, 3)) if spread == 1 else 2) for n in x.shape[-2:]])
        if spread != 1:
            kwargs["dilation"] = spread
        if draw.flag():
            kwargs["stride"] = draw.pick((1, 2, 3, (2, 1)))
        if draw.flag(0.4):
            kwargs["padding"] = tuple([k // 2 for k in kernel])
        if draw.flag(0.4):
            kwargs["ceil_mode"] = True
        windows = _windows(
            name,
            x.shape,
            kernel,
            kwargs.get("stride"),
            kwargs.get("padding", 0),
            spread,
            "ceil_mode" in kwargs,
        )
        if mean and draw.flag(0.4):
            kwargs["count_include_pad"] = draw.flag(0.2)
        if mean and draw.flag(0.2):
            kwargs["divisor_override"] = draw.pick((1, 2, 3, -2))
        size = kernel[0] if kernel[0] == kernel[1] and draw.flag() else kernel
        low, high = min(x.low, -abs(x.high) * 9), max(x.high, abs(x.low) * 9)
        return Call((x, size), kwargs, (Output((*x.shape[:-2], *windows.places), None, low, high),))

    return sample


@op(promote=None, rounding=EXACT, internal=True)
def window_argmax(input: Array, windows: Windows) -> Array:
    """Where the largest element of each window is, among the elements of its image in a row.

    As torch's scan finds it: the first of equals, but the last NaN; the first that is no padding where all are -inf.
    """
    lowest = -np.inf if input.dtype.kind == "f" else np.iinfo(input.dtype).min
    x = padded(input, windows, lowest)
    scan = [np.ascontiguousarray(x[place]) for _, place in windows.offsets()]
    best = functools.reduce(np.maximum, scan)
    # How many come before the first that is equal to the largest, counted without a branch an element.
    before = np.ones(best.shape, np.bool_)
    found = np.zeros(best.shape, np.int16)
    for value in scan[:-1]:
        before &= value != best
        found += before
    width = input.shape[-1]
    steps = np.array([i * windows.dilation[0] * width + j * windows.dilation[1] for (i, j), _ in windows.offsets()])
    if (missing := best != best).any():
        for k, value in enumerate(scan):
            np.copyto(found, k, where=missing & (value != value))
    rows, columns = [
        np.arange(n) * s - b for n, s, b in zip(windows.places, windows.stride, windows.before, strict=True)
    ]
    indices = np.take(steps, found) + (rows[:, None] * width + columns)
    if any(windows.before) and (bottom := best == lowest).any():
        rows, columns = [
            np.where(r < 0, -(r // d) * d + r, r) for r, d in zip((rows, columns), windows.dilation, strict=True)
        ]
        np.copyto(indices, rows[:, None] * width + columns, where=bottom)
    return indices


@op(promote=None, sample=_sample("max_pool2d", False))
def max_pool2d(
    input: Array,
    kernel_size: Several,
    stride: Several | None = None,
    padding: Several = 0,
    dilation: Several = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Array | tuple[Array, Array]:
    """The largest element of each window of (batch, channels, h, w), or of (channels, h, w).

    The gradient goes to the first of equal elements. `stride` is the kernel's size unless it is given; with `ceil_mode`
    windows may hang over the end. `return_indices` adds where in its image each element was.
    """
    if input.dtype.kind == "b":
        raise NotImplementedError("max_pool2d(): a tensor of dtype bool can't be pooled")
    windows = _windows("max_pool2d", input.shape, kernel_size, stride, padding, dilation, ceil_mode)
    images = _images(input)
    batch, size = images.shape[:2], math.prod(images.shape[2:])
    indices = reshape(window_argmax(images, windows), (*batch, math.prod(windows.places)))
    shape = (*input.shape[:-2], *windows.places)
    values = reshape(gather(reshape(images, (*batch, size)), -1, indices), shape)
    return (values, reshape(indices, shape)) if return_indices else values


def _divided(x: Array, divisor: Any) -> Array:
    if x.dtype.kind == "f":
        return x / (divisor if isinstance(divisor, int) else divisor.astype(x.dtype))
    return np.abs(x) // divisor * np.sign(x)


def _mean_terms(input: Array, *args: Any) -> float:
    windows = next(a for a in args if isinstance(a, Windows))
    return float(math.prod(windows.kernel))


@op(
    promote=None,
    rounding=Linear(_mean_terms),
    internal=True,
    input=lambda g, windows, divisor, shape: spread_means(g, shape, windows, divisor),
)
def window_means(input: Array, windows: Windows, divisor: Any) -> Array:
    """The sum of each window over `divisor`, a number or an array of one for each window."""
    x = padded(input, windows, 0)
    out = np.zeros((*x.shape[:2], *windows.places), x.dtype)
    for _, place in windows.offsets():
        out += x[place]
    return _divided(out, divisor)


@op(
    promote=None,
    rounding=Linear(_mean_terms),
    internal=True,
    input=lambda g, windows, divisor: window_means(g, windows, divisor),
)
def spread_means(input: Array, size: Shape, windows: Windows, divisor: Any) -> Array:
    """Each element over its divisor, added to all of its window: the transpose of window_means."""
    share = _divided(input, divisor)
    out = np.zeros((*size[:2], *windows.span(size[2:])), input.dtype)
    for _, place in windows.offsets():
        out[place] += share
    return out[inside(windows, size[2:])]


def _counts(windows: Windows, size: Shape, count_include_pad: bool) -> Any:
    """How many elements each window has: those that hang over the padding never count, those in it if asked for."""
    each: list[Any] = []
    for n, k, s, b, c in zip(size, windows.kernel, windows.stride, windows.before, windows.places, strict=True):
        start = np.arange(c) * s - b
        end = np.minimum(start + k, n + b)
        each.append(end - start if count_include_pad else np.minimum(end, n) - np.maximum(start, 0))
    return each[0][:, None] * each[1]


@op(promote=None, sample=_sample("avg_pool2d", True))
def avg_pool2d(
    input: Array,
    kernel_size: Several,
    stride: Several | None = None,
    padding: Several = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Array:
    """The mean of each window of (batch, channels, h, w), or of (channels, h, w).

    `divisor_override` takes the place of the number of elements, among which `count_include_pad` counts the padding.
    """
    windows = _windows("avg_pool2d", input.shape, kernel_size, stride, padding, 1, ceil_mode)
    if divisor_override == 0:
        raise RuntimeError("avg_pool2d(): divisor_override must not be zero")
    images = _images(input)
    divisor = _counts(windows, images.shape[2:], count_include_pad) if divisor_override is None else divisor_override
    means = window_means(images, windows, abs(divisor))
    shape = (*input.shape[:-2], *windows.places)
    return reshape(-means if divisor_override is not None and divisor_override < 0 else means, shape)
