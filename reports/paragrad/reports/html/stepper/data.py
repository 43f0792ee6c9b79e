"""What the steps of a page are made of: words and exact numbers, as they are shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from markupsafe import Markup

Phase = Literal["forward", "backward"]


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The line of the source in which a node is written, its own part between `before` and `after`."""

    where: str
    before: str
    part: str
    after: str


@dataclass(frozen=True, slots=True)
class Side:
    """A value or a gradient: mine, torch's, the finite difference ("" where there is none), and the verdict.

    `error` is the exact error ÷ bound of the record, for the eye shortened in `fraction`; `worst` tells the element of
    an array that is farthest off, and `element` of which one the finite difference is; "" of single numbers.
    """

    what: str
    mine: str
    torch: str
    difference: str
    verdict: str
    tone: str
    fraction: str
    error: str
    worst: str
    element: str


@dataclass(frozen=True, slots=True)
class Contribution:
    """One term of a gradient, and the sum of the terms up to it. `mine` is "" where the engine was not asked alone."""

    through: str
    chain: str
    symbol: str
    upstream: str
    local: str
    expected: str
    mine: str
    running: str
    rule: str
    undone: str
    wrong: bool


@dataclass(frozen=True, slots=True)
class Step:
    """One node in one direction: `node` and `edges` are the classes by which its drawing is found.

    `counter` is the step in words, `told` what a screen reader says of it. `total` is the gradient as the sum over its
    edges, in symbols and in numbers; `given` what it starts with.
    """

    id: str
    phase: Phase
    counter: str
    node: str
    edges: tuple[str, ...]
    starred: bool
    told: str
    excerpt: Excerpt | None
    meaning: str
    sides: tuple[Side, ...]
    operands: tuple[tuple[str, str], ...] = ()
    total: tuple[str, ...] = ()
    given: str = ""
    contributions: tuple[Contribution, ...] = ()


@dataclass(frozen=True, slots=True)
class Stepper:
    """All steps, the drawing (None of a graph that is too large), and the step of the first difference, "" without."""

    id: str
    steps: list[Step]
    drawing: Markup | None
    beside: bool
    difference: str
    table: object = None
    kind: Literal["stepper"] = field(default="stepper")
