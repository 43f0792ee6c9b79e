"""Dropout: noise for training."""

from __future__ import annotations

from paragrad.engine.nn.module import Module
from paragrad.engine.ops.dropout import dropout
from paragrad.engine.tensor import Tensor


class Dropout(Module):
    """While training each element becomes 0 with probability `p`, and the others grow by 1 / (1 - p)."""

    def __init__(self, p: float = 0.5) -> None:
        if not 0 <= p <= 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p = p

    def forward(self, input: Tensor) -> Tensor:
        """See the class."""
        result: Tensor = dropout(input, self.p, self.training)
        return result

    def extra_repr(self) -> str:
        """The argument."""
        return f"p={self.p}"
