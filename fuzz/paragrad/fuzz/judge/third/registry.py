"""The definitions by the op table's names, and the helpers in which they are written.

A definition takes the op's arguments by name. Float arrays hold mpmath numbers (dtype object), of which each definition
is true to as many digits as `mp` is set to; integer and bool arrays are NumPy's own, Python floats are mpmath numbers.
NaN marks what is undefined: an empty mean, an order among equals that torch leaves open.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, TypeVar

import numpy as np
from mpmath import mp

from paragrad.fuzz.judge.third.functions import clamp_inside
from paragrad.fuzz.program import Array

Definition: TypeAlias = Callable[..., Any]
Stated = TypeVar("Stated", bound=Definition)
Dims: TypeAlias = "int | tuple[int, ...] | None"

DEFINITIONS: dict[str, Definition] = {}
"""What gives an op's outputs: an array, or a tuple of several."""

DIFFERENTIATED: dict[str, Definition] = {"clamp": clamp_inside}
"""What to take differences of where that is not the definition: it holds something fixed, or a kink is hidden."""

EXCLUDED = {"dropout": "draws random numbers; with what it drew known the judge asks for masked_dropout"}
"""Public ops of the table without a definition, with the reason."""

UNDEFINED = mp.nan
OPEN = int(np.iinfo(np.int64).min)
"""In place of an index that torch's documentation leaves open."""


def define(name: str) -> Callable[[Stated], Stated]:
    """Make the decorated function the definition of the op `name`."""

    def register(function: Stated) -> Stated:
        assert name not in DEFINITIONS, f"two definitions are called {name}"
        DEFINITIONS[name] = function
        return function

    return register


def each(function: Callable[..., Any], *arguments: Any) -> Array:
    """`function` element by element of arrays that broadcast; NaN where it gives no real number."""
    arrays = np.broadcast_arrays(*[np.asarray(a, object) for a in arguments])
    found = np.empty(arrays[0].shape, object)
    for index in np.ndindex(found.shape):
        try:
            value = function(*[a[index] for a in arrays])
        except (ZeroDivisionError, ValueError):
            value = mp.nan
        found[index] = mp.nan if isinstance(value, mp.mpc) else value
    return found


def exp(x: Any) -> Array:
    """e to the power of x."""
    return each(mp.exp, x)


def log(x: Any) -> Array:
    """The natural logarithm; NaN for x ≤ 0."""
    return each(mp.log, x)


def quotient(x: Any, y: Any) -> Array:
    """x / y; NaN where y is 0."""
    return each(lambda a, b: mp.mpf(a) / b, x, y)


def axis(dim: int, rank: int) -> int:
    """A dimension counted from the front; 0-d tensors have a dimension 0 where they are asked for one."""
    return dim % rank if rank else 0


def axes(dim: Dims, rank: int) -> tuple[int, ...]:
    """Dimensions counted from the front; None and the empty tuple stand for all."""
    if dim is None or dim == ():
        return tuple(range(rank))
    dims = (dim,) if isinstance(dim, int) else dim
    return tuple(sorted({axis(d, rank) for d in dims})) if rank else ()


def counted(x: Array) -> Array:
    """Bools as whole numbers."""
    return x.astype(np.int64) if x.dtype == np.bool_ else x


def total(x: Array, dims: tuple[int, ...], keepdim: bool = False) -> Array:
    """Σ x over `dims`; bools count."""
    x = counted(np.asarray(x))  # 0-d arithmetic gives bare numbers
    return np.asarray(np.sum(x, axis=dims, keepdims=keepdim), x.dtype)


def count(shape: Sequence[int], dims: tuple[int, ...]) -> int:
    """How many elements lie along `dims`."""
    found = 1
    for d in dims:
        found *= shape[d]
    return found


def mean(x: Array, dims: tuple[int, ...], keepdim: bool = False) -> Array:
    """Σ x / n over `dims`."""
    return quotient(total(x, dims, keepdim), count(x.shape, dims))


def reduced(loss: Array, reduction: str) -> Array:
    """A loss of each element made "none", "sum" or "mean" of."""
    if reduction == "none":
        return loss
    everything = tuple(range(loss.ndim))
    return total(loss, everything) if reduction == "sum" else mean(loss, everything)
