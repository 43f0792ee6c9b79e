"""A Graph as plain text: one line a node, in the order of computation, so that a node is told once and named after."""

from __future__ import annotations

from paragrad.engine.draw.graph import Graph, Node
from paragrad.engine.draw.svg import columns
from paragrad.engine.draw.words import plain

WIDTH = 80
GAP = 2
INDENT = "  "
LEAST = 14
"""Columns for labels below which data and gradients go to lines of their own."""
LONGEST = 200
"""Characters of a label; the rest of it is left out."""


def text(graph: Graph) -> str:
    """The graph in lines of 80 columns: what each node is, its data, its gradient.

    What has no room beside a long label stands below it, and below every label where data and gradients are long.
    """
    sources: dict[str, list[str]] = {node.id: [] for node in graph.nodes}
    called = {node.id: node.name or node.label.partition(" = ")[0] for node in graph.nodes}
    for edge in graph.edges:
        sources[edge.target].append(called[edge.source])
    rows = [cells(node, sources[node.id]) for node in graph.nodes]
    widths = [max((columns(row[k]) for row in rows), default=0) for k in range(3)]
    room = WIDTH - len(INDENT) - widths[1] - widths[2] - 2 * GAP
    column = max((columns(label) for label, _, _ in rows if columns(label) <= room), default=0)
    lines = wrapped(plain(graph.name, LONGEST), "")
    for label, data, gradient in rows:
        beside = padded(data, widths[1]) + gradient
        if room < LEAST:
            below = (" " * GAP).join(filter(None, (data, gradient)))
            lines += wrapped(label, INDENT) + (wrapped(below, 3 * INDENT) if below else [])
        elif columns(label) <= room:
            lines.append((INDENT + padded(label, column) + beside).rstrip())
        else:
            lines += wrapped(label, INDENT)
            lines += [INDENT + padded("", column) + beside.rstrip()] if beside.strip() else []
    lines += wrapped(graph.note, "") if graph.note else []
    return "\n".join(lines) + "\n"


def cells(node: Node, sources: list[str]) -> tuple[str, str, str]:
    """A node's label, data and gradient. Where labels don't tell what a node was made from, its edges do."""
    label = plain(node.label, LONGEST)
    if sources and not node.name:
        label = plain(f"{label} <- {', '.join(sources)}", LONGEST)
    return label, plain(node.detail, LONGEST), plain(node.gradient, LONGEST)


def padded(words: str, width: int) -> str:
    """Words filled up to a column of this width."""
    return words + " " * (width - columns(words) + GAP)


def wrapped(words: str, indent: str) -> list[str]:
    """Words in lines of at most 80 columns, broken at spaces, or anywhere in what is longer than a line."""
    lines: list[str] = []
    line = ""
    for word in words.split(" "):
        if line and columns(indent + line) + 1 + columns(word) > WIDTH:
            lines.append(indent + line)
            line, indent = "", indent if lines[1:] else indent + INDENT
        line = f"{line} {word}" if line else word
        while columns(indent + line) > WIDTH:
            fits = len(line)
            while columns(indent + line[:fits]) > WIDTH:
                fits -= 1
            lines.append(indent + line[:fits])
            line = line[fits:]
    return [*lines, indent + line] if line else lines
