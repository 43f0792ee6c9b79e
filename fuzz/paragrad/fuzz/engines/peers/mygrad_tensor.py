"""MyGrad's Tensor: every node keeps its gradient, and a graph is walked once."""

from __future__ import annotations

from typing import Any

import mygrad
import mygrad.nnet.activations as nnet
import numpy as np
from numpy_like import needing_dims, ops_of

paragrad_adapter = 1
name = "MyGrad " + mygrad.__version__
backward_once = True  # it clears the graph, and a leaf's gradient when the leaf is used anew
ops = ops_of(mygrad) | {
    "getitem": lambda input, index: input[index],
    "relu": nnet.relu,
    "sigmoid": nnet.sigmoid,
    "selu": nnet.selu,
    "softsign": nnet.soft_sign,
    "elu": lambda input, alpha=1.0: nnet.elu(input, alpha),
    "leaky_relu": lambda input, negative_slope=0.01: nnet.leaky_relu(input, negative_slope),
    "hardtanh": lambda input, min_val=-1.0, max_val=1.0: nnet.hard_tanh(
        input, lower_bound=min_val, upper_bound=max_val
    ),
    "softmax": needing_dims(lambda input, dim: nnet.softmax(input, axis=dim)),
    "log_softmax": needing_dims(lambda input, dim: nnet.logsoftmax(input, axis=dim)),
    "where": lambda condition, input, other: mygrad.where(value(condition), input, other),
}
for op in ("sign", "floor", "ceil"):  # of constants only, as it says
    del ops[op]


def leaf(array: Any, requires_grad: bool) -> Any:
    """A Tensor that shares the array's memory, a constant where no gradient is asked of it; masks and indices as is."""
    if array.dtype.kind != "f":
        return array
    return mygrad.tensor(array, constant=not requires_grad, copy=False)


def value(x: Any) -> Any:
    """The array of a Tensor."""
    return x.data if isinstance(x, mygrad.Tensor) else x


def backward(roots: list[Any], cotangents: list[Any]) -> None:
    """One walk: from the root, or from the sum of the roots, weighted by the cotangents."""
    if len(roots) == 1:
        roots[0].backward(None if cotangents[0] is None else value(cotangents[0]))
        return
    weighted = [root if c is None else mygrad.sum(root * value(c)) for root, c in zip(roots, cotangents, strict=True)]
    mygrad.add_sequence(*weighted).backward()


def gradient(x: Any) -> Any:
    """The gradient of a Tensor, None where it has none. That of a view is by design a part of its base's."""
    if not isinstance(x, mygrad.Tensor) or x.base is not None or x.grad is None:
        return None
    return np.asarray(x.grad)
