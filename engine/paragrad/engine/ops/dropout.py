"""Dropout, the one op that draws random numbers.

No two engines draw the same ones, so a judge takes what the subject drew as given: `masked_dropout` is dropout with a
mask that is known, and the table says how to recover the mask from what dropout gave.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from paragrad.engine import random
from paragrad.engine.dtypes import Array
from paragrad.engine.ops.rounding import Analysed, smallest
from paragrad.engine.ops.samples import Call, Draw, Output
from paragrad.engine.ops.table import op

UNKNOWN = 0.5
"""The element of a recovered mask where the output says nothing about it: it stands for 0 and for 1."""


def _masked_dropout_error(u: float, errors: Any, input: Array, p: float, mask: Any, out: Array) -> Array:
    known = np.where(mask == UNKNOWN, 1.0, mask)
    return np.asarray(
        2 * u * np.abs(out) + errors[0] * known / (1 - p) + np.where(mask == UNKNOWN, np.abs(out), smallest(u))
    )


@op(
    promote=None,
    rounding=Analysed(_masked_dropout_error, open=lambda input, p, mask: (mask == UNKNOWN) & ~np.isfinite(input)),
    internal=True,
    input=lambda g, p, mask: masked_dropout(g, p, mask),
)
def masked_dropout(input: Array, p: float, mask: Any) -> Array:
    """input · mask / (1 - p), where `mask` is an array of zeros and ones and no operand."""
    return input * (mask / (1 - p)).astype(input.dtype)


def recover(input: Array, p: float, training: bool, out: Array) -> tuple[Any, tuple[Any, ...]] | None:
    """The op that gives `out` for sure, and its arguments after the input; None where nothing was drawn."""
    if not training or not 0 < p < 1:
        return None
    # A dropped infinity is ∞ · 0, a NaN.
    kept = np.where(np.isinf(input), np.isinf(out), out != 0)
    mask = np.where((input == 0) | np.isnan(input), UNKNOWN, kept)
    return masked_dropout, (p, mask)


def _dropout_sample(draw: Draw) -> Call:
    x = draw.tensor()
    p = draw.pick((0.5, 0.1, 0.9, 0.25, 0.0, 1.0))
    kwargs: dict[str, Any] = {} if p == 0.5 and draw.flag() else {"p": p}
    if draw.flag(0.3):
        kwargs["training"] = draw.flag()
    scale = 1 / (1 - p) if p < 1 else 1.0
    return Call((x,), kwargs, (Output(x.shape, x.dtype, min(x.low, 0.0) * scale, max(x.high, 0.0) * scale),))


@op(promote=None, sample=_dropout_sample, recover=recover)
def dropout(input: Array, p: float = 0.5, training: bool = True) -> Array:
    """input · mask / (1 - p), where each element of the mask is 0 with probability p; `input` itself if not training.

    As in torch a dropped infinity or NaN is a NaN: what is dropped is multiplied by 0.
    """
    if not 0 <= p <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    if not training or p == 0:
        return input
    if p == 1:
        return input * 0
    if input.dtype.kind != "f":
        raise RuntimeError(
            f"dropout(): needs a tensor of floating point dtype where something is dropped, got {input.dtype}"
        )
    return masked_dropout(input, p, np.asarray(random.generator().random(input.shape, np.float32) >= np.float32(p)))
