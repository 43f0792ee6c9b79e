"""Losses that compare two tensors element by element, and what every loss shares.

A loss is an op for its elements, then none, their mean or their sum; only in mse_loss, which must be fast, one op does
both. The arguments `size_average` and `reduce`, which torch has deprecated, are not taken.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from paragrad.engine import dtypes
from paragrad.engine.dtypes import Array
from paragrad.engine.ops import samples
from paragrad.engine.ops.arithmetic import abs
from paragrad.engine.ops.extremum import where
from paragrad.engine.ops.reduction import mean, sum
from paragrad.engine.ops.rounding import Analysed, smallest, ulps
from paragrad.engine.ops.samples import Call, Draw, Output, Sample
from paragrad.engine.ops.shape import expand, to
from paragrad.engine.ops.table import op
from paragrad.engine.state import state

REDUCTIONS = ("mean", "sum", "none")


def check_reduction(reduction: str) -> None:
    """Raise ValueError, in torch's words, for a reduction that there is not."""
    if reduction not in REDUCTIONS:
        raise ValueError(f"{reduction} is not a valid value for reduction: it is one of {', '.join(REDUCTIONS)}")


def reduced(loss: Any, reduction: str) -> Any:
    """The elements of a loss, their mean or their sum."""
    check_reduction(reduction)
    return loss if reduction == "none" else mean(loss) if reduction == "mean" else sum(loss)


def check_constant(name: str, parameter: str, tensor: Any, dtype: Any) -> None:
    """Raise RuntimeError, as torch does, where what no loss is differentiated by requires grad or differs in dtype."""
    if getattr(tensor, "requires_grad", False) and state.grad_enabled:
        raise RuntimeError(f"{name}() is not differentiable with respect to '{parameter}', which must not require grad")
    if dtype is not None and tensor.dtype != dtype:
        raise RuntimeError(f"{name}(): expected '{parameter}' to be of dtype {dtype}, got {tensor.dtype}")


def loss_shape(shape: tuple[int, ...], reduction: str) -> tuple[int, ...]:
    """The shape of a loss whose elements have this shape."""
    return shape if reduction == "none" else ()


def draw_reduction(draw: Draw) -> dict[str, Any]:
    """The keyword `reduction`, left out at times."""
    return {} if draw.flag(0.3) else {"reduction": draw.pick(REDUCTIONS)}


def matched(name: str, input: Any, target: Any) -> tuple[Any, Any]:
    """Input and target expanded to their common shape. Raises RuntimeError that names both where there is none.

    Expanded first, as torch does it, because a 0-d tensor then has its full say in the dtype of the result.
    """
    if input.shape == target.shape:
        return input, target
    try:
        shape = np.broadcast_shapes(input.shape, target.shape)
    except ValueError:
        raise RuntimeError(
            f"{name}(): input of shape {input.shape} and target of shape {target.shape} don't broadcast"
        ) from None
    return expand(input, shape), expand(target, shape)


def pair(alike: bool = False, **options: Any) -> Sample:
    """Input and target, as a rule of one shape, and `alike` in dtype; options are functions of the Draw, at times left
    out."""

    def sample(draw: Draw) -> Call:
        x = draw.tensor((-100.0, 100.0))
        if draw.flag(0.15) and not alike:
            y = draw.beside(x, (-100.0, 100.0))
        else:
            y = draw.shaped(x.shape, (-100.0, 100.0), x.dtype if alike else None)
        args = (y, x) if y.dtype.kind == "f" and draw.flag(0.3) else (x, y)
        kwargs = draw_reduction(draw)
        kwargs.update({name: choose(draw) for name, choose in options.items() if draw.flag(0.7)})
        shape = loss_shape(samples.broadcast(x.shape, y.shape), kwargs.get("reduction", "mean"))
        widest = max(-x.low, x.high, -y.low, y.high, 1.0)
        dtype = dtypes.promote_types(x.dtype, y.dtype)
        return Call(args, kwargs, (Output(shape, dtype, 0.0, 4 * widest * widest),))

    return sample


def _mse_error(u: float, errors: Any, input: Array, target: Array, reduction: str, out: Array) -> Array:
    gap = np.abs(input - target)
    moved = errors[0] + errors[1]
    each = np.asarray(3 * u * gap**2 + (2 * gap + moved) * moved + smallest(u))
    if reduction == "none":
        return each
    total = np.sum(each) + gap.size * u * np.sum(gap**2)
    return np.asarray(total / gap.size + u * np.abs(out) if reduction == "mean" else total)


def _mse_pull(g: Any, one: Any, other: Any, reduction: str) -> Any:
    gap = one - other
    return gap * (g * (2 / max(1, math.prod(gap.shape)) if reduction == "mean" else 2.0))


