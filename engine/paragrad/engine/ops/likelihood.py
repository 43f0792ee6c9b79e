"""Losses of probabilities: binary cross-entropy of probabilities and of logits, Kullback-Leibler divergence."""

from __future__ import annotations

from typing import Any

import numpy as np

from paragrad.engine.dtypes import Array
from paragrad.engine.ops import samples
from paragrad.engine.ops.activation import logsigmoid, sigmoid
from paragrad.engine.ops.exponential import exp
from paragrad.engine.ops.extremum import maximum
from paragrad.engine.ops.losses import REDUCTIONS, check_constant, draw_reduction, loss_shape, reduced
from paragrad.engine.ops.power import xlogy
from paragrad.engine.ops.reduction import sum
from paragrad.engine.ops.rounding import Analysed, smallest
from paragrad.engine.ops.samples import Call, Draw, Output
from paragrad.engine.ops.shape import expand, to
from paragrad.engine.ops.table import op

EPSILON = 1e-12
SMALLEST_SPREAD = float(np.float32(EPSILON))
"""torch's guards against a division by 0 in the derivatives of binary_cross_entropy: the second, in the first
derivative (ATen/native/Loss.cpp), is a float in float64, too."""


def _same_size(name: str, input: Any, target: Any) -> None:
    if input.shape != target.shape:
        raise ValueError(f"{name}(): the target's shape {target.shape} must be that of the input, {input.shape}")


def _weighted(loss: Any, weight: Any) -> Any:
    """loss · weight in the shape and dtype of the loss."""
    return loss if weight is None else to(loss * expand(weight, loss.shape), loss.dtype)


def _slope_error(u: float, errors: Any, gradient: Array, input: Array, target: Array, out: Array) -> Array:
    spread = np.maximum((1 - input) * input, SMALLEST_SPREAD)
    carried = errors[0] * np.abs(input - target) + errors[2] * np.abs(gradient)
    bend = (input * input - 2 * input * target + target) / spread**2
    # An underflow is divided by `spread` all the same.
    return np.asarray(6 * u * np.abs(out) + (carried + smallest(u)) / spread + errors[1] * np.abs(gradient * bend))


# The derivatives of this op are torch's own (FunctionsManual.cpp, binary_cross_entropy_double_backward), in which
# EPSILON stands elsewhere than in its value.
@op(
    promote="equal",
    rounding=Analysed(_slope_error),
    internal=True,
    gradient=lambda g, input, target: g * (input - target) / ((input + EPSILON) * (1 - input + EPSILON)),
    input=lambda g, gradient, input, target: (
        ((input * input - 2 * input * target + target) / _squared((input + EPSILON) * (1 - input + EPSILON)))
        * (gradient * g)
    ),
    target=lambda g, gradient, input: -(gradient * g) / maximum((1 - input) * input, EPSILON),
)
def bernoulli_slope(gradient: Array, input: Array, target: Array) -> Array:
    """gradient · (input - target) / (input · (1 - input)): the derivative of `bernoulli` by its input."""
    return gradient * (input - target) / np.maximum((1 - input) * input, SMALLEST_SPREAD)


def _squared(x: Any) -> Any:
    return x * x


def _log_odds_error(u: float, errors: Any, input: Array, out: Array) -> Array:
    # The quotient is off by 3u/2 of itself, so its logarithm by as much; errors of the input by the derivative.
    carried = errors[0] / np.abs(input * (1 - input)) if np.any(errors[0]) else 0.0
    return np.asarray(2 * u * np.abs(out) + 4 * u + carried)


@op(rounding=Analysed(_log_odds_error), internal=True, input=lambda g, input: g / (input * (1 - input)))
def log_odds(input: Array) -> Array:
    """log(input / (1 - input))."""
    return np.log(input / (1 - input))


