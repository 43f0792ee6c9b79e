"""Products summed over a shared dimension.

Two-dimensional operands go to BLAS by `dot`, which costs 325 ns on 4x4 where `matmul` costs 944.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from paragrad.engine.dtypes import Array
from paragrad.engine.ops import dims as which
from paragrad.engine.ops import samples
from paragrad.engine.ops.reduction import sum
from paragrad.engine.ops.rounding import Analysed, Linear
from paragrad.engine.ops.samples import Call, Draw, Output, Var
from paragrad.engine.ops.shape import reshape
from paragrad.engine.ops.table import Shape, op
from paragrad.engine.ops.transposing import permute, transpose

RANGE = (-100.0, 100.0)


def total(a: Var, b: Var, terms: int) -> tuple[float, float]:
    """The interval of a sum of so many products."""
    return samples.total(*samples.product(a.low, a.high, b.low, b.high), terms)


def _matmul_sample(draw: Draw) -> Call:
    x = draw.tensor(RANGE, rank=(1, 4))
    batch = x.shape[:-2]
    other = tuple([1 if draw.flag(0.2) else n for n in batch])[draw.below(len(batch) + 1) if draw.flag(0.4) else 0 :]
    if len(batch) < 2 and len(other) == len(batch) and draw.flag(0.2):
        other = (2, *other)
    free = draw.below(4) + 1
    vector = draw.flag(0.25)
    if draw.flag(0.3):
        # x stands on the right.
        inner = x.shape[-2] if len(x.shape) > 1 else x.shape[0]
        a, b = draw.shaped((inner,) if vector else (*other, free, inner), RANGE, x.dtype), x
    else:
        inner = x.shape[-1]
        a, b = x, draw.shaped((inner,) if vector else (*other, inner, free), RANGE, x.dtype)
    shape = np.matmul(np.empty(a.shape, np.bool_), np.empty(b.shape, np.bool_)).shape
    return Call((a, b), {}, (Output(shape, None, *total(a, b, inner)),))


def _column(x: Any) -> Any:
    return reshape(x, (*x.shape, 1))


def _uncolumn(x: Any) -> Any:
    return reshape(x, x.shape[:-1])


def _row(x: Any) -> Any:
    return reshape(x, (*x.shape[:-1], 1, x.shape[-1]))


def _matrix(x: Any) -> Any:
    """Every leading dimension in one: of a vector a row."""
    return x if x.ndim == 2 else reshape(x, (math.prod(x.shape[:-1]), x.shape[-1]))


def _matmul_input(g: Any, other: Any, shape: Shape) -> Any:
    if other.ndim == 1:
        return _column(g) * other
    if len(shape) == 1:
        return _uncolumn(matmul(other, _column(g)))
    return matmul(g, transpose(other, -1, -2))


def _matmul_other(g: Any, input: Any, shape: Shape) -> Any:
    if input.ndim == 1:
        return input * g if len(shape) == 1 else _column(input) * _row(g)
    if len(shape) == 1:
        return _uncolumn(matmul(transpose(input, -1, -2), _column(g)))
    if len(shape) == 2 and input.ndim > 2:
        # One matrix for the whole stack: one product, and no stack of gradients to be summed.
        input, g = _matrix(input), _matrix(g)
    return matmul(transpose(input, -1, -2), g)


def _refuse_bools(name: str, *arrays: Array) -> None:
    if arrays[0].dtype.kind == "b":
        raise NotImplementedError(f"{name}(): tensors of dtype bool can't be multiplied; convert them to int64")


def _product(a: Array, b: Array) -> Array:
    """The product of vectors or matrices. Where one has a single element, `dot` passes over 0 · inf, which is NaN."""
    return a.dot(b) if a.shape[-1] != 1 else np.matmul(a, b)


@op(
    promote="equal",
    rounding=Linear(lambda input, other: float(input.shape[-1])),
    sample=_matmul_sample,
    input=_matmul_input,
    other=_matmul_other,
)
def matmul(input: Array, other: Array) -> Array:
    """input @ other: the product of matrices, of vectors, or of stacks of matrices that broadcast."""
    try:
        if input.ndim == other.ndim == 2 and input.shape[1] > 1 and input.dtype.kind == "f":
            return input.dot(other)  # a third of what np.matmul costs on small matrices
        _refuse_bools("matmul", input)
        return np.matmul(input, other)
    except ValueError:
        raise RuntimeError(_unlike("matmul", input, other)) from None


def _unlike(name: str, input: Any, other: Any) -> str:
    """Why two shapes can't be multiplied."""
    shapes = f"{name}(): shapes {input.shape} and {other.shape}"
    if not input.ndim or not other.ndim:
        return f"{shapes}: both need one dimension at least"
    here, there = input.shape[-1], other.shape[-min(other.ndim, 2)]
    if here != there:
        place = "last dimension" if other.ndim == 1 else "last dimension but one"
        return f"{shapes}: the last dimension of the first, {here}, must match the {place} of the second, {there}"
    return f"{shapes}: the leading dimensions don't broadcast"


