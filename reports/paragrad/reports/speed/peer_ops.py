"""Which function of a peer does the work of an op of torch; what it lacks and its NumPy spells in a line, is spelled.

Each takes the peer's arrays and torch's arguments. All are of the ops over sizes; one that is missing can't be spelled
in a line.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

Function = Callable[..., Any]

SAME = ("exp", "tanh", "sin", "maximum", "matmul")
"""NumPy's names, which are torch's."""
RENAMED = {"add": "add", "sub": "subtract", "mul": "multiply", "div": "divide"}


def numpy_like(module: Any) -> dict[str, Function]:
    """The ops whose functions have NumPy's names."""
    found: dict[str, Function] = {name: getattr(module, name) for name in SAME}
    found |= {name: getattr(module, theirs) for name, theirs in RENAMED.items()}
    return found | {
        "sum": lambda x, dim: module.sum(x, axis=dim),
        "mean": lambda x, dim: module.mean(x, axis=dim),
    }


def mygrad_ops(library: Any) -> dict[str, Function]:
    """MyGrad's."""
    activations: Any = importlib.import_module("mygrad.nnet.activations")
    layers: Any = importlib.import_module("mygrad.nnet.layers")
    return numpy_like(library) | {
        "relu": activations.relu,
        "sigmoid": activations.sigmoid,
        "softmax": lambda x, dim: activations.softmax(x, axis=dim),
        "log_softmax": lambda x, dim: activations.logsoftmax(x, axis=dim),
        "conv2d": lambda x, w, padding: layers.conv_nd(x, w, stride=1, padding=padding),
    }


def autograd_ops() -> dict[str, Function]:
    """HIPS autograd's. It has no layers: activations are spelled; a convolution would take more than a line."""
    np: Any = importlib.import_module("autograd.numpy")

    def shifted(x: Any, dim: int) -> Any:
        return x - np.max(x, axis=dim, keepdims=True)

    def softmax(x: Any, dim: int) -> Any:
        e = np.exp(shifted(x, dim))
        return e / np.sum(e, axis=dim, keepdims=True)

    def log_softmax(x: Any, dim: int) -> Any:
        x = shifted(x, dim)
        return x - np.log(np.sum(np.exp(x), axis=dim, keepdims=True))

    return numpy_like(np) | {
        "relu": lambda x: np.maximum(x, 0.0),
        "sigmoid": lambda x: 1.0 / (1.0 + np.exp(-x)),
        "softmax": softmax,
        "log_softmax": log_softmax,
    }


def jax_ops(library: Any) -> dict[str, Function]:
    """JAX's."""
    return numpy_like(library.numpy) | {
        "relu": library.nn.relu,
        "sigmoid": library.nn.sigmoid,
        "softmax": lambda x, dim: library.nn.softmax(x, axis=dim),
        "log_softmax": lambda x, dim: library.nn.log_softmax(x, axis=dim),
        "conv2d": lambda x, w, padding: library.lax.conv_general_dilated(x, w, (1, 1), [(padding, padding)] * 2),
    }
