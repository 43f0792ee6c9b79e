"""Losses of a choice among classes: scores of shape (N, C, d1, ...) or (C,), where classes are dimension 1 or 0.

A target names a class for each place, (N, d1, ...), or gives each class a probability, in the shape of the scores. What
equals `ignore_index` counts for nothing. The mean weighs each place by the weight of its class.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from paragrad.engine.dtypes import Array, int64
from paragrad.engine.ops.arithmetic import sign
from paragrad.engine.ops.comparison import eq, ne
from paragrad.engine.ops.extremum import where
from paragrad.engine.ops.indexing import getitem
from paragrad.engine.ops.losses import check_constant, check_reduction, draw_reduction, loss_shape
from paragrad.engine.ops.reduction import sum
from paragrad.engine.ops.rounding import Analysed, smallest
from paragrad.engine.ops.samples import Call, Draw, Output, Var
from paragrad.engine.ops.shape import reshape
from paragrad.engine.ops.softmax import log_softmax, softmax
from paragrad.engine.ops.table import Shape, fused, op


def class_dim(rank: int) -> int:
    """The dimension along which classes lie."""
    return 0 if rank == 1 else 1


class Picks(NamedTuple):
    """What targets pick: places along the class dimension, which of them count, their weights, and Σ weights."""

    places: Array
    kept: Array | None
    weight: Array | None
    total: Any


def picks(size: Shape, target: Array, weight: Array | None, ignore_index: int) -> Picks:
    """Check and prepare targets that name classes, for scores of shape `size`. Raises what torch raises."""
    rank = len(size)
    if target.dtype != int64:
        raise RuntimeError(f"nll_loss(): expected target dtype to be int64, but got {target.dtype}")
    if not rank:
        raise ValueError("nll_loss(): expected 1 or more dimensions (got 0)")
    if rank == 1 and target.size == 1 and target.ndim == 1:
        target = target.reshape(())
    dim = class_dim(rank)
    expected = size[:dim] + size[dim + 1 :]
    if target.shape != expected:
        kind = ValueError if rank == 1 or target.shape[:1] != size[:1] else RuntimeError
        raise kind(f"nll_loss(): scores of shape {size} need targets of shape {expected}, got {target.shape}")
    classes = size[dim]
    if weight is not None and weight.shape != (classes,):
        raise RuntimeError(
            f"nll_loss(): weight must hold a number for each of the {classes} classes, got shape {weight.shape}"
        )
    kept = None
    if ((target < 0) | (target >= classes)).any() or ignore_index >= 0:
        kept = target != ignore_index
        wrong = target[kept & ((target < 0) | (target >= classes))]
        if wrong.size:
            raise IndexError(f"Target {wrong[0]} is out of bounds: there are {classes} classes")
        target = np.where(kept, target, 0)
    weights = None
    total: Any = target.size if kept is None else np.count_nonzero(kept)
    if weight is not None and classes:
        weights = weight[target] if kept is None else np.where(kept, weight[target], weight.dtype.type(0))
        total = np.sum(weights)
    return Picks(np.expand_dims(target, dim), kept, weights, total)


def _at(input: Array, index: Array) -> Array:
    """The scores that are picked, in the shape of the target."""
    dim = class_dim(input.ndim)
    if not input.shape[dim]:
        return np.zeros(input.shape[:dim] + input.shape[dim + 1 :], input.dtype)
    return np.squeeze(np.take_along_axis(input, index, dim), dim)


def _gathered(picked: Array, found: Picks, reduction: str) -> Array:
    """The loss from the negated log-probabilities that are picked."""
    each = picked if found.weight is None else picked * found.weight
    if found.kept is not None:
        each = np.where(found.kept, each, each.dtype.type(0))
    if reduction == "none":
        return each
    total = np.asarray(np.add.reduce(each, axis=None))
    return total if reduction == "sum" else np.true_divide(total, found.total, dtype=total.dtype)


def _gathered_error(u: float, picked: Array, error: Array, found: Picks, reduction: str, out: Array) -> Array:
    """How far rounding carries `_gathered` of numbers that are off by `error`."""
    own = error + 2 * u * np.abs(picked) + smallest(u)
    if reduction == "none":
        return _gathered(own, found, reduction)
    terms = (2 * picked.size + 2) * u * np.abs(picked)
    return _gathered(own + terms, found, reduction) + u * np.abs(out)


def _picked_error(
    u: float, errors: Any, input: Array, target: Array, weight: Any, ignore_index: int, reduction: str, out: Array
) -> Array:
    found = picks(input.shape, target, weight, ignore_index)
    carried = _at(np.broadcast_to(errors[0], input.shape), found.places)
    return _gathered_error(u, np.abs(_at(input, found.places)), carried, found, reduction, out)


@op(
    promote=None,
    rounding=Analysed(_picked_error),
    internal=True,
    input=lambda g, target, weight, ignore_index, reduction, shape: spread_loss(
        g, target, weight, ignore_index, reduction, shape
    ),
)
def picked_loss(input: Array, target: Array, weight: Array | None, ignore_index: int, reduction: str) -> Array:
    """-weight[target] · input[target], with what `nll_loss` makes of it."""
    found = picks(input.shape, target, weight, ignore_index)
    return _gathered(np.negative(_at(input, found.places)), found, reduction)


def _coefficients(g: Array, found: Picks, reduction: str) -> Array:
    """The gradient of the log-probability that each place picks."""
    size = found.places.shape
    one = np.negative(g if reduction != "mean" else np.true_divide(g, found.total, dtype=g.dtype))
    if reduction == "none":
        one = one.reshape(size)
    each = one if found.weight is None else found.weight.reshape(size) * one
    if found.kept is not None:
        each = np.where(found.kept.reshape(size), each, each.dtype.type(0))
    return np.broadcast_to(each, size)


def _spread_error(
    u: float, errors: Any, input: Array, target: Array, weight: Any, ignore_index: int, reduction: str, *rest: Any
) -> Array:
    size, out = rest
    carried = spread_loss.compute(
        np.broadcast_to(errors[0], input.shape), target, weight, ignore_index, reduction, size
    )
    return np.asarray((target.size + 4) * u * np.abs(out) + np.abs(carried))


@op(
    promote=None,
    rounding=Analysed(_spread_error),
    internal=True,
    input=lambda g, target, weight, ignore_index, reduction: picked_loss(g, target, weight, ignore_index, reduction),
)
def spread_loss(
    input: Array, target: Array, weight: Array | None, ignore_index: int, reduction: str, size: Shape
) -> Array:
    """Zeros of shape `size` with the gradient of each picked element at its place: the transpose of picked_loss."""
    found = picks(size, target, weight, ignore_index)
    out = np.zeros(size, input.dtype)
    if out.size:
        np.put_along_axis(out, found.places, _coefficients(input, found, reduction), class_dim(len(size)))
    return out


def scores(draw: Draw, rank: int) -> Var:
    """Scores with one class at least, of this rank at most."""
    x = draw.tensor((-100.0, 100.0), rank=(1, rank))
    return x if x.shape[class_dim(len(x.shape))] else draw.tensor((-100.0, 100.0), rank=(1, rank), nonempty=True)


def _named_sample(draw: Draw, x: Var) -> Call:
    dim = class_dim(len(x.shape))
    classes, places = x.shape[dim], x.shape[:dim] + x.shape[dim + 1 :]
    kwargs = draw_reduction(draw)
    low = 0
    if draw.flag(0.4):
        low = -1 if draw.flag(0.6) else 0
        kwargs["ignore_index"] = -1 if low else draw.below(classes)
    if draw.flag(0.4):
        kwargs["weight"] = draw.confined((classes,), (0.0, 2.0), x.dtype, constant=True)
    target = draw.integers(places, low, classes)
    shape = loss_shape(places, kwargs.get("reduction", "mean"))
    return Call((x, target), kwargs, (Output(shape, x.dtype, -200.0, 200.0),))


# At rank 4 torch's backward refuses a permuted input ("grad_input must be contiguous"), which a sample can't see.
@op(promote=None, sample=lambda draw: _named_sample(draw, scores(draw, 3)))
def nll_loss(
    input: Array, target: Array, weight: Array | None = None, ignore_index: int = -100, reduction: str = "mean"
) -> Array:
    """-weight[target] · input[target], where `input` holds log-probabilities."""
    check_reduction(reduction)
    if weight is not None:
        check_constant("nll_loss", "weight", weight, input.dtype)
    return picked_loss(input, target, weight, ignore_index, reduction)


def _log_sum(input: Array, dim: int) -> tuple[Array, Array, Array]:
    """input - max, exp of it, and the sum of that along `dim`."""
    shifted = input - np.max(input, axis=dim, keepdims=True, initial=-np.inf)
    powers = np.exp(shifted)
    return shifted, powers, np.add.reduce(powers, axis=dim, keepdims=True)


def _named_error(
    u: float, errors: Any, input: Array, target: Array, weight: Any, ignore_index: int, reduction: str, out: Array
) -> Array:
    dim = class_dim(input.ndim)
    found = picks(input.shape, target, weight, ignore_index)
    shifted, powers, total = _log_sum(input, dim)
    carried = np.broadcast_to(errors[0], input.shape)
    # exp makes of the absolute error of its argument a relative one (and has 3 ULP of its own); the sum has C terms.
    share = np.add.reduce(powers * (u * (np.abs(shifted) + 6) + carried), axis=dim, keepdims=True) / total
    logarithm = np.log(total)
    error = share + u * (input.shape[dim] + 1) + 7 * u * np.abs(logarithm) + u * np.abs(shifted) + carried
    return _gathered_error(
        u, np.abs(_at(shifted - logarithm, found.places)), _at(error, found.places), found, reduction, out
    )


def _named_pull(g: Any, input: Any, target: Any, weight: Any, ignore_index: int, reduction: str) -> Any:
    spread = spread_loss(g, target, weight, ignore_index, reduction, input.shape)
    dim = class_dim(input.ndim)
    return spread - softmax(input, dim) * sum(spread, dim, True)


@op(
    promote=None,
    rounding=Analysed(_named_error),
    internal=True,
    input=lambda g, input, target, weight, ignore_index, reduction: _named_pull(
        g, input, target, weight, ignore_index, reduction
    ),
)
def named_cross_entropy(input: Array, target: Array, weight: Array | None, ignore_index: int, reduction: str) -> Array:
    """Cross-entropy against classes that are named."""
    found = picks(input.shape, target, weight, ignore_index)
    shifted, _, total = _log_sum(input, class_dim(input.ndim))
    return _gathered(np.squeeze(np.log(total), class_dim(input.ndim)) - _at(shifted, found.places), found, reduction)


def _named_fused(g: Array, input: Array, target: Array, weight: Any, ignore_index: int, reduction: str) -> Array:
    """The rule with one array made: the softmax, scaled and lowered at the targets where it lies."""
    found = picks(input.shape, target, weight, ignore_index)
    dim = class_dim(input.ndim)
    coefficients = _coefficients(g, found, reduction)
    _, out, total = _log_sum(input, dim)
    if out.size:
        np.multiply(out, -coefficients / total, out=out)
        np.put_along_axis(out, found.places, np.take_along_axis(out, found.places, dim) + coefficients, dim)
    return out


fused(named_cross_entropy, input=_named_fused)


def _by_class(weight: Any, rank: int) -> Any:
    """Weights of classes in a shape that broadcasts with scores of this rank."""
    return reshape(weight, (1,) * class_dim(rank) + (-1,) + (1,) * (rank - class_dim(rank) - 1))


def _likely(input: Any, target: Any, weight: Any, reduction: str, label_smoothing: float) -> Any:
    """Cross-entropy against probabilities: -Σ weight · target · log softmax, the mean over places."""
    dim = class_dim(input.ndim)
    classes = input.shape[dim]
    if label_smoothing > 0:
        target = target * (1 - label_smoothing) + label_smoothing / max(classes, 1)
    terms = log_softmax(input, dim) * target
    if weight is not None:
        terms = terms * _by_class(weight, input.ndim)
    if reduction == "none":
        return -sum(terms, dim)
    if reduction == "sum":
        return -sum(terms)
    if not math.prod(input.shape):
        return sign(sum(terms)) + math.nan  # a NaN whose gradient is the constant 0, as torch's
    return -sum(terms) / (math.prod(input.shape) / classes)


def _smoothed(input: Any, target: Any, weight: Any, ignore_index: int, reduction: str, label_smoothing: float) -> Any:
    """Cross-entropy against named classes, a share `label_smoothing` of which goes to all classes alike."""
    dim = class_dim(input.ndim)
    logs = log_softmax(input, dim)
    named = nll_loss(logs, target, weight, ignore_index, reduction)
    ignored = eq(target, ignore_index)
    everywhere = -sum(logs if weight is None else logs * _by_class(weight, input.ndim), dim)
    everywhere = where(ignored, 0.0, everywhere)
    if reduction == "sum":
        everywhere = sum(everywhere)
    elif reduction == "mean":
        if weight is None:
            count = sum(ne(target, ignore_index))
        else:
            count = sum(where(ignored, 0.0, getitem(weight, where(ignored, 0, target))))
        everywhere = sum(everywhere) / count
    return (1 - label_smoothing) * named + everywhere * (label_smoothing / input.shape[dim])


def _cross_entropy_sample(draw: Draw) -> Call:
    x = scores(draw, 4)
    smoothing = {"label_smoothing": draw.pick((0.1, 0.5, 1.0, 0.0))} if draw.flag(0.3) else {}
    if draw.flag(0.7):
        call = _named_sample(draw, x)
        return call._replace(kwargs={**call.kwargs, **smoothing})
    dim = class_dim(len(x.shape))
    kwargs = {**draw_reduction(draw), **smoothing}
    if draw.flag(0.4):
        kwargs["weight"] = draw.confined((x.shape[dim],), (0.0, 2.0), x.dtype)
    target = draw.shaped(x.shape, (0.0, 1.0), x.dtype)
    shape = loss_shape(x.shape[:dim] + x.shape[dim + 1 :], kwargs.get("reduction", "mean"))
    return Call((x, target), kwargs, (Output(shape, x.dtype, -1e3, 1e3),))


@op(promote=None, sample=_cross_entropy_sample)
def cross_entropy(
    input: Array,
    target: Array,
    weight: Array | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Array:
    """-weight · log softmax(input) at the target's classes, or summed over classes with the target's probabilities.

    `label_smoothing` moves that share of the target to all classes alike. Source: ATen/native/LossNLL.cpp.
    """
    check_reduction(reduction)
    if label_smoothing > 1:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    if input.shape == target.shape:
        if target.dtype.kind != "f":
            raise RuntimeError(f"cross_entropy(): expected probabilities of floating point dtype, got {target.dtype}")
        if ignore_index >= 0:
            raise RuntimeError("ignore_index is not supported for floating point target")
        return _likely(input, target, weight, reduction, label_smoothing)
    if weight is not None:
        check_constant("cross_entropy", "weight", weight, input.dtype)
    if label_smoothing > 0:
        return _smoothed(input, target, weight, ignore_index, reduction, label_smoothing)
    return named_cross_entropy(input, target, weight, ignore_index, reduction)
