"""The families of programs, and the Hypothesis strategy that draws batches of them.

An example draws a family, a Profile and a seed; the Builder makes a batch of programs from them. So few draws because a
graph drawn choice by choice costs Hypothesis 40 times what torch needs to run it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from paragrad.engine.ops.table import TABLE, Op
from paragrad.fuzz.engines.own_scalar import OwnScalar
from paragrad.fuzz.program import Program
from paragrad.fuzz.strategies.builder import sampled_ops
from paragrad.fuzz.strategies.mlp import mlp
from paragrad.fuzz.strategies.profile import DTYPES, GROWTH, VALUES, Profile
from paragrad.fuzz.strategies.scalar import scalar_graph
from paragrad.fuzz.strategies.tensor import graph, one_op
from paragrad.fuzz.strategies.training import training
from paragrad.fuzz.strategies.values import Values

BATCH = 32
"""Programs an example: drawing one costs 0.4 to 0.7 ms, a program a tenth of that."""

Make = Callable[[random.Random, Values, Profile, Sequence[Op]], Program]


def of_its_own_ops(make: Callable[[random.Random, Values, Profile], Program]) -> Make:
    """A family that chooses its ops itself."""
    return lambda rng, values, profile, ops: make(rng, values, profile)


@dataclass(frozen=True, slots=True)
class Family:
    """A kind of program: how it is made, its share of a campaign, on which of our engines it runs, and whether it
    chooses among the ops that are asked for.

    Shares are such that the larger families cost about the same time: a training run costs ten times a graph.
    """

    make: Make
    share: int
    engine: str = "tensor"
    chooses: bool = True


FAMILIES: dict[str, Family] = {
    "op": Family(one_op, 6),
    "scalar": Family(scalar_graph, 2, "scalar"),
    "graph": Family(graph, 4),
    "mlp": Family(of_its_own_ops(mlp), 1, chooses=False),
    "training": Family(of_its_own_ops(training), 1, chooses=False),
}


@dataclass(frozen=True, slots=True)
class Batch:
    """What one example drew; ops by name, for Hypothesis prints what it draws."""

    family: str
    profile: Profile
    seed: int
    ops: tuple[str, ...]

    @property
    def engine(self) -> str:
        """Which of our engines runs it."""
        return FAMILIES[self.family].engine

    def programs(self) -> Iterator[Program]:
        """The programs, the same for the same seed in any process."""
        rng = random.Random(self.seed)
        values = Values(self.seed, rng)
        ops = [TABLE[name] for name in self.ops]
        for _ in range(BATCH):
            yield FAMILIES[self.family].make(rng, values, self.profile, ops)


def ops_of(family: str, ops: Sequence[Op] | None) -> tuple[str, ...]:
    """The names of the ops a family chooses from: those asked for, as far as its engine has them."""
    known = OwnScalar().ops() if FAMILIES[family].engine == "scalar" else frozenset(TABLE)
    return tuple(op.name for op in (ops or sampled_ops()) if op.name in known and op.sample is not None)


CHOICES: dict[str, tuple[object, ...]] = {
    "dtype": DTYPES,
    "values": ("normal", "normal", *VALUES),
    "growth": GROWTH,
    "strided": (False, True),
    "empty": (False, False, False, True),
    "second": (False, False, False, True),
}
"""What a Profile is drawn from, each entry equally often."""


def batches(family: str, dtype: str | None = None, ops: Sequence[Op] | None = None) -> st.SearchStrategy[Batch]:
    """Batches of one family, in one dtype or in any."""
    choices = CHOICES | ({"dtype": (dtype,)} if dtype else {})
    profiles = st.builds(Profile, **{name: st.sampled_from(options) for name, options in choices.items()})
    chosen = ops_of(family, ops)
    return st.builds(lambda profile, seed: Batch(family, profile, seed, chosen), profiles, st.integers(0, 2**64 - 1))


def batch(family: str, rng: random.Random, ops: Sequence[Op] | None = None) -> Batch:
    """One batch of a family as `batches` draws it, by a generator and without Hypothesis."""
    profile: Any = {name: rng.choice(options) for name, options in CHOICES.items()}
    return Batch(family, Profile(**profile), rng.getrandbits(64), ops_of(family, ops))
