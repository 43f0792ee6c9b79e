"""Convolutions: the windows of the input side by side, and one product of matrices."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from paragrad.engine.dtypes import Array
from paragrad.engine.ops import samples
from paragrad.engine.ops.contraction import RANGE, matmul
from paragrad.engine.ops.rounding import Analysed
from paragrad.engine.ops.samples import Call, Draw, Output, Sample
from paragrad.engine.ops.shape import reshape
from paragrad.engine.ops.table import Shape, op
from paragrad.engine.ops.windows import Several, Windows, several, unfold


def _padding(name: str, padding: Several | str, kernel: Shape, stride: Shape, dilation: Shape) -> list[tuple[int, int]]:
    """How much is added before and after. "same" keeps the size and adds what is odd after, as torch does."""
    if padding == "valid":
        return [(0, 0)] * len(kernel)
    if padding == "same":
        if any(s != 1 for s in stride):
            raise RuntimeError(f"{name}(): padding='same' needs stride 1, not {stride}")
        sums = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
        return [(n // 2, n - n // 2) for n in sums]
    if isinstance(padding, str):
        raise RuntimeError(f"{name}(): padding must be 'same', 'valid' or ints, not {padding!r}")
    return [(n, n) for n in several(name, "padding", padding, len(kernel), 0)]


def _windows(
    name: str, size: Shape, kernel: Shape, stride: Several, padding: Several | str, dilation: Several
) -> Windows:
    rank = len(kernel)
    steps = several(name, "stride", stride, rank, 1)
    spread = several(name, "dilation", dilation, rank, 1)
    around = _padding(name, padding, kernel, steps, spread)
    reach = zip(size, kernel, steps, spread, around, strict=True)
    room = [(n + b + a - d * (k - 1) - 1, s) for n, k, s, d, (b, a) in reach]
    if min(kernel) < 1 or min([left for left, _ in room]) < 0:
        raise RuntimeError(
            f"{name}(): a kernel of size {kernel} does not fit an input of size {size} with padding {padding}"
        )
    return Windows(kernel, steps, spread, tuple([b for b, _ in around]), tuple([left // s + 1 for left, s in room]))


def _check(name: str, rank: int, input: Any, weight: Any, bias: Any, groups: int) -> None:
    shapes = f"{name}(): input {input.shape}, weight {weight.shape}, groups={groups}"
    if weight.ndim != rank + 2 or input.ndim not in (rank + 1, rank + 2):
        raise RuntimeError(f"{shapes}: the weight must be {rank + 2}-D, the input {rank + 2}-D, or {rank + 1}-D alone")
    if groups < 1 or weight.shape[0] < 1 or weight.shape[0] % groups:
        raise RuntimeError(f"{shapes}: groups must be positive and divide the {weight.shape[0]} channels of the result")
    channels = input.shape[-rank - 1]
    if channels != weight.shape[1] * groups:
        raise RuntimeError(f"{shapes}: the input has {channels} channels, the weight is for {weight.shape[1] * groups}")
    if len({x.dtype for x in (input, weight, bias) if x is not None}) > 1:
        raise RuntimeError(f"{name}(): input, weight and bias must have one dtype")
    if bias is not None and bias.shape != weight.shape[:1]:
        raise RuntimeError(f"{shapes}: the bias must have shape {weight.shape[:1]}, not {bias.shape}")


def _add_bias_error(u: float, errors: Any, input: Array, bias: Array, terms: int, out: Array) -> Array:
    # The bias may be the first of the terms, as torch has it: then every other one is added to it.
    return errors[0] * (1 + 1 / max(terms, 1)) + errors[1] + u * (np.abs(out) + terms * np.abs(bias))


@op(promote=None, rounding=Analysed(_add_bias_error), internal=True, input=lambda g: g, bias=lambda g: g)
def add_bias(input: Array, bias: Array, terms: int) -> Array:
    """input + bias, where input is a sum of `terms` products: the bias is one term more."""
    return input + bias


def _convolve(
    name: str, rank: int, input: Any, weight: Any, bias: Any, stride: Any, padding: Any, dilation: Any, groups: int
) -> Any:
    _check(name, rank, input, weight, bias, groups)
    batch = input.shape[:1] if input.ndim == rank + 2 else (1,)
    size = input.shape[-rank:]
    windows = _windows(name, size, weight.shape[2:], stride, padding, dilation)
    pieces = unfold(reshape(input, (*batch, *input.shape[-rank - 1 :])), windows)
    channels, terms, places = weight.shape[0], math.prod(weight.shape[1:]), math.prod(windows.places)
    if groups == 1:
        product = matmul(reshape(weight, (channels, terms)), reshape(pieces, (*batch, terms, places)))
    else:
        product = matmul(
            reshape(weight, (groups, channels // groups, terms)), reshape(pieces, (*batch, groups, terms, places))
        )
    if bias is not None:
        product = add_bias(reshape(product, (*batch, channels, places)), reshape(bias, (channels, 1)), terms)
    return reshape(product, (*input.shape[: -rank - 1], channels, *windows.places))


def _sample(rank: int) -> Sample:
    def sample(draw: Draw) -> Call:
        x = draw.tensor(RANGE, rank=(rank + 1, rank + 2), nonempty=True)
        size, channels = x.shape[-rank:], x.shape[-rank - 1]
        groups = draw.pick([n for n in range(1, channels + 1) if channels % n == 0])
        groups = 1 if draw.flag(0.6) else groups
        kernel = tuple([min(n, draw.pick((1, 2, 3, 3))) for n in size])
        kwargs: dict[str, Any] = {"groups": groups} if groups > 1 else {}
        if draw.flag(0.5) and all(n > 2 for n in size):
            kwargs["dilation"] = draw.pick((2, (2, 1)[:rank]))
            kernel = tuple([min(k, 2) for k in kernel])
        form = draw.below(4)
        if form == 0:
            kwargs["padding"] = "valid"
        elif form == 1:
            kwargs["padding"] = "same"
        elif form == 2:
            kwargs["padding"] = draw.pick((1, 2, (1, 0)[:rank], (0, 2)[:rank]))
        if kwargs.get("padding") != "same" and draw.flag(0.4):
            kwargs["stride"] = draw.pick((2, 3, (2, 1)[:rank], (1, 3)[:rank]))
        rows = groups * (draw.below(3) + 1)
        weight = draw.shaped((rows, channels // groups, *kernel), RANGE, x.dtype)
        low, high = samples.total(*samples.product(x.low, x.high, weight.low, weight.high), math.prod(weight.shape[1:]))
        args: tuple[Any, ...] = (x, weight)
        if draw.flag():
            bias = draw.shaped((rows,), RANGE, x.dtype)
            low, high, args = low + bias.low, high + bias.high, (x, weight, bias)
        places = _windows(
            "conv", size, kernel, kwargs.get("stride", 1), kwargs.get("padding", 0), kwargs.get("dilation", 1)
        )
        return Call(args, kwargs, (Output((*x.shape[: -rank - 1], rows, *places.places), None, low, high),))

    return sample


@op(promote=None, sample=_sample(1))
def conv1d(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Several = 1,
    padding: Several | str = 0,
    dilation: Several = 1,
    groups: int = 1,
) -> Array:
    """Each window of `input` times `weight`: (batch, in, n) and (out, in / groups, kernel) give (batch, out, m)."""
    return _convolve("conv1d", 1, input, weight, bias, stride, padding, dilation, groups)


@op(promote=None, sample=_sample(2))
def conv2d(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Several = 1,
    padding: Several | str = 0,
    dilation: Several = 1,
    groups: int = 1,
) -> Array:
    """Each window of `input` times `weight`: (batch, in, h, w) and (out, in / groups, kh, kw) give (batch, out, ...).

    `weight` is not reversed: this is the correlation that torch calls convolution. `input` may lack the batch.
    """
    return _convolve("conv2d", 2, input, weight, bias, stride, padding, dilation, groups)
