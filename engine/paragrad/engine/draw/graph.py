"""What is drawn: nodes with a few words, and edges between them, in a directed graph without cycles."""

from __future__ import annotations

from dataclasses import dataclass, field


class GraphError(ValueError):
    """A graph that can't be drawn; the message names the node or edge."""


@dataclass(frozen=True, slots=True)
class Node:
    """One box: an id that tells it apart, a label, a second line (a value, a shape), words that are shown when one
    points at it, a kind, which becomes a CSS class, and a third line, the gradient.

    `name` is what the labels of other nodes call this one; it is empty in graphs whose labels don't say from what a
    node was made.
    """

    id: str
    label: str
    detail: str = ""
    title: str = ""
    kind: str = "op"
    gradient: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Edge:
    """An arrow between the nodes of these ids. The edges of one target arrive from left to right in their order."""

    source: str
    target: str
    kind: str = ""


@dataclass(slots=True)
class Graph:
    """Nodes, edges, the name by which a screen reader announces the drawing, and a line of words to stand below it."""

    name: str
    nodes: list[Node] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    note: str = ""