def _bernoulli_error(u: float, errors: Any, input: Array, target: Array, out: Array) -> Array:
    no, yes = np.maximum(np.log1p(-input), -100), np.maximum(np.log(input), -100)
    terms = np.abs((target - 1) * no) + np.abs(target * yes)
    carried = errors[0] * ((1 - target) / (1 - input) + target / input) if np.any(errors[0]) else 0.0
    # Either logarithm within 4 ULP, then two products and a difference.
    return np.asarray(11 * u * terms + u * np.abs(out) + carried + errors[1] * np.abs(no - yes))


@op(
    promote="equal",
    rounding=Analysed(_bernoulli_error),
    internal=True,
    input=lambda g, input, target: bernoulli_slope(g, input, target),
    target=lambda g, input: -log_odds(input) * g,
)
def bernoulli(input: Array, target: Array) -> Array:
    """(target - 1) · log(1 - input) - target · log(input), where no logarithm is less than -100."""
    for name, array in (("input", input), ("target", target)):
        if not ((array >= 0) & (array <= 1)).all():
            raise RuntimeError(f"binary_cross_entropy(): all elements of {name} should be between 0 and 1")
    no, yes = np.maximum(np.log1p(-input), -100), np.maximum(np.log(input), -100)
    return (target - 1) * no - target * yes


def _weights(draw: Draw, shape: tuple[int, ...], dtype: Any, **names: float) -> dict[str, Any]:
    """Constant weights under each name, with this probability: of `shape`, or of one that broadcasts to it."""
    found = {}
    for name, probability in names.items():
        if draw.flag(probability):
            part = shape[draw.below(len(shape) + 1) :] if draw.flag(0.4) else shape
            found[name] = draw.confined(part, (0.0, 3.0), dtype, constant=True)
    return found


def _bernoulli_sample(draw: Draw) -> Call:
    like = draw.tensor()
    x, y = [draw.confined(like.shape, (0.0, 1.0), like.dtype) for _ in range(2)]
    kwargs = {**draw_reduction(draw), **_weights(draw, x.shape, x.dtype, weight=0.3)}
    return Call((x, y), kwargs, (Output(loss_shape(x.shape, kwargs.get("reduction", "mean")), None, -1e3, 1e3),))


@op(promote="equal", sample=_bernoulli_sample)
def binary_cross_entropy(input: Array, target: Array, weight: Array | None = None, reduction: str = "mean") -> Array:
    """-weight · (target · log(input) + (1 - target) · log(1 - input)), where no logarithm is less than -100.

    Both hold probabilities; anything outside [0, 1] raises RuntimeError.
    """
    _same_size("binary_cross_entropy", input, target)
    if weight is not None:
        check_constant("binary_cross_entropy", "weight", weight, None)
    return reduced(_weighted(bernoulli(input, target), weight), reduction)


def _positive(target: Any, pos_weight: Any) -> Any:
    return target if pos_weight is None else pos_weight * target


def _logistic_error(u: float, errors: Any, input: Array, target: Array, pos_weight: Any, out: Array) -> Array:
    extra = 0.0 if pos_weight is None else pos_weight - 1
    yes = np.minimum(input, 0) - np.log1p(np.exp(-np.abs(input)))
    weight = extra * target + 1
    # log(sigmoid) is within 7 ULP, its weight comes of a difference, a product and a sum.
    own = 14 * u * np.abs(yes * weight) + 3 * u * np.abs(yes) * (np.abs(extra * target) + 1)
    slope = np.abs(1 - target - weight / (1 + np.exp(input)))
    carried = errors[0] * slope + errors[1] * np.abs(input + extra * yes)
    return np.asarray(own + 2 * u * np.abs((1 - target) * input) + u * np.abs(out) + carried)


def _logistic_input(g: Any, input: Any, target: Any, pos_weight: Any) -> Any:
    if pos_weight is None:
        return (sigmoid(input) - target) * g
    positive = pos_weight * target
    return ((positive + 1 - target) * sigmoid(input) - positive) * g


