"""More elements around those that are there: constants, or what `mode` takes from inside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from paragrad.engine.dtypes import Array
from paragrad.engine.ops.indexing import getitem
from paragrad.engine.ops.rounding import Analysed
from paragrad.engine.ops.samples import Call, Draw, Output
from paragrad.engine.ops.table import Shape, op


def around(dim: int, rank: int, before: int, after: int) -> tuple[int, ...]:
    """The argument `pad` for a padding of one dimension: pairs from the last dimension on."""
    return (0, 0) * (rank - 1 - dim) + (before, after)


def _padded(op: str, shape: Shape, pad: Sequence[int]) -> Shape:
    """The shape after padding. Raises RuntimeError, as torch does, where `pad` doesn't fit."""
    if len(pad) % 2:
        raise RuntimeError(f"{op}(): pad must hold pairs (before, after), got {tuple(pad)}")
    if len(pad) > 2 * len(shape):
        raise RuntimeError(f"{op}(): pad {tuple(pad)} is for more dimensions than an input of shape {shape} has")
    sizes = list(shape)
    for k in range(len(pad) // 2):
        before, after = pad[2 * k], pad[2 * k + 1]
        sizes[-1 - k] += before + after
        if sizes[-1 - k] < 0 or shape[-1 - k] + min(before, 0) + min(after, 0) < 0:
            raise RuntimeError(f"{op}(): pad {tuple(pad)} takes away more than an input of shape {shape} has")
    return tuple(sizes)


def _constant_sample(draw: Draw) -> Call:
    x = draw.tensor()
    pad: list[int] = []
    sizes = list(x.shape)
    for k in range(draw.below(len(x.shape) + 1)):
        before = draw.pick((0, 1, 2, -1)) if sizes[-1 - k] else draw.below(2)
        left = sizes[-1 - k] + min(before, 0)
        after = draw.pick((0, 1, 2, -1)) if left else draw.below(2)
        pad += [before, after]
        sizes[-1 - k] += before + after
    args = (x, tuple(pad)) if draw.flag() else (x, tuple(pad), draw.number((-10, 10)))
    value = float(args[2]) if len(args) > 2 else 0.0
    return Call(args, {}, (Output(tuple(sizes), None, min(x.low, value), max(x.high, value)),))


def _constant_error(u: float, errors: Any, input: Array, pad: Sequence[int], value: float, out: Array) -> Array:
    if not np.any(errors[0]):
        return np.zeros(out.shape)
    return constant_pad_nd.compute(np.broadcast_to(errors[0], input.shape), pad, 0.0)


@op(
    promote=None,
    rounding=Analysed(_constant_error),
    sample=_constant_sample,
    input=lambda g, pad: constant_pad_nd(g, tuple([-n for n in pad])),
)
def constant_pad_nd(input: Array, pad: Sequence[int], value: float = 0.0) -> Array:
    """`input` with `value` around it: `pad` holds (before, after) from the last dimension on; less than 0 cuts off."""
    shape = _padded("constant_pad_nd", input.shape, pad)
    if input.dtype.kind == "i":
        value = int(value)
    out = np.full(shape, value, input.dtype)
    inner, source = [slice(None)] * input.ndim, [slice(None)] * input.ndim
    for k in range(len(pad) // 2):
        before, after, size = pad[2 * k], pad[2 * k + 1], input.shape[-1 - k]
        inner[-1 - k] = slice(max(before, 0), shape[-1 - k] - max(after, 0))
        source[-1 - k] = slice(max(-before, 0), size - max(-after, 0))
    out[tuple(inner)] = input[tuple(source)]
    return out


def _mode_sample(draw: Draw) -> Call:
    mode = draw.pick(("constant", "reflect", "replicate", "circular"))
    x = draw.tensor(rank=(2, 4), nonempty=True)
    rank = len(x.shape)
    if mode == "constant":
        call = _constant_sample(draw)
        if draw.flag():
            return Call(call.args[:2], {} if len(call.args) < 3 else {"value": call.args[2]}, call.outputs)
        return Call((*call.args[:2], mode, *call.args[2:]), {}, call.outputs)
    count = draw.pick((rank - 2, rank - 1)) or 1
    most = {"reflect": -1, "replicate": 3, "circular": 0}[mode]
    pad = tuple([draw.below(min(2, x.shape[-1 - k // 2] + most) + 1) for k in range(2 * count)])
    shape = (*x.shape[:-count], *[x.shape[k - count] + pad[-2 - 2 * k] + pad[-1 - 2 * k] for k in range(count)])
    return Call((x, pad), {"mode": mode}, (Output(shape, None, x.low, x.high),))


def _positions(mode: str, size: int, before: int, after: int, shape: Shape) -> Array:
    """Where the elements of a padded dimension come from. Raises RuntimeError where there are too few."""
    where = np.arange(-before, size + after)
    if mode == "replicate":
        if not size:
            raise RuntimeError(f"pad(): nothing to replicate in an input of shape {shape}")
        return np.clip(where, 0, size - 1)
    if max(before, after) > (size - 1 if mode == "reflect" else size):
        raise RuntimeError(f"pad(): mode {mode!r} can't pad {size} elements by ({before}, {after}), in shape {shape}")
    if mode == "reflect":
        return np.abs(size - 1 - np.abs(size - 1 - where))
    inside = where[(where >= 0) & (where < size)]  # what a negative padding cuts off doesn't come round again
    return np.take(inside, np.arange(-max(before, 0), inside.size + max(after, 0)), mode="wrap")


@op(promote=None, sample=_mode_sample)
def pad(input: Array, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Array:
    """`input` with more elements around it: `pad` holds (before, after) from the last dimension on.

    Modes "reflect", "replicate" and "circular" take, as torch's do, one to three dimensions beside one or two others.
    """
    if mode == "constant":
        return constant_pad_nd(input, pad, 0.0 if value is None else value)
    if mode not in ("reflect", "replicate", "circular"):
        raise NotImplementedError(f"pad(): there is no mode {mode!r}: constant, reflect, replicate, circular")
    if value is not None:
        raise RuntimeError(f"pad(): mode {mode!r} takes no value")
    _padded("pad", input.shape, pad)
    count = len(pad) // 2
    if not 1 <= count <= 3 or input.ndim - count not in (1, 2):
        raise NotImplementedError(f"pad(): mode {mode!r} doesn't pad {count} dimensions of shape {input.shape}")
    for k in range(count):
        dim = input.ndim - 1 - k
        where = _positions(mode, input.shape[dim], pad[2 * k], pad[2 * k + 1], input.shape)
        input = getitem(input, (slice(None),) * dim + (where,))
    return input
