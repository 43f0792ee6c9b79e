"""The body of a diff record: one computation node by node, the engine's numbers beside torch's, and which is first.

Everything that a drawing or a stepper replays is here: the nodes in the order of execution, `order` in which the
backward completes them, and of each gradient the contributions in the order in which they arrive. "mine" is the engine
that was asked about, "torch" is torch on the whole computation, and "expected" is torch at the engine's own numbers.
"""

from __future__ import annotations

from typing import Any, Literal, TypedDict

DiffVerdict = Literal["identical", "rounding", "convention", "ill-conditioned", "inherited", "bug", "hidden"]
"""inherited: right at the numbers that came in, and unlike torch's only because of these; hidden: not shown."""


class DiffNumber(TypedDict):
    """A number or an array of one engine. `state` none: the engine says there is none; hidden: it does not show it.

    `elements` is a number or nested lists of them, text where they aren't finite, null where there are none or more
    than 256. `norm` is the square root of the sum of squares; `shape` and `dtype` are empty where there is no array.
    """

    state: Literal["shown", "none", "hidden"]
    shape: list[int]
    dtype: str
    elements: Any
    norm: float | str | None


class DiffCompared(TypedDict):
    """A value or a gradient on both sides. `expected` is what torch makes of the engine's own operands and incoming
    gradients; `error` is the largest |mine - expected| ÷ bound over the elements: above 1 it is no rounding; text where
    it is not finite, null where it was not held against a bound.

    `worst` is the index of the element that is farthest off ([] of a single number), null where nothing differs or
    it is not known.
    """

    mine: DiffNumber
    torch: DiffNumber
    expected: DiffNumber | None
    error: float | str | None
    worst: list[int] | None
    worst_mine: float | str | None
    worst_torch: float | str | None
    verdict: DiffVerdict


class DiffTerm(TypedDict):
    """One contribution to a gradient: through the node `user`, of which the variable is the argument `parameter`.

    `upstream` is the engine's gradient of `user`. `local` is d user / d variable as a number (or elementwise as an
    array), at the engine's own values; null where it is a matrix of derivatives. `symbol` is that derivative in the
    names of the nodes (`b`, `1 - e**2`), "" where no rule says it in a line; `rule` quotes the op table's pullback.
    `expected` is torch's contribution at the engine's numbers, `mine` what the engine's own pullback gives there, asked
    alone (null: it could not be asked); where that does not add up to the gradient, how much of the term arrived.
    `accumulated` is the sum of the expected contributions up to this one, what was there before included. `undone`
    tells the broadcast that was summed over: `summed over axis 0: (4, 3) -> (3,)`.
    """

    user: int
    parameter: str
    upstream: DiffNumber
    local: DiffNumber | None
    symbol: str
    rule: str
    expected: DiffNumber
    mine: DiffNumber | None
    accumulated: DiffNumber
    undone: str
    right: bool | None


class DiffPlace(TypedDict):
    """Where a node is written: the line (from 1) of `source.text`, columns from `column` (from 0) up to `end`."""

    line: int
    column: int
    end: int
    text: str


class DiffNode(TypedDict):
    """One variable of the computation. `number` is its place in the order of execution, from 0; inputs come first.

    `op` is "input" of a leaf, "constant" of a leaf of which no gradient is asked. `made` is the call in the names of
    the nodes (`a * b`), `operands` are the numbers of the nodes it is made of, by parameter. `meaning` says what the op
    computes. `given` is the gradient that it starts with: a root's seed, else null. `difference` is the gradient as a
    finite difference of the forward in 80 digits (of the element `gradient.worst`, else of the first); at a kink text
    with the slopes on both sides; null where there is none: in long computations, of ops without a definition.
    """

    number: int
    label: str
    op: str
    made: str
    operands: list[DiffOperand]
    place: DiffPlace | None
    meaning: str
    value: DiffCompared
    gradient: DiffCompared | None
    difference: float | str | None
    given: DiffNumber | None
    terms: list[DiffTerm]


class DiffOperand(TypedDict):
    """A node that another one is made of, and the parameter of the op that it is."""

    parameter: str
    node: int


class DiffFinding(TypedDict):
    """Something that is wrong, as the judge says it: `node` is the number of the node, null where it is none.

    `title` is `gradient of mul(other)`: the number, and whose rule is blamed, walk where every rule alone is right.
    `diagnosis` is which fault reproduces the numbers; `rule` the rule that was meant; `where` a line of the engine's
    source, "" where it is not known.
    """

    node: int | None
    kind: str
    op: str
    argument: str
    title: str
    message: str
    diagnosis: str
    whose: str
    rule: str
    where: str


class DiffSource(TypedDict):
    """What was asked about: its form, its name (a path, or ""), and the text that places of nodes point into."""

    form: Literal["expression", "file", "program", "corpus"]
    name: str
    text: str


class DiffBody(TypedDict):
    """A computation on an engine and on torch. `command` is what was typed.

    `root` is the number of the node that the gradients are of: L. Where it is an array, the gradients are of the sum of
    its elements, or weighted by cotangents, and a note says so. `nodes` are those asked for, of `size` in all; `order`
    has their numbers as the backward completes their gradients, root first. `star` is the node where the fault is, null
    under parity; its finding is the first of `findings`. `failure` is what the engine raised, "" where nothing.
    `unjudged` counts the nodes that are not shown, differ from torch's and were not judged: 0 but of a large graph.
    `test` is a pytest file that holds the gradients of the leaves against torch's, "" where none can be written.
    """

    verdict: Literal["parity", "divergence"]
    engine: str
    command: str
    source: DiffSource
    program: dict[str, Any]
    root: int | None
    size: int
    nodes: list[DiffNode]
    order: list[int]
    star: int | None
    findings: list[DiffFinding]
    failure: str
    unjudged: int
    notes: list[str]
    test: str
    next: str
