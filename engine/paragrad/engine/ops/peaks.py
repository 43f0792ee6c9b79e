"""The largest and the smallest of many elements, and where they stand. A NaN is both: it comes before everything."""

from __future__ import annotations

from typing import Any

import numpy as np

from paragrad.engine.dtypes import Array, int64
from paragrad.engine.ops import dims as which
from paragrad.engine.ops import samples
from paragrad.engine.ops.comparison import isnan
from paragrad.engine.ops.extremum import where
from paragrad.engine.ops.indexing import put_along_dim
from paragrad.engine.ops.reduction import keep, sum
from paragrad.engine.ops.rounding import EXACT, SELECTS
from paragrad.engine.ops.shape import cast
from paragrad.engine.ops.table import Dims, Shape, op

_all = samples.reduction(dims="none", nonempty=True, whole="same")
_some = samples.reduction(nonempty=True, whole="same")
_one = samples.reduction(dims="one", nonempty=True, outputs=(None, int64), whole="same")


def _check_filled(op: str, dim: Dims, shape: Shape, error: type[Exception] = RuntimeError) -> None:
    """Nothing is the largest of no elements: torch raises `error` where all are meant, IndexError for one dim."""
    if dim is None or dim == ():
        if 0 in shape:
            raise error(
                f"{op}(): an input of shape {shape} has no elements: only a reduction over some dims is possible"
            )
    elif any(shape[k] == 0 for k in which.gone(dim, shape)):
        raise IndexError(f"{op}(): the dims {dim} of an input of shape {shape} have no elements")


def _shared(g: Any, input: Any, out: Any, shape: Shape, dim: Dims, keepdim: bool) -> Any:
    """The gradient of amax and amin: equal parts for all that equal the result. Nothing equals a NaN."""
    g, out = keep(g, shape, dim, keepdim), keep(out, shape, dim, keepdim)
    equal = cast(input == out, g.dtype)
    return g * equal / sum(equal, dim, True)


@op(promote=None, rounding=SELECTS, sample=_some, input=_shared)
def amax(input: Array, dim: Dims = (), keepdim: bool = False) -> Array:
    """The largest over `dim` (none: all). The gradient is shared among equals."""
    axis = which.axes("amax", dim, input.shape)
    if not input.size:
        _check_filled("amax", dim, input.shape)
    return np.maximum.reduce(input, axis, None, None, keepdim)


@op(promote=None, rounding=SELECTS, sample=_some, input=_shared)
def amin(input: Array, dim: Dims = (), keepdim: bool = False) -> Array:
    """The smallest over `dim` (none: all). The gradient is shared among equals."""
    axis = which.axes("amin", dim, input.shape)
    if not input.size:
        _check_filled("amin", dim, input.shape)
    return np.minimum.reduce(input, axis, None, None, keepdim)


def split_among_equals(g: Any, input: Any, out: Any) -> Any:
    """The gradient of max, min and median: equal parts for all that equal the result, NaNs among themselves."""
    chosen = isnan(input) if isnan(out) else input == out
    return where(chosen, g / cast(sum(chosen), g.dtype), 0.0)


@op(promote=None, rounding=SELECTS, sample=_all, input=split_among_equals)
def max(input: Array) -> Array:
    """The largest of all elements. The gradient is shared among equals."""
    _check_filled("max", None, input.shape)
    return np.maximum.reduce(input, None)


@op(promote=None, rounding=SELECTS, sample=_all, input=split_among_equals)
def min(input: Array) -> Array:
    """The smallest of all elements. The gradient is shared among equals."""
    _check_filled("min", None, input.shape)
    return np.minimum.reduce(input, None)


def _place(argument: Any, op: str, input: Array, dim: int, keepdim: bool) -> Array:
    """`argument` (np.argmax or np.argmin) along `dim`; a 0-d tensor's only element is at 0."""
    axis = which.one(op, dim, input.shape)
    if not input.size:
        _check_filled(op, dim, input.shape)
    return np.asarray(argument(input, axis, keepdims=keepdim)) if input.ndim else np.zeros((), np.int64)


@op(
    name="max.dim",
    promote=None,
    rounding=SELECTS,
    sample=_one,
    outputs=("values", "indices"),
    input=lambda g, indices, shape, dim, keepdim: put_along_dim(g, indices, shape, dim, keepdim),
)
def max_dim(input: Array, dim: int, keepdim: bool = False) -> tuple[Array, Array]:
    """The largest element along `dim` and its index: the first of equals, a NaN before all."""
    indices = _place(np.argmax, "max", input, dim, keepdim)
    return np.maximum.reduce(input, dim, None, None, keepdim), indices


@op(
    name="min.dim",
    promote=None,
    rounding=SELECTS,
    sample=_one,
    outputs=("values", "indices"),
    input=lambda g, indices, shape, dim, keepdim: put_along_dim(g, indices, shape, dim, keepdim),
)
def min_dim(input: Array, dim: int, keepdim: bool = False) -> tuple[Array, Array]:
    """The smallest element along `dim` and its index: the first of equals, a NaN before all."""
    indices = _place(np.argmin, "min", input, dim, keepdim)
    return np.minimum.reduce(input, dim, None, None, keepdim), indices


_index = samples.reduction(dims="none", nonempty=True, outputs=(int64,))
_indices = samples.reduction(dims="one", nonempty=True, outputs=(int64,))


def _argument_sample(draw: samples.Draw) -> samples.Call:
    return (_index if draw.flag(0.3) else _indices)(draw)


def _argument(argument: Any, op: str, input: Array, dim: int | None, keepdim: bool) -> Array:
    if input.dtype.kind == "b":
        raise RuntimeError(f"{op}(): bools have no {op}: cast to an integer dtype")
    if dim is not None:
        return _place(argument, op, input, dim, keepdim)
    _check_filled(op, None, input.shape, IndexError)
    return np.asarray(argument(input, None, keepdims=keepdim))


@op(promote=None, rounding=EXACT, sample=_argument_sample)
def argmax(input: Array, dim: int | None = None, keepdim: bool = False) -> Array:
    """The index of the largest along `dim`, of all elements in row-major order if None; the first of equals."""
    return _argument(np.argmax, "argmax", input, dim, keepdim)


@op(promote=None, rounding=EXACT, sample=_argument_sample)
def argmin(input: Array, dim: int | None = None, keepdim: bool = False) -> Array:
    """The index of the smallest along `dim`, of all elements in row-major order if None; the first of equals."""
    return _argument(np.argmin, "argmin", input, dim, keepdim)
