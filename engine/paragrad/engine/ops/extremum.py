"""Choosing between values: by a condition, or the smaller or larger of two."""

from __future__ import annotations

from typing import Any

import numpy as np

from paragrad.engine import dtypes
from paragrad.engine.dtypes import Array
from paragrad.engine.ops.rounding import EXACT
from paragrad.engine.ops.samples import Call, Draw, Output, broadcast
from paragrad.engine.ops.table import Index, Operand, op


def _where_sample(draw: Draw) -> Call:
    x = draw.tensor()
    choice = draw.below(10)
    y: Any = draw.number() if choice < 2 else x if choice == 2 else draw.beside(x)
    shape = x.shape if isinstance(y, int | float) else broadcast(x.shape, y.shape)
    low, high = (y, y) if isinstance(y, int | float) else (y.low, y.high)
    condition = draw.mask(tuple([1 if draw.flag(0.15) else n for n in shape]))
    args = (condition, y, x) if draw.flag(0.3) else (condition, x, y)
    return Call(args, {}, (Output(shape, None, min(x.low, low), max(x.high, high)),))


@op(
    rounding=EXACT,
    sample=_where_sample,
    input=lambda g, condition: where(condition, g, 0.0),
    other=lambda g, condition: where(condition, 0.0, g),
)
def where(condition: Index, input: Operand, other: Operand) -> Array:
    """`input` where `condition` holds, else `other`. The gradient of what is not chosen is 0, whatever its value."""
    # The condition is annotated as an index is: it is no operand, so it neither takes part in promotion nor is cast.
    if getattr(condition, "dtype", None) != dtypes.bool_:
        kind = getattr(condition, "dtype", type(condition).__name__)
        raise RuntimeError(f"where(): expected condition to be a bool tensor, got {kind}: compare it, as in x > 0")
    if isinstance(input, bool | int | float) and isinstance(other, bool | int | float):
        return np.where(condition, input, other).astype(dtypes.result_type([input, other]))
    return np.where(condition, input, other)
