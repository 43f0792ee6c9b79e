"""A Graph as SVG, to stand alone or inside a page: light and dark follow the text colour around it.

Nothing in it runs or is fetched. Labels are escaped, and characters that XML forbids are replaced.
"""

from __future__ import annotations

import html
import re
import textwrap
import unicodedata

from paragrad.engine.draw.components import Point
from paragrad.engine.draw.graph import Graph, GraphError, Node
from paragrad.engine.draw.layout import Layout, layout
from paragrad.engine.draw.words import UNSAFE

MOST = 300
"""More nodes than this make no drawing that one can read. `svg` draws them all the same; whoever calls it decides."""
SIZE = 12.0
"""Of the text, in CSS pixels."""
ADVANCE = 0.62
"""The width of a character, relative to SIZE: a little more than monospaced fonts have."""
PADDING = 8.0
MARGIN = 12.0
LONGEST = 44
"""Characters of a line; the whole of it is in the node's title."""
NOTE_LINE = 72
"""Characters of a line of the note below a drawing."""
LEAST_WIDTH = 36.0
PAGE = 1200.0
"""The width of what a page or a notebook shows without scrolling sideways, in CSS pixels."""

STYLE = """
.paragrad-graph:root { color-scheme: light dark; color: CanvasText; background: Canvas }
.paragrad-graph:not(:root) { color: inherit }
.paragrad-graph { font: 12px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace }
.paragrad-graph text { fill: currentColor; text-anchor: middle }
.paragrad-graph .detail { opacity: .75 }
.paragrad-graph rect { fill: currentColor; fill-opacity: .06; stroke: currentColor; stroke-opacity: .55 }
.paragrad-graph .input rect { fill-opacity: 0 }
.paragrad-graph .constant rect { fill-opacity: 0; stroke-dasharray: 3 3 }
.paragrad-graph .cut rect { stroke-dasharray: 8 3 }
.paragrad-graph .note { text-anchor: start }
.paragrad-graph .root rect { stroke-width: 2.5; stroke-opacity: 1 }
.paragrad-graph .starred rect { fill: #d33; fill-opacity: .2; stroke: #d33; stroke-opacity: 1; stroke-width: 2 }
.paragrad-graph path { fill: none; stroke: currentColor; stroke-opacity: .5 }
.paragrad-graph .head { fill: currentColor; fill-opacity: .65; stroke: none }
"""


def svg(graph: Graph) -> str:
    """The drawing. Raises GraphError for an edge to an unknown node, two nodes of one id, and for a cycle."""
    lines = {node.id: shown_lines(node) for node in graph.nodes}
    if len(lines) < len(graph.nodes):
        raise GraphError(f"{len(graph.nodes)} nodes have {len(lines)} ids: give each its own")
    sizes = {node.id: box(lines[node.id]) for node in graph.nodes}
    placed = fitting(sizes, [(edge.source, edge.target) for edge in graph.edges])
    width, height = placed.width + 2 * MARGIN, placed.height + 2 * MARGIN
    note = textwrap.wrap(graph.note, NOTE_LINE)
    if note:
        width = max(width, max(map(columns, note)) * SIZE * ADVANCE + 2 * MARGIN)
        height += (len(note) + 0.5) * SIZE * 1.25
    size = f'width="{width:.0f}" height="{height:.0f}" viewBox="{-MARGIN:g} {-MARGIN:g} {width:.0f} {height:.0f}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="paragrad-graph" role="img" '
        f'aria-label="{escaped(graph.name)}" {size}>',
        f"<style>{STYLE}</style>",
    ]
    for edge, route in zip(graph.edges, placed.routes, strict=True):
        line = f'<path d="{curve(route, placed.turned)}"/>'
        parts.append(f'<g class="{classes("edge", edge.kind)}">{line}{head(route[-1], placed.turned)}</g>')
    parts += [drawn(node, lines[node.id], sizes[node.id], placed) for node in graph.nodes]
    for k, line in enumerate(note):
        y = placed.height + (k + 1.5) * SIZE * 1.25
        parts.append(f'<text class="note" x="0" y="{y:.1f}">{escaped(line)}</text>')
    return "\n".join([*parts, "</svg>\n"])


