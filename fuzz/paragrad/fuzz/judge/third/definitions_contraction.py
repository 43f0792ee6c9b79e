"""Sums of products: matrix products, tensordot, einsum, convolutions, and attention, from torch's documentation."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from mpmath import mp

from paragrad.fuzz.judge.third.definitions_softmax import softmax
from paragrad.fuzz.judge.third.registry import UNDEFINED, define, each, total
from paragrad.fuzz.program import Array


@define("matmul")
def matmul(input: Array, other: Array) -> Array:
    """Σ_k input[..., i, k] · other[..., k, j]; a vector is a row on the left, a column on the right."""
    a = input[None] if input.ndim == 1 else input
    b = other[:, None] if other.ndim == 1 else other
    shape = (*np.broadcast_shapes(a.shape[:-2], b.shape[:-2]), a.shape[-2], b.shape[-1])
    found = np.zeros(shape, np.result_type(a, b))
    for k in range(a.shape[-1]):
        found = found + a[..., :, k, None] * b[..., None, k, :]
    if input.ndim == 1:
        found = found[..., 0, :]
    return np.asarray(found[..., 0] if other.ndim == 1 else found)


@define("mm")
def mm(input: Array, mat2: Array) -> Array:
    """Of two matrices."""
    return matmul(input, mat2)


@define("bmm")
def bmm(input: Array, mat2: Array) -> Array:
    """Of two stacks of matrices."""
    return matmul(input, mat2)


@define("mv")
def mv(input: Array, vec: Array) -> Array:
    """Of a matrix and a vector."""
    return matmul(input, vec)


@define("dot")
def dot(input: Array, tensor: Array) -> Array:
    """Of two vectors."""
    return matmul(input, tensor)


@define("outer")
def outer(input: Array, vec2: Array) -> Array:
    """input[i] · vec2[j]."""
    return np.asarray(input[:, None] * vec2[None])


@define("linear")
def linear(input: Array, weight: Array, bias: Array | None) -> Array:
    """input · weightᵀ + bias."""
    found = matmul(input, weight.T)
    return found if bias is None else np.asarray(found + bias)


@define("tensordot")
def tensordot(a: Array, b: Array, dims: int | Sequence[Sequence[int]]) -> Array:
    """Σ over pairs of dimensions."""
    if isinstance(dims, int):
        first, second = list(range(a.ndim - dims, a.ndim)), list(range(dims))
    else:
        first, second = [d % a.ndim for d in dims[0]], [d % b.ndim for d in dims[1]]
    kept = [k for k in range(a.ndim) if k not in first]
    others = [k for k in range(b.ndim) if k not in second]
    count = int(np.prod([a.shape[k] for k in first], dtype=np.int64))
    left = a.transpose(kept + first).reshape(int(np.prod([a.shape[k] for k in kept], dtype=np.int64)), count)
    right = b.transpose(second + others).reshape(count, int(np.prod([b.shape[k] for k in others], dtype=np.int64)))
    return matmul(left, right).reshape([a.shape[k] for k in kept] + [b.shape[k] for k in others])


def _labels(term: str, rank: int) -> list[str]:
    """One label a dimension; those of an ellipsis are numbers counted from the last."""
    before, dots, after = term.partition("...")
    hidden = rank - len(before) - len(after)
    return [*before, *[str(k) for k in reversed(range(hidden if dots else 0))], *after]


@define("einsum")
def einsum(equation: str, operands: Sequence[Array]) -> Array:
    """The sum of products over every label that the result lacks."""
    left, arrow, right = equation.replace(" ", "").partition("->")
    terms = [_labels(term, x.ndim) for term, x in zip(left.split(","), operands, strict=True)]
    every = [label for term in terms for label in term]
    dots = sorted({label for label in every if label.isdigit()}, key=int, reverse=True)
    if arrow:
        before, there, after = right.partition("...")
        result = [*before, *(dots if there else []), *after]
    else:
        result = dots + sorted({label for label in every if not label.isdigit() and every.count(label) == 1})
    order = result + sorted(set(every) - set(result))
    product: Any = 1
    for term, x in zip(terms, operands, strict=True):
        product = product * _laid_out(x, term, order)
    return total(np.asarray(product), tuple(range(len(result), len(order))))


def _laid_out(x: Array, term: list[str], order: list[str]) -> Array:
    """`x` with its dimensions in this order of labels, 1 where it has none; a label that it has twice: the diagonal."""
    for label in order:
        while term.count(label) > 1:
            i, j = [k for k, name in enumerate(term) if name == label][:2]
            rows = np.moveaxis(x, (i, j), (0, 1))
            x = rows[np.arange(len(rows)), np.arange(len(rows))]
            term = [label, *[name for k, name in enumerate(term) if k not in (i, j)]]
    x = x.transpose([term.index(label) for label in order if label in term])
    missing = [k for k, label in enumerate(order) if label not in term]
    return np.expand_dims(x, missing)


def several(x: Any, n: int) -> list[int]:
    """One number for each of `n` dimensions."""
    return [x] * n if isinstance(x, int) else list(x) * (n if len(x) == 1 else 1)


def _convolve(input: Array, weight: Array, bias: Any, stride: Any, padding: Any, dilation: Any, groups: int) -> Array:
    n = weight.ndim - 2
    kernel, steps, spread = weight.shape[2:], several(stride, n), several(dilation, n)
    if padding == "same":
        sides = [((d * (k - 1)) // 2, d * (k - 1) - (d * (k - 1)) // 2) for k, d in zip(kernel, spread, strict=True)]
    else:
        sides = [(p, p) for p in several(0 if padding == "valid" else padding, n)]
    batched = input if input.ndim == n + 2 else input[None]
    x = np.pad(batched, [(0, 0), (0, 0), *sides], constant_values=0)
    sizes = [(m - d * (k - 1) - 1) // s + 1 for m, k, s, d in zip(x.shape[2:], kernel, steps, spread, strict=True)]
    found = np.zeros((x.shape[0], weight.shape[0], *sizes), object)
    width, share = weight.shape[1], weight.shape[0] // groups
    for place in itertools.product(*map(range, kernel)):
        window = x
        for k, (i, d, s, m) in enumerate(zip(place, spread, steps, sizes, strict=True)):
            window = np.take(window, [i * d + j * s for j in range(m)], 2 + k)
        taps = np.moveaxis(weight, (0, 1), (-2, -1))[place]
        for group in range(groups):
            outs = slice(group * share, (group + 1) * share)
            for channel in range(width):
                column = taps[outs, channel].reshape(-1, *[1] * n)
                found[:, outs] = found[:, outs] + window[:, None, group * width + channel] * column
    if bias is not None:
        found = np.asarray(found + bias.reshape(-1, *[1] * n))
    return found if input.ndim == n + 2 else np.asarray(found[0])


@define("conv1d")
def conv1d(input: Array, weight: Array, bias: Any, stride: Any, padding: Any, dilation: Any, groups: int) -> Array:
    """Cross-correlation."""
    return _convolve(input, weight, bias, stride, padding, dilation, groups)


@define("conv2d")
def conv2d(input: Array, weight: Array, bias: Any, stride: Any, padding: Any, dilation: Any, groups: int) -> Array:
    """Cross-correlation."""
    return _convolve(input, weight, bias, stride, padding, dilation, groups)


@define("scaled_dot_product_attention")
def attention(
    query: Array, key: Array, value: Array, attn_mask: Any, dropout_p: Any, is_causal: bool, scale: Any
) -> Array:
    """softmax(query · keyᵀ · scale + mask) · value; a query that may look at nothing gets 0."""
    if dropout_p:
        return np.full((*query.shape[:-1], value.shape[-1]), UNDEFINED, object)
    factor = 1 / mp.sqrt(query.shape[-1]) if scale is None else scale
    scores = np.asarray(matmul(query, np.swapaxes(key, -1, -2)) * factor, object)
    seen: Any = np.ones(scores.shape[-2:], np.bool_)
    if is_causal:
        seen = np.tril(seen)
    elif attn_mask is not None and attn_mask.dtype == np.bool_:
        seen = attn_mask
    elif attn_mask is not None:
        scores = np.asarray(scores + attn_mask, object)
    scores, seen = np.broadcast_arrays(scores, seen)
    weights = softmax(each(lambda x, s: x if s else mp.ninf, scores, seen), -1, None)
    nothing = ~np.any(seen, axis=-1, keepdims=True)
    return matmul(np.where(nothing, mp.mpf(0), weights), value)
