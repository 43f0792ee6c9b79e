"""The reference: PyTorch on the CPU.

An op's function is found by its name: in torch.nn.functional, torch, or among Tensor's methods; what follows a dot
in the name is an overload, which torch chooses by the arguments itself.
"""

from __future__ import annotations

import functools
import operator
import warnings
from collections.abc import Callable
from typing import Any

import torch

from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.engines.interpreter import Interpreter
from paragrad.fuzz.program import Array, Input, Program
from paragrad.fuzz.trace import Trace

# Where opt_einsum is installed, torch would contract in another order.
torch.backends.opt_einsum.enabled = False

INFIX = {"add": "+", "sub": "-", "mul": "*", "div": "/", "pow": "**", "remainder": "%", "matmul": "@"}
INFIX |= {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}
"""Ops that are written with an operator: torch's functions refuse a number on the left, its operators don't."""


def _div(input: Any, other: Any, rounding_mode: str | None = None) -> Any:
    return input / other if rounding_mode is None else torch.div(input, other, rounding_mode=rounding_mode)


def _quiet(name: str) -> Callable[..., Any]:
    """A loss without the warning that torch gives about shapes that broadcast, or about kl_div's default."""
    function = getattr(torch.nn.functional, name)

    def quiet(*args: Any, **kwargs: Any) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return function(*args, **kwargs)

    return quiet


def _masked_dropout(input: Any, p: float, mask: Array) -> Any:
    """Dropout with a mask that is known, as ATen/native/Dropout.cpp computes it."""
    return input * (torch.from_numpy(mask).to(input.dtype) / (1 - p))


UNLIKE_THEIR_NAME: dict[str, Callable[..., Any]] = {
    "getitem": operator.getitem,
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": _div,
    "pow": operator.pow,
    "remainder": operator.mod,
    "matmul": operator.matmul,
    "masked_dropout": _masked_dropout,
    **{name: _quiet(name) for name in ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "kl_div")},
    **{name: getattr(operator, name) for name in ("lt", "le", "gt", "ge", "eq", "ne")},
}


def home(name: str) -> tuple[Any, str]:
    """Where torch keeps a function of this name, and how one writes that place."""
    places = ((torch.nn.functional, "torch.nn.functional"), (torch, "torch"), (torch.Tensor, "torch.Tensor"))
    for place, spelling in places:
        if hasattr(place, name):
            return place, spelling
    raise LookupError(f"torch has no function called {name}")


@functools.cache
def resolve(op: str) -> Callable[..., Any]:
    """torch's function for an op of the table."""
    name = op.partition(".")[0]
    if name in UNLIKE_THEIR_NAME:
        return UNLIKE_THEIR_NAME[name]
    place, _ = home(name)
    found: Callable[..., Any] = getattr(place, name)
    return found


def spelled(op: str) -> str:
    """torch's function for an op, as one writes it."""
    name = op.partition(".")[0]
    return f"{home(name)[1]}.{name}"


class PyTorch(Interpreter):
    """torch.Tensor."""

    name = "torch"

    def ops(self) -> frozenset[str]:
        """Every public op of the table: torch is what defines them."""
        return frozenset(name for name, op in TABLE.items() if not op.internal)

    def run(self, program: Program, beside: Trace | None = None) -> Trace:
        """Run a program without torch's hints at speed, layout and what it will do some day."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return super().run(program, beside)

    def manual_seed(self, seed: int) -> None:
        """torch's on the CPU."""
        torch.default_generator.manual_seed(seed)

    def leaf(self, spec: Input) -> Any:
        """A tensor over the input's array; torch knows no negative strides, so a reversed view is copied."""
        array = spec.array()
        if spec.strides is not None and any(s < 0 for s in spec.strides):
            array = array.copy(order="C")
        return torch.from_numpy(array).requires_grad_(spec.requires_grad)

    def callee(self, op: str) -> Callable[..., Any]:
        """torch's function."""
        return resolve(op)

    def dtype(self, name: str) -> Any:
        """torch's dtype."""
        return getattr(torch, name)

    def alias(self, tensor: Any) -> Any:
        """A view of the whole."""
        return tensor.view_as(tensor)

    def read(self, tensor: Any) -> Array:
        """A NumPy view; of the tensors without memory in which torch keeps some zeros, a copy."""
        array: Array = tensor.numpy(force=True)
        return array

    def backward(self, roots: list[Any], cotangents: list[Any], retain_graph: bool, create_graph: bool) -> None:
        """torch.autograd.backward, on copies: where only views lie between, torch's `.grad` shares memory with the
        cotangent, and the next backward would write to it."""
        seeds = [None if c is None else c.clone() for c in cotangents]
        torch.autograd.backward(roots, seeds, retain_graph=retain_graph or create_graph, create_graph=create_graph)

    def grad(self, roots: list[Any], cotangents: list[Any], inputs: list[Any]) -> tuple[Any, ...]:
        """torch.autograd.grad with create_graph."""
        return torch.autograd.grad(roots, inputs, cotangents, create_graph=True)

    def optimizer(self, name: str, parameters: list[Any], options: dict[str, Any]) -> Any:
        """torch.optim's class of this name."""
        return getattr(torch.optim, name)(parameters, **options)
