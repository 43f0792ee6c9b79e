"""Attention: each query's mean of the values, weighted by how well the keys match it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from paragrad.engine.dtypes import Array, bool_, float32
from paragrad.engine.ops.contraction import matmul
from paragrad.engine.ops.dropout import dropout
from paragrad.engine.ops.extremum import where
from paragrad.engine.ops.reduction import sum
from paragrad.engine.ops.rounding import Analysed
from paragrad.engine.ops.samples import Call, Draw, Output, Var
from paragrad.engine.ops.softmax import softmax_error
from paragrad.engine.ops.table import op
from paragrad.engine.ops.transposing import transpose

RANGE = (-30.0, 30.0)


def _weights_error(u: float, errors: Any, input: Array, out: Array) -> Array:
    top = np.max(input, -1, keepdims=True, initial=-np.inf)
    return np.where(top == -np.inf, 0.0, softmax_error(u, errors, input, -1, None, out))


@op(
    rounding=Analysed(_weights_error),
    internal=True,
    input=lambda g, out: out * (g - sum(g * out, -1, True)),
)
def attention_weights(input: Array) -> Array:
    """softmax along the last dimension, but 0 in a row of which every element is -inf: torch's _safe_softmax."""
    top = np.maximum.reduce(input, -1, None, None, True, -np.inf)
    weights = np.exp(input - np.where(top == -np.inf, np.zeros((), input.dtype), top))
    total = np.add.reduce(weights, -1, None, None, True)
    return weights / np.where(total == 0, np.ones((), input.dtype), total)


def _sample(draw: Draw) -> Call:
    query = draw.tensor(RANGE, rank=(2, 4), nonempty=True)
    *batch, rows, width = query.shape
    keys = draw.below(4) + 1
    other = tuple([1 if draw.flag(0.15) else n for n in batch])
    # Of one width, all in four dimensions, torch's fast kernel takes them, which makes of a row of NaN a row of 0.
    out = draw.pick([n for n in (1, 2, 3, 4) if len(batch) < 2 or n != width])
    key = draw.shaped((*other, keys, width), RANGE, query.dtype)
    value = draw.shaped((*other, keys, out), (-1e4, 1e4), query.dtype)
    kwargs: dict[str, Any] = {}
    form = draw.below(5)
    if form == 0:
        kwargs["is_causal"] = True
    elif form < 3:
        # torch refuses a vector as a mask in four dimensions.
        shape = draw.pick(((rows, keys), (*batch, rows, keys), (rows, 1), (keys,) if len(batch) < 2 else (1, keys)))
        mask: Var = draw.mask(shape) if form == 1 else draw.shaped(shape, RANGE, query.dtype)
        kwargs["attn_mask"] = mask
    if draw.flag(0.3):
        kwargs["scale"] = draw.pick((0.5, 1.0, 0.3, -0.5, 0.0))
    low, high = min(value.low, 0.0), max(value.high, 0.0)
    return Call((query, key, value), kwargs, (Output((*batch, rows, out), None, low, high),))


@op(promote=None, sample=_sample)
def scaled_dot_product_attention(
    query: Array,
    key: Array,
    value: Array,
    attn_mask: Array | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
) -> Array:
    """softmax(query @ keyᵀ · scale + attn_mask) @ value, for (..., L, E), (..., S, E) and (..., S, V).

    `scale` is 1/√E unless it is given. Where a bool mask is false, or, with `is_causal`, the key is later than the
    query, -inf is added; a query without any key gets 0. Source: _scaled_dot_product_attention_math, which gives the
    root of the scale to either side.
    """
    shapes = f"scaled_dot_product_attention(): query {query.shape}, key {key.shape}, value {value.shape}"
    if min(query.ndim, key.ndim, value.ndim) < 2:
        raise RuntimeError(f"{shapes}: all need two dimensions at least")
    if not query.dtype == key.dtype == value.dtype:
        raise RuntimeError(f"{shapes}: dtypes {query.dtype}, {key.dtype} and {value.dtype} must be one")
    if attn_mask is not None and is_causal:
        raise RuntimeError(f"{shapes}: give attn_mask or is_causal, not both")
    if attn_mask is not None and attn_mask.dtype not in (bool_, float32, query.dtype):
        raise RuntimeError(
            f"{shapes}: attn_mask must be of dtype bool, float32 or {query.dtype}, not {attn_mask.dtype}"
        )
    if scale is None:
        scale = 1 / math.sqrt(query.shape[-1]) if query.shape[-1] else 1.0
    root = math.sqrt(abs(scale))
    scores = matmul(query * (-root if scale < 0 else root), transpose(key * root, -1, -2))
    if is_causal:
        scores = _hidden(scores, np.tri(*scores.shape[-2:], dtype=np.bool_))
    elif attn_mask is not None:
        scores = _hidden(scores, attn_mask) if attn_mask.dtype.kind == "b" else scores + attn_mask
    weights = attention_weights(scores)
    return matmul(dropout(weights, dropout_p) if dropout_p > 0 else weights, value)


def _hidden(scores: Any, mask: Any) -> Any:
    """Scores with -inf added where the mask is false, so that NaN and inf come through as in torch."""
    return where(mask, scores, scores + -math.inf)
