"""A package whose own start fails."""

from .tensor import Tensor

raise RuntimeError(f"{Tensor.__name__} is not ready")
