"""How numbers scatter: variance and standard deviation."""

from __future__ import annotations

from typing import Any

import numpy as np

from paragrad.engine.dtypes import Array
from paragrad.engine.ops.dims import axes, count
from paragrad.engine.ops.extremum import where
from paragrad.engine.ops.reduction import keep, mean
from paragrad.engine.ops.rounding import Analysed
from paragrad.engine.ops.samples import Call, Draw, Output, reduced, some_dims
from paragrad.engine.ops.table import Dims, Shape, op


def _sample(draw: Draw) -> Call:
    x = draw.tensor(nonempty=True)
    rank = len(x.shape)
    kwargs: dict[str, Any] = {}
    if draw.flag(0.7):
        kwargs["dim"] = some_dims(draw, rank)
    # Some freedom is left always: without any torch warns, and a warning is an error in the tests.
    spare = count(kwargs.get("dim"), x.shape) - 1
    how = draw.below(6) if spare > 0 else 0
    if how < 2:
        kwargs["correction"] = draw.pick((0, 1, 2, 0.5, -1)) if spare > 1 else draw.pick((0, 0.5, -1))
    elif how == 2:
        kwargs["unbiased"] = draw.flag()
    if (how != 2 or "dim" in kwargs) and draw.flag(0.4):
        kwargs["keepdim"] = True
    shape = reduced(x.shape, kwargs.get("dim"), kwargs.get("keepdim", False))
    return Call((x,), kwargs, (Output(shape, None, 0.0, max(x.low * x.low, x.high * x.high)),))


def _correction(op: str, unbiased: bool | None, correction: float | None) -> float:
    """What is taken from the number of elements. Raises TypeError where it is said twice, as torch does."""
    if unbiased is None:
        return 1.0 if correction is None else float(correction)
    if correction is not None:
        raise TypeError(f"{op}(): give either unbiased or correction, not both")
    return 1.0 if unbiased else 0.0


def _arguments(
    op: str, dim: Dims | bool, unbiased: bool | None, keepdim: bool, correction: float | None
) -> tuple[Dims, bool, float]:
    """dim, keepdim and the correction. Torch's older form has `unbiased` in the place of dim: var(x, False)."""
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    return dim, keepdim, _correction(op, unbiased, correction)


def _variance(op: str, input: Array, dim: Dims, keepdim: bool, correction: float) -> Array:
    """Two passes in float64: its rounding is not the caller's to see in float32, and the second pass mends the mean."""
    if input.dtype.kind != "f":
        raise RuntimeError(f"{op}(): only floating point dtypes have a {op}, not {input.dtype}")
    axis = axes(op, dim, input.shape)
    n = count(dim, input.shape)
    wide = input.astype(np.float64)
    center = np.add.reduce(wide, axis, None, None, True) / n if n else np.float64(np.nan)
    wide = wide - center
    return np.add.reduce(wide * wide, axis, None, None, keepdim) / np.float64(max(n - correction, 0.0))


def _backward(g: Any, input: Any, shape: Shape, dim: Dims, keepdim: bool, correction: float) -> Any:
    """torch's var_backward: over all, where no degree of freedom is left, infinite away from the mean; over dims it
    goes on with the formula, whose divisor is then zero or negative."""
    freedom = count(dim, shape) - correction
    if (dim is None or not shape) and freedom <= 0:
        return g * where(input == mean(input), float("nan"), float("inf"))
    factor = 2.0 / freedom if freedom else float("inf")
    return factor * keep(g, shape, dim, keepdim) * (input - mean(input, dim, True))


def _var_input(
    g: Any,
    input: Any,
    shape: Shape,
    dim: Dims,
    unbiased: bool | None,
    keepdim: bool,
    correction: float | None,
) -> Any:
    return _backward(g, input, shape, *_arguments("var", dim, unbiased, keepdim, correction))


def _std_input(
    g: Any,
    input: Any,
    out: Any,
    shape: Shape,
    dim: Dims,
    unbiased: bool | None,
    keepdim: bool,
    correction: float | None,
) -> Any:
    g = where(out == 0, 0.0, g / (out * 2))
    return _backward(g, input, shape, *_arguments("std", dim, unbiased, keepdim, correction))


def _var_error(
    u: float,
    errors: Any,
    input: Array,
    dim: Dims,
    unbiased: bool | None,
    keepdim: bool,
    correction: float | None,
    out: Array,
) -> Array:
    """Of an updating algorithm (Welford's, which torch uses) in the dtype itself: n·u·κ, κ² = 1 + n·mean²/Σ(x-mean)².

    Of one in two passes n·u + (n·u·κ)², the second by the error of the mean: it matters where a square overflows.
    Source: Chan, Golub, LeVeque 1983, Algorithms for computing the sample variance, table 2.
    """
    dim, keepdim, correction = _arguments("var", dim, unbiased, keepdim, correction)
    axis = axes("var", dim, input.shape)
    n = count(dim, input.shape)
    freedom = max(n - correction, 0.0)
    squares = np.sum(input * input, axis, keepdims=keepdim) / freedom
    total = (n + 3) * u * np.sqrt(np.abs(out) * squares) + (n + 4) * u * np.abs(out)
    total = total + (n * u) ** 2 * squares
    if np.any(errors[0]):
        distance = np.abs(input - np.mean(input, axis, keepdims=True)) + errors[0]
        total = total + 2 * np.sum(distance * errors[0], axis, keepdims=keepdim) / freedom
    return np.asarray(total)


def _std_error(u: float, errors: Any, *args: Any) -> Array:
    """√(v + e) - √v is at most e / √v, and at most √e."""
    out = args[-1]
    error = _var_error(u, errors, *args[:-1], out * out)  # type: ignore[call-arg]  # args are those of std
    return np.asarray(np.minimum(error / out, np.sqrt(error)) + u * out)


@op(rounding=Analysed(_var_error), sample=_sample, input=_var_input)
def var(
    input: Array,
    dim: Dims = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    correction: float | None = None,
) -> Array:
    """Σ (input - mean)² / max(n - correction, 0) over `dim` (None: all); correction is 1 unless given."""
    dim, keepdim, correction = _arguments("var", dim, unbiased, keepdim, correction)
    return _variance("var", input, dim, keepdim, correction).astype(input.dtype)


@op(rounding=Analysed(_std_error), sample=_sample, input=_std_input)
def std(
    input: Array,
    dim: Dims = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    correction: float | None = None,
) -> Array:
    """√var, with gradient 0 where it is 0."""
    dim, keepdim, correction = _arguments("std", dim, unbiased, keepdim, correction)
    return np.sqrt(_variance("std", input, dim, keepdim, correction)).astype(input.dtype)