@op(
    rounding=Analysed(_mse_error),
    internal=True,
    input=lambda g, input, target, reduction: _mse_pull(g, input, target, reduction),
    target=lambda g, input, target, reduction: _mse_pull(g, target, input, reduction),
)
def squared_error(input: Array, target: Array, reduction: str) -> Array:
    """(input - target)², for one shape of both."""
    gap = _gap("mse", input, target)
    if reduction == "none":
        return np.square(gap)
    flat = gap.reshape(-1)
    total = np.dot(flat, flat)
    return total if reduction == "sum" else np.divide(total, flat.size)


@op(promote=None, sample=pair())
def mse_loss(input: Array, target: Array, reduction: str = "mean") -> Array:
    """(input - target)²."""
    check_reduction(reduction)
    return squared_error(*matched("mse_loss", input, target), reduction)


@op(promote=None, sample=pair())
def l1_loss(input: Array, target: Array, reduction: str = "mean") -> Array:
    """|input - target|, with gradient 0 where they are equal."""
    input, target = matched("l1_loss", input, target)
    return reduced(abs(input - target), reduction)


def _gap(name: str, input: Array, target: Array) -> Array:
    gap = np.subtract(input, target)
    if gap.dtype.kind != "f":
        raise NotImplementedError(f"{name}_loss(): needs a tensor of floating point dtype, got {gap.dtype} only")
    return gap


# Input and target have a rule each, although one follows from the other: a second derivative is a sum of two parts
# that may cancel, and where torch rounds both of them one shared rule would round their difference.


def _smooth_l1_error(u: float, errors: Any, input: Array, target: Array, beta: float, out: Array) -> Array:
    gap = np.abs(input - target)
    moved = u * gap + errors[0] + errors[1]
    # A square that underflows is divided by beta all the same.
    return np.asarray(4 * u * np.abs(out) + np.minimum(1.0, (gap + moved) / beta) * moved + smallest(u) / beta)


def _smooth_l1_pull(g: Any, gap: Any, beta: float) -> Any:
    return where(gap <= -beta, -g, where(gap >= beta, g, g * gap / beta))


@op(
    rounding=Analysed(_smooth_l1_error),
    internal=True,
    input=lambda g, input, target, beta: _smooth_l1_pull(g, input - target, beta),
    target=lambda g, input, target, beta: _smooth_l1_pull(g, target - input, beta),
)
def smooth_l1(input: Array, target: Array, beta: float) -> Array:
    """gap² / 2 beta below beta, |gap| - beta / 2 above."""
    size = np.absolute(_gap("smooth_l1", input, target))
    return np.where(size < beta, size * size * 0.5 / beta, size - 0.5 * beta)


@op(promote=None, sample=pair(beta=lambda draw: draw.pick((1.0, 0.5, 2.0, 0.3, 0.0, 1))))
def smooth_l1_loss(input: Array, target: Array, reduction: str = "mean", beta: float = 1.0) -> Array:
    """(input - target)² / 2 beta where they are closer than beta, |input - target| - beta / 2 elsewhere."""
    if beta < 0:
        raise RuntimeError(f"smooth_l1_loss does not support negative values for beta, got {beta}")
    if beta == 0:
        return l1_loss(input, target, reduction)
    return reduced(smooth_l1(*matched("smooth_l1_loss", input, target), beta), reduction)


def _huber_pull(g: Any, gap: Any, delta: float) -> Any:
    return where(gap <= -delta, -g * delta, where(gap >= delta, g * delta, g * gap))


@op(
    rounding=ulps(3.5),
    internal=True,
    input=lambda g, input, target, delta: _huber_pull(g, input - target, delta),
    target=lambda g, input, target, delta: _huber_pull(g, target - input, delta),
)
def huber(input: Array, target: Array, delta: float) -> Array:
    """gap² / 2 below delta, delta · (|gap| - delta / 2) above."""
    size = np.absolute(_gap("huber", input, target))
    return np.where(size < delta, 0.5 * size * size, delta * (size - 0.5 * delta))


@op(promote=None, sample=pair(alike=True, delta=lambda draw: draw.pick((1.0, 0.5, 2.0, 0.3, 1))))
def huber_loss(input: Array, target: Array, reduction: str = "mean", delta: float = 1.0) -> Array:
    """(input - target)² / 2 where they are closer than delta, delta · (|input - target| - delta / 2) elsewhere.

    Alone among these losses its dtype is that of `input`, whatever the target's; torch differentiates it only where
    both are the same.
    """
    if delta <= 0:
        raise RuntimeError(f"huber_loss does not support non-positive values for delta, got {delta}")
    loss = huber(*matched("huber_loss", input, target), delta)
    if input.dtype.kind != "f":
        raise RuntimeError(f"huber_loss(): result type {loss.dtype} can't be cast to the input's {input.dtype}")
    return reduced(to(loss, input.dtype), reduction)
