"""Products summed over a shared dimension."""

from __future__ import annotations

from typing import Any

import numpy as np

from paragrad.engine.dtypes import Array
from paragrad.engine.ops import samples
from paragrad.engine.ops.rounding import Linear
from paragrad.engine.ops.samples import Call, Draw, Output
from paragrad.engine.ops.shape import reshape
from paragrad.engine.ops.table import op
from paragrad.engine.ops.transposing import transpose


def _matmul_sample(draw: Draw) -> Call:
    a = draw.tensor((-100, 100), rank=(1, 3))
    inner = a.shape[-1]
    free = draw.below(4) + 1
    shapes = [(inner,), (inner, free), (*a.shape[:-2], inner, free), (2, *(1,) * (len(a.shape) - 2), inner, free)]
    b = draw.shaped(draw.pick(shapes), (-100, 100), a.dtype)
    shape = np.matmul(np.empty(a.shape, np.bool_), np.empty(b.shape, np.bool_)).shape
    low, high = samples.total(*samples.product(a.low, a.high, b.low, b.high), inner)
    return Call((a, b), {}, (Output(shape, None, low, high),))


def _column(x: Any) -> Any:
    return reshape(x, (*x.shape, 1))


def _uncolumn(x: Any) -> Any:
    return reshape(x, x.shape[:-1])


def _row(x: Any) -> Any:
    return reshape(x, (*x.shape[:-1], 1, x.shape[-1]))


def _matmul_input(g: Any, other: Any, shape: tuple[int, ...]) -> Any:
    if other.ndim == 1:
        return _column(g) * other
    if len(shape) == 1:
        return _uncolumn(matmul(other, _column(g)))
    return matmul(g, transpose(other, -1, -2))


def _matmul_other(g: Any, input: Any, shape: tuple[int, ...]) -> Any:
    if input.ndim == 1:
        return input * g if len(shape) == 1 else _column(input) * _row(g)
    if len(shape) == 1:
        return _uncolumn(matmul(transpose(input, -1, -2), _column(g)))
    return matmul(transpose(input, -1, -2), g)


@op(
    promote="equal",
    rounding=Linear(lambda input, other: float(input.shape[-1])),
    sample=_matmul_sample,
    input=_matmul_input,
    other=_matmul_other,
)
def matmul(input: Array, other: Array) -> Array:
    """input @ other: the product of matrices, of vectors, or of stacks of matrices that broadcast."""
    return np.matmul(input, other)
