"""Elements by rank: sorted, the first few, the one in the middle. NaN counts as larger than everything.

Among equals torch leaves open which one topk, the median along a dim and an unstable sort pick: here it is the first.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from paragrad.engine.dtypes import Array, int64
from paragrad.engine.ops import dims as which
from paragrad.engine.ops.indexing import put_along_dim
from paragrad.engine.ops.peaks import split_among_equals
from paragrad.engine.ops.rounding import EXACT, SELECTS
from paragrad.engine.ops.samples import Call, Draw, Output, dimension, reduced, reduction
from paragrad.engine.ops.table import Shape, op


def _order(input: Array, axis: int, descending: bool) -> Array:
    """The stable order along `axis`; descending, equals still stand in the order in which they were."""
    if not descending:
        return np.argsort(input, axis, "stable")
    backwards = np.flip(np.argsort(np.flip(input, axis), axis, "stable"), axis)
    return input.shape[axis] - 1 - backwards


def _sort_sample(draw: Draw) -> Call:
    stable = draw.flag()
    x = draw.tensor() if stable else draw.distinct(draw.tensor().shape)
    args: tuple[Any, ...] = () if draw.flag(0.3) else (dimension(draw, len(x.shape)),)
    if args and draw.flag():
        args = (*args, draw.flag())
    kwargs: dict[str, Any] = {}
    if stable or draw.flag(0.3):  # beside `stable` torch takes nothing by position
        args, kwargs = (), dict(zip(("dim", "descending"), args, strict=False))
    if stable:
        kwargs["stable"] = True
    return Call((x, *args), kwargs, (Output(x.shape, None, x.low, x.high), Output(x.shape, int64)))


def _argsort_sample(draw: Draw) -> Call:
    call = _sort_sample(draw)
    return Call(call.args, call.kwargs, call.outputs[1:])


def _put_back(g: Any, indices: Any, shape: Shape, dim: int) -> Any:
    return put_along_dim(g, indices, shape, dim, True)


@op(promote=None, rounding=SELECTS, sample=_sort_sample, outputs=("values", "indices"), input=_put_back)
def sort(input: Array, dim: int = -1, descending: bool = False, stable: bool = False) -> tuple[Array, Array]:
    """The elements in order along `dim`, and where they stood. Always stable."""
    axis = which.one("sort", dim, input.shape)
    if not input.ndim:
        return input.copy(), np.zeros((), np.int64)
    order = _order(input, axis, descending)
    return np.take_along_axis(input, order, axis), order


@op(promote=None, rounding=EXACT, sample=_argsort_sample)
def argsort(input: Array, dim: int = -1, descending: bool = False, stable: bool = False) -> Array:
    """Where the elements in order along `dim` stood. Always stable."""
    axis = which.one("argsort", dim, input.shape)
    return _order(input, axis, descending) if input.ndim else np.zeros((), np.int64)


def _topk_sample(draw: Draw) -> Call:
    x = draw.distinct(draw.tensor().shape)
    rank = len(x.shape)
    args: tuple[Any, ...] = () if draw.flag(0.4) else (dimension(draw, rank),)
    axis = (args[0] if args else -1) % max(rank, 1)
    k = draw.below(x.shape[axis] + 1) if rank else 1
    if args and draw.flag():
        args = (*args, draw.flag())
    kwargs = {"largest": draw.flag()} if len(args) < 2 and draw.flag(0.4) else {}
    shape = (*x.shape[:axis], k, *x.shape[axis + 1 :]) if rank else ()
    return Call((x, k, *args), kwargs, (Output(shape, None, x.low, x.high), Output(shape, int64)))


@op(promote=None, rounding=SELECTS, sample=_topk_sample, outputs=("values", "indices"), input=_put_back)
def topk(input: Array, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> tuple[Array, Array]:
    """The `k` largest (or smallest) along `dim`, and where they stood; in order even if not asked to be."""
    axis = which.one("topk", dim, input.shape)
    if input.dtype.kind == "b":
        raise RuntimeError("topk(): not for bools: cast to an integer dtype")
    if not 0 <= k <= (input.shape[axis] if input.ndim else 1):
        raise RuntimeError(f"topk(): there are no {k} elements along dim {dim} of a tensor of shape {input.shape}")
    if not input.ndim:
        return input.copy(), np.zeros((), np.int64)
    order = _order(input, axis, largest)[(slice(None),) * axis + (slice(k),)]
    return np.take_along_axis(input, order, axis), order


def _check_ordered(input: Array) -> None:
    if input.dtype.kind == "b":
        raise NotImplementedError("median(): not implemented for bools: cast to an integer dtype")


@op(
    promote=None,
    rounding=SELECTS,
    sample=reduction(dims="none"),
    input=lambda g, input, out: split_among_equals(g, input, out),
)
def median(input: Array) -> Array:
    """The one in the middle of all, the lower one of two; NaN if there is one. The gradient is shared among equals."""
    _check_ordered(input)
    if not input.size:
        return np.asarray(np.nan if input.dtype.kind == "f" else np.iinfo(np.int64).min, input.dtype)
    flat = input.reshape(-1)
    top = np.maximum.reduce(flat)
    return top if top != top else np.partition(flat, (flat.size - 1) // 2)[(flat.size - 1) // 2]


def _median_sample(draw: Draw) -> Call:
    x = draw.distinct(draw.tensor(nonempty=True).shape)
    dim, keepdim = dimension(draw, len(x.shape)), draw.flag(0.4)
    shape = reduced(x.shape, dim, keepdim)
    kwargs = {"keepdim": True} if keepdim else {}
    return Call((x, dim), kwargs, (Output(shape, None, x.low, x.high), Output(shape, int64)))


@op(
    name="median.dim",
    promote=None,
    rounding=SELECTS,
    sample=_median_sample,
    outputs=("values", "indices"),
    input=lambda g, indices, shape, dim, keepdim: put_along_dim(g, indices, shape, dim, keepdim),
)
def median_dim(input: Array, dim: int, keepdim: bool = False) -> tuple[Array, Array]:
    """The one in the middle along `dim`, the lower one of two, and its index; the first NaN if there is one."""
    _check_ordered(input)
    axis = which.one("median", dim, input.shape)
    if not input.ndim:
        return input.copy(), np.zeros((), np.int64)
    size = input.shape[axis]
    if not size and not input.size:
        raise IndexError(f"median(): dim {dim} of an input of shape {input.shape} has no elements")
    place = np.take(np.argsort(input, axis, "stable"), [(size - 1) // 2], axis)
    missing = np.isnan(input)
    if missing.any():
        place = np.where(missing.any(axis, keepdims=True), np.argmax(missing, axis, keepdims=True), place)
    values = np.take_along_axis(input, place, axis)
    return (values, place) if keepdim else (np.squeeze(values, axis), np.squeeze(place, axis))