def _ranked(name: str, **wanted: tuple[Any, int]) -> None:
    """Check the ranks of operands, given as argument=(operand, rank)."""
    for argument, (x, rank) in wanted.items():
        if x.ndim != rank:
            shapes = " and ".join(str(y.shape) for y, _ in wanted.values())
            raise RuntimeError(f"{name}(): argument '{argument}' must be {rank}-D, not {x.ndim}-D; got shapes {shapes}")


def _lettered(first: str, second: str, out: str) -> Any:
    """Samples of two tensors whose shapes are given in letters, as in einsum."""

    def sample(draw: Draw) -> Call:
        x = draw.tensor(RANGE, rank=(len(first), len(first)))
        sizes = dict(zip(first, x.shape, strict=True))
        shared = math.prod([sizes[c] for c in first if c not in out])
        y = draw.shaped(tuple([sizes.setdefault(c, draw.below(4) + 1) for c in second]), RANGE, x.dtype)
        return Call((x, y), {}, (Output(tuple([sizes[c] for c in out]), None, *total(x, y, shared)),))

    return sample


@op(promote=None, sample=_lettered("ij", "jk", "ik"))
def mm(input: Array, mat2: Array) -> Array:
    """The product of two matrices."""
    _ranked("mm", input=(input, 2), mat2=(mat2, 2))
    return matmul(input, mat2)


@op(promote=None, sample=_lettered("bij", "bjk", "bik"))
def bmm(input: Array, mat2: Array) -> Array:
    """The products of two stacks of matrices, of one length: nothing broadcasts."""
    _ranked("bmm", input=(input, 3), mat2=(mat2, 3))
    if input.shape[0] != mat2.shape[0]:
        raise RuntimeError(f"bmm(): shapes {input.shape} and {mat2.shape}: the stacks differ in length")
    return matmul(input, mat2)


@op(promote=None, sample=_lettered("ij", "j", "i"))
def mv(input: Array, vec: Array) -> Array:
    """The product of a matrix and a vector."""
    _ranked("mv", input=(input, 2), vec=(vec, 1))
    return matmul(input, vec)


@op(promote=None, sample=_lettered("i", "i", ""))
def dot(input: Array, tensor: Array) -> Array:
    """Σ input · tensor, of two vectors."""
    _ranked("dot", input=(input, 1), tensor=(tensor, 1))
    return matmul(input, tensor)


@op(promote=None, sample=_lettered("i", "j", "ij"))
def outer(input: Array, vec2: Array) -> Array:
    """Every product of an element of `input` and one of `vec2`."""
    _ranked("outer", input=(input, 1), vec2=(vec2, 1))
    return _column(input) * vec2


def _linear_sample(draw: Draw) -> Call:
    x = draw.tensor(RANGE, rank=(1, 4))
    inner = x.shape[-1]
    if draw.flag(0.1):
        weight = draw.shaped((inner,), RANGE, x.dtype)
        return Call((x, weight), {}, (Output(x.shape[:-1], None, *total(x, weight, inner)),))
    free = draw.below(4) + 1
    weight = draw.shaped((free, inner), RANGE, x.dtype)
    low, high = total(x, weight, inner)
    args: tuple[Any, ...] = (x, weight)
    if draw.flag(0.75):
        bias = draw.shaped((free,) if draw.flag(0.85) else draw.pick(((), (1,))), RANGE, x.dtype)
        low, high, args = low + bias.low, high + bias.high, (x, weight, bias)
    return Call(args, {}, (Output((*x.shape[:-1], free), None, low, high),))


def _linear_error(
    u: float, errors: Sequence[Any], input: Array, weight: Array, bias: Array | None, out: Array
) -> Array:
    x, w = np.abs(input), np.abs(weight).T
    terms = input.shape[-1]
    bound = np.zeros(out.shape) + terms * u * x.dot(w)
    if bias is not None:
        # The bias may be the first term, as torch has it: then every other one is added to it.
        bound += u * (x.dot(w) + max(terms, 1) * np.abs(bias)) + errors[2]
    if np.ndim(errors[0]):
        bound += errors[0].dot(w)
    if np.ndim(errors[1]):
        bound += x.dot(errors[1].T)
    return bound


def _linear_weight(g: Any, input: Any, shape: Shape) -> Any:
    if len(shape) == 1:
        return matmul(reshape(g, (-1,)) if g.ndim != 1 else g, _matrix(input))
    return matmul(transpose(_matrix(g), 0, 1), _matrix(input))


