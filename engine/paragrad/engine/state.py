"""What a thread carries: whether ops are recorded, and a context in which NumPy keeps quiet about inf and NaN.

torch computes 1/0 without a word, NumPy warns. Measured on a 4x4 multiply (0.33 us): `np.errstate` adds 1.0 us an op,
`Context.run` of a context whose error state was set once adds 0.06 us, touches neither the caller's error state nor
another thread's, and is public API. So each thread owns one such context; forward computations and backward walks run
in it. What runs there computes on arrays and nothing else; hooks, which are the caller's code, get another context.
"""

from __future__ import annotations

import contextlib
import contextvars
import functools
import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, TypeVar, cast

import numpy as np

F = TypeVar("F", bound=Callable[..., Any])


class ThreadState(threading.local):
    """One a thread. `quietly(f, *args)` is f(*args) without floating-point warnings."""

    def __init__(self) -> None:
        self.grad_enabled = True
        self.quietly = quiet_context()

    @contextlib.contextmanager
    def another_context(self) -> Iterator[None]:
        """For code of the caller's that runs inside a quiet computation: a context is never entered twice."""
        held, self.quietly = self.quietly, quiet_context()
        try:
            yield
        finally:
            self.quietly = held


def quiet_context() -> Callable[..., Any]:
    """The `run` of a new context in which NumPy's floating-point warnings are off."""
    context = contextvars.Context()
    context.run(np.seterr, all="ignore")
    return context.run


state = ThreadState()


class set_grad_enabled:
    """Record ops, or don't, in this thread until the block ends. Also a decorator, as torch's."""

    def __init__(self, mode: bool) -> None:
        self.mode = mode
        self.previous: list[bool] = []

    def __enter__(self) -> None:
        self.previous.append(state.grad_enabled)
        state.grad_enabled = self.mode

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        state.grad_enabled = self.previous.pop()

    def __call__(self, function: F) -> F:
        @functools.wraps(function)
        def inner(*args: Any, **kwargs: Any) -> Any:
            with set_grad_enabled(self.mode):
                return function(*args, **kwargs)

        return cast(F, inner)


class no_grad(set_grad_enabled):
    """Within this block ops are not recorded."""

    def __init__(self) -> None:
        super().__init__(False)


class enable_grad(set_grad_enabled):
    """Within this block ops are recorded, even inside no_grad."""

    def __init__(self) -> None:
        super().__init__(True)


def is_grad_enabled() -> bool:
    """Whether this thread records ops."""
    return state.grad_enabled
