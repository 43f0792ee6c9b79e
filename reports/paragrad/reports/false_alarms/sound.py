"""Batches of programs for sound engines, and what the judge says about them.

Judged are this repository's engines, and torch itself, as it is and on other memory layouts. The judge's first stages
let pass what torch computes, too: torch could not but pass. So torch, and our engines once more, are judged without
them (`staged` False): each number has to lie within its own bound. Of the peers among them (`peers.py`) only values and
the gradients of leaves are known; they run in a process of their own, without the ops in which they are known to
differ.

A batch follows from the seed and its number alone.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from paragrad.engine.ops.table import TABLE, Op
from paragrad.fuzz.engines.own import Own
from paragrad.fuzz.engines.own_scalar import OwnScalar
from paragrad.fuzz.engines.pytorch import PyTorch
from paragrad.fuzz.engines.pytorch_strided import StridedPyTorch
from paragrad.fuzz.judge import VERDICTS, Finding, judge, reference
from paragrad.fuzz.program import Program
from paragrad.fuzz.strategies.families import FAMILIES, Make, ops_of
from paragrad.fuzz.strategies.profile import DTYPES, GROWTH, VALUES, Profile
from paragrad.fuzz.strategies.tensor import graph
from paragrad.fuzz.strategies.values import Values
from paragrad.fuzz.trace import Engine
from paragrad.reports.false_alarms import peers

PROGRAMS = 8
"""Programs a batch."""
LARGE = (20, 30, 50, 80, 120, 200)


def large_graph(rng: random.Random, values: Values, profile: Profile, ops: Sequence[Op]) -> Program:
    """A tensor graph of 20 to 200 ops."""
    return graph(rng, values, replace(profile, second=False), ops, rng.choice(LARGE))


MAKERS: dict[str, Make] = {name: family.make for name, family in FAMILIES.items()} | {"large graph": large_graph}
SHARES = {"op": 5, "scalar": 1, "graph": 4, "large graph": 1, "mlp": 10, "training": 1}
"""Batches of each family: most elements are in MLPs, most kinds of programs in the others."""


@dataclass(frozen=True, slots=True)
class Subject:
    """An engine that is taken to be sound, in which dtypes, and whether the judge's first stages take part."""

    name: str
    engine: Callable[[], Engine]
    staged: bool
    dtypes: tuple[str, ...] = DTYPES
    peer: str | None = None
    fillings: int = 1
    """How often each program is run, with other numbers each time: a peer that compiles needs long for a new shape."""


ONE_DTYPE = ("float32", "float64")
HERE = (
    Subject("paragrad", Own, True),
    Subject("paragrad", Own, False),
    # Where dtypes mix, torch computes parts of float64 gradients in float32: those of atan2 and pow, for two.
    Subject("torch", PyTorch, False, ONE_DTYPE),
    Subject("torch, strided", StridedPyTorch, False, ONE_DTYPE),
)
SUBJECTS = (
    *(HERE * 3),
    *(
        Subject(title, partial(peers.engine, peer), staged, ("float64",), peer, fillings)
        for peer, title, fillings in (("autograd", "HIPS autograd", 1), ("jax", "JAX", 25))
        for staged in (True, False)
    ),
)
"""In turn: a peer takes longer."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Which programs, on which engine."""

    seed: int
    number: int
    family: str
    subject: Subject
    profile: Profile

    @property
    def dtype(self) -> str:
        """The dtype of its programs; scalar ones know one only."""
        return "float64" if self.family == "scalar" else self.profile.dtype

    @property
    def engine(self) -> Engine:
        """The engine: of ours the one that runs this family."""
        own = self.subject.engine is Own and self.family == "scalar"
        return OwnScalar() if own else self.subject.engine()

    def programs(self) -> Iterator[Program]:
        """The programs."""
        rng = random.Random(f"programs {self.seed} {self.number}")
        values = Values(rng.getrandbits(32), rng)
        names = ops_of("scalar" if self.family == "scalar" else "graph", None)
        fillings = self.subject.fillings
        if (peer := self.subject.peer) is not None:
            names = tuple(name for name in names if name in peers.sound_ops(peer))
        ops = [TABLE[name] for name in names]
        for _ in range(PROGRAMS if fillings == 1 else 1):
            program = MAKERS[self.family](rng, values, self.profile, ops)
            yield program
            for _ in range(fillings - 1):
                yield peers.refilled(program, values)


def batch(seed: int, number: int) -> Batch:
    """The batch of this number."""
    rng = random.Random(f"batch {seed} {number}")
    (family,) = rng.choices(list(SHARES), list(SHARES.values()))
    subject = SUBJECTS[number % len(SUBJECTS)]
    if subject.peer is not None:
        family = rng.choice(peers.FAMILIES)
    profile = Profile(
        rng.choice(subject.dtypes),
        rng.choice(("normal", "normal", *VALUES)),
        rng.choice(GROWTH),
        strided=rng.random() < 0.5,
        empty=rng.random() < 0.25,
        second=subject.peer is None and rng.random() < 0.25,
    )
    return Batch(seed, number, family, subject, profile)


@dataclass(slots=True)
class Result:
    """What the judge said of one batch: programs, elements by verdict, programs that torch refused, and alarms."""

    batch: Batch
    programs: int = 0
    values: Counter[str] = field(default_factory=Counter)
    gradients: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    alarms: list[tuple[Program, Finding]] = field(default_factory=list)


def judged(batch: Batch) -> Result:
    """Run and judge a batch. Of each program the first finding counts."""
    result = Result(batch)
    engine = batch.engine
    for program in batch.programs():
        trace = engine.run(program)
        if trace.failure is not None and trace.failure.type == "Unsupported":
            result.refused["not supported by the adapter"] += 1
            continue
        judgement = judge(program, trace, reference(program, trace), engine, staged=batch.subject.staged)
        if judgement.refused:
            result.refused[judgement.refused.partition(":")[0] + " refused by torch"] += 1
            continue
        result.programs += 1
        for verdict in VERDICTS:
            result.values[verdict] += judgement.values[verdict]
            result.gradients[verdict] += judgement.gradients[verdict]
        if judgement.first is not None:
            result.alarms.append((program, judgement.first))
    return result
