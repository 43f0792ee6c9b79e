"""What the child makes of a file, and the reasons for which it can't."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from paragrad.fuzz.program import Program

MOST = 200_000
"""Nodes of a graph that is read."""


class Unreadable(Exception):
    """A file that builds nothing that can be compared; the message is a line."""


@dataclass(slots=True)
class Written:
    """The Program behind a variable of a file, with the names and the lines of its own variables.

    `engine` is the file:Class of a learner's own class, "" of ours.
    """

    program: Program
    labels: dict[int, str] = field(default_factory=dict)
    lines: dict[int, int] = field(default_factory=dict)
    engine: str = ""
    notes: list[str] = field(default_factory=list)


def in_order(root: Any, operands: Callable[[Any], Iterable[Any]]) -> list[Any]:
    """All that a root was made of, operands before results, the root last; without recursion."""
    order: list[Any] = []
    seen: set[int] = set()
    stack = [(root, False)]
    while stack:
        node, left = stack.pop()
        if left:
            order.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            if len(seen) > MOST:
                raise Unreadable(f"the graph has more than {MOST:,} nodes")
            stack.append((node, True))
            stack.extend((operand, False) for operand in reversed(list(operands(node))))
    return order


def unique(labels: Iterable[tuple[int, str]], inputs: dict[int, str]) -> dict[int, str]:
    """Labels of variables, each given once; the first that has a name keeps it."""
    found, taken = {}, set(inputs.values())
    for variable, label in labels:
        if label and label not in taken:
            found[variable] = label
            taken.add(label)
    return found
