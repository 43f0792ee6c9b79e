"""Tensors and recorded ops as vertices.

A recorded op knows the shape of its result, and of numbers only what its pullbacks and those of its users saved; a
Tensor that is at hand (a root, one that was given a name, one that retains its gradient) shows its own. Operands that
need no gradient have no edge: they are drawn as constants where a pullback saved them, and else left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from paragrad.engine.draw.vertex import Constant, Vertex
from paragrad.engine.draw.words import WHOLE, kind_of, number, summary
from paragrad.engine.dtypes import DType
from paragrad.engine.graph import Node, each_parent
from paragrad.engine.tensor import Tensor


def vertex_of(tensor: Tensor) -> Any:
    """What stands for a tensor in the graph: the op that made it, or the leaf itself."""
    return tensor if tensor.node is None else tensor.node


def saved(node: Node) -> Iterator[tuple[int, Any]]:
    """The arguments and outputs that a node saved as they were, each with its position; outputs follow arguments."""
    for (position, fact), value in zip(node.plan.keep, node.saved or (), strict=False):
        if fact is None:
            yield position, value


def operands(node: Node) -> list[Any]:
    """The operands in order: Nodes, leaf Tensors, Constants, and text for numbers and for constants not saved."""
    op = node.plan.op
    parents = dict(zip(node.plan.positions, node.parents, strict=False))
    kept = dict(saved(node))
    found: list[Any] = []
    for _, position in op.operands:
        held, value = parents.get(position), kept.get(position)
        if position in op.listed:
            values = value if isinstance(value, list | tuple) else [None] * len(held or ())
            pairs: Iterable[tuple[Any, Any]] = zip(held or [None] * len(values), values, strict=True)
        else:
            pairs = [(held, value)]
        for parent, array in pairs:
            if parent is not None:
                found.append(parent)
            elif isinstance(array, bool | int | float):
                found.append(number(array))
            elif isinstance(array, np.ndarray):
                found.append(Constant(array))
            elif op.defaults.get(op.parameters[position], ...) is not None:
                found.append("constant")
    return found


class Tensors:
    """What is known of the tensors of one drawing: those at hand, and arrays that nodes saved, by vertex."""

    def __init__(self, at_hand: Iterable[Tensor]) -> None:
        self.tensors = {id(vertex_of(tensor)): tensor for tensor in at_hand}
        self.arrays: dict[int, Any] = {}
        self.dtypes: dict[int, DType] = {}

    def look(self, things: Iterable[Any]) -> None:
        """Collect what the nodes among `things` saved of their operands' and of their own numbers, and their dtypes."""
        nodes = sorted((thing for thing in things if type(thing) is Node), key=lambda node: node.born, reverse=True)
        for node in nodes:
            if node.watch is not None and node.watch.retainer is not None:
                held = node.watch.retainer()
                if held is not None:
                    self.tensors.setdefault(id(node), held)
            count = len(node.plan.op.parameters)
            parents = dict(zip(node.plan.positions, node.parents, strict=False))
            for position, value in saved(node):
                if position == count:
                    self.arrays[id(node)] = value
                elif type(parents.get(position)) is Node:
                    self.arrays.setdefault(id(parents[position]), value)
        for node in nodes:  # the oldest first, so that those of operands are known
            array = self.tensors[id(node)].array if id(node) in self.tensors else self.arrays.get(id(node))
            found = [self.dtype(parent) for parent in each_parent(node)] if array is None else [array.dtype]
            if found and found[0] is not None and (array is not None or node.plan.op.name != "cast"):
                self.dtypes[id(node)] = found[0]

    def dtype(self, parent: Any) -> DType | None:
        """The dtype of an operand, and so of a result: only a cast changes it, and casts are ops of their own."""
        return parent.dtype if isinstance(parent, Tensor) else self.dtypes.get(id(parent))

    def described(self, thing: Any) -> Vertex:
        """What the drawing tells of a Node, a leaf Tensor or a Constant."""
        if isinstance(thing, Constant):
            return of_array("", thing.array, "input constant")
        if isinstance(thing, Tensor):
            kind = "input" if thing.requires_grad else "input constant"
            vertex = of_array("", thing.array, kind)
            vertex.gradient, told = gradient(thing)
            vertex.title += told
            return vertex
        tensor = self.tensors.get(id(thing))
        array = tensor.array if tensor is not None else self.arrays.get(id(thing))
        op = thing.plan.op
        vertex = of_array(op.name, array, "op") if array is not None else self.unknown(thing)
        vertex.operands = tuple(operands(thing))
        vertex.arguments = arguments(thing)
        vertex.freed = thing.saved is None
        if tensor is not None and tensor.grad is not None:
            vertex.gradient, told = gradient(tensor)
            vertex.title += told
        return vertex

    def unknown(self, node: Node) -> Vertex:
        """A result whose numbers nobody saved."""
        return Vertex("", node.plan.op.name, (), f"{kind_of(self.dtypes.get(id(node)), node.shape)} not saved")


def of_array(op: str, array: Any, kind: str) -> Vertex:
    """A vertex whose numbers are known."""
    if not isinstance(array, np.ndarray):
        return Vertex("", op, (), type(array).__name__, kind=kind)
    data = f"{kind_of(array.dtype, array.shape)} {summary(array)}"
    with np.printoptions(threshold=50, edgeitems=3):
        return Vertex("", op, (), data, title=f"{kind_of(array.dtype, array.shape)}\ndata {array}", kind=kind)


def gradient(tensor: Tensor) -> tuple[str, str]:
    """The gradient as the third line of a box, and for its title."""
    if tensor.grad is None:
        return ("grad None", "\ngrad None") if tensor.requires_grad else ("", "")
    with np.printoptions(threshold=50, edgeitems=3):
        return f"grad {summary(tensor.grad.array)}", f"\ngrad {tensor.grad.array}"


def arguments(node: Node) -> tuple[str, ...]:
    """The arguments that are no operands and that a pullback saved: dim=1."""
    op = node.plan.op
    tensors = {position for _, position in op.operands}
    return tuple(
        f"{op.parameters[position]}={value!r}"
        for position, value in sorted(saved(node), key=lambda pair: pair[0])
        if position < len(op.parameters)
        and position not in tensors
        and told(value, op.defaults, op.parameters[position])
    )


def told(value: Any, defaults: dict[str, Any], parameter: str) -> bool:
    """Whether an argument is worth its room: short, and not the default."""
    short = isinstance(value, bool | int | float | tuple | str) and len(repr(value)) <= WHOLE
    return short and (parameter not in defaults or value != defaults[parameter])


def parents(thing: Any) -> list[Any]:
    """The vertices that a vertex was computed from, in order."""
    return [operand for operand in operands(thing) if type(operand) is not str] if type(thing) is Node else []
