"""paragrad.engine: a scalar and a tensor autograd engine with torch's names and torch's gradients, on NumPy alone.

Where to put what: an op goes into its family under `ops/`; the walk is `graph.py`, `backward` and `grad` are
`autograd.py`; `recording.py` is what an op does with Tensors; `nn/` and `optim.py` stand on all of these; `scalar.py`
is `Value`, which stands on its own.
"""

from __future__ import annotations

from typing import Any

from paragrad.engine import (
    nn,
    notebook,  # noqa: F401 - it teaches Jupyter to show what a cell ends in
    optim,
    recording,  # noqa: F401 - it teaches ops what to do with Tensors
)
from paragrad.engine.autograd import backward, grad
from paragrad.engine.creation import (
    arange,
    as_tensor,
    eye,
    from_numpy,
    full,
    full_like,
    ones,
    ones_like,
    tensor,
    zeros,
    zeros_like,
)
from paragrad.engine.dtypes import (
    bool_,
    float32,
    float64,
    get_default_dtype,
    int64,
    promote_types,
    result_type,
    set_default_dtype,
)
from paragrad.engine.functional import functions
from paragrad.engine.random import manual_seed
from paragrad.engine.scalar import Value
from paragrad.engine.state import enable_grad, is_grad_enabled, no_grad, set_grad_enabled
from paragrad.engine.tensor import Tensor

__all__ = [
    "Tensor",
    "Value",
    "arange",
    "as_tensor",
    "backward",
    "bool_",
    "enable_grad",
    "eye",
    "float32",
    "float64",
    "from_numpy",
    "full",
    "full_like",
    "get_default_dtype",
    "grad",
    "int64",
    "is_grad_enabled",
    "manual_seed",
    "nn",
    "no_grad",
    "ones",
    "ones_like",
    "optim",
    "promote_types",
    "result_type",
    "set_default_dtype",
    "set_grad_enabled",
    "tensor",
    "zeros",
    "zeros_like",
]


def __getattr__(name: str) -> Any:
    """Every op of the table as a function: paragrad.engine.exp, .matmul, .softmax, ..."""
    if name in functions:
        return functions[name]
    raise AttributeError(f"paragrad.engine has no {name!r}")


def __dir__() -> list[str]:
    return sorted({*__all__, *functions})
