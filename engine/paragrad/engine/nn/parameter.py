"""Parameter: a Tensor that a Module takes for one of its own."""

from __future__ import annotations

from typing import Any

from paragrad.engine.creation import as_tensor
from paragrad.engine.tensor import Tensor, check_differentiable


class Parameter(Tensor):
    """A leaf over the memory of `data` that requires grad and that a Module finds among its attributes."""

    __slots__ = ()

    def __init__(self, data: Any, requires_grad: bool = True) -> None:
        array = as_tensor(data).array
        if requires_grad:
            check_differentiable(array.dtype)
        super().__init__(array, requires_grad)

    def __repr__(self) -> str:
        return "Parameter containing:\n" + super().__repr__()
