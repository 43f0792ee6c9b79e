"""The graph that ops record, and the walk that carries gradients back through it.

A Node is one recorded op: what its pullbacks saved, and its parents (a Node, or a leaf Tensor), never its own output,
so that a graph holds no cycle and dies when its last Tensor does. The walk visits the reachable nodes in reverse order
of creation, which is the order in which torch's engine pops them, so contributions add up in the same order.

The walk runs in one of two ways through the same rules: on arrays, or, with create_graph, on Tensors, which record.
Undoing broadcasting happens here, once, and in no rule.
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from paragrad.engine.ops.shape import sum_to_size
from paragrad.engine.ops.table import Op, Plan

if TYPE_CHECKING:
    from paragrad.engine.tensor import Tensor

_clock = itertools.count()
_by_age = operator.attrgetter("born")

FREED = (
    "backward through this graph a second time: the values that {op} saved were freed by the first backward. "
    "Give the first one retain_graph=True"
)


class Node:
    """One recorded op: its plan, parents in the order of the plan's steps, saved values, and output shape."""

    __slots__ = ("__weakref__", "born", "hooks", "parents", "plan", "retainer", "saved", "shape")

    def __init__(self, plan: Plan, parents: tuple[Any, ...], saved: tuple[Any, ...] | None, shape: tuple[int, ...]):
        self.plan = plan
        self.parents = parents
        self.saved = saved
        self.shape = shape
        self.born = next(_clock)
        self.hooks: dict[int, Callable[..., Any]] | None = None
        self.retainer: Any = None

    def free(self) -> None:
        """Let go of what was saved; a node that saved nothing can be walked again, as in torch."""
        if self.plan.keep:
            self.saved = None
            self.parents = ()

    def __repr__(self) -> str:
        return f"<{self.plan.op.name} of shape {self.shape}>"


def each_parent(node: Node) -> list[Any]:
    """The parents that require a gradient, those of a list operand one by one."""
    flat: list[Any] = []
    for parent in node.parents:
        if type(parent) is tuple:
            flat.extend(p for p in parent if p is not None)
        else:
            flat.append(parent)
    return flat


def reachable(roots: Sequence[Any]) -> list[Node]:
    """The nodes from which `roots` were made, latest first."""
    seen = {root for root in roots if type(root) is Node}
    stack = list(seen)
    while stack:
        for parent in each_parent(stack.pop()):
            if type(parent) is Node and parent not in seen:
                seen.add(parent)
                stack.append(parent)
    return sorted(seen, key=_by_age, reverse=True)


def leading_to(order: Sequence[Node], targets: set[Any]) -> list[Node]:
    """The nodes of `order` from which one of `targets` is reached."""
    wanted = set(targets)
    for node in reversed(order):
        if any(parent in wanted for parent in each_parent(node)):
            wanted.add(node)
    return [node for node in order if node in wanted]


def as_tensors(node: Node, wrap: Callable[[Any, Any], Tensor]) -> list[Any]:
    """What `node` saved, its operands and output as Tensors that are part of the graph: for create_graph."""
    assert node.saved is not None
    entry = node.plan.op
    parents = {step.position: parent for step, parent in zip(node.plan.steps, node.parents, strict=True)}
    positions = {position for _, position in entry.operands}
    count = len(entry.parameters)
    values: list[Any] = []
    for (position, fact), value in zip(node.plan.keep, node.saved, strict=True):
        if fact is not None or value is None:
            values.append(value)
        elif position == count:
            values.append(wrap(value, node))
        elif position > count or (position in positions and position not in parents):
            values.append(value if isinstance(value, bool | int | float | list | tuple) else wrap(value, None))
        elif position in entry.listed:
            values.append([wrap(v, p) for v, p in zip(value, parents[position], strict=True)])
        elif position in parents:
            values.append(wrap(value, parents[position]))
        else:
            values.append(value)
    return values


class Walk:
    """One traversal: gradients wait in `pending` until their node's turn comes.

    `owned` says which pending arrays nobody else holds, so that a further contribution may be added in place.
    """

    def __init__(self, create_graph: bool, wrap: Callable[[Any, Any], Tensor]) -> None:
        self.create_graph = create_graph
        self.wrap = wrap
        self.pending: dict[Any, Any] = {}
        self.owned: set[Any] = set()

    def add(self, parent: Any, contribution: Any, incoming: Any) -> None:
        """Add a contribution to the gradient of `parent`, summed down to its shape if it was broadcast."""
        if contribution.shape != parent.shape:
            contribution = sum_to_size(contribution, parent.shape)
        held = self.pending.get(parent)
        if held is None:
            self.pending[parent] = contribution
            if type(contribution) is np.ndarray and contribution is not incoming and contribution.base is None:
                self.owned.add(parent)
        elif parent in self.owned:
            np.add(held, contribution, out=held)
        else:
            self.pending[parent] = held = held + contribution
            if type(held) is np.ndarray:
                self.owned.add(parent)

    def visit(self, node: Node, gradient: Any) -> None:
        """Run the pullbacks of `node` on its gradient."""
        saved: Any = node.saved
        if saved is None:
            raise RuntimeError(FREED.format(op=node.plan.op.name))
        steps = node.plan.steps
        if self.create_graph:
            saved = as_tensors(node, self.wrap)
            steps = node.plan.op.rule_plan([step.position for step in steps]).steps
        for step, parent in zip(steps, node.parents, strict=True):
            contribution = step.pull(gradient, *[saved[k] for k in step.picks])
            if type(parent) is tuple:
                for p, c in zip(parent, contribution, strict=True):
                    if p is not None:
                        self.add(p, c, gradient)
            else:
                self.add(parent, contribution, gradient)

    def run(
        self,
        seeds: Sequence[tuple[Any, Any]],
        targets: set[Any] | None,
        retain_graph: bool,
        at: Callable[[Any, Any], Any],
    ) -> None:
        """Carry `seeds` (target, gradient) back; `at(node, gradient)` sees, and may replace, each gradient in turn.

        With `targets` only the paths that lead to them are walked. What is left in `pending` are the leaves'.
        """
        for target, gradient in seeds:
            self.add(target, gradient, gradient)
        order = reachable([target for target, _ in seeds])
        if targets is not None:
            keep = set(leading_to(order, targets)) | targets
            for node in order:
                if node not in keep:
                    self.pending.pop(node, None)
        for node in order:
            gradient = self.pending.pop(node, None)
            if gradient is None:
                continue
            gradient = at(node, gradient)
            if targets is None or node in keep and any(p in keep for p in each_parent(node)):
                self.visit(node, gradient)
            if not retain_graph:
                node.free()


def saved_values(plan: Plan, values: Sequence[Any]) -> tuple[Any, ...]:
    """What the pullbacks of `plan` name, out of arguments followed by outputs."""
    return tuple([values[k] if fact is None else _FACTS[fact](values[k]) for k, fact in plan.keep])


_FACTS: dict[str, Callable[[Any], Any]] = {
    "shape": np.shape,
    "shapes": lambda arrays: [np.shape(a) for a in arrays],
    "dtype": lambda a: a.dtype,
}

__all__ = ["Node", "Op", "Walk", "reachable", "saved_values"]
