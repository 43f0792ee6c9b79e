"""Softmax and the losses, from torch's documentation. With enough digits no formula needs a stable form."""

from __future__ import annotations

from typing import Any

import numpy as np
from mpmath import mp

from paragrad.fuzz.judge.third.registry import (
    DIFFERENTIATED,
    UNDEFINED,
    Dims,
    axes,
    define,
    each,
    exp,
    log,
    mean,
    quotient,
    reduced,
    total,
)
from paragrad.fuzz.program import Array


@define("softmax")
def softmax(input: Array, dim: int, dtype: Any) -> Array:
    """exp(input) / Σ exp(input)."""
    powers = exp(input)
    return quotient(powers, total(powers, axes(dim, input.ndim), True))


@define("log_softmax")
def log_softmax(input: Array, dim: int, dtype: Any) -> Array:
    """log softmax(input)."""
    return np.asarray(input - logsumexp(input, dim, True), object)


@define("logsumexp")
def logsumexp(input: Array, dim: Dims, keepdim: bool) -> Array:
    """log Σ exp(input)."""
    return log(total(exp(input), axes(dim, input.ndim), keepdim))


@define("mse_loss")
def mse_loss(input: Array, target: Array, reduction: str) -> Array:
    """(input - target)²."""
    return reduced(each(lambda x, y: (x - y) ** 2, input, target), reduction)


@define("l1_loss")
def l1_loss(input: Array, target: Array, reduction: str) -> Array:
    """|input - target|."""
    return reduced(each(lambda x, y: abs(x - y), input, target), reduction)


@define("smooth_l1_loss")
def smooth_l1_loss(input: Array, target: Array, reduction: str, beta: Any) -> Array:
    """(input - target)² / 2 beta below beta, |input - target| - beta / 2 above."""

    def loss(x: Any, y: Any) -> Any:
        gap = abs(x - y)
        return gap * gap / (2 * mp.mpf(beta)) if gap < beta else gap - mp.mpf(beta) / 2

    return reduced(each(loss, input, target), reduction)


@define("huber_loss")
def huber_loss(input: Array, target: Array, reduction: str, delta: Any) -> Array:
    """(input - target)² / 2 up to delta, delta · (|input - target| - delta / 2) above."""

    def loss(x: Any, y: Any) -> Any:
        gap = abs(x - y)
        return gap * gap / 2 if gap <= delta else delta * (gap - mp.mpf(delta) / 2)

    return reduced(each(loss, input, target), reduction)


@define("kl_div")
def kl_div(input: Array, target: Array, reduction: str, log_target: bool) -> Array:
    """target · (log target - input), 0 where the target is 0; "batchmean" divides by the first size."""

    def loss(x: Any, y: Any) -> Any:
        if log_target:
            return mp.exp(y) * (y - x)
        return (mp.mpf(0) if y == 0 else y * mp.log(y)) - y * x

    found = each(loss, input, target)
    if reduction != "batchmean":
        return reduced(found, reduction)
    return quotient(reduced(found, "sum"), input.shape[0] if input.ndim else 1)


def _likelihood(x: Any, y: Any) -> Any:
    """-(y · log x + (1 - y) · log(1 - x)), neither logarithm less than -100."""
    yes, no = [mp.log(p) if p > 0 else mp.ninf if p == 0 else mp.nan for p in (x, 1 - x)]
    return -(y * max(yes, mp.mpf(-100)) + (1 - y) * max(no, mp.mpf(-100)))


def _weighted(loss: Array, weight: Any, reduction: str) -> Array:
    return reduced(loss if weight is None else np.asarray(loss * weight, object), reduction)


@define("binary_cross_entropy")
def binary_cross_entropy(input: Array, target: Array, weight: Any, reduction: str) -> Array:
    """Of probabilities."""
    return _weighted(each(_likelihood, input, target), weight, reduction)


def _inside(input: Array, target: Array, weight: Any, reduction: str) -> Array:
    """Undefined near 0 and 1, where torch's documentation clamps the value and says nothing of the derivative."""

    def loss(x: Any, y: Any) -> Any:
        return _likelihood(x, y) if x * (1 - x) > mp.mpf(10) ** -11 else UNDEFINED

    return _weighted(each(loss, input, target), weight, reduction)


DIFFERENTIATED["binary_cross_entropy"] = _inside


@define("binary_cross_entropy_with_logits")
def with_logits(input: Array, target: Array, weight: Any, reduction: str, pos_weight: Any) -> Array:
    """-(pos_weight · target · log σ(input) + (1 - target) · log(1 - σ(input)))."""

    def loss(x: Any, y: Any, p: Any) -> Any:
        return p * y * mp.log1p(mp.exp(-x)) + (1 - y) * mp.log1p(mp.exp(x))

    found = each(loss, input, target, mp.mpf(1) if pos_weight is None else pos_weight)
    return _weighted(found, weight, reduction)


def _classes_last(scores: Array) -> Array:
    """Classes are dimension 1, or 0 of a vector."""
    return np.moveaxis(scores, 0 if scores.ndim == 1 else 1, -1)


def _class_weights(weight: Any, classes: int) -> Array:
    return np.array([mp.mpf(1)] * classes, object) if weight is None else weight


def _named(logs: Array, target: Array, weight: Any, ignore_index: int, reduction: str, smoothing: Any) -> Array:
    """For each place -Σ of weight · share · log over its classes; the mean is over the weights of the targets.

    The share of the target is 1 - smoothing, and smoothing / C is every class's.
    """
    rows = _classes_last(logs)
    classes = rows.shape[-1]
    target = target.reshape(rows.shape[:-1])
    weights = _class_weights(weight, classes)
    loss, counted = np.full(target.shape, mp.mpf(0), object), mp.mpf(0)
    for place in np.ndindex(target.shape):
        label = int(target[place])
        if label == ignore_index:
            continue
        row = rows[place]
        loss[place] = -(1 - smoothing) * weights[label] * row[label]
        if smoothing:
            loss[place] = loss[place] - smoothing / classes * sum(weights[c] * row[c] for c in range(classes))
        counted = counted + weights[label]
    return quotient(reduced(loss, "sum"), counted) if reduction == "mean" else reduced(loss, reduction)


@define("nll_loss")
def nll_loss(input: Array, target: Array, weight: Any, ignore_index: int, reduction: str) -> Array:
    """-weight · input at the target's class."""
    return _named(input, target, weight, ignore_index, reduction, mp.mpf(0))


@define("cross_entropy")
def cross_entropy(
    input: Array, target: Array, weight: Any, ignore_index: int, reduction: str, label_smoothing: Any
) -> Array:
    """-weight · log softmax(input) at the target's class, or times the target's probabilities, summed over classes."""
    logs = log_softmax(input, 0 if input.ndim == 1 else 1, None)
    smoothing = mp.mpf(label_smoothing)
    if target.dtype != object:
        return _named(logs, target, weight, ignore_index, reduction, smoothing)
    classes = input.shape[0 if input.ndim == 1 else 1]
    shares = np.asarray(_classes_last(target) * (1 - smoothing) + smoothing / classes, object)
    terms = np.asarray(_classes_last(logs) * shares * _class_weights(weight, classes), object)
    loss = np.asarray(-total(terms, (terms.ndim - 1,)), object)
    return mean(loss, tuple(range(loss.ndim))) if reduction == "mean" else reduced(loss, reduction)
