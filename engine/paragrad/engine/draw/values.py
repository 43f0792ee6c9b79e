"""A Value as a vertex: everything that a drawing tells is in its public properties."""

from __future__ import annotations

from typing import Any

from paragrad.engine.draw.vertex import Vertex
from paragrad.engine.draw.words import number
from paragrad.engine.scalar import Value


def operands(value: Value) -> tuple[Value, ...]:
    """The Values that it was computed from, in order, one twice if it was used twice."""
    return tuple(operand for operand, _ in value.edges)


def described(value: Value) -> Vertex:
    """What the drawing tells of it."""
    shown: tuple[Any, ...] = tuple(v if isinstance(v, Value) else number(v) for v in value.operands)
    return Vertex(
        str(value.label),
        value.op,
        shown,
        f"data {number(value.data)}",
        f"grad {number(value.grad)}",
        f"data {value.data!r}\ngrad {value.grad!r}",
        "op" if value.op else "input",
        freed=bool(value.op) and not operands(value),
    )
