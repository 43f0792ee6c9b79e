"""The four dtypes, and which of them a mixture gives.

torch's lattice differs from NumPy's: every float outranks every integer (int64 + float32 is float32, where NumPy says
float64), Python numbers and 0-d tensors only decide the *category* (bool < int < float), and an integer that has to
become a float becomes the default dtype. Source: torch.result_type, c10/core/ScalarType.h, ATen/native/TypeProperties.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
DType = np.dtype[Any]

bool_: DType = np.dtype(np.bool_)
int64: DType = np.dtype(np.int64)
float32: DType = np.dtype(np.float32)
float64: DType = np.dtype(np.float64)

LADDER = (bool_, int64, float32, float64)
"""Promotion is the maximum of this order."""

FLOATS = frozenset((float32, float64))

_NAMES = {
    "bool": bool_,
    "int64": int64,
    "long": int64,
    "float32": float32,
    "float": float32,
    "float64": float64,
    "double": float64,
}
_CATEGORY = {"b": 0, "i": 1, "f": 2}
_default = float32


def get_default_dtype() -> DType:
    """The dtype of lists of floats, of int / int and of exp(int): float32 unless set otherwise."""
    return _default


def set_default_dtype(dtype: Any) -> None:
    """Make `dtype` (float32 or float64) the default. Raises TypeError for any other, as torch does."""
    global _default  # noqa: PLW0603 - torch's default dtype is global, too
    wanted = as_dtype(dtype)
    if wanted not in FLOATS:
        raise TypeError(f"only float32 and float64 can be the default dtype, not {wanted}")
    _default = wanted


def as_dtype(dtype: Any) -> DType:
    """Any spelling of one of the four dtypes ('float32', np.float32, float, torch's name) as that dtype."""
    if isinstance(dtype, str) and dtype in _NAMES:
        return _NAMES[dtype]
    if dtype is float:
        return _default
    try:
        found = np.dtype(dtype)
    except TypeError:
        found = None
    if found not in LADDER:
        raise TypeError(f"dtype {dtype!r} is not one of bool, int64, float32, float64")
    return LADDER[LADDER.index(found)]


def promote_types(first: DType, second: DType) -> DType:
    """The higher of two dtypes: bool < int64 < float32 < float64."""
    return max(first, second, key=LADDER.index)


def scalar_dtype(number: complex) -> DType:
    """The dtype a Python number stands for when nothing else decides."""
    if isinstance(number, bool):
        return bool_
    if isinstance(number, int):
        return int64
    if isinstance(number, float):
        return _default
    raise TypeError(f"a tensor holds bool, int or float, not {type(number).__name__}")


def result_type(operands: Iterable[Any]) -> DType:
    """The dtype in which an op computes on `operands` (arrays or tensors, and Python numbers).

    Tensors with dimensions decide; 0-d tensors, then Python numbers, matter only if their category is higher.
    """
    ranks: list[DType | None] = [None, None, None]
    for operand in operands:
        dtype = getattr(operand, "dtype", None)
        rank = 2 if dtype is None else 0 if operand.ndim else 1
        dtype = scalar_dtype(operand) if dtype is None else dtype
        held = ranks[rank]
        ranks[rank] = dtype if held is None else promote_types(held, dtype)
    result: DType | None = None
    for dtype in ranks:
        if dtype is not None and (result is None or _CATEGORY[dtype.kind] > _CATEGORY[result.kind]):
            result = dtype
    assert result is not None, "result_type needs at least one operand"
    return result
