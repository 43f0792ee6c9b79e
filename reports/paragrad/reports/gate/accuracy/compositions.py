"""The program rows: what only whole programs show, judged number by number.

Walks and optimizers are hand-written (`walks`), and each names one way in which the walk or an update can be wrong.
Graphs, MLPs and training runs are drawn by fixed seeds, and find what nobody thought of. A row holds the worst verdict,
what the judge blames, and the largest error as a share of its bound. `digest` tells which programs they were: where the
strategies draw others, only a bug says something.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.engines.own import Own
from paragrad.fuzz.engines.own_scalar import OwnScalar
from paragrad.fuzz.judge import Judgement
from paragrad.fuzz.program import Program
from paragrad.fuzz.shrink import examine
from paragrad.fuzz.strategies.families import FAMILIES
from paragrad.fuzz.strategies.profile import GROWTH, Profile
from paragrad.fuzz.strategies.values import Values
from paragrad.fuzz.trace import Engine
from paragrad.reports.gate.accuracy.drawn import digest
from paragrad.reports.gate.accuracy.rows import ProgramRow
from paragrad.reports.gate.accuracy.scalars import PREFIX as VALUE
from paragrad.reports.gate.accuracy.verdicts import ORDER, blame, of_gradient
from paragrad.reports.gate.accuracy.walks import SCALAR_WALKS, WALKS, optimizers, written

WALK, SCALAR_WALK, OPTIM = "walk", f"{VALUE}backward", "optim."
DRAWN = {"scalar": "scalar graph", "graph": "graph", "mlp": "mlp", "training": "training"}
EACH = 8
"""Programs of one family and style of values."""
OPS = (
    *("add", "sub", "mul", "div", "neg", "exp", "log1p", "sin", "tanh", "sigmoid", "relu", "gelu", "maximum"),
    *("where", "sum", "mean", "amax", "softmax", "matmul", "linear", "reshape", "transpose", "expand", "getitem"),
    *("stack", "cat", "cumsum", "layer_norm"),
)
"""Of which graphs are made: named one by one, so that a new op changes none of them."""


@dataclass(frozen=True, slots=True)
class Case:
    """Programs that make one row, and what runs them."""

    op: str
    case: str
    programs: tuple[Program, ...]
    scalar: bool = False

    @property
    def engine(self) -> Engine:
        """The subject."""
        return OwnScalar() if self.scalar else Own()

    @property
    def key(self) -> tuple[str, str]:
        """As the row's."""
        return self.op, self.case

    def parts(self) -> set[str]:
        """What the programs are made of, by the names of rows: where that got worse, they say nothing new."""
        found: set[str] = set()
        for program in self.programs:
            names = {statement.op for _, statement in program.applications()}
            found |= {VALUE + name for name in names} if self.scalar else names
            found |= {OPTIM + program.optimizer.name} if program.optimizer else set()
        return (found | {SCALAR_WALK if self.scalar else WALK}) - {self.op}


def cases(only: Collection[str] = ()) -> Iterator[Case]:
    """All, or those of the rows in `only`."""
    for case in (*by_hand(), *drawn()):
        if not only or case.op in only:
            yield case


def by_hand() -> Iterator[Case]:
    """One program each."""
    for name, walk in WALKS.items():
        yield Case(WALK, name, (written(walk),))
    for name, walk in SCALAR_WALKS.items():
        yield Case(SCALAR_WALK, name, (written(walk, scalar=True),), scalar=True)
    for optimizer, options, program in optimizers():
        yield Case(OPTIM + optimizer, options, (program,))


def drawn() -> Iterator[Case]:
    """A few programs of each family, dtype and style of values."""
    for family, op in DRAWN.items():
        scalar = FAMILIES[family].engine == "scalar"
        for dtype in ("float64",) if scalar else ("float32", "float64"):
            for style in ("normal", "lattice"):
                yield Case(op, f"{dtype}, {style} values", tuple(draw(family, dtype, style)), scalar)


def draw(family: str, dtype: str, style: str) -> Iterator[Program]:
    """The programs of one case; every fourth takes second derivatives, where its family does."""
    known = OwnScalar().ops() if FAMILIES[family].engine == "scalar" else frozenset(TABLE)
    ops = [TABLE[name] for name in OPS if name in known]
    for turn in range(EACH):
        rng = random.Random(f"gate {family} {dtype} {style} {turn}")
        profile = Profile(dtype, style, GROWTH[turn % len(GROWTH)], second=turn % 4 == 3)
        yield FAMILIES[family].make(rng, Values(rng.getrandbits(32), rng), profile, ops)


def row(case: Case) -> ProgramRow:
    """One row. Shares are of all numbers, also of those that the judge lets pass because torch computed the same."""
    judged = [examine(program, case.engine) for program in case.programs]
    held = [examine(program, case.engine, staged=False) for program in case.programs]
    blamed = {
        f"{'gradient' if of_gradient(program, finding) else finding.kind} of {blame(program, finding) or 'the whole'}"
        for program, judgement in zip(case.programs, judged, strict=True)
        for finding in judgement.findings
    }
    return {
        "op": case.op,
        "case": case.case,
        "digest": digest(case.programs),
        "worst": worst(judged),
        "blamed": ", ".join(sorted(blamed)),
        "share": float(f"{max(judgement.largest for judgement in held):.4g}"),
    }


def worst(judged: Sequence[Judgement]) -> str:
    """The worst verdict of all."""
    found = [v for j in judged for counts in (j.values, j.gradients) for v, count in counts.items() if count]
    found += ["bug" for j in judged if j.findings]
    return max(found, key=ORDER.index, default=ORDER[-1])
