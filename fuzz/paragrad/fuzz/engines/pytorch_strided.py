"""PyTorch on other memory layouts: no input is contiguous, so that torch takes other kernels and sums in other orders.

The same numbers by another way: torch as a subject that agrees with the reference in exact arithmetic only.
"""

from __future__ import annotations

from typing import Any

import torch

from paragrad.fuzz.engines.pytorch import PyTorch
from paragrad.fuzz.program import Input


def spaced(tensor: torch.Tensor) -> torch.Tensor:
    """The same elements, each followed in memory by one that is not used."""
    return torch.stack([tensor, torch.zeros_like(tensor)], dim=-1)[..., 0]


class StridedPyTorch(PyTorch):
    """torch.Tensor, every second element of a larger one."""

    name = "torch, strided"

    def leaf(self, spec: Input) -> Any:
        """The input, spaced."""
        return spaced(super().leaf(spec).detach()).requires_grad_(spec.requires_grad)
