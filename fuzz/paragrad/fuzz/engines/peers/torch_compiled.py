"""torch.compile: each program compiled as a whole, forward and backward, against torch as it is.

It needs a C++ compiler, and seconds a program.
"""

from __future__ import annotations

import os
from typing import Any

os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "1")
import torch
import torch_eager
from torch_eager import leaf, ops, value

paragrad_adapter = 1
name = "torch.compile " + torch.__version__
__all__ = ["leaf", "name", "ops", "paragrad_adapter", "value", "vjp"]

try:
    torch.compile(lambda x: x + 1)(torch.zeros(2))
except Exception as error:  # whatever it is, it compiles nothing here
    raise RuntimeError("torch.compile does not work here: " + str(error).splitlines()[0]) from error


def vjp(function: Any, leaves: list[Any]) -> Any:
    """torch.autograd.grad of the compiled function."""
    torch.compiler.reset()
    return torch_eager.vjp(torch.compile(function), leaves)
