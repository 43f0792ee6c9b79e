"""A fault in torch, as it is called by this process: the engine is right, and the judge is to say so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import torch

from paragrad.fuzz.engines import pytorch


@contextmanager
def called(op: str, change: Callable[[Callable[..., Any]], Callable[..., Any]]) -> Iterator[None]:
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


def value(op: str, fault: Callable[[Any], Any]) -> AbstractContextManager[None]:
    """The (first) result of torch's function goes through `fault`."""

    def change(good: Callable[..., Any]) -> Callable[..., Any]:
        def bad(*args: Any, **kwargs: Any) -> Any:
            result = good(*args, **kwargs)
            if not isinstance(result, tuple | list):
                return fault(result)
            first, *rest = result
            return (fault(first), *rest)

        return bad

    return called(op, change)


def gradient(op: str, fault: Callable[[Any], Any]) -> AbstractContextManager[None]:
    """The gradients of torch's function for all its operands go through `fault`."""

    def broken(argument: Any) -> Any:
        if isinstance(argument, tuple | list):
            return type(argument)(broken(part) for part in argument)
        asked = isinstance(argument, torch.Tensor) and argument.requires_grad
        return FaultyGradient.apply(argument, fault) if asked else argument  # type: ignore[no-untyped-call] - torch's

    def change(good: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *args, **kwargs: good(*map(broken, args), **{k: broken(v) for k, v in kwargs.items()})

    return called(op, change)
