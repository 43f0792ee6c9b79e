"""What a drawing knows of one Value, Tensor, recorded op or constant, before nodes have names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Constant:
    """An operand that the graph saved but has no edge to, as it needs no gradient."""

    array: Any


@dataclass(slots=True)
class Vertex:
    """A label ("" where nobody gave one), the op ("" of a leaf), the operands in order (things that are vertices
    themselves, and text for plain numbers), further arguments as text, the lines of the box, and the words of its
    title. `freed` says that backward let go of the operands."""

    label: str
    op: str
    operands: tuple[Any, ...]
    data: str
    gradient: str = ""
    title: str = ""
    kind: str = "op"
    arguments: tuple[str, ...] = ()
    freed: bool = False
