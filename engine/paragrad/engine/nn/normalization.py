"""Layers that bring their input to mean 0 and variance 1."""

from __future__ import annotations

from typing import Any

import numpy as np

from paragrad.engine import dtypes
from paragrad.engine.nn.module import Module
from paragrad.engine.nn.parameter import Parameter
from paragrad.engine.ops.normalization import layer_norm
from paragrad.engine.tensor import Tensor


class LayerNorm(Module):
    """Mean 0 and variance 1 over the last dimensions, whose shape is `normalized_shape`, then · weight + bias."""

    def __init__(
        self,
        normalized_shape: int | tuple[int, ...] | list[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        dtype: Any = None,
    ) -> None:
        self.normalized_shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        wanted = dtypes.get_default_dtype() if dtype is None else dtypes.as_dtype(dtype)
        self.weight = Parameter(np.ones(self.normalized_shape, wanted)) if elementwise_affine else None
        self.bias = Parameter(np.zeros(self.normalized_shape, wanted)) if elementwise_affine and bias else None

    def forward(self, input: Tensor) -> Tensor:
        """See the class."""
        result: Tensor = layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)
        return result

    def extra_repr(self) -> str:
        """The arguments."""
        affine = f"elementwise_affine={self.elementwise_affine}, bias={self.bias is not None}"
        return f"{self.normalized_shape}, eps={self.eps}, {affine}"
