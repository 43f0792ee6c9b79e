"""Whole numbers from any: floor, ceil, round and trunc. They are steps, and their gradient is 0."""

from __future__ import annotations

import numpy as np

from paragrad.engine.dtypes import Array
from paragrad.engine.ops import samples
from paragrad.engine.ops.arithmetic import no_change
from paragrad.engine.ops.rounding import EXACT, ulps
from paragrad.engine.ops.samples import Call, Draw, Output
from paragrad.engine.ops.table import op

_step = samples.unary(range=lambda low, high: (low - 1, high + 1))


@op(promote="numbers", rounding=EXACT, sample=_step, input=lambda g: no_change(g))
def floor(input: Array) -> Array:
    """The largest whole number ≤ input."""
    return np.floor(input)


@op(promote="numbers", rounding=EXACT, sample=_step, input=lambda g: no_change(g))
def ceil(input: Array) -> Array:
    """The smallest whole number ≥ input."""
    return np.ceil(input)


@op(promote="numbers", rounding=EXACT, sample=_step, input=lambda g: no_change(g))
def trunc(input: Array) -> Array:
    """The whole number between 0 and input that is nearest to input."""
    return np.trunc(input)


def _round_sample(draw: Draw) -> Call:
    x = draw.tensor()
    kwargs = {"decimals": draw.pick((0, 1, 2, -1, 3))} if draw.flag() else {}
    return Call((x,), kwargs, (Output(x.shape, None, x.low - 1, x.high + 1),))


# With decimals: one product or quotient on the way back. On the way there rounding may cross a half, as torch's does.
@op(promote="numbers", rounding=ulps(1.0), sample=_round_sample, input=lambda g: no_change(g))
def round(input: Array, decimals: int = 0) -> Array:
    """The nearest multiple of 10 to the power of -decimals, computed by scaling as torch does; halves go to even."""
    if input.dtype.kind == "i":
        if decimals:
            raise NotImplementedError("round() with decimals is not implemented for int64 tensors")
        return input.copy()
    if not decimals:
        return np.rint(input)
    with np.errstate(all="ignore"):
        scale = input.dtype.type(np.float64(10.0) ** max(decimals, -decimals))
    return np.rint(input * scale) / scale if decimals > 0 else np.rint(input / scale) * scale
