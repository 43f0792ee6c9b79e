"""JAX on the CPU, in float64, op by op: a functional engine, so gradients of leaves only. Nothing is jitted."""

from __future__ import annotations

import os
from typing import Any

os.environ.setdefault("JAX_PLATFORMS", "cpu")
import jax
import jax.numpy as jnp
from numpy_like import needing_dims, ops_of

jax.config.update("jax_enable_x64", True)

paragrad_adapter = 1
name = "JAX " + jax.__version__
special = jax.scipy.special
ops = ops_of(jnp) | {
    "rsqrt": jax.lax.rsqrt,
    "erf": special.erf,
    "erfc": special.erfc,
    "xlogy": special.xlogy,
    "remainder": jnp.remainder,
    "relu": jax.nn.relu,
    "relu6": jax.nn.relu6,
    "sigmoid": jax.nn.sigmoid,
    "logsigmoid": jax.nn.log_sigmoid,
    "silu": jax.nn.silu,
    "mish": jax.nn.mish,
    "selu": jax.nn.selu,
    "elu": lambda input, alpha=1.0: jax.nn.elu(input, alpha),
    "leaky_relu": lambda input, negative_slope=0.01: jax.nn.leaky_relu(input, negative_slope),
    "gelu": lambda input, approximate="none": jax.nn.gelu(input, approximate == "tanh"),
    "softsign": jax.nn.soft_sign,
    "softplus": lambda input: jax.nn.softplus(input),
    "hardtanh": lambda input: jax.nn.hard_tanh(input),
    "hardsigmoid": jax.nn.hard_sigmoid,
    "hardswish": jax.nn.hard_swish,
    "softmax": needing_dims(lambda input, dim: jax.nn.softmax(input, dim)),
    "log_softmax": needing_dims(lambda input, dim: jax.nn.log_softmax(input, dim)),
    "logsumexp": needing_dims(lambda input, dim, keepdim=False: jax.nn.logsumexp(input, dim, keepdims=keepdim)),
}


def leaf(array: Any, requires_grad: bool) -> Any:
    """A JAX array."""
    return jnp.asarray(array)


def vjp(function: Any, leaves: list[Any]) -> Any:
    """jax.vjp, of a function from a list to a list."""
    values, pullback = jax.vjp(function, leaves)
    return values, lambda cotangents: pullback(cotangents)[0]