def _logistic_target(g: Any, input: Any, pos_weight: Any) -> Any:
    if pos_weight is None:
        return -input * g
    return (logsigmoid(-input) - pos_weight * logsigmoid(input)) * g


@op(
    rounding=Analysed(_logistic_error),
    internal=True,
    input=lambda g, input, target, pos_weight: _logistic_input(g, input, target, pos_weight),
    target=lambda g, input, pos_weight: _logistic_target(g, input, pos_weight),
)
def logistic(input: Array, target: Array, pos_weight: Array | None) -> Array:
    """(1 - target) · input - log(sigmoid(input)) · (1 + (pos_weight - 1) · target)."""
    yes = np.minimum(input, 0) - np.log1p(np.exp(-np.absolute(input)))
    if pos_weight is not None:
        yes = yes * ((pos_weight - 1) * target + 1)
    return (1 - target) * input - yes


def _logistic_sample(draw: Draw) -> Call:
    x = draw.tensor((-100.0, 100.0))
    y = draw.shaped(x.shape, (-4.0, 4.0), x.dtype)
    kwargs = {**draw_reduction(draw), **_weights(draw, x.shape, x.dtype, weight=0.3, pos_weight=0.4)}
    return Call((x, y), kwargs, (Output(loss_shape(x.shape, kwargs.get("reduction", "mean")), None, -1e4, 1e4),))


@op(sample=_logistic_sample)
def binary_cross_entropy_with_logits(
    input: Array,
    target: Array,
    weight: Array | None = None,
    reduction: str = "mean",
    pos_weight: Array | None = None,
) -> Array:
    """-weight · (pos_weight · target · log(sigmoid(input)) + (1 - target) · log(1 - sigmoid(input)))."""
    name = "binary_cross_entropy_with_logits"
    _same_size(name, input, target)
    for tensor in (input, target):
        if tensor.dtype.kind != "f":
            raise RuntimeError(f"{name}(): needs tensors of floating point dtype, got {tensor.dtype}")
    for parameter, weights in (("weight", weight), ("pos_weight", pos_weight)):
        if weights is not None:
            check_constant(name, parameter, weights, None)
    positive = None if pos_weight is None else expand(pos_weight, input.shape)
    loss = to(logistic(input, target, positive), target.dtype)
    return reduced(_weighted(loss, weight), reduction)


def _divergence_sample(draw: Draw) -> Call:
    x = draw.tensor((-100.0, 20.0))
    kwargs: dict[str, Any] = {}
    if draw.flag(0.7):
        kwargs["reduction"] = draw.pick((*REDUCTIONS, "batchmean"))
    if draw.flag(0.4):
        kwargs["log_target"] = draw.flag(0.7)
    interval = (-20.0, 5.0) if kwargs.get("log_target") else (0.0, 100.0)
    y = draw.shaped(x.shape[draw.below(2) :] if draw.flag(0.2) else x.shape, interval)
    shape = loss_shape(samples.broadcast(x.shape, y.shape), kwargs.get("reduction", "mean"))
    return Call((x, y), kwargs, (Output(shape, None, -1e4, 1e4),))


@op(sample=_divergence_sample)
def kl_div(input: Array, target: Array, reduction: str = "mean", log_target: bool = False) -> Array:
    """target · (log(target) - input), where `input` holds logarithms, and so does `target` with `log_target`.

    The reduction "batchmean" divides the sum by the size of the first dimension, as the definition of the divergence
    has it; "mean" divides by the number of elements.
    """
    for tensor in (input, target):
        if tensor.dtype.kind != "f":
            raise RuntimeError(f"kl_div(): integral inputs are not supported, got {tensor.dtype}")
    loss = exp(target) * (target - input) if log_target else xlogy(target, target) - target * input
    if reduction != "batchmean":
        return reduced(loss, reduction)
    return sum(loss) / input.shape[0] if input.ndim else sum(loss)
