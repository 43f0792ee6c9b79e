"""Layers that only change the shape."""

from __future__ import annotations

from paragrad.engine.nn.module import Module
from paragrad.engine.ops.shape import flatten
from paragrad.engine.tensor import Tensor


class Flatten(Module):
    """The dimensions from `start_dim` to `end_dim` as one: by default all but the first."""

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        self.start_dim = start_dim
        self.end_dim = end_dim

    def forward(self, input: Tensor) -> Tensor:
        """See the class."""
        result: Tensor = flatten(input, self.start_dim, self.end_dim)
        return result

    def extra_repr(self) -> str:
        """The arguments."""
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"
