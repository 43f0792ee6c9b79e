"""What is tried on an engine that has some of the table's ops: stage by stage, from single ops to deep graphs.

Each stage is an endless stream of programs, or a few; `STAGES` says how the time is shared.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from paragrad.engine.ops.samples import Call, Draw
from paragrad.engine.ops.table import TABLE, Op
from paragrad.fuzz.checking.augmented import in_place
from paragrad.fuzz.checking.forms import Form, Known, broadcasts, form_of_call, usual
from paragrad.fuzz.checking.networks import between_backwards, networks, training
from paragrad.fuzz.engines.own_scalar import ancestors
from paragrad.fuzz.program import Apply, Backward, Input, Program, Ref
from paragrad.fuzz.strategies.builder import Builder, Variable
from paragrad.fuzz.strategies.profile import GROWTH, Profile
from paragrad.fuzz.strategies.values import Values

STYLES = ("normal", "lattice", "normal", "extreme", "normal", "special")
"""How inputs are filled, in turn: what is right at ordinary numbers comes first."""
SIZES = (1, 2, 3, 5, 8, 13, 20, 30, 50, 80)
FORMS = 20
"""Draws of each op in search of its forms."""
UNKNOWN = 0.3
"""How often a form of which nothing is known may come up."""
DEPTHS = (300, 1_000, 10_000)
DOUBLINGS = (12, 30)
"""Levels of a graph in which every node uses the one below twice: without a visited set 2^30 visits."""


@dataclass(slots=True)
class Choice:
    """What there is to draw from: ops, single numbers or tensors in one dtype, what is known of the ops' forms, and the
    ops whose operator in place the engine defines itself; whether a backward is given `cotangents`, and of what it may
    start from."""

    ops: Sequence[Op]
    scalar: bool
    rng: random.Random
    dtype: str = "float64"
    known: Known = field(default_factory=Known)
    in_place: frozenset[str] = frozenset()
    cotangents: bool = True
    several_roots: bool = True
    values: Values = field(init=False)

    def __post_init__(self) -> None:
        self.values = Values(self.rng.getrandbits(32), self.rng)

    def builder(self, style: str) -> Builder:
        """An empty program."""
        growth = GROWTH[self.rng.randrange(len(GROWTH))]
        strided = not self.scalar and self.rng.random() < 0.2
        profile = Profile(self.dtype, style, growth, strided, empty=False, second=False, scalar=self.scalar)
        return Builder(self.rng, self.values, profile)

    def finish(self, builder: Builder, implicit: bool = False, again: bool = False) -> Program:
        """The program, with a backward that the engine can be asked for."""
        program = builder.finish(implicit=implicit, again=again)
        if self.scalar and not self.cotangents:
            program = changed(program, lambda walk: replace(walk, cotangents=(None,) * len(walk.roots)))
        return program if self.several_roots else changed(program, lambda walk: from_one_root(program, walk))

    def apply(self, builder: Builder, op: Op, suits: Callable[[Form], bool] | None = None) -> bool:
        """Add a usual call of an op, whose form `suits`, or by default isn't known to fail; whether one was drawn."""

        def accepted(call: Call) -> bool:
            if not self.scalar and not usual(op, call):  # nothing unusual can be done to single numbers
                return False
            found = form_of_call(op, call)
            if suits is not None:
                return suits(found) and not self.known.lacks(found)
            return found in self.known.right or (not self.known.fails(found) and self.rng.random() < UNKNOWN)

        def sample(draw: Draw) -> Call:
            call: Call = op.sample(draw)
            return turned(call) if broadcasts(op) and op.name != "pow" and self.rng.random() < 0.5 else call

        call = builder.draw(sample, accepted)
        if call is not None:
            builder.add(op, call)
        return call is not None

    def several(self, builder: Builder, count: int) -> bool:
        """Add `count` ops, or fewer where a few draws gave none; whether any could be added."""
        added = sum(self.apply(builder, self.any()) for _ in range(count))
        return added > 0 or any(self.apply(builder, op) for op in self.rng.sample(self.ops, len(self.ops)))

    def has(self, op: Op, *args: Any) -> bool:
        """Whether the engine is not known to fail in the form that these arguments of an op make."""
        return not self.known.fails(form_of_call(op, Call(args, {}, ())))

    def any(self) -> Op:
        """One of the ops."""
        return self.ops[self.rng.randrange(len(self.ops))]


def changed(program: Program, change: Callable[[Backward], Backward]) -> Program:
    """The program with its backwards changed."""
    return replace(program, statements=[change(s) if isinstance(s, Backward) else s for s in program.statements])


def from_one_root(program: Program, walk: Backward) -> Backward:
    """A backward from one of its roots, the one to which most leads."""
    pairs = zip(walk.roots, walk.cotangents, strict=True)
    root, cotangent = max(pairs, key=lambda pair: len(ancestors(program, pair[:1])))
    return replace(walk, roots=(root,), cotangents=(cotangent,))


