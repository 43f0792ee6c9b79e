"""Which dimensions an op means: torch's rules for `dim`, and the errors torch raises.

A 0-d tensor takes 0 and -1, as if it had one dimension. No dims at all, `dim=()`, mean all of them where torch says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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


def axes(op: str, dim: Dims | Sequence[int], shape: Shape) -> Any:
    """What NumPy's `axis` has to be for a reduction over `dim`: None for all, () for a 0-d tensor."""
    if dim is None:
        return None
    if type(dim) is int:
        found = one(op, dim, shape)
        return found if shape else ()
    dims = distinct(op, dim, shape)  # type: ignore[arg-type]
    return (dims if shape else ()) or None


def ints(value: Any) -> tuple[int, ...]:
    """One int or several as a tuple."""
    return (value,) if isinstance(value, int) else tuple(value)
