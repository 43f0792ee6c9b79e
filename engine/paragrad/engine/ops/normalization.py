"""Layer normalization: each row brought to mean 0 and variance 1."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from paragrad.engine.dtypes import Array
from paragrad.engine.ops.reduction import mean, sum
from paragrad.engine.ops.rounding import Analysed, largest, smallest
from paragrad.engine.ops.samples import Call, Draw, Output
from paragrad.engine.ops.table import Shape, fused, op


def _last(count: int) -> tuple[int, ...]:
    """The last `count` dimensions."""
    return tuple(range(-count, 0))


def _moments(input: Array, dims: tuple[int, ...]) -> tuple[Array, Array]:
    """What is left of the input without its mean, and the mean of the squares of that."""
    count = input.dtype.type(math.prod([input.shape[k] for k in dims]))
    gap = input - np.add.reduce(input, axis=dims, keepdims=True) / count
    return gap, np.add.reduce(np.square(gap), axis=dims, keepdims=True) / count


def _moments_error(u: float, moved: Any, input: Array, dims: tuple[int, ...]) -> tuple[Array, Array, Array, Array]:
    """As `_moments`, each followed by its error; `moved` is that of the input."""
    count = math.prod([input.shape[k] for k in dims])
    gap, variance = _moments(input, dims)

    def average(array: Any) -> Any:
        return np.add.reduce(np.broadcast_to(array, input.shape), axis=dims, keepdims=True) / count

    shift = (count + 1) * u * average(np.abs(input)) + average(moved)
    # torch's kernel may also scale the input and its mean before it takes their difference.
    gap_error = u * (np.abs(gap) + 2 * np.abs(input)) + shift + moved
    error = average((2 * np.abs(gap) + gap_error) * gap_error) + (count + 3) * u * variance + smallest(u)
    # Where squares overflow it is the order of partial sums that makes the variance 0, inf or NaN.
    safe = np.add.reduce(np.square(input), axis=dims, keepdims=True) < largest(u)
    return gap, gap_error, variance, np.where(safe, error, np.inf)


def _deviation_error(u: float, variance: Array, error: Array, eps: float) -> tuple[Array, Array]:
    """1 / √(variance + eps), and its error for a variance that is off by `error`."""
    out = 1 / np.sqrt(variance + eps)
    moved = 1 / np.sqrt(np.maximum(variance - error, 0) + eps) - out + 4 * u * out
    return out, np.where(error < np.inf, moved, np.inf)


@op(
    promote=None,
    internal=True,
    rounding=Analysed(
        lambda u, errors, input, count, eps, out: _deviation_error(
            u, *_moments_error(u, errors[0], input, _last(count))[2:], eps
        )[1]
    ),
    input=lambda g, input, count, out: _deviation_pull(g, input, count, out),
)
def inverse_deviation(input: Array, count: int, eps: float) -> Array:
    """1 / √(variance + eps) over the last `count` dimensions, which stay as dimensions of size 1."""
    return np.reciprocal(np.sqrt(_moments(input, _last(count))[1] + input.dtype.type(eps)))


def _deviation_pull(g: Any, input: Any, count: int, out: Any) -> Any:
    size = math.prod(input.shape[-count:])
    return (mean(input, _last(count), True) - input) * (g * out * out * out / size)


def _norm_error(
    u: float, errors: Any, input: Array, shape: Shape, weight: Any, bias: Any, eps: float, out: Array
) -> Array:
    gap, gap_error, variance, variance_error = _moments_error(u, errors[0], input, _last(len(shape)))
    scale, scale_error = _deviation_error(u, variance, variance_error, eps)
    size = np.abs(gap * scale)
    error = gap_error * (scale + scale_error) + np.abs(gap) * scale_error + u * size
    if weight is not None:
        error = (error + 2 * u * size) * np.abs(weight) + (size + error) * errors[1]
    return np.asarray(error + u * np.abs(out) + (0 if bias is None else errors[2]))


def _norm_input(g: Any, input: Any, normalized_shape: Shape, weight: Any, eps: float) -> Any:
    # ATen/native/cpu/layer_norm_kernel.cpp, LayerNormBackward: not the most exact of formulas where the mean is large,
    # but the one whose rounding has to be allowed for.
    count = len(normalized_shape)
    dims, size = _last(count), math.prod(normalized_shape)
    middle, scale = mean(input, dims, True), inverse_deviation(input, count, eps)
    g = g if weight is None else g * weight
    total = sum(g, dims, True)
    slope = (total * middle - sum(g * input, dims, True)) * scale * scale * scale / size
    return scale * g + slope * input - (slope * middle + total * scale / size)


def _norm_weight(g: Any, input: Any, normalized_shape: Shape, eps: float) -> Any:
    count = len(normalized_shape)
    scale = inverse_deviation(input, count, eps)
    return g * (input * scale - mean(input, _last(count), True) * scale)


def _norm_sample(draw: Draw) -> Call:
    x = draw.tensor((-100.0, 100.0), rank=(1, 4))
    shape = x.shape[draw.below(len(x.shape)) :]
    kwargs: dict[str, Any] = {}
    if draw.flag(0.75):
        kwargs["weight"] = draw.shaped(shape, (-100.0, 100.0), x.dtype)
        if draw.flag(0.75):  # torch has no second derivative for a bias without a weight
            kwargs["bias"] = draw.shaped(shape, (-100.0, 100.0), x.dtype)
    if draw.flag(0.4):
        kwargs["eps"] = draw.pick((1e-5, 1e-3, 0.1, 1.0))
    return Call((x, shape), kwargs, (Output(x.shape, None, -10.0, 10.0),))


@op(
    promote="equal",
    rounding=Analysed(_norm_error),
    sample=_norm_sample,
    input=lambda g, input, normalized_shape, weight, eps: _norm_input(g, input, normalized_shape, weight, eps),
    weight=lambda g, input, normalized_shape, eps: _norm_weight(g, input, normalized_shape, eps),
    bias=lambda g: g,
)
def layer_norm(
    input: Array,
    normalized_shape: Sequence[int],
    weight: Array | None = None,
    bias: Array | None = None,
    eps: float = 1e-5,
) -> Array:
    """(input - mean) / √(variance + eps) · weight + bias, with mean and variance over the last dimensions.

    `normalized_shape` is the shape of those dimensions and of weight and bias; the variance is the mean of squares.
    """
    if not isinstance(normalized_shape, Sequence):
        raise TypeError(
            f"layer_norm(): normalized_shape must be a tuple of ints, not {type(normalized_shape).__name__}"
        )
    shape = tuple(normalized_shape)
    if not shape:
        raise RuntimeError("layer_norm(): expected normalized_shape to have one dimension at least, got ()")
    if input.dtype.kind != "f":
        raise NotImplementedError(f"layer_norm(): needs a tensor of floating point dtype, got {input.dtype}")
    if input.shape[-len(shape) :] != shape:
        raise RuntimeError(
            f"layer_norm(): given normalized_shape={shape}, expected an input of shape (*, {str(shape)[1:-1]}), "
            f"but got {input.shape}"
        )
    for name, tensor in (("weight", weight), ("bias", bias)):
        if tensor is not None and tensor.shape != shape:
            raise RuntimeError(
                f"layer_norm(): expected {name} of the same shape as normalized_shape={shape}, got {tensor.shape}"
            )
    out, variance = _moments(input, _last(len(shape)))
    np.multiply(out, np.reciprocal(np.sqrt(variance + input.dtype.type(eps))), out=out)
    if weight is not None:
        np.multiply(out, weight, out=out)
    return out if bias is None else np.add(out, bias, out=out)


def _norm_fused(g: Array, input: Array, normalized_shape: Shape, weight: Array | None, eps: float) -> Array:
    """The rule without its cancellation: scale · (g - mean(g) - normal · mean(g · normal))."""
    dims = _last(len(normalized_shape))
    size = input.dtype.type(math.prod(normalized_shape))
    normal, variance = _moments(input, dims)
    scale = np.reciprocal(np.sqrt(variance + input.dtype.type(eps)))
    np.multiply(normal, scale, out=normal)
    scaled = g if weight is None else g * weight
    share = np.add.reduce(scaled * normal, axis=dims, keepdims=True) / size
    if not np.isfinite(share).all():
        return _norm_input(g, input, normalized_shape, weight, eps)  # what becomes of infinities is the rule's to say
    out = scaled - np.add.reduce(scaled, axis=dims, keepdims=True) / size
    out -= np.multiply(normal, share, out=normal)
    return np.multiply(out, scale, out=out)


fused(layer_norm, input=_norm_fused)
