"""The expression graph of Values and Tensors: reached without recursion, cut to a part, named, and made a Graph."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from paragrad.engine.draw import tensors, values
from paragrad.engine.draw.graph import Edge, Graph, GraphError, Node
from paragrad.engine.draw.svg import MOST
from paragrad.engine.draw.vertex import Constant, Vertex
from paragrad.engine.draw.words import plain
from paragrad.engine.scalar import Value
from paragrad.engine.tensor import Tensor

COUNTED = 200_000
"""Nodes after which no more are counted."""
NAME = 20
"""Characters of a name inside the expressions of others."""
TITLE = 400
"""Characters of a line of the words that are shown when one points at a node."""
OPERANDS = 7
FEW = 3
"""Of more than OPERANDS operands, the first FEW and their number are told."""
SIGNS = {"add": "+", "sub": "-", "mul": "*", "div": "/", "pow": "**", "matmul": "@"}
SIMPLE = re.compile(r"[\w.…\[\]']+(e[+-]\d+)?")
FREED = "backward() has freed the rest: draw before it, or call backward(retain_graph=True)"

Root = Value | Tensor


def graph(
    root: Root | Sequence[Root],
    *,
    names: Mapping[str, Root] | None = None,
    depth: int | None = None,
    nodes: int | None = None,
) -> Graph:
    """The graph of all that `root`, or several roots, were computed from.

    A Value has its label; `names` gives names to others: `names={"w": w}`, `names=dict(model.named_parameters())`. Of
    a graph with more than MOST nodes a part is drawn: what is at most `depth` ops away from the root, or the `nodes`
    nearest. Raises GraphError where neither is given, where the part is too large as well, and for a root that is
    neither a Value nor a Tensor.
    """
    roots = checked(root)
    named = {} if names is None else dict(names)
    for name, thing in named.items():
        if not isinstance(thing, Value | Tensor):
            raise GraphError(f"names[{name!r}] is a {type(thing).__name__}: names go to Values and Tensors")
    starts = [start(thing) for thing in roots]
    reached = reach(starts)
    chosen = part(reached, depth, nodes)
    at_hand = tensors.Tensors(t for t in (*roots, *named.values()) if isinstance(t, Tensor))
    at_hand.look(chosen.values())
    vertices = {key: described(thing, at_hand) for key, thing in chosen.items()}
    for name, thing in named.items():
        at = [key_of(start(thing)), *([id(thing.array)] if isinstance(thing, Tensor) else [])]
        for vertex in (vertices[key] for key in at if key in vertices):
            vertex.label = str(name)
    return assembled(vertices, [key for key in map(key_of, starts) if key in vertices], len(reached))


def checked(root: object) -> list[Root]:
    """The roots as a list. Raises GraphError for what has no graph, and for no roots at all."""
    roots: list[Root] = []
    for thing in root if isinstance(root, Sequence) and not isinstance(root, str) else [root]:
        if not isinstance(thing, Value | Tensor):
            raise GraphError(f"a {type(thing).__name__} has no graph: give a Value, a Tensor, or a list of them")
        roots.append(thing)
    if not roots:
        raise GraphError("no root is given: give a Value, a Tensor, or a list of them")
    return roots


def start(root: Root) -> Any:
    """The vertex of a root."""
    return tensors.vertex_of(root) if isinstance(root, Tensor) else root


def key_of(thing: Any) -> int:
    """What tells vertices apart: equal Values are different nodes, and a constant is its array."""
    return id(thing.array) if isinstance(thing, Constant) else id(thing)


def parents(thing: Any) -> Sequence[Any]:
    """The vertices that a vertex was computed from."""
    return values.operands(thing) if isinstance(thing, Value) else tensors.parents(thing)


def described(thing: Any, at_hand: tensors.Tensors) -> Vertex:
    """What the drawing tells of a vertex."""
    return values.described(thing) if isinstance(thing, Value) else at_hand.described(thing)


def reach(starts: Sequence[Any]) -> dict[int, tuple[Any, int]]:
    """Every vertex from the roots back, the nearest first, with its distance in ops; no more than COUNTED."""
    found: dict[int, tuple[Any, int]] = {key_of(thing): (thing, 0) for thing in starts}
    waiting = list(found.values())
    for thing, distance in waiting:  # grows as it is walked
        for parent in parents(thing):
            key = key_of(parent)
            if key not in found:
                found[key] = (parent, distance + 1)
                waiting.append(found[key])
        if len(found) > COUNTED:
            break
    return found


def part(reached: dict[int, tuple[Any, int]], depth: int | None, nodes: int | None) -> dict[int, Any]:
    """The vertices to be drawn."""
    if depth is not None and (type(depth) is not int or depth < 0):
        raise GraphError(f"depth is a number of ops, 0 or more, not {depth!r}")
    if nodes is not None and (type(nodes) is not int or not 1 <= nodes <= MOST):
        raise GraphError(f"nodes is a number from 1 to {MOST}, not {nodes!r}")
    chosen = {key: thing for key, (thing, distance) in reached.items() if depth is None or distance <= depth}
    if nodes is not None:
        return dict(list(chosen.items())[:nodes])
    if len(chosen) > MOST:
        within = "" if depth is None else f" within {depth} ops of the root"
        raise GraphError(
            f"the graph has {counted(len(chosen))} nodes{within}, and a drawing holds {MOST}. Ask for a part: "
            f"draw.graph(root, nodes={MOST}) takes the {MOST} nearest to the root, depth=5 what is at most 5 ops "
            "away from it; or take a node before it for the root"
        )
    return chosen


def counted(count: int) -> str:
    """A number of nodes in words."""
    return f"more than {COUNTED}" if count > COUNTED else str(count)


def assembled(vertices: dict[int, Vertex], roots: Sequence[int], total: int) -> Graph:
    """The Graph: nodes in the order in which they were computed, each named once and called so by those after it."""
    order = computed_in_order(vertices, roots)
    names = named_apart([vertices[key].label for key in order])
    name = dict(zip(order, names, strict=True))
    nodes, edges = [], []
    for key in order:
        vertex = vertices[key]
        told = f"{name[key]} = {expression(vertex, name)}" if vertex.op else name[key]
        used = [key_of(operand) for operand in vertex.operands if type(operand) is not str]
        cut = any(other not in vertices for other in used)
        kind = " ".join([vertex.kind, *["root"][: key in roots], *["cut"][: cut or vertex.freed]])
        label = plain(vertex.label, TITLE)
        whole = "" if label in ("", name[key]) else f"label {label}"
        title = "\n".join(filter(None, (plain(told, TITLE), whole, vertex.title or vertex.data)))
        nodes.append(Node(name[key], told, vertex.data, title, kind, vertex.gradient, name[key]))
        edges += [Edge(name[other], name[key]) for other in used if other in vertices]
    of = ", ".join(name[key] for key in dict.fromkeys(roots))
    some = f"{len(nodes)} nodes" if len(nodes) != 1 else "1 node"
    notes = []
    if len(nodes) < total:
        some = f"{len(nodes)} of {counted(total)} nodes"
        notes.append(f"the {len(nodes)} nodes nearest to the root, of {counted(total)}")
    if any(vertex.freed for vertex in vertices.values()):
        notes.append(FREED)
    return Graph(f"the graph of {plain(of, 80)}: {some}", nodes, edges, "; ".join(notes))


def computed_in_order(vertices: dict[int, Vertex], roots: Sequence[int]) -> list[int]:
    """Operands before what was computed from them, and close to it. Raises GraphError for a circle, as only somebody
    who writes to what is private can make it."""
    order: list[int] = []
    done: set[int] = set()
    begun: set[int] = set()
    waiting = [(key, False) for key in reversed(roots)]
    while waiting:
        key, entered = waiting.pop()
        if key in done:
            continue
        if entered:
            done.add(key)
            order.append(key)
            continue
        if key in begun:
            raise GraphError(f"the graph goes in a circle: {circular(vertices[key])} is computed from itself")
        begun.add(key)
        waiting.append((key, True))
        before = [key_of(o) for o in vertices[key].operands if type(o) is not str]
        waiting.extend((k, False) for k in reversed(before) if k in vertices and k not in done)
    return order


def circular(vertex: Vertex) -> str:
    """What a vertex is called that has no name yet."""
    return plain(vertex.label, NAME) or f"a result of {vertex.op}"


def named_apart(labels: Sequence[str]) -> list[str]:
    """A name for each label: itself, x_2 for the second x; v1, v2, ... for those without one."""
    taken = {plain(label, NAME) for label in labels}
    given: set[str] = set()
    count = 0
    names = []
    for label in labels:
        name = plain(label, NAME)
        if not name:
            count += 1
            while (name := f"v{count}") in taken:
                count += 1
        again = 1
        whole = name
        while name in given or (again > 1 and name in taken):
            again += 1
            name = f"{whole}_{again}"
        given.add(name)
        names.append(name)
    return names


def expression(vertex: Vertex, name: Mapping[int, str]) -> str:
    """How a vertex was computed, in the names of its operands: a * b, tanh(v1), sum(a, dim=1)."""
    if vertex.freed:
        return f"{vertex.op}(freed)"
    told = [o if type(o) is str else name.get(key_of(o), "…") for o in vertex.operands]
    if vertex.op == "neg" and len(told) == 1:
        return f"-{enclosed(told[0])}"
    if vertex.op in SIGNS and len(told) == 2 and not vertex.arguments:
        return f"{enclosed(told[0])} {SIGNS[vertex.op]} {enclosed(told[1])}"
    if len(told) > OPERANDS:
        told = [*told[:FEW], f"… {len(told)} in all"]
    return f"{vertex.op}({', '.join([*told, *vertex.arguments])})"


def enclosed(operand: str) -> str:
    """An operand between signs: in brackets, unless it is a name or a number that has none."""
    return operand if SIMPLE.fullmatch(operand) else f"({operand})"
