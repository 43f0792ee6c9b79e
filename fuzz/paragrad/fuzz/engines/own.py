"""The subject: paragrad's own tensor engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import paragrad.engine as pg
from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.engines.interpreter import Interpreter
from paragrad.fuzz.program import Array, Input


class Own(Interpreter):
    """paragrad.engine.Tensor."""

    name = "paragrad"

    def ops(self) -> frozenset[str]:
        """Every public op of the table."""
        return frozenset(name for name, op in TABLE.items() if not op.internal)

    def manual_seed(self, seed: int) -> None:
        """paragrad.engine.manual_seed."""
        pg.manual_seed(seed)

    def leaf(self, spec: Input) -> Any:
        """A Tensor over the input's array, strides and all."""
        return pg.Tensor(spec.array(), spec.requires_grad)

    def callee(self, op: str) -> Callable[..., Any]:
        """The table's op."""
        return TABLE[op]

    def dtype(self, name: str) -> Any:
        """The NumPy dtype."""
        return pg.dtypes.as_dtype(name)

    def alias(self, tensor: Any) -> Any:
        """A view of the whole."""
        return tensor.reshape(tensor.shape)

    def read(self, tensor: Any) -> Array:
        """The array."""
        array: Array = tensor.array
        return array

    def backward(self, roots: list[Any], cotangents: list[Any], retain_graph: bool, create_graph: bool) -> None:
        """paragrad.engine.backward."""
        pg.backward(roots, cotangents, retain_graph, create_graph)

    def grad(self, roots: list[Any], cotangents: list[Any], inputs: list[Any]) -> tuple[Any, ...]:
        """paragrad.engine.grad with create_graph."""
        return pg.grad(roots, inputs, cotangents, create_graph=True)

    def optimizer(self, name: str, parameters: list[Any], options: dict[str, Any]) -> Any:
        """paragrad.engine.optim's class of this name."""
        return getattr(pg.optim, name)(parameters, **options)
