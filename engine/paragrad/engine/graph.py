"""The graph that ops record, and the walk that carries gradients back through it.

A Node is one recorded op: what its pullbacks saved, and its parents (a Node, or a leaf Tensor), never its own output,
so that a graph holds no cycle and dies when its last Tensor does. The walk takes the youngest node that has a gradient,
again and again: every consumer of a node is younger than the node, so its gradient is complete when its turn comes.
torch's engine does the same, so contributions add up in the same order.

The walk runs in one of two ways through the same rules: on arrays, or, with create_graph, on Tensors, which record.
Undoing broadcasting happens here, once, and in no rule.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any

import numpy as np

from paragrad.engine.ops.shape import sum_to_size
from paragrad.engine.ops.table import Plan

if TYPE_CHECKING:
    from paragrad.engine.tensor import Tensor

_clock = itertools.count(0, -1)
ndarray = np.ndarray

FREED = (
    "backward through this graph a second time: the values that {op} saved were freed by the first backward. "
    "Give the first one retain_graph=True"
)


class Node:
    """One recorded op: its plan, parents in the order of the plan's steps, saved values, and output shape.

    `born` is negative and falls, so that a heap of (born, node) yields the youngest. `watch` is None, or what hooks and
    retain_grad want of the gradient.
    """

    __slots__ = ("__weakref__", "born", "parents", "plan", "saved", "shape", "watch")

    def __init__(self, plan: Plan, parents: tuple[Any, ...], saved: tuple[Any, ...] | None, shape: tuple[int, ...]):
        self.plan = plan
        self.parents = parents
        self.saved = saved
        self.shape = shape
        self.born = next(_clock)
        self.watch: Watch | None = None

    def free(self) -> None:
        """Let go of what was saved and of the parents."""
        self.saved = None
        self.parents = ()

    def __repr__(self) -> str:
        return f"<{self.plan.op.name} of shape {self.shape}>"


class Watch:
    """Who wants to see the gradient of a node: hooks by number, and a weak reference to a tensor that retains it."""

    __slots__ = ("hooks", "retainer")

    def __init__(self) -> None:
        self.hooks: dict[int, Callable[..., Any]] = {}
        self.retainer: Any = None


def each_parent(node: Node) -> list[Any]:
    """The parents that require a gradient, those of a list operand one by one."""
    flat: list[Any] = []
    for parent in node.parents:
        if type(parent) is tuple:
            flat.extend(p for p in parent if p is not None)
        else:
            flat.append(parent)
    return flat


def leading_to(roots: Sequence[Any], targets: set[Any]) -> set[Any]:
    """The nodes reachable from `roots` from which one of `targets` is reached, and the targets."""
    found = [root for root in roots if type(root) is Node]
    seen = set(found)
    for node in found:  # grows while it is walked
        for parent in each_parent(node):
            if type(parent) is Node and parent not in seen:
                seen.add(parent)
                found.append(parent)
    wanted = set(targets)
    for node in sorted(found, key=lambda node: node.born, reverse=True):
        if not wanted.isdisjoint(each_parent(node)):
            wanted.add(node)
    return wanted


def as_tensors(node: Node, wrap: Callable[[Any, Any], Tensor]) -> tuple[Any, ...]:
    """What `node` saved, its operands and output as Tensors that are part of the graph: for create_graph."""
    assert node.saved is not None
    entry = node.plan.op
    parents = dict(zip(node.plan.positions, node.parents, strict=True))
    positions = {position for _, position in entry.operands}
    count = len(entry.parameters)
    values: list[Any] = []
    for (position, fact), value in zip(node.plan.keep, node.saved, strict=True):
        if fact is not None or value is None or isinstance(value, bool | int | float):
            values.append(value)
        elif position in entry.listed:
            held = parents.get(position, (None,) * len(value))
            values.append([wrap(v, p) for v, p in zip(value, held, strict=True)])
        elif position == count:
            values.append(wrap(value, node))
        elif position > count or position in positions:
            values.append(wrap(value, parents.get(position)))
        else:
            values.append(value)
    return tuple(values)


class Walk:
    """One traversal: gradients wait in `pending` until their node's turn comes; the leaves' stay there.

    `shared` says which pending arrays somebody else holds, too: they are never added to in place, nor given away.
    """

    def __init__(self, create_graph: bool, wrap: Callable[[Any, Any], Tensor]) -> None:
        self.create_graph = create_graph
        self.wrap = wrap
        self.pending: dict[Any, Any] = {}
        self.shared: set[Any] = set()
        self.queue: list[tuple[int, Node]] = []

    def add(self, parent: Any, contribution: Any, incoming: Any) -> None:
        """Add a contribution to the gradient of `parent`, summed down to its shape if it was broadcast.

        A pullback that gives None, as that of the 0-norm, says that nothing goes back: torch's undefined gradient.
        """
        if contribution is None:
            return
        shape = parent.shape
        if contribution.shape != shape:
            contribution = sum_to_size(contribution, shape)
        pending = self.pending
        held = pending.get(parent)
        if held is None:
            pending[parent] = contribution
            if type(parent) is Node:
                heappush(self.queue, (parent.born, parent))
            if contribution is incoming or (not self.create_graph and contribution.base is not None):
                self.shared.add(parent)
        elif type(held) is not ndarray or parent in self.shared:
            pending[parent] = held + contribution
            self.shared.discard(parent)
        else:
            np.add(held, contribution, out=held)

    def run(
        self,
        seeds: Sequence[tuple[Any, Any]],
        wanted: set[Any] | None,
        retain_graph: bool,
        see: Callable[[Node, Any], Any],
    ) -> None:
        """Carry `seeds` (target, gradient) back, through `wanted` nodes only unless that is None.

        `see(node, gradient)` is shown the gradient of each node that is watched or wanted, and may replace it.
        """
        add, queue, pending, create_graph = self.add, self.queue, self.pending, self.create_graph
        for target, gradient in seeds:
            add(target, gradient, gradient)
        while queue:
            node = heappop(queue)[1]
            gradient = pending.pop(node)
            if wanted is not None or node.watch is not None:
                gradient = see(node, gradient)
            saved, plan = node.saved, node.plan
            if saved is None:
                raise RuntimeError(FREED.format(op=plan.op.name))
            pulls = plan.pulls
            if create_graph:
                saved, pulls = as_tensors(node, self.wrap), plan.rules
            for pull, parent in zip(pulls, node.parents):  # noqa: B905 - as many by construction
                if type(parent) is not tuple:
                    if wanted is None or parent in wanted:
                        add(parent, pull(gradient, saved), gradient)
                    continue
                for p, c in zip(parent, pull(gradient, saved), strict=True):
                    if p is not None and (wanted is None or p in wanted):
                        add(p, c, gradient)
            if not retain_graph and plan.keep:  # what saved nothing can be walked again, as in torch
                node.free()