def turned(call: Call) -> Call:
    """A call with its two tensors exchanged: samples make the second to go with the first."""
    first, second, *rest = call.args
    both = isinstance(first, Variable) and isinstance(second, Variable)
    return call._replace(args=(second, first, *rest)) if both else call


Stage = Callable[[Choice], Iterator[Program]]


def tried(names: frozenset[str]) -> list[Op]:
    """The ops of the table that are tried, of those that an engine has."""
    return [TABLE[name] for name in sorted(names) if name in TABLE and TABLE[name].sample is not None]


def first(choice: Choice) -> Iterator[Program]:
    """One op of ordinary numbers, to see in which dtype the engine computes."""
    builder = choice.builder("normal")
    if any(choice.apply(builder, op) for op in choice.ops):
        yield choice.finish(builder)


def forms(choice: Choice) -> Iterator[Program]:
    """Each op in each form that a number of draws came upon, once, at ordinary numbers."""
    seen: set[Form] = set()

    def unseen(form: Form) -> bool:
        new = form not in seen
        seen.add(form)
        return new

    for turn in range(FORMS):
        for op in choice.ops:
            builder = choice.builder("normal")
            if choice.apply(builder, op, unseen):
                yield choice.finish(builder, implicit=turn % 2 == 0)


def single_ops(choice: Choice) -> Iterator[Program]:
    """Each op alone, at every style of values."""
    for style in itertools.cycle(STYLES):
        none_drawn = True
        for op in choice.ops:
            builder = choice.builder(style)
            if choice.apply(builder, op):
                none_drawn = False
                yield choice.finish(builder, implicit=choice.rng.random() < 0.5)
        if none_drawn:
            return


def graphs(choice: Choice) -> Iterator[Program]:
    """Random graphs, the small ones first: reuse, diamonds, one operand twice, constants on either side."""
    for round_ in itertools.count():
        for size in SIZES[: 3 + round_]:
            builder = choice.builder(STYLES[choice.rng.randrange(len(STYLES))])
            if not choice.several(builder, size):
                return
            yield choice.finish(builder)


def again(choice: Choice) -> Iterator[Program]:
    """Graphs through which more than one backward goes: leaves add up, intermediates start afresh."""
    while True:
        builder = choice.builder("normal")
        if not choice.several(builder, choice.rng.choice(SIZES[1:6])):
            return
        yield choice.finish(builder, again=True)


def deep(choice: Choice) -> Iterator[Program]:
    """Long chains and graphs whose paths double at each level, of one op each."""
    names = [op.name for op in choice.ops]
    if "add" in names:
        for levels in DOUBLINGS:
            yield _diamonds(levels, choice.scalar)
    chained = next((name for name in ("mul", "add", "tanh", "sin") if name in names), None)
    if chained is not None:
        for depth in DEPTHS:
            yield _chain(chained, depth, choice.scalar)


STAGES: dict[str, tuple[Stage, float]] = {
    "forms": (forms, 0.25),
    "single ops": (single_ops, 0.2),
    "in place": (in_place, 0.04),
    "between backwards": (between_backwards, 0.05),
    "networks": (networks, 0.03),
    "training": (training, 0.03),
    "graphs": (graphs, 0.3),
    "repeated backward": (again, 0.05),
    "deep graphs": (deep, 0.05),
}
"""Each stage with its share of programs and time. Graphs get what the others left over, too."""


def _chain(op: str, depth: int, scalar: bool) -> Program:
    """x, op(x, c), op(op(x, c), c), ...: with a number c close to 1 where the op takes two operands."""
    rest = (Ref(1),) if len(TABLE[op].operands) == 2 else ()
    calls = [(op, (Ref(k + 1 if k else 0), *rest)) for k in range(depth)]
    return _written(calls, scalar)


def _diamonds(levels: int, scalar: bool) -> Program:
    """Level by level u = v + c, w = c + v, v = u + w: the paths double, and no op has one operand twice."""
    calls: list[tuple[str, tuple[Ref, ...]]] = []
    last = Ref(0)
    for level in range(levels):
        first = 2 + 3 * level
        calls += [("add", (last, Ref(1))), ("add", (Ref(1), last)), ("add", (Ref(first), Ref(first + 1)))]
        last = Ref(first + 2)
    return _written(calls, scalar)


def _written(calls: list[tuple[str, tuple[Ref, ...]]], scalar: bool) -> Program:
    """A program of two inputs, these calls, and a backward from the last."""
    shape = () if scalar else (2,)
    inputs = [Input.of("x0", np.full(shape, 0.5), True), Input.of("x1", np.full(shape, 1 - 2.0**-14), True)]
    past = 0
    seeds: tuple[int | None, ...] = (None,)
    if not scalar:
        inputs.append(Input.of("c0", np.ones(shape)))
        past, seeds = 1, (2,)
    statements = [
        Apply(op, tuple([a if a.index < 2 else Ref(a.index + past) for a in args]), {}, (k + past,))
        for k, (op, args) in enumerate(calls, start=2)
    ]
    return Program(inputs, [*statements, Backward((statements[-1].outputs[0],), seeds)])