@op(
    promote="equal",
    rounding=Analysed(_linear_error, sums=True),
    sample=_linear_sample,
    input=lambda g, weight: matmul(g, weight) if weight.ndim == 2 else _column(g) * weight,
    weight=_linear_weight,
    bias=lambda g: g,
)
def linear(input: Array, weight: Array, bias: Array | None = None) -> Array:
    """input @ weightᵀ + bias, for input (..., in), weight (out, in) and bias (out)."""
    _refuse_bools("linear", input)
    if weight.ndim == 0 or weight.ndim > 2 or not input.ndim or input.shape[-1] != weight.shape[-1]:
        raise RuntimeError(
            f"linear(): input of shape {input.shape} and weight of shape {weight.shape}: "
            "the weight must be 2-D, or 1-D, and their last dimensions equal"
        )
    if input.ndim <= 2:
        out = _product(input, weight.T)
    else:
        out = _product(_matrix(input), weight.T).reshape(input.shape[:-1] + weight.shape[:-1])
    if bias is None:
        return out
    try:
        if weight.ndim == 1:
            raise ValueError
        return np.add(out, bias, out=out)
    except ValueError:
        raise RuntimeError(
            f"linear(): bias of shape {bias.shape} does not fit a result of shape {np.shape(out)}"
            " (a weight of one dimension allows no bias)"
        ) from None


def _tensordot_sample(draw: Draw) -> Call:
    x = draw.tensor(RANGE)
    rank = len(x.shape)
    count = draw.below(min(rank, 3) + 1)
    free = tuple([draw.below(3) + 1 for _ in range(draw.below(3))])
    if draw.flag(0.4):
        y = draw.shaped(x.shape[rank - count :] + free, RANGE, x.dtype)
        kwargs: dict[str, Any] = {} if count == 2 and draw.flag() else {"dims": count}
        dims = tuple(range(rank - count, rank))
    else:
        left = list(range(rank))
        dims = tuple([left.pop(draw.below(len(left))) for _ in range(count)])
        shape, there = list(free), [draw.below(len(free) + k + 1) for k in range(count)]
        for k, at in zip(dims, there, strict=True):
            shape.insert(at, -k - 1)
        there = [shape.index(-k - 1) for k in dims]
        shape = [n if n > 0 else 1 if draw.flag(0.1) else x.shape[-n - 1] for n in shape]
        free = tuple([n for k, n in enumerate(shape) if k not in there])
        y = draw.shaped(tuple(shape), RANGE, x.dtype)
        signed = tuple([k - rank if draw.flag(0.3) else k for k in dims])
        kwargs = {"dims": (signed, tuple([k - len(shape) if draw.flag(0.3) else k for k in there]))}
    kept = tuple([n for k, n in enumerate(x.shape) if k not in dims])
    terms = math.prod([x.shape[k] for k in dims])
    return Call((x, y), kwargs, (Output(kept + free, None, *total(x, y, terms)),))


@op(promote=None, sample=_tensordot_sample)
def tensordot(a: Array, b: Array, dims: int | Sequence[Sequence[int]] = 2) -> Array:
    """Σ a · b over the last `dims` dimensions of `a` and the first of `b`, or over a list of dimensions of each.

    A dimension of size 1 is repeated to the size of its partner.
    """
    if a.dtype != b.dtype:
        raise RuntimeError(f"tensordot(): operands must have one dtype, got {a.dtype} and {b.dtype}")
    if isinstance(dims, int):
        if not 0 <= dims <= min(a.ndim, b.ndim):
            raise RuntimeError(
                f"tensordot(): dims={dims} is not in [0, {min(a.ndim, b.ndim)}] for {a.shape}, {b.shape}"
            )
        dims = (range(a.ndim - dims, a.ndim), range(dims))
    if len(dims) != 2 or isinstance(dims[0], int) or isinstance(dims[1], int):
        raise TypeError(f"tensordot(): dims must be an int or a pair of lists, not {dims!r}")
    here = which.distinct("tensordot", dims[0], a.shape)
    there = which.distinct("tensordot", dims[1], b.shape)
    if len(here) != len(there):
        raise RuntimeError(f"tensordot(): {len(here)} dimensions of the first operand, {len(there)} of the second")
    for i, j in zip(here, there, strict=True):
        m, n = a.shape[i], b.shape[j]
        if m != n and 1 not in (m, n):
            raise RuntimeError(
                f"tensordot(): shapes {a.shape} and {b.shape}: dimension {i} of the first, {m}, "
                f"must match dimension {j} of the second, {n}"
            )
        a = sum(a, i, True) if n == 1 != m else a
        b = sum(b, j, True) if m == 1 != n else b
    left = [k for k in range(a.ndim) if k not in here]
    right = [k for k in range(b.ndim) if k not in there]
    shape = tuple([a.shape[k] for k in left] + [b.shape[k] for k in right])
    terms = math.prod([a.shape[k] for k in here])
    rows, columns = (math.prod([x.shape[k] for k in free]) for x, free in ((a, left), (b, right)))
    product = matmul(
        reshape(permute(a, (*left, *here)), (rows, terms)), reshape(permute(b, (*there, *right)), (terms, columns))
    )
    return reshape(product, shape)
