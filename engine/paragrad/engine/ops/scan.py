"""Running sums and products, and the product of all, whose rule needs the running one."""

from __future__ import annotations

from typing import Any

import numpy as np

from paragrad.engine.dtypes import Array, DType, float32, int64
from paragrad.engine.ops import dims as which
from paragrad.engine.ops.arithmetic import abs, no_change
from paragrad.engine.ops.arranging import flip
from paragrad.engine.ops.comparison import isfinite, logical_and
from paragrad.engine.ops.extremum import maximum, where
from paragrad.engine.ops.joining import cat
from paragrad.engine.ops.padding import around, constant_pad_nd
from paragrad.engine.ops.reduction import all, any, keep, sum
from paragrad.engine.ops.rounding import Analysed, Linear, largest, smallest
from paragrad.engine.ops.samples import Call, Draw, Output, dimension, reduction, whole_numbers
from paragrad.engine.ops.shape import reshape
from paragrad.engine.ops.slicing import narrow
from paragrad.engine.ops.table import Shape, op


def _scan_sample(draw: Draw) -> Call:
    plain = draw.flag(0.08)
    x = whole_numbers(draw) if plain else draw.tensor()
    kwargs = {"dtype": float32} if draw.flag(0.06) else {}
    dtype = kwargs.get("dtype", int64 if plain else None)
    return Call((x, dimension(draw, len(x.shape))), kwargs, (Output(x.shape, dtype),))


def _accumulate(op: str, ufunc: Any, input: Array, dim: int, dtype: DType | None) -> Array:
    """`ufunc` run along `dim`. As torch does on a CPU, float32 is accumulated in float64 and each result rounded."""
    axis = which.one(op, dim, input.shape)
    kind = input.dtype if dtype is None else dtype
    kind = int64 if dtype is None and kind.kind == "b" else kind
    if not input.ndim:
        return input.astype(kind)
    found = ufunc.accumulate(input, axis, np.float64 if kind is float32 else kind)
    return np.asarray(found.astype(kind, copy=False))


def _from_the_end(g: Any, dim: int) -> Any:
    """The running sum from the end."""
    return flip(cumsum(flip(g, (dim,)), dim), (dim,)) if g.ndim else g


@op(
    rounding=Linear(lambda input, dim, dtype: max(input.shape[dim], 1) if input.ndim else 0),
    sample=_scan_sample,
    input=lambda g, dim: _from_the_end(g, dim),
)
def cumsum(input: Array, dim: int, dtype: DType | None = None) -> Array:
    """Σ of the elements up to and with each, along `dim`. Of bools and ints in int64."""
    return _accumulate("cumsum", np.add, input, dim, dtype)


def _without_each(input: Any, dim: int) -> Any:
    """The product of all others along `dim`, for each element: of those before it and of those after it."""
    size, front = input.shape[dim], around(dim % input.ndim, input.ndim, 1, 0)
    before = cumprod(constant_pad_nd(narrow(input, dim, 0, size - 1), front, 1.0), dim)
    after = cumprod(constant_pad_nd(flip(narrow(input, dim, 1, size - 1), (dim,)), front, 1.0), dim)
    return before * flip(after, (dim,))


def _overflows(input: Any, dim: int | None) -> Any:
    """Whether a product of some of the elements may not be finite."""
    sizes = maximum(abs(input), 1.0)
    return not all(isfinite(prod(sizes) if dim is None else prod(sizes, dim)))


def _prod_input(g: Any, input: Any, out: Any, shape: Shape, dim: int | None, keepdim: bool) -> Any:
    """torch's prod_backward: out / input, or, if there is a zero anywhere, the products of all others."""
    if not shape:
        return g
    g = keep(g, shape, dim, keepdim)
    if not any(input == 0):
        return g * (keep(out, shape, dim, keepdim) / input)
    if dim is not None:
        return g if shape[dim] == 1 else g * _without_each(input, dim)
    if shape == (1,) * len(shape):
        return reshape(g, shape)
    if sum(input == 0) > 1 and _overflows(input, None):
        return no_change(input)
    return g * reshape(_without_each(reshape(input, (-1,)), 0), shape)


