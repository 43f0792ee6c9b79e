"""Sums, means, products, extremes, norms and statistics, from torch's documentation."""

from __future__ import annotations

from typing import Any

import numpy as np
from mpmath import mp

from paragrad.fuzz.judge.third.registry import (
    Dims,
    axes,
    axis,
    count,
    counted,
    define,
    each,
    mean,
    quotient,
    total,
)
from paragrad.fuzz.program import Array


@define("sum")
def sum_(input: Array, dim: Dims, keepdim: bool, dtype: Any) -> Array:
    """Σ input."""
    return total(input, axes(dim, input.ndim), keepdim)


@define("mean")
def mean_(input: Array, dim: Dims, keepdim: bool, dtype: Any) -> Array:
    """Σ input / n."""
    return mean(input, axes(dim, input.ndim), keepdim)


def _several(input: Array, dim: Dims) -> tuple[int, ...]:
    """Reductions of truth take an empty tuple of dimensions to mean none."""
    return () if dim == () else axes(dim, input.ndim)


@define("any")
def any_(input: Array, dim: Dims, keepdim: bool) -> Array:
    """One at least is not 0."""
    return np.asarray(np.any(np.asarray(input != 0, np.bool_), axis=_several(input, dim), keepdims=keepdim))


@define("all")
def all_(input: Array, dim: Dims, keepdim: bool) -> Array:
    """None is 0."""
    return np.asarray(np.all(np.asarray(input != 0, np.bool_), axis=_several(input, dim), keepdims=keepdim))


@define("prod")
def prod(input: Array, dim: int | None, keepdim: bool, dtype: Any) -> Array:
    """Π input."""
    input = counted(input)
    return np.asarray(np.prod(input, axis=axes(dim, input.ndim), keepdims=keepdim), input.dtype)


def _running(input: Array, dim: int, step: Any) -> Array:
    found = counted(input).copy()
    if not found.ndim:
        return found
    rows = np.moveaxis(found, dim, 0)
    for k in range(1, len(rows)):
        rows[k] = step(rows[k - 1], rows[k])
    return found


@define("cumsum")
def cumsum(input: Array, dim: int, dtype: Any) -> Array:
    """The sum of what comes before, and the element itself."""
    return _running(input, dim, np.add)


@define("cumprod")
def cumprod(input: Array, dim: int, dtype: Any) -> Array:
    """The product of what comes before, and the element itself."""
    return _running(input, dim, np.multiply)


def _deviations(input: Array, dims: tuple[int, ...]) -> Array:
    return np.asarray(input - mean(input, dims, True), object)


@define("var")
def var(input: Array, dim: Dims, unbiased: bool | None, keepdim: bool, correction: Any) -> Array:
    """Σ (input - mean)² / max(0, n - correction); Bessel's correction is 1."""
    if correction is None:
        correction = 0 if unbiased is False else 1
    dims = axes(dim, input.ndim)
    deviations = _deviations(input, dims)
    return quotient(total(deviations * deviations, dims, keepdim), max(count(input.shape, dims) - correction, 0))


@define("std")
def std(input: Array, dim: Dims, unbiased: bool | None, keepdim: bool, correction: Any) -> Array:
    """The root of the variance."""
    return each(mp.sqrt, var(input, dim, unbiased, keepdim, correction))


@define("norm")
def norm(input: Array, p: Any, dim: Dims, keepdim: bool, dtype: Any) -> Array:
    """(Σ |input|^p)^(1/p), and its limits for 0 and ±inf."""
    p = 2 if p in (None, "fro") else p
    dims = axes(dim, input.ndim)
    size = np.asarray(np.abs(input), object)
    if p == 0:
        return total(each(lambda x: mp.mpf(1 if x != 0 else 0), size), dims, keepdim)
    if mp.isinf(p):
        if not size.size:
            return total(size, dims, keepdim)
        return np.asarray((np.max if p > 0 else np.min)(size, axis=dims, keepdims=keepdim), object)
    powers = each(lambda x: mp.power(x, p), size)
    return each(lambda x: mp.power(x, mp.mpf(1) / p), total(powers, dims, keepdim))


@define("layer_norm")
def layer_norm(input: Array, normalized_shape: tuple[int, ...], weight: Any, bias: Any, eps: Any) -> Array:
    """(input - mean) / √(biased variance + eps) · weight + bias over the last dimensions."""
    dims = tuple(range(input.ndim - len(normalized_shape), input.ndim))
    deviations = _deviations(input, dims)
    deviation = each(mp.sqrt, mean(deviations * deviations, dims, True) + eps)
    found = quotient(deviations, deviation)
    if weight is not None:
        found = found * weight
    return np.asarray(found if bias is None else found + bias, object)


def _extreme(input: Array, dims: tuple[int, ...], keepdim: bool, largest: bool) -> Array:
    return np.asarray((np.max if largest else np.min)(input, axis=dims, keepdims=keepdim), input.dtype)


@define("amax")
def amax(input: Array, dim: Dims, keepdim: bool) -> Array:
    """The largest."""
    return _extreme(input, axes(dim, input.ndim), keepdim, True)


@define("amin")
def amin(input: Array, dim: Dims, keepdim: bool) -> Array:
    """The smallest."""
    return _extreme(input, axes(dim, input.ndim), keepdim, False)


@define("max")
def max_(input: Array) -> Array:
    """The largest of all."""
    return amax(input, None, False)


@define("min")
def min_(input: Array) -> Array:
    """The smallest of all."""
    return amin(input, None, False)


def _place(input: Array, dim: int | None, keepdim: bool, largest: bool) -> Array:
    """The index of the first of the extreme elements."""
    if dim is None:
        return _place(input.reshape(-1), 0, False, largest).reshape((1,) * input.ndim if keepdim else ())
    rows = np.moveaxis(input, dim, -1) if input.ndim else input[None]
    found = np.empty(rows.shape[:-1], np.int64)
    for index in np.ndindex(found.shape):
        row = list(rows[index])
        found[index] = row.index((max if largest else min)(row))
    return np.expand_dims(found, axis(dim, input.ndim)) if keepdim and input.ndim else found


@define("argmax")
def argmax(input: Array, dim: int | None, keepdim: bool) -> Array:
    """Where the largest stands."""
    return _place(input, dim, keepdim, True)


@define("argmin")
def argmin(input: Array, dim: int | None, keepdim: bool) -> Array:
    """Where the smallest stands."""
    return _place(input, dim, keepdim, False)


@define("max.dim")
def max_dim(input: Array, dim: int, keepdim: bool) -> tuple[Array, Array]:
    """The largest and where it stands."""
    return _extreme(input, axes(dim, input.ndim), keepdim, True), _place(input, dim, keepdim, True)


@define("min.dim")
def min_dim(input: Array, dim: int, keepdim: bool) -> tuple[Array, Array]:
    """The smallest and where it stands."""
    return _extreme(input, axes(dim, input.ndim), keepdim, False), _place(input, dim, keepdim, False)
