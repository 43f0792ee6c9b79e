"""Drawings of graphs, without any program besides Python.

    from paragrad.engine import draw

    g = draw.graph(loss)  # of a Value or a Tensor
    draw.svg(g), draw.dot(g), draw.text(g)

A `Graph` is neutral: `graph` makes one of Values and Tensors, and others, as of recorded programs, are made by whoever
knows the thing. `layout` says where the boxes stand.
"""

from paragrad.engine.draw.dot import dot
from paragrad.engine.draw.expression import graph
from paragrad.engine.draw.graph import Edge, Graph, GraphError, Node
from paragrad.engine.draw.layout import Layout, layout
from paragrad.engine.draw.svg import MOST, svg
from paragrad.engine.draw.text import text

__all__ = ["MOST", "Edge", "Graph", "GraphError", "Layout", "Node", "dot", "graph", "layout", "svg", "text"]
