"""Softmax: exponentials that sum to one."""

from __future__ import annotations

from typing import Any

import numpy as np

from paragrad.engine.dtypes import Array
from paragrad.engine.ops.reduction import sum
from paragrad.engine.ops.rounding import Analysed
from paragrad.engine.ops.samples import Call, Draw, Output
from paragrad.engine.ops.table import op


def _along_dim(low: float, high: float) -> Any:
    def sample(draw: Draw) -> Call:
        x = draw.tensor(rank=(1, 3))
        dim = draw.below(len(x.shape)) - (len(x.shape) if draw.flag() else 0)
        return Call((x, dim), {}, (Output(x.shape, None, low, high),))

    return sample


def _softmax_error(u: float, errors: Any, input: Array, dim: int, out: Array) -> Array:
    # exp multiplies the absolute error of its argument into a relative one; the sum is of positive terms.
    shifted = np.abs(input - np.max(input, axis=dim, keepdims=True, initial=-np.inf))
    relative = u * (2 * shifted + input.shape[dim] + 6) + errors[0]
    return np.asarray(out * (relative + np.sum(out * relative, axis=dim, keepdims=True)))


@op(
    promote=None,
    rounding=Analysed(_softmax_error),
    sample=_along_dim(0, 1),
    input=lambda g, out, dim: out * (g - sum(g * out, dim, True)),
)
def softmax(input: Array, dim: int) -> Array:
    """exp(input) / Σ exp(input) along `dim`."""
    if not input.size:
        return input.copy()
    powers = np.exp(input - np.max(input, axis=dim, keepdims=True))
    return np.asarray(powers / np.sum(powers, axis=dim, keepdims=True))
