"""Layers that are affine maps."""

from __future__ import annotations

from typing import Any

from paragrad.engine.nn import init
from paragrad.engine.nn.module import Module
from paragrad.engine.ops.contraction import linear
from paragrad.engine.tensor import Tensor


class Linear(Module):
    """input · weightᵀ + bias, along the last dimension: (..., in_features) to (..., out_features)."""

    def __init__(self, in_features: int, out_features: int, bias: bool = True, dtype: Any = None) -> None:
        self.in_features = in_features
        self.out_features = out_features
        self.weight, self.bias = init.weight_and_bias((out_features, in_features), bias, dtype)

    def forward(self, input: Tensor) -> Tensor:
        """See the class."""
        result: Tensor = linear(input, self.weight, self.bias)
        return result

    def extra_repr(self) -> str:
        """The arguments."""
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"
