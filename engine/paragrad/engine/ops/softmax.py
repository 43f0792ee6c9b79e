"""Exponentials that sum to one, their logarithm, and the logarithm of their sum.

All three take the largest away first, so that nothing overflows.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from paragrad.engine.dtypes import Array, DType
from paragrad.engine.ops import dims as which
from paragrad.engine.ops.exponential import exp
from paragrad.engine.ops.reduction import add_up, keep, sum
from paragrad.engine.ops.rounding import Analysed
from paragrad.engine.ops.samples import Call, Draw, Output, Sample, dimension, reduction
from paragrad.engine.ops.table import Dims, Shape, op


def _along_dim(low: float, high: float) -> Sample:
    def sample(draw: Draw) -> Call:
        x = draw.tensor()
        dim = dimension(draw, len(x.shape))
        dtype = draw.pick((np.dtype(np.float32), np.dtype(np.float64))) if draw.flag(0.06) else None
        kwargs: dict[str, Any] = {"dtype": dtype} if dtype else {}
        if draw.flag(0.3):
            kwargs["dim"] = dim
        return Call((x,) if "dim" in kwargs else (x, dim), kwargs, (Output(x.shape, dtype, low, high),))

    return sample


def _shifted(op: str, input: Array, dim: int, dtype: DType | None) -> tuple[Array, Any]:
    """`input` less its largest along `dim`, in memory of its own, and the axis. Raises for ints, as torch does."""
    if dtype is not None:
        input = input.astype(dtype)
    if input.dtype.kind != "f":
        raise NotImplementedError(f"{op}(): not implemented for {input.dtype}: give dtype, or cast to a float dtype")
    if not input.ndim:
        which.one(op, dim, ())
        return np.asarray(input - input), None
    try:
        return input - np.maximum.reduce(input, dim, None, None, True, -np.inf), dim
    except ValueError:
        which.one(op, dim, input.shape)
        raise


def _spread_error(u: float, errors: Any, input: Array, axis: Any) -> tuple[Array, Array, Array]:
    """|input - largest|, the weights, and the relative error of each exponential and of their sum.

    exp makes the absolute error of its argument a relative one; 5 u are its own, and the sum is of positive terms.
    """
    top = np.max(input, axis, keepdims=True, initial=-np.inf)
    shifted = np.abs(input - np.where(np.isfinite(top), top, 0.0))
    weights = np.exp(-shifted)
    relative = np.where(weights == 0, 0.0, u * (shifted + 5) + errors[0])
    total = np.sum(weights, axis, keepdims=True)
    count = input.size / max(total.size, 1)
    return shifted, relative, np.sum(weights * relative, axis, keepdims=True) / total + count * u


def softmax_error(u: float, errors: Any, input: Array, dim: int, dtype: DType | None, out: Array) -> Array:
    """How far rounding may carry softmax: see `Analysed`."""
    _, each, total = _spread_error(u, errors, input, which.axes("softmax", dim, input.shape))
    return np.asarray(out * (each + total + u))


@op(
    rounding=Analysed(softmax_error),
    sample=_along_dim(0, 1),
    input=lambda g, out, dim: out * (g - sum(g * out, dim, True)),
)
def softmax(input: Array, dim: int, dtype: DType | None = None) -> Array:
    """exp(input) / Σ exp(input) along `dim`."""
    powers, axis = _shifted("softmax", input, dim, dtype)
    np.exp(powers, powers)
    return np.divide(powers, add_up(powers, axis, None, True), powers)


def _log_softmax_error(u: float, errors: Any, input: Array, dim: int, dtype: DType | None, out: Array) -> Array:
    axis = which.axes("log_softmax", dim, input.shape)
    shifted, _, total = _spread_error(u, errors, input, axis)
    logarithm = np.abs(np.abs(out) - shifted)
    return np.asarray(u * (shifted + 7 * logarithm + np.abs(out)) + errors[0] + total)


@op(
    rounding=Analysed(_log_softmax_error),
    sample=_along_dim(-1e4, 0),
    input=lambda g, out, dim: g - exp(out) * sum(g, dim, True),
)
def log_softmax(input: Array, dim: int, dtype: DType | None = None) -> Array:
    """input - log Σ exp(input) along `dim`."""
    shifted, axis = _shifted("log_softmax", input, dim, dtype)
    return np.subtract(shifted, np.log(add_up(np.exp(shifted), axis, None, True)), shifted)


def _logsumexp_error(u: float, errors: Any, input: Array, dim: Dims, keepdim: bool, out: Array) -> Array:
    axis = which.axes("logsumexp", dim, input.shape)
    _, _, total = _spread_error(u, errors, input, axis)
    top = np.max(input, axis, keepdims=keepdim, initial=-np.inf)
    return np.asarray(total.reshape(out.shape) + u * (7 * np.abs(out - top) + np.abs(out)))


def _logsumexp_input(g: Any, input: Any, out: Any, shape: Shape, dim: Dims, keepdim: bool) -> Any:
    return keep(g, shape, dim, keepdim) * exp(input - keep(out, shape, dim, keepdim))


_any_dims = reduction(dims="some")


@op(promote="float", rounding=Analysed(_logsumexp_error), sample=_any_dims, input=_logsumexp_input)
def logsumexp(input: Array, dim: Dims, keepdim: bool = False) -> Array:
    """log Σ exp(input) over `dim`."""
    axis = which.axes("logsumexp", dim, input.shape)
    top = np.maximum.reduce(input, axis, None, None, True, -np.inf)
    top = np.where(np.isfinite(top), top, np.zeros((), input.dtype))
    total = add_up(np.exp(input - top), axis, None, keepdim)
    return np.log(total) + top.reshape(np.shape(total))
