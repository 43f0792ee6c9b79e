"""Tensors from data and from nothing: torch's factory functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from paragrad.engine import dtypes
from paragrad.engine.dtypes import DType
from paragrad.engine.tensor import Tensor, check_differentiable


def _natural(data: Any) -> DType:
    """The dtype of `data` as torch infers it: Python floats give the default dtype, arrays keep their own."""
    if isinstance(data, Tensor | np.ndarray | np.generic):
        return dtypes.as_dtype(data.dtype)
    found = np.asarray([_plain(d) for d in data] if isinstance(data, list | tuple) else data).dtype
    return dtypes.get_default_dtype() if found.kind == "f" else dtypes.as_dtype(found)


def _plain(data: Any) -> Any:
    if isinstance(data, Tensor):
        return data.array.tolist()
    return [_plain(d) for d in data] if isinstance(data, list | tuple) else data


def tensor(data: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """A new leaf that holds a copy of `data` (number, nested lists, array). Raises RuntimeError as torch for integers
    that are to require grad, TypeError for a dtype that is none of the four."""
    wanted = _natural(data) if dtype is None else dtypes.as_dtype(dtype)
    with np.errstate(all="ignore"):
        array = np.array(data.array if isinstance(data, Tensor) else _plain(data), dtype=wanted)
    if requires_grad:
        check_differentiable(wanted)
    return Tensor(array, requires_grad)


def from_numpy(array: np.ndarray[Any, Any]) -> Tensor:
    """A leaf that shares the memory, and the strides, of `array`."""
    dtypes.as_dtype(array.dtype)
    return Tensor(array)


def as_tensor(data: Any, dtype: Any = None) -> Tensor:
    """`data` as a tensor, sharing memory where it is an array or a tensor of that dtype already."""
    if isinstance(data, Tensor):
        return data if dtype is None or data.dtype == dtypes.as_dtype(dtype) else data.to(dtype)
    if isinstance(data, np.ndarray) and (dtype is None or data.dtype == dtypes.as_dtype(dtype)):
        return from_numpy(data)
    return tensor(data, dtype)


def _shape(size: tuple[Any, ...]) -> tuple[int, ...]:
    return tuple(size[0]) if len(size) == 1 and isinstance(size[0], list | tuple) else size


def full(size: Any, fill_value: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor of shape `size` filled with one number."""
    wanted = _natural(fill_value) if dtype is None else dtypes.as_dtype(dtype)
    return tensor(np.full(size, fill_value, wanted), requires_grad=requires_grad)


def zeros(*size: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Zeros, of the default dtype unless another is given."""
    return full(_shape(size), 0.0, dtype, requires_grad)


def ones(*size: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Ones, of the default dtype unless another is given."""
    return full(_shape(size), 1.0, dtype, requires_grad)


def zeros_like(input: Tensor, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Zeros in the shape of `input`."""
    return full(input.shape, 0, input.dtype if dtype is None else dtype, requires_grad)


def ones_like(input: Tensor, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Ones in the shape of `input`."""
    return full(input.shape, 1, input.dtype if dtype is None else dtype, requires_grad)


def full_like(input: Tensor, fill_value: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """One number in the shape of `input`."""
    return full(input.shape, fill_value, input.dtype if dtype is None else dtype, requires_grad)


def arange(start: float, end: float | None = None, step: float = 1, dtype: Any = None) -> Tensor:
    """start, start + step, ... below end; integers where all three are."""
    low, high = (0, start) if end is None else (start, end)
    whole = all(isinstance(n, int) for n in (low, high, step))
    natural = dtypes.int64 if whole else dtypes.get_default_dtype()
    return Tensor(np.arange(low, high, step).astype(natural if dtype is None else dtypes.as_dtype(dtype)))


def eye(n: int, m: int | None = None, dtype: Any = None) -> Tensor:
    """Ones on the diagonal of an n×m matrix, zeros elsewhere."""
    return Tensor(np.eye(n, m, dtype=dtypes.get_default_dtype() if dtype is None else dtypes.as_dtype(dtype)))
