"""How a fault is put into the engine of this process, and taken out again.

Each function is a context manager: within its block every Tensor of the process is computed with the fault.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from types import CodeType, FunctionType
from typing import Any

from paragrad.engine.graph import Walk
from paragrad.engine.ops.table import Op

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
