"""What is tried on an engine that has some of the table's ops: stage by stage, from single ops to deep graphs.

Each stage is an endless stream of programs, or a few; `STAGES` says how the time is shared.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from paragrad.engine.ops.table import TABLE, Op
from paragrad.fuzz.checking.augmented import in_place
from paragrad.fuzz.checking.forms import Form, form
from paragrad.fuzz.checking.networks import between_backwards, networks, training
from paragrad.fuzz.program import Apply, Backward, Input, Program, Ref
from paragrad.fuzz.strategies.builder import Builder
from paragrad.fuzz.strategies.profile import GROWTH, Profile
from paragrad.fuzz.strategies.values import Values

STYLES = ("normal", "lattice", "normal", "extreme", "normal", "special")
"""How inputs are filled, in turn: what is right at ordinary numbers comes first."""
SIZES = (1, 2, 3, 5, 8, 13, 20, 30, 50, 80)
DEPTHS = (300, 1_000, 10_000)
DOUBLINGS = (12, 30)
"""Levels of a graph in which every node uses the one below twice: without a visited set 2^30 visits."""


@dataclass(slots=True)
class Choice:
    """What there is to draw from: ops, single numbers or tensors, the forms of ops that the engine lacks, and the ops
    whose operator in place it defines itself."""

    ops: Sequence[Op]
    scalar: bool
    rng: random.Random
    lacking: frozenset[Form] = frozenset()
    in_place: frozenset[str] = frozenset()

    def builder(self, style: str) -> Builder:
        """An empty program."""
        growth = GROWTH[self.rng.randrange(len(GROWTH))]
        strided = not self.scalar and self.rng.random() < 0.2
        profile = Profile("float64", style, growth, strided, empty=False, second=False, scalar=self.scalar)
        return Builder(self.rng, Values(self.rng.getrandbits(32), self.rng), profile)

    def apply(self, builder: Builder, op: Op) -> None:
        """Add one use of an op, in a form that the engine has; none where 8 draws gave none."""
        for _ in range(8):
            assert op.sample is not None
            call = op.sample(builder)
            if form(op, call) not in self.lacking and not (self.scalar and call.kwargs):
                builder.add(op, call)
                return

    def any(self) -> Op:
        """One of the ops."""
        return self.ops[self.rng.randrange(len(self.ops))]


Stage = Callable[[Choice], Iterator[Program]]


def tried(names: frozenset[str]) -> list[Op]:
    """The ops of the table that are tried, of those that an engine has."""
    return [TABLE[name] for name in sorted(names) if name in TABLE and TABLE[name].sample is not None]


def single_ops(choice: Choice) -> Iterator[Program]:
    """Each op alone, at every style of values."""
    for style in itertools.cycle(STYLES):
        for op in choice.ops:
            builder = choice.builder(style)
            choice.apply(builder, op)
            yield builder.finish(implicit=choice.rng.random() < 0.5)


def graphs(choice: Choice) -> Iterator[Program]:
    """Random graphs, the small ones first: reuse, diamonds, one operand twice, constants on either side."""
    for round_ in itertools.count():
        for size in SIZES[: 3 + round_]:
            builder = choice.builder(STYLES[choice.rng.randrange(len(STYLES))])
            for _ in range(size):
                choice.apply(builder, choice.any())
            yield builder.finish()


def again(choice: Choice) -> Iterator[Program]:
    """Graphs through which more than one backward goes: leaves add up, intermediates start afresh."""
    while True:
        builder = choice.builder("normal")
        for _ in range(choice.rng.choice(SIZES[1:6])):
            choice.apply(builder, choice.any())
        yield builder.finish(again=True)


def deep(choice: Choice) -> Iterator[Program]:
    """Long chains and graphs whose paths double at each level, of one op each."""
    names = [op.name for op in choice.ops]
    if "add" in names:
        for levels in DOUBLINGS:
            yield _repeated("add", levels, choice.scalar, twice=True)
    chained = next((name for name in ("mul", "add", "tanh", "sin") if name in names), None)
    if chained is not None:
        for depth in DEPTHS:
            yield _repeated(chained, depth, choice.scalar, twice=False)


STAGES: dict[str, tuple[Stage, float]] = {
    "single ops": (single_ops, 0.35),
    "graphs": (graphs, 0.35),
    "repeated backward": (again, 0.05),
    "in place": (in_place, 0.04),
    "between backwards": (between_backwards, 0.05),
    "networks": (networks, 0.03),
    "training": (training, 0.03),
    "deep graphs": (deep, 0.1),
}
"""Each stage with its share of programs and time."""


def _repeated(op: str, count: int, scalar: bool, twice: bool) -> Program:
    """x, op(x, ...), op(op(x, ...), ...): the other operand is the last variable again (`twice`) or close to 1."""
    shape = () if scalar else (2,)
    inputs = [Input.of("x0", np.full(shape, 0.5), True), Input.of("x1", np.full(shape, 1 - 2.0**-14), True)]
    statements = []
    for k in range(count):
        last = Ref(0) if k == 0 else Ref(k + 1)
        binary = len(TABLE[op].operands) == 2
        operands = (last, last) if twice else (last, Ref(1)) if binary else (last,)
        statements.append(Apply(op, operands, {}, (k + 2,)))
    seeds: tuple[int | None, ...] = (None,)
    if not scalar:
        inputs.append(Input.of("c0", np.ones(shape)))
        statements = [Apply(s.op, tuple(_past(a) for a in s.args), {}, (s.outputs[0] + 1,)) for s in statements]
        seeds = (2,)
    return Program(inputs, [*statements, Backward((statements[-1].outputs[0],), seeds)])


def _past(argument: Ref) -> Ref:
    """The same variable when one more input comes before those that ops make."""
    return argument if argument.index < 2 else Ref(argument.index + 1)
