"""Gradient error against what rounding can come to in the whole graph: random graphs of many sizes, one point each.

A gradient's bound from end to end is what running error analysis allows (`paragrad.fuzz.judge.end_to_end`), and one
rounding of the gradient at least. The truth is torch in float64 for float32, and the op table in long double for
float64, where a long double is longer than a double; the table's rules are then shared with the engine, but a wrong
rule would put torch beyond the bound.

Where rounding decides on which side of a kink a number lies, nobody can tell what the gradient should be: a point that
is beyond the bound is left out if it jumps when its operands move by rounding, as the judge does.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from paragrad.engine import dtypes
from paragrad.engine.ops.table import TABLE, Op
from paragrad.fuzz import repro
from paragrad.fuzz.engines.own import Own
from paragrad.fuzz.engines.own_scalar import OwnScalar
from paragrad.fuzz.engines.pytorch import PyTorch
from paragrad.fuzz.judge import Finding
from paragrad.fuzz.judge.bounds import UNIT
from paragrad.fuzz.judge.end_to_end import EndToEnd
from paragrad.fuzz.judge.local import RefusedError
from paragrad.fuzz.program import Array, Program
from paragrad.fuzz.strategies.builder import Builder, sampled_ops
from paragrad.fuzz.strategies.mlp import mlp
from paragrad.fuzz.strategies.profile import GROWTH, Profile
from paragrad.fuzz.strategies.values import Values
from paragrad.fuzz.trace import Trace
from paragrad.reports.accuracy.long_double import LONG, LongDouble
from paragrad.reports.accuracy.truth import in_dtype
from paragrad.reports.bodies.accuracy import GraphCounts, PointRow

FAMILIES = ("scalar", "graph", "mlp")
SIZES = (1, 2, 3, 5, 8, 13, 20, 30, 50, 80, 120, 200)
"""Ops of a graph; an MLP has as many as it has."""
LARGEST = {"scalar": 200, "graph": 50, "mlp": 1}
"""Ops up to which a family is drawn. In a random graph of tensors nearly all of the ops hang together by chance only,
so that more of them say nothing more about a path."""
EACH = 5
"""Graphs of one family, size and dtype; times four for MLPs, which have no sizes."""


DTYPES = ("float32", "float64") if LONG else ("float32",)
"""The dtypes of which there is a truth here."""


def programs(seed: int, each: int = EACH) -> Iterator[tuple[str, str, int, Program]]:
    """Family, dtype, number and program, at moderate values, contiguous and not empty."""
    for family in FAMILIES:
        for dtype in DTYPES:
            for number in range(count(family, each)):
                yield family, dtype, number, draw(family, dtype, number, seed, each)


def sizes(family: str) -> list[int]:
    """The sizes that a family is drawn in."""
    return [size for size in SIZES if size <= LARGEST[family]]


def count(family: str, each: int = EACH) -> int:
    """The programs of a family in one dtype; they are numbered from 0."""
    return each * (4 if family == "mlp" else len(sizes(family)))


def draw(family: str, dtype: str, number: int, seed: int, each: int = EACH) -> Program:
    """The program of a family, a dtype and a number below `count`."""
    place, turn = divmod(number, 4 * each if family == "mlp" else each)
    size = sizes(family)[place]
    rng = random.Random(f"points {family} {dtype} {size} {turn} {seed}")
    values = Values(rng.getrandbits(32), rng)
    profile = Profile(dtype, growth=GROWTH[turn % len(GROWTH)], scalar=family == "scalar")
    if family == "mlp":
        return in_dtype(mlp(rng, values, profile), dtype)
    return in_dtype(graph(Builder(rng, values, profile), _ops(family), size), dtype)


@functools.cache
def _ops(family: str) -> list[Op]:
    """The ops that a graph is made of."""
    scalars = OwnScalar().ops()
    ops = [op for op in sampled_ops() if op.recover is None]
    return ops if family == "graph" else [op for op in ops if op.name in scalars]


def script(family: str, dtype: str, number: int, seed: int) -> str:
    """A script that runs a program on both sides, and shows the gradient that is closest to its bound.

    Raises ValueError for a number or a dtype that there is not, and where no gradient can be compared.
    """
    if dtype not in DTYPES:
        raise ValueError(f"random graphs are judged in {' and '.join(DTYPES)}, not in {dtype}")
    if not 0 <= number < count(family):
        raise ValueError(f"programs have the numbers 0 to {count(family) - 1}, not {number}")
    program = draw(family, dtype, number, seed)
    found = [gradient for gradient in gradients(program, dtype) if gradient.known().any()]
    if not found:
        raise ValueError("no gradient of this program can be compared")
    closest = max(found, key=lambda gradient: gradient.ratio(gradient.own))
    own, torch = (_digits(closest.ratio(side)) for side in (closest.own, closest.torch))
    told = f"{own} of its end-to-end bound (torch: {torch})"
    return repro.script(program, Finding("gradient", 0, family, closest.variable, told), fails=False)


def graph(builder: Builder, ops: list[Op], size: int) -> Program:
    """A graph of `size` ops that stays in its dtype."""
    for _ in range(size):
        builder.apply(builder.pick(ops))
    return builder.finish()


@dataclass(slots=True)
class Gradient:
    """The gradient of the leaf `variable`: both sides' numbers, the truth, and the bound."""

    variable: int
    own: Array
    torch: Array
    truth: Array
    bound: Array

    def ratio(self, found: Array) -> float:
        """The largest error ÷ bound of one side where truth and bound are finite; inf where `found` is not."""
        with np.errstate(all="ignore"):
            off = np.abs(found - self.truth).astype(np.float64)
            ratios = np.where(off == 0, 0.0, off / self.bound)
        ratios = np.where(np.isfinite(found), ratios, np.inf)
        return float(np.max(ratios, where=self.known(), initial=0.0))

    def known(self) -> Array:
        """Where there is something to compare with: not where what was added up on the way, about bound / u, may have
        overflowed."""
        unit, most = UNIT[dtypes.as_dtype(self.own.dtype)], np.finfo(self.own.dtype).max
        with np.errstate(all="ignore"):
            return np.asarray(np.maximum(np.abs(self.truth), self.bound / unit) < most)

    def condition(self) -> float:
        """The largest bound ÷ (u · largest gradient); 0.0 where all gradients are 0."""
        known, unit = self.known(), UNIT[dtypes.as_dtype(self.own.dtype)]
        size = float(np.max(np.abs(self.truth), where=known, initial=0.0))
        return float(np.max(self.bound, where=known, initial=0.0)) / (unit * size) if size else 0.0


