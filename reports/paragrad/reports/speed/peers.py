"""Other libraries over sizes, beside engine and torch: MyGrad, HIPS autograd, and JAX compiled (jit), in this process.

A peer is a `Library` as far as the work over sizes asks: leaves, ops by torch's names, backward. MyGrad records and
walks back as torch does. autograd and JAX differentiate functions: what an op gives is then the work yet to be done,
and `backward` does it, value and gradients. Which function of a peer stands for an op is in `peer_ops.py`.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from paragrad.reports.speed.peer_ops import Function, autograd_ops, jax_ops, mygrad_ops
from paragrad.reports.speed.workload import Array

Differentiated = Callable[..., tuple[Any, Sequence[Any]]]
"""Given a cotangent and arrays: the value, and the gradient of each array."""


class Leaf:
    """A peer's array, and the gradient that a backward left."""

    __slots__ = ("array", "grad")

    def __init__(self, array: Any) -> None:
        self.array = array
        self.grad: Any = None


class Applied:
    """An op and its leaves; `backward` computes value and gradients."""

    __slots__ = ("function", "leaves", "value")

    def __init__(self, function: Differentiated, leaves: tuple[Leaf, ...]) -> None:
        self.function = function
        self.leaves = leaves
        self.value: Any = None

    def backward(self, cotangent: Leaf) -> None:
        """Carry a cotangent of the output's shape back to the leaves."""
        self.value, gradients = self.function(cotangent.array, *(leaf.array for leaf in self.leaves))
        for leaf, gradient in zip(self.leaves, gradients, strict=True):
            leaf.grad = gradient

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        """The value, once `backward` ran."""
        made: Array = self.value.__array__()
        return made


class Peer:
    """A library under torch's names; `array` makes one of its arrays, `differentiate` adds a backward to an op."""

    def __init__(
        self,
        name: str,
        functions: Mapping[str, Function],
        array: Callable[[Array], Any],
        differentiate: Callable[[Function], Differentiated],
    ) -> None:
        self.name = name
        self.functions = functions
        self.array = array
        self.differentiate = differentiate

    def op(self, name: str) -> Callable[..., Applied]:
        """An op on leaves; what follows them, such as a dimension, is the same in each call.

        Raises NotImplementedError for an op that the peer lacks.
        """
        if name not in self.functions:
            raise NotImplementedError(f"{self.name} has no {name}")
        function = self.functions[name]
        made: list[Differentiated] = []

        def apply(*arguments: Any, **keywords: Any) -> Applied:
            leaves = tuple(one for one in arguments if isinstance(one, Leaf))
            if not made:
                rest = arguments[len(leaves) :]
                made.append(self.differentiate(lambda *arrays: function(*arrays, *rest, **keywords)))
            return Applied(made[0], leaves)

        return apply

    def leaf(self, array: Array, requires_grad: bool = True) -> Leaf:
        """A leaf that holds a copy of `array`. Only ops on leaves that require a gradient are asked for."""
        return Leaf(self.array(array.copy()))


def mygrad() -> Peer:
    """MyGrad. Its Tensor keeps gradient and graph."""
    library: Any = importlib.import_module("mygrad")

    def differentiate(function: Function) -> Differentiated:
        def run(cotangent: Any, *tensors: Any) -> tuple[Any, Sequence[Any]]:
            out = function(*tensors)
            out.backward(cotangent.data)
            return out.data, [tensor.grad for tensor in tensors]

        return run

    return Peer("mygrad", mygrad_ops(library), library.tensor, differentiate)


def autograd() -> Peer:
    """HIPS autograd, which runs on NumPy's arrays."""
    library: Any = importlib.import_module("autograd")

    def differentiate(function: Function) -> Differentiated:
        def run(cotangent: Any, *arrays: Any) -> tuple[Any, Sequence[Any]]:
            pull, value = library.make_vjp(function, argnum=tuple(range(len(arrays))))(*arrays)
            return value, pull(cotangent)

        return run

    return Peer("autograd", autograd_ops(), lambda array: array, differentiate)


def jax() -> Peer:
    """JAX: each op with its backward one compiled function, on one thread, waited for."""
    # Read when jax starts: later there is no way to hold it to one thread.
    os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
    os.environ.setdefault("NPROC", "1")
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    library: Any = importlib.import_module("jax")

    def differentiate(function: Function) -> Differentiated:
        def whole(cotangent: Any, *arrays: Any) -> tuple[Any, Sequence[Any]]:
            value, pull = library.vjp(function, *arrays)
            return value, pull(cotangent)

        compiled = library.jit(whole)

        def run(cotangent: Any, *arrays: Any) -> tuple[Any, Sequence[Any]]:
            done: tuple[Any, Sequence[Any]] = library.block_until_ready(compiled(cotangent, *arrays))
            return done

        return run

    return Peer("jax (jit)", jax_ops(library), library.numpy.asarray, differentiate)


PEERS: dict[str, tuple[str, Callable[[], Peer]]] = {
    "mygrad": ("mygrad", mygrad),
    "autograd": ("autograd", autograd),
    "jax (jit)": ("jax", jax),
}
"""By the name of the side: the package to install, and how to load it."""


def there(package: str) -> bool:
    """Whether a package is installed."""
    return importlib.util.find_spec(package) is not None


def installed() -> list[str]:
    """The peers that can be measured over sizes here."""
    return [name for name, (package, _) in PEERS.items() if there(package)]


def packages() -> dict[str, str]:
    """By name, the packages of all peers: these, and micrograd, which scalar graphs are measured against."""
    return {"micrograd": "micrograd", **{name: package for name, (package, _) in PEERS.items()}}


def versions() -> dict[str, str]:
    """The versions of the peers that are installed."""
    return {name: importlib.metadata.version(package) for name, package in packages().items() if there(package)}


def absent() -> list[str]:
    """The peers that are not installed."""
    return [name for name, package in packages().items() if not there(package)]
