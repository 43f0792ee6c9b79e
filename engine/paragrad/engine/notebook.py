"""What a notebook shows where a cell ends in a Value or a Tensor: its expression graph.

A leaf has none to show, and a graph with more nodes than a drawing holds is told in words. Terminals see `repr`.
"""

from __future__ import annotations

import textwrap
from typing import Any

from paragrad.engine.scalar import Value
from paragrad.engine.tensor import Tensor


def _repr_mimebundle_(self: Value | Tensor, include: Any = None, exclude: Any = None) -> dict[str, str]:
    """IPython's protocol: the graph as SVG inside HTML, which takes the page's text colour, and as SVG alone."""
    plain = repr(self)
    if not (self.op if isinstance(self, Value) else self.node):
        return {"text/plain": plain}
    from paragrad.engine import draw  # only here, so that a program that draws nothing loads nothing of it

    try:
        graph = draw.graph(self)
    except draw.GraphError as error:
        return {"text/plain": f"{plain}\n{textwrap.fill(str(error), 80)}"}
    drawn = draw.svg(graph)
    return {
        "text/plain": plain,
        "text/html": f'<div style="overflow-x: auto">\n{drawn}</div>',
        "image/svg+xml": drawn,
    }


for kind in (Value, Tensor):
    setattr(kind, "_repr_mimebundle_", _repr_mimebundle_)  # noqa: B010 - scalar.py stays a file that is read alone