def _prod_error(
    u: float, errors: Any, input: Array, dim: int | None, keepdim: bool, dtype: DType | None, out: Array
) -> Array:
    """One rounding a multiplication, in any order: what under- or overflows on the way may grow or shrink again."""
    axis = which.axes("prod", dim, input.shape)
    count = which.count(dim, input.shape)
    sizes = np.abs(input) + errors[0]
    most = np.prod(np.maximum(sizes, 1), axis, keepdims=keepdim)
    error = max(count - 1, 0) * u * np.abs(out) + count * smallest(u) * most
    error = error + np.where(most > largest(u), u * most, 0.0)
    if np.any(errors[0]):
        rows, brought = (x.reshape(-1) if axis is None else np.moveaxis(x, axis, -1) for x in (sizes, errors[0]))
        moved = [np.prod(np.delete(rows, k, -1), -1) * brought[..., k] for k in range(rows.shape[-1])]
        error = error + np.asarray(np.sum(moved, 0)).reshape(error.shape)
    return np.asarray(error)


@op(
    rounding=Analysed(_prod_error),
    sample=lambda draw: (_product if draw.flag(0.6) else _products)(draw),
    input=_prod_input,
)
def prod(input: Array, dim: int | None = None, keepdim: bool = False, dtype: DType | None = None) -> Array:
    """Π input over `dim` (None: all). Products of bools and ints are int64."""
    if dtype is None and input.dtype.kind == "b":
        dtype = int64
    return np.multiply.reduce(input, which.axes("prod", dim, input.shape), dtype, None, keepdim)


_product = reduction((-10, 10), "one", whole="int64", given=True)
_products = reduction((-10, 10), "none", whole="int64", given=True)


def _cumprod_input(g: Any, input: Any, out: Any, dim: int) -> Any:
    """torch's cumprod_backward: Σ g·out from the end, over input; with a zero anywhere by products of the others."""
    if not input.ndim or input.shape[dim] == 1:
        return g
    if not any(input == 0):
        return _from_the_end(out * g, dim) / input
    return _cumprod_beside_zeros(g, input, out, dim) if _overflows(input, dim) else _cumprod_at_zeros(g, input, dim)


def _cumprod_beside_zeros(g: Any, input: Any, out: Any, dim: int) -> Any:
    """torch's way where no second derivative is asked for, which tells what becomes of inf and NaN: before the first
    zero as if there were none, at the first zero by products that leave it out, and 0 from there on."""
    passed, front = cumsum(input == 0, dim), around(dim % input.ndim, input.ndim, 1, 0)
    head = _from_the_end(where(passed == 0, out * g, 0.0), dim) / input
    later = cumprod(where(logical_and(passed == 1, input != 0), input, 1.0), dim) * where(passed == 1, g, 0.0)
    ahead = constant_pad_nd(narrow(out, dim, 0, input.shape[dim] - 1), front, 1.0)
    first = logical_and(passed == 1, input == 0)
    return where(passed == 0, head, where(first, sum(later, dim, True) * ahead, 0.0))


def _cumprod_at_zeros(g: Any, input: Any, dim: int) -> Any:
    """d out_j / d input_k is the product of all up to j but the k-th: written out, for it can be differentiated."""
    size, front = input.shape[dim], around(dim % input.ndim, input.ndim, 1, 0)

    def part(k: int) -> Any:
        omitted = constant_pad_nd(cumprod(narrow(input, dim, k + 1, size - k - 1), dim), front, 1.0)
        if k:
            omitted = prod(narrow(input, dim, 0, k), dim, True) * omitted
        return sum(narrow(g, dim, k, size - k) * omitted, dim, True)

    return cat([part(k) for k in range(size)], dim)


def _cumprod_error(u: float, errors: Any, input: Array, dim: int, dtype: DType | None, out: Array) -> Array:
    if not input.ndim:
        return np.broadcast_to(errors[0], out.shape)
    size = np.moveaxis(np.abs(input), dim, 0)
    brought = np.moveaxis(np.broadcast_to(errors[0], input.shape), dim, 0)
    product = np.moveaxis(np.abs(out), dim, 0)
    error, rows = np.zeros(size.shape[1:]), []
    for k in range(size.shape[0]):
        before = product[k - 1] if k else 1.0
        error = error * size[k] + before * brought[k] + u * product[k] + smallest(u)
        rows.append(error)
    return np.moveaxis(np.stack(rows), 0, dim) if rows else np.zeros(out.shape)


def _cumprod_sample(draw: Draw) -> Call:
    plain = draw.flag(0.08)
    x = whole_numbers(draw) if plain else draw.tensor((-10, 10))
    return Call((x, dimension(draw, len(x.shape))), {}, (Output(x.shape, int64 if plain else None),))


@op(rounding=Analysed(_cumprod_error), sample=_cumprod_sample, input=_cumprod_input)
def cumprod(input: Array, dim: int, dtype: DType | None = None) -> Array:
    """Π of the elements up to and with each, along `dim`. Of bools and ints in int64."""
    return _accumulate("cumprod", np.multiply, input, dim, dtype)