def gradients(program: Program, dtype: str) -> Iterator[Gradient]:
    """The gradients of a program's leaves that can be compared, but for those that jump beyond their bound.

    Nothing where one side fails, where torch's and ours differ in shape, and where the whole can't be bounded.
    """
    torch, own = PyTorch().run(program), Own().run(program)
    truth = LongDouble().run(program) if dtype == "float64" else None
    if torch.failure or own.failure or (truth and truth.failure):
        return
    try:
        whole = EndToEnd(program, torch, any_order=False)
    except RefusedError:
        return
    for position, shown in torch.gradients.items():
        for variable, theirs in shown.items():
            mine = own.gradients[position].get(variable)
            if variable >= len(program.inputs) or theirs is None or mine is None or mine.shape != theirs.shape:
                continue
            expected = whole.gradient(position, variable)
            exact, bound = expected.exact, expected.bound
            if truth is not None:
                longer = truth.gradients[position].get(variable)
                if longer is None or longer.shape != exact.shape:
                    continue
                # The judge's bound is doubled, for its own truth is no more precise than what it judges.
                exact, bound = longer, bound / 2
            # A number like 1/25 in a mean is rounded when it is stored, of which the analysis of some losses knows
            # nothing: the bound is one rounding of the truth at least.
            with np.errstate(all="ignore"):
                bound = np.maximum(bound, UNIT[dtypes.as_dtype(mine.dtype)] * np.abs(exact))
            found = Gradient(variable, mine, theirs, exact, bound)
            if max(found.ratio(mine), found.ratio(theirs)) > 1:
                found.bound = np.where(whole.jumps(shown_at(position, variable)), np.inf, found.bound)
            yield found


def shown_at(position: int, variable: int) -> Callable[[Trace], Array | None]:
    """What tells a trace's gradient of a variable after the backward at `position`."""
    return lambda trace: trace.gradients[position][variable]


def point(family: str, dtype: str, number: int, program: Program) -> PointRow | None:
    """The point of a program; None where none of its gradients can be compared."""
    if any(TABLE[statement.op].recover for _, statement in program.applications()):
        return None  # no two engines draw the same random numbers
    found = [gradient for gradient in gradients(program, dtype) if gradient.known().any()]
    if not found:
        return None
    return {
        "family": family,
        "dtype": dtype,
        "program": number,
        "ops": sum(1 for _ in program.applications()),
        "condition": _digits(max(gradient.condition() for gradient in found)),
        "engine": _digits(max(gradient.ratio(gradient.own) for gradient in found)),
        "torch": _digits(max(gradient.ratio(gradient.torch) for gradient in found)),
    }


def _digits(number: float) -> float:
    return float(f"{number:.4g}")


def measure(seed: int, out_of_time: Callable[[], bool], each: int = EACH) -> tuple[list[PointRow], GraphCounts]:
    """A few hundred points: `each` graphs of a family, size and dtype; and what became of the graphs."""
    found, tried = [], 0
    for drawn in programs(seed, each):
        if out_of_time():
            break
        tried += 1
        if (row := point(*drawn)) is not None:
            found.append(row)
    asked = len(DTYPES) * sum(count(family, each) for family in FAMILIES)
    judged = len(found)
    return found, {"requested": asked, "judged": judged, "not_compared": tried - judged, "not_run": asked - tried}
