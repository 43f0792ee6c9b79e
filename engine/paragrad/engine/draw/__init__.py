"""Drawings of graphs, without any program besides Python: `Graph` is what is drawn, `layout` says where, `svg` draws.

A Graph is neutral: tensors, values and recorded programs are turned into one, each by whoever knows them.
"""

from paragrad.engine.draw.graph import Edge, Graph, GraphError, Node
from paragrad.engine.draw.layout import Layout, layout
from paragrad.engine.draw.svg import MOST, svg

__all__ = ["MOST", "Edge", "Graph", "GraphError", "Layout", "Node", "layout", "svg"]
