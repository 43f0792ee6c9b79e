"""The graph of a diff as a drawing whose nodes and edges the page's script can find, edges as wide as what they carry.

Classes are the handles: `node-5` is the node of number 5, `edge-3` the third edge, `w1` to `w6` are widths.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from markupsafe import Markup

from paragrad.engine.draw import Edge, Graph, Node, svg
from paragrad.engine.draw.svg import STYLE
from paragrad.reports.bodies.diff import DiffBody, DiffNode, DiffNumber, DiffTerm
from paragrad.reports.html.stepper.numbers import brief, exact, shown, size

WIDTHS = 6
STEP = 4.0
"""A width is for contributions so many times as large as those of the width below it; the narrowest is for the rest."""
BESIDE = 480
"""A drawing up to so many pixels wide leaves room for the steps at its side."""
STAR = "★ "


class Drawing:
    """The drawing, and by which edge each contribution flows."""

    def __init__(self, nodes: Sequence[DiffNode], body: DiffBody) -> None:
        self.nodes = nodes
        self.body = body
        self.ends: list[tuple[int, int, str]] = []
        self.numbers: dict[tuple[int, int, str], list[int]] = {}
        there = {node["number"] for node in nodes}
        for node in nodes:
            for operand in node["operands"]:
                if operand["node"] in there:
                    key = (operand["node"], node["number"], operand["parameter"])
                    self.numbers.setdefault(key, []).append(len(self.ends))
                    self.ends.append(key)
        self.carried: dict[int, DiffTerm] = {}
        self.flows = {node["number"]: self.arriving(node) for node in nodes}

    def arriving(self, node: DiffNode) -> list[int | None]:
        """The edge of each term of a node's gradient, in their order; None of one that is not drawn."""
        left = {key: list(numbers) for key, numbers in self.numbers.items() if key[0] == node["number"]}
        found: list[int | None] = []
        for term in node["terms"]:
            waiting = left.get((node["number"], term["user"], term["parameter"]))
            edge = waiting.pop(0) if waiting else None
            found.append(edge)
            if edge is not None:
                self.carried[edge] = term
        return found

    def into(self, node: DiffNode) -> list[int]:
        """The edges by which a node's operands come."""
        return [k for k, (_, target, _) in enumerate(self.ends) if target == node["number"]]

    def svg(self) -> tuple[Markup, bool]:
        """The drawing, and whether it leaves room at its side."""
        sizes = {edge: size(gave(term)) for edge, term in self.carried.items()}
        largest = max((s for s in sizes.values() if math.isfinite(s)), default=0.0)
        edges = []
        for k, (source, target, _) in enumerate(self.ends):
            kind = f"edge-{k}"
            if k in self.carried:
                wrong = " wrong" if self.carried[k]["right"] is False else ""
                kind += f" w{width(sizes[k], largest)}{wrong}"
            edges.append(Edge(f"node-{source}", f"node-{target}", kind))
        root = next((n["label"] for n in self.nodes if n["number"] == self.body["root"]), "the computation")
        told = f"the graph of {root}: {len(self.nodes)} nodes. Each step below tells what is lit in it"
        drawn = svg(Graph(told, [self.box(node) for node in self.nodes], edges))
        # The page has the style once, and its policy allows no other.
        drawn = drawn.replace(f"<style>{STYLE}</style>", "", 1)
        wide = re.search(r' width="(\d+)"', drawn)
        return Markup(drawn), wide is not None and int(wide[1]) <= BESIDE

    def box(self, node: DiffNode) -> Node:
        """A node with its value and its gradient, as the engine has them."""
        starred = node["number"] == self.body["star"]
        label = f"{node['label']} = {node['made']}" if node["made"] else node["label"]
        kind = {"input": "input", "constant": "input constant"}.get(node["op"], "op")
        kind += f" node-{node['number']}"
        kind += " starred" if starred else ""
        kind += " root" if node["number"] == self.body["root"] else ""
        both = [one for one in (node["value"], node["gradient"]) if one is not None]
        kind += " wrong" if any(one["verdict"] == "bug" for one in both) else ""
        title = [label, f"value: mine {shown(node['value']['mine'])}, torch {shown(node['value']['torch'])}"]
        gradient = ""
        if node["gradient"] is not None:
            gradient = f"grad {brief(node['gradient']['mine'])}"
            told = f"gradient: mine {shown(node['gradient']['mine'])}, torch {shown(node['gradient']['torch'])}"
            title.append(told + (f", finite difference {exact(node['difference'])}" if node["difference"] else ""))
        told = (STAR if starred else "") + label
        return Node(f"node-{node['number']}", told, brief(node["value"]["mine"]), "\n".join(title), kind, gradient)


def gave(term: DiffTerm) -> DiffNumber:
    """What flows: the engine's own contribution where it is known, else the expected one."""
    return term["expected"] if term["mine"] is None else term["mine"]


def width(contribution: float, largest: float) -> int:
    """From 1 to WIDTHS, and 0 for a contribution of zero."""
    if contribution == 0:
        return 0
    if not math.isfinite(contribution):
        return WIDTHS
    return max(1, WIDTHS - math.floor(math.log(largest / contribution, STEP)))