def fitting(sizes: dict[str, Point], edges: list[tuple[str, str]]) -> Layout:
    """From top to bottom; from left to right where that would be wider than a page and this is narrower: lines are
    wide, so a row of many boxes is long."""
    down = layout(sizes, edges)
    if down.width <= PAGE:
        return down
    right = layout({name: (height, width) for name, (width, height) in sizes.items()}, edges).turn()
    return min(down, right, key=lambda placed: placed.width)


def shown_lines(node: Node) -> list[str]:
    """The lines of a node, cut to a length that a box can hold."""
    lines = [" ".join(line.split()) for line in (node.label, node.detail, node.gradient) if line]
    return [line if len(line) <= LONGEST else line[: LONGEST - 1] + "…" for line in lines]


def box(lines: list[str]) -> Point:
    """The width and height of a box around lines of text."""
    widest = max((columns(line) for line in lines), default=0)
    width = max(LEAST_WIDTH, widest * SIZE * ADVANCE + 2 * PADDING)
    return round(width, 1), round(len(lines) * SIZE * 1.25 + PADDING, 1)


def columns(line: str) -> int:
    """How many characters wide a line is; those of East Asian scripts take the room of two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "FW" else 1 for letter in line)


def drawn(node: Node, lines: list[str], size: Point, placed: Layout) -> str:
    """A node: its box, its lines, and its title."""
    (x, y), (width, height) = placed.positions[node.id], size
    title = node.title or "\n".join(filter(None, (node.label, node.detail, node.gradient)))
    parts = [f'<g class="{classes("node", node.kind)}"><title>{escaped(title)}</title>']
    corner = f'x="{x - width / 2:.1f}" y="{y - height / 2:.1f}"'
    parts.append(f'<rect {corner} width="{width:.1f}" height="{height:.1f}" rx="4"/>')
    first = y - (len(lines) - 1) * SIZE * 0.625 + SIZE * 0.35
    for k, line in enumerate(lines):
        kind = ' class="detail"' if k else ""
        parts.append(f'<text{kind} x="{x:.1f}" y="{first + k * SIZE * 1.25:.1f}">{escaped(line)}</text>')
    return "".join([*parts, "</g>"])


def curve(route: list[Point], turned: bool) -> str:
    """A route as a path: straight through rows, bent between them, at right angles to them at both ends."""
    path = f"M{_point(route[0])}"
    for k in range(1, len(route)):
        (x, y), (to_x, to_y) = route[k - 1], route[k]
        middle = ((x + to_x) / 2, (y + to_y) / 2)
        if k % 2:
            path += f"L{_point(route[k])}"
        elif turned:
            path += f"C{_point((middle[0], y))} {_point((middle[0], to_y))} {_point(route[k])}"
        else:
            path += f"C{_point((x, middle[1]))} {_point((to_x, middle[1]))} {_point(route[k])}"
    return path


def _point(point: Point) -> str:
    return f"{point[0]:.1f},{point[1]:.1f}"


def head(tip: Point, turned: bool) -> str:
    """An arrow head that points down, or to the right. A marker would need an id, and a page may hold many drawings."""
    corners = [(-7.0, -3.5), (-7.0, 3.5)] if turned else [(-3.5, -7.0), (3.5, -7.0)]
    sides = "".join(f"L{_point((tip[0] + x, tip[1] + y))}" for x, y in corners)
    return f'<path class="head" d="M{_point(tip)}{sides}Z"/>'


def classes(*names: str) -> str:
    """CSS classes; of names from elsewhere only what a class may consist of."""
    return " ".join(filter(None, (re.sub(r"[^A-Za-z0-9_ -]", "", name) for name in names)))


def escaped(words: str) -> str:
    """Text that is no markup, in an element or in an attribute; what is UNSAFE becomes U+FFFD."""
    return html.escape(UNSAFE.sub("\ufffd", words))
