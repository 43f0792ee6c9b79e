"""torch.compile with the backend aot_eager: forward and backward traced together and decomposed, against torch itself.

Its default backend takes half a minute a program, which is no way to try many.
"""

from __future__ import annotations

from typing import Any

import torch
import torch_eager
from torch_eager import leaf, ops, value

__all__ = ["leaf", "name", "ops", "paragrad_adapter", "value", "vjp"]

paragrad_adapter = 1
name = "torch.compile (aot_eager) " + torch.__version__


def vjp(function: Any, leaves: list[Any]) -> Any:
    """torch.autograd.grad of the compiled function."""
    torch.compiler.reset()
    return torch_eager.vjp(torch.compile(function, backend="aot_eager"), leaves)
