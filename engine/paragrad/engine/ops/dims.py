"""Which dimensions an op means: torch's rules for `dim`, and the errors torch raises.

A 0-d tensor takes 0 and -1, as if it had one dimension. No dims at all, `dim=()`, mean all of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from paragrad.engine.ops.table import Dims, Shape


def one(op: str, dim: int, shape: Shape, extra: int = 0) -> int:
    """`dim` counted from 0. Raises IndexError if `shape` (with `extra` more dimensions) has no such dimension."""
    rank = len(shape) + extra
    found = dim + rank if dim < 0 else dim
    if 0 <= found < rank:
        return found
    if not rank and dim in (0, -1):
        return 0
    raise IndexError(
        f"{op}(): dimension out of range: {dim} is not in [{-max(rank, 1)}, {max(rank, 1) - 1}] for a tensor of "
        f"shape {tuple(shape)}"
    )


def distinct(op: str, dims: Iterable[int], shape: Shape) -> tuple[int, ...]:
    """Each of `dims` counted from 0, in their order. Raises RuntimeError if one stands there twice."""
    found = tuple([one(op, dim, shape) for dim in dims])
    if len(set(found)) != len(found):
        raise RuntimeError(f"{op}(): a dim appears several times in {tuple(dims)} for a tensor of shape {tuple(shape)}")
    return found


def axes(op: str, dim: Dims, shape: Shape) -> Any:
    """What NumPy's `axis` has to be for a reduction over `dim`: None for all."""
    if dim is None:
        return None
    if isinstance(dim, int):
        found = one(op, dim, shape)
        return found if shape else None
    return distinct(op, dim, shape) if dim and shape else distinct(op, dim, shape)[:0] or None


def ints(value: int | Iterable[int]) -> tuple[int, ...]:
    """One int or several as a tuple."""
    return (value,) if isinstance(value, int) else tuple(value)


def gone(dim: Dims, shape: Shape) -> set[int]:
    """The dimensions that a reduction over `dim` takes away; `dim` has been checked."""
    rank = len(shape)
    if not rank or dim is None or (not isinstance(dim, int) and not dim):
        return set(range(rank))
    return {d % rank for d in ints(dim)}


def kept(dim: Dims, shape: Shape) -> Shape:
    """`shape` with 1 in the place of what a reduction over `dim` takes away."""
    away = gone(dim, shape)
    return tuple([1 if k in away else n for k, n in enumerate(shape)])


def count(dim: Dims, shape: Shape) -> int:
    """How many elements a reduction over `dim` makes one of."""
    if dim is None:
        return math.prod(shape)
    return math.prod([shape[k] for k in gone(dim, shape)])
