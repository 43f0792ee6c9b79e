"""What rows are made of, beside their own op: where a part changed, they changed with it (compare.py)."""

from __future__ import annotations

from typing import Any

from paragrad.engine.graph import Node, each_parent
from paragrad.fuzz.engines.own import Own
from paragrad.reports.gate.accuracy.rows import Key

Parts = dict[Key, set[str]]
"""The ops of their rows, by op; by op and case, where an op has several; by op and "gradient" for what its recorded
pullbacks are made of."""


class Recorded(Own):
    """The engine, the ops in the graphs of its results, and those in the graphs that its recorded backwards left."""

    def __init__(self) -> None:
        self.made: set[str] = set()
        self.recorded: set[str] = set()

    def backward(self, roots: list[Any], cotangents: list[Any], retain_graph: bool, create_graph: bool) -> None:
        """As `Own.backward`; looks at the graph of each root."""
        for root in roots:
            self.made |= ops_of(root.node)
        super().backward(roots, cotangents, retain_graph, create_graph)

    def grad(self, roots: list[Any], cotangents: list[Any], inputs: list[Any]) -> tuple[Any, ...]:
        """As `Own.grad`; looks at the graph of each gradient."""
        found = super().grad(roots, cotangents, inputs)
        for gradient in found:
            self.recorded |= ops_of(getattr(gradient, "node", None))
        return found


def ops_of(node: Any) -> set[str]:
    """The ops of a graph."""
    found = [node] if type(node) is Node else []
    for each in found:  # grows while it is walked
        found.extend(p for p in each_parent(each) if type(p) is Node and p not in found)
    return {each.plan.op.name for each in found}
