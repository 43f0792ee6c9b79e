"""A Graph in the DOT language of Graphviz. Source: https://graphviz.org/doc/info/lang.html."""

from __future__ import annotations

from paragrad.engine.draw.graph import Graph
from paragrad.engine.draw.svg import shown_lines
from paragrad.engine.draw.words import UNSAFE


def dot(graph: Graph) -> str:
    """The graph for Graphviz and whatever reads its language. Nodes are numbered; their lines are the labels."""
    number = {node.id: f"n{k}" for k, node in enumerate(graph.nodes)}
    lines = [f"digraph {quoted(graph.name)} {{", "  rankdir=LR;", '  node [shape=box, fontname="monospace"];']
    if graph.note:
        lines.append(f"  label={quoted(graph.note)};")
    for node in graph.nodes:
        label = "\\n".join(map(escaped, shown_lines(node)))
        style = ', style="dashed"' if {"constant", "cut"} & set(node.kind.split()) else ""
        bold = ", penwidth=2.5" if "root" in node.kind.split() else ""
        lines.append(f'  {number[node.id]} [label="{label}", tooltip={quoted(node.title)}{style}{bold}];')
    lines += [f"  {number[edge.source]} -> {number[edge.target]};" for edge in graph.edges]
    return "\n".join([*lines, "}\n"])


def escaped(words: str) -> str:
    """Words inside double quotes, where a backslash starts an escape, & an entity, and a quotation mark is the end."""
    safe = UNSAFE.sub("\ufffd", " ".join(words.split()))
    return safe.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")


def quoted(words: str) -> str:
    """Words as a quoted string, line by line."""
    return '"' + "\\n".join(map(escaped, words.split("\n"))) + '"'
