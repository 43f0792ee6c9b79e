"""How a fault is put into the engine of this process, or into its torch, and taken out again.

Each function is a context manager: within its block every Tensor of the process is computed with the fault.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from types import CodeType, FunctionType
from typing import Any

import torch

from paragrad.engine.graph import Walk
from paragrad.engine.ops.table import Op
from paragrad.fuzz.engines import pytorch

Rule = Callable[..., Any]
Planted = AbstractContextManager[None]
Add = Callable[[Walk, Any, Any, Any], None]
"""Walk.add: of the walk, the parent, the contribution, and the gradient that came in."""

ADD: Add = Walk.add


@contextmanager
def pullback(op: Op, parameter: str, change: Callable[[Rule], Rule]) -> Iterator[None]:
    """The pullback of `parameter` is `change(rule)`, and what was fused is not used.

    What the changed rule names of inputs and output is read off its signature, so a rule that is wrapped has to keep
    that (`functools.wraps`).
    """
    rule, forms = op.pullbacks[parameter], dict(op.fused)
    op.fused.pop(parameter, None)
    op.pullbacks[parameter] = change(rule)
    op.plans.clear()
    try:
        yield
    finally:
        op.pullbacks[parameter] = rule
        op.fused.clear()
        op.fused.update(forms)
        op.plans.clear()


@contextmanager
def fused(op: Op, parameter: str, change: Callable[[Rule], Rule]) -> Iterator[None]:
    """The fused form of a pullback is `change(form)`; the rule stays right."""
    form = op.fused[parameter]
    op.fused[parameter] = change(form)
    op.plans.clear()
    try:
        yield
    finally:
        op.fused[parameter] = form
        op.plans.clear()


@contextmanager
def code(function: FunctionType, wrong: Callable[[], CodeType]) -> Iterator[None]:
    """The function has the code that `wrong` makes, wherever it is called."""
    right = function.__code__
    function.__code__ = wrong()
    try:
        yield
    finally:
        function.__code__ = right


@contextmanager
def attribute(owner: Any, name: str, wrong: Any) -> Iterator[None]:
    """`owner.name`, of a class or a module, is `wrong`."""
    right = vars(owner)[name]
    setattr(owner, name, wrong)
    try:
        yield
    finally:
        setattr(owner, name, right)


@contextmanager
def many(*plants: Callable[[], Planted]) -> Iterator[None]:
    """Several faults at once."""
    with ExitStack() as stack:
        for each in plants:
            stack.enter_context(each())
        yield


def result_of(fault: Callable[[Any], Any]) -> Callable[[Rule], Rule]:
    """The change by which what a rule gives goes through `fault`."""

    def change(rule: Rule) -> Rule:
        return functools.wraps(rule)(lambda *args: fault(rule(*args)))

    return change


@contextmanager
def value(op: Op, fault: Callable[[Any], Any]) -> Iterator[None]:
    """The op's (first) output goes through `fault`."""
    good = op.compute

    def bad(*args: Any) -> Any:
        result = good(*args)
        return (fault(result[0]), *result[1:]) if isinstance(result, tuple) else fault(result)

    op.compute = bad
    try:
        yield
    finally:
        op.compute = good


@contextmanager
def walk(add: Add) -> Iterator[None]:
    """Contributions are added up by `add`."""
    patched: Any = Walk
    patched.add = add
    try:
        yield
    finally:
        patched.add = ADD


@contextmanager
def adding(op: Op, parameter: str, add: Add) -> Iterator[None]:
    """What one rule contributes is added up by `add`, everything else as it should be."""
    pulled = False

    def marking(rule: Rule) -> Rule:
        def marked(*args: Any) -> Any:
            nonlocal pulled
            pulled = True
            return rule(*args)

        return functools.wraps(rule)(marked)

    def chosen(self: Walk, parent: Any, contribution: Any, incoming: Any) -> None:
        nonlocal pulled
        now, pulled = pulled, False
        (add if now else ADD)(self, parent, contribution, incoming)

    with pullback(op, parameter, marking), walk(chosen):
        yield


def overwrite(self: Walk, parent: Any, contribution: Any, incoming: Any) -> None:
    """`=` for `+=`: the contribution replaces what its operand had collected."""
    if self.pending.pop(parent, None) is None:
        ADD(self, parent, contribution, incoming)
        return
    # The queue holds the parent already; a second entry would be a second visit.
    queued = list(self.queue)
    ADD(self, parent, contribution, incoming)
    self.queue[:] = queued


def overwriting(op: Op, parameter: str) -> Planted:
    """`=` for `+=` in one rule: what it contributes replaces what its operand had collected."""
    return adding(op, parameter, overwrite)


@contextmanager
def torchs(op: str, change: Callable[[Callable[..., Any]], Callable[..., Any]]) -> Iterator[None]:
    """torch's function for an op, and for all its overloads, is `change(function)`."""
    name = op.partition(".")[0]
    known = pytorch.UNLIKE_THEIR_NAME.get(name)
    pytorch.UNLIKE_THEIR_NAME[name] = change(pytorch.resolve(op))
    pytorch.resolve.cache_clear()
    try:
        yield
    finally:
        if known is None:
            del pytorch.UNLIKE_THEIR_NAME[name]
        else:
            pytorch.UNLIKE_THEIR_NAME[name] = known
        pytorch.resolve.cache_clear()


class FaultyGradient(torch.autograd.Function):
    """The identity, with a gradient that goes through a fault."""

    @staticmethod
    def forward(ctx: Any, tensor: torch.Tensor, fault: Callable[[Any], Any]) -> torch.Tensor:
        """A view of the tensor."""
        ctx.fault = fault
        return tensor.view_as(tensor)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> tuple[Any, None]:
        """fault(gradient), and nothing for the fault."""
        return ctx.fault(gradients[0]), None


def torchs_value(op: str, fault: Callable[[Any], Any]) -> AbstractContextManager[None]:
    """The (first) result of torch's function goes through `fault`."""

    def change(good: Callable[..., Any]) -> Callable[..., Any]:
        def bad(*args: Any, **kwargs: Any) -> Any:
            result = good(*args, **kwargs)
            if not isinstance(result, tuple | list):
                return fault(result)
            first, *rest = result
            return (fault(first), *rest)

        return bad

    return torchs(op, change)


def torchs_gradient(op: str, fault: Callable[[Any], Any]) -> AbstractContextManager[None]:
    """The gradients of torch's function for all its operands go through `fault`."""

    def broken(argument: Any) -> Any:
        if isinstance(argument, tuple | list):
            return type(argument)(broken(part) for part in argument)
        asked = isinstance(argument, torch.Tensor) and argument.requires_grad
        return FaultyGradient.apply(argument, fault) if asked else argument  # type: ignore[no-untyped-call]

    def change(good: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *args, **kwargs: good(*map(broken, args), **{k: broken(v) for k, v in kwargs.items()})

    return torchs(op, change)
