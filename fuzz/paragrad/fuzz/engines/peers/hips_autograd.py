"""HIPS autograd: a functional engine over NumPy, so gradients of leaves only."""

from __future__ import annotations

import importlib.metadata
from typing import Any

import autograd.numpy as np
from autograd import make_vjp
from autograd.builtins import list as boxed_list
from numpy_like import needing_dims, ops_of

paragrad_adapter = 1
name = "HIPS autograd " + importlib.metadata.version("autograd")
ops = ops_of(np)
try:
    from autograd.scipy import special
except ImportError:  # SciPy is its optional part
    pass
else:
    ops |= {
        "erf": special.erf,
        "erfc": special.erfc,
        "sigmoid": special.expit,
        "logsumexp": needing_dims(lambda input, dim, keepdim=False: special.logsumexp(input, dim, keepdims=keepdim)),
    }


def vjp(function: Any, leaves: list[Any]) -> Any:
    """autograd's make_vjp, of a function from a list to a list."""
    pullback, values = make_vjp(lambda given: boxed_list(function(list(given))))(leaves)
    return values, pullback
