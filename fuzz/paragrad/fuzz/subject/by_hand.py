"""Backwards that are left to the user: nodes that are listed, or only linked, and a step of each to be called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator

from .choose import takes

if TYPE_CHECKING:
    from .backward import Start, Ways

STEPS = ("_backward", "_backprop", "_back", "_bw")
"""Attributes that hold the step of one node."""
MOST_NODES = 1_000_000


def listed(ways: Ways, wanted: str | None) -> Iterator[Start]:
    """Methods that list the nodes: seed the root, then call each node's own step."""
    cls, holder = ways.maker.cls, ways.holder
    for name in dir(cls):
        listing = any(word in name.lower() for word in ("topo", "sort", "order")) and not name.startswith("__")
        if holder is None or not (name == wanted or (listing and wanted is None)):
            continue
        form = "." + holder + " = seed, then ._backward() of each node of ." + name + "()"
        needs = takes(getattr(cls, name))
        lines = "listed = list({root}." + name + ("()" if needs <= 0 else "({root})") + ")"
        order = "(reversed(listed) if listed[-1] is {root} else listed)"
        code = [lines, "{root}." + holder + " = {seed}", "[node._backward() for node in " + order + "]"]
        yield ways.start(name, form, ways.walk(name, holder), code)


def linked(ways: Ways, leaf: Any) -> Iterator[Start]:
    """Nodes that hold a step, and those that they were made of: the order is made here.

    That is an engine half way through a lecture, the backward of which stands outside its class, if anywhere.
    """
    holder = ways.holder
    step = next((name for name in STEPS if callable(getattr(leaf, name, None))), None)
    if holder is None or step is None or takes(getattr(leaf, step)) > 0:
        return
    for name, value in list(getattr(leaf, "__dict__", {}).items()):
        if not isinstance(value, (set, frozenset, tuple, list)):
            continue
        form = "." + holder + " = seed, then ." + step + "() of each node, in the order of ." + name
        code = [
            "order = []",
            "def visit(node):",
            "    if all(node is not other for other in order):",
            "        [visit(other) for other in node." + name + " if isinstance(other, type(node))]",
            "        order.append(node)",
            "visit({root})",
            "{root}." + holder + " = {seed}",
            "[node." + step + "() for node in reversed(order)]",
        ]

        def run(root: Any, seed: Any, name: str = name) -> None:
            order = ordered(ways, root, name)
            setattr(root, holder, ways.seed(root, seed))
            for node in reversed(order):
                getattr(node, step)()

        yield ways.start(step, form, run, code)


def ordered(ways: Ways, root: Any, name: str) -> list[Any]:
    """The nodes below a root, each after those that it was made of."""
    order: list[Any] = []
    seen: set[int] = set()
    pending: list[tuple[Any, bool]] = [(root, False)]
    while pending and len(order) < MOST_NODES:
        node, whole = pending.pop()
        if whole:
            order.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            pending.append((node, True))
            pending += [(other, False) for other in getattr(node, name) if ways.maker.is_node(other)]
    if len(order) < 2:
        raise TypeError("." + name + " holds no nodes")
    return order
