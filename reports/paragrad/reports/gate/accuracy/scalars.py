"""The rows of the scalar engine: each op of `Value` as an op of its own, called `Value.relu`.

Its programs are those of the ops, with single numbers in float64: errors at moderate values against mpmath, the worst
verdict over every style of values and its constants on either side, and its choice at every kink, tie and pole.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from paragrad.engine.ops.table import TABLE, Op
from paragrad.engine.scalar import Value
from paragrad.fuzz.engines.own_scalar import INFIX, UNARY_OPERATORS, OwnScalar
from paragrad.fuzz.judge.conventions.point import Point, shown
from paragrad.fuzz.judge.conventions.points import points
from paragrad.fuzz.judge.conventions.probe import answer
from paragrad.fuzz.program import Apply, Backward, Input, Program, Ref
from paragrad.fuzz.strategies.builder import Builder
from paragrad.fuzz.strategies.profile import VALUES, Profile
from paragrad.fuzz.strategies.values import Values
from paragrad.reports.accuracy.measure import Row, Tally
from paragrad.reports.gate.accuracy import ulps, verdicts
from paragrad.reports.gate.accuracy.rows import ConventionRow, OpRow, UlpRow, VerdictRow

PROGRAMS = 40
PREFIX = "Value."
DTYPE = "float64"


def ops() -> list[Op]:
    """The table's ops that a Value has."""
    return [TABLE[name] for name in sorted(OwnScalar().ops())]


def public() -> Iterator[OpRow]:
    """The ops of Value that there are."""
    for op in ops():
        if op.name in (*INFIX, *UNARY_OPERATORS) or hasattr(Value, op.name):
            parameters = list(op.parameters)
            yield {
                "op": PREFIX + op.name,
                "parameters": parameters,
                "gradients": sorted(op.pullbacks),
                "method": False,
                "drawn": "",
            }


def programs(op: Op) -> Iterator[Program]:
    """A fixed set: every style of values, numbers on either side."""
    rng = random.Random(f"{PREFIX}{op.name}")
    values = Values(rng.getrandbits(32), rng)
    for _, style in zip(range(PROGRAMS), itertools.cycle(("normal", *VALUES)), strict=False):
        builder = Builder(rng, values, Profile(DTYPE, style, scalar=True))
        builder.apply(op)
        yield builder.finish()


@dataclass(frozen=True, slots=True)
class ScalarPoint(Point):
    """A point whose tensors are single numbers."""

    def __str__(self) -> str:
        """As the tensors' point, with its name in front."""
        words = [shown(a) for a in self.args] + [f"{name}={shown(a)}" for name, a in self.kwargs.items()]
        return f"{PREFIX}{self.op}({', '.join(words)})"

    def program(self, dtype: str) -> Program:
        """The Program of this one op, from 0-d inputs."""
        inputs: list[Input] = []
        args: list[Any] = []
        for name, argument in zip(TABLE[self.op].parameters, self.args, strict=False):
            if isinstance(argument, list):
                inputs.append(Input.of(name, np.array(argument[0], dtype), True))
                args.append(Ref(len(inputs) - 1))
            else:
                args.append(argument)
        count = len(inputs)
        return Program(inputs, [Apply(self.op, tuple(args), self.kwargs, (count,)), Backward((count,), (None,))])


def conventions(only: Collection[str] = ()) -> Iterator[ConventionRow]:
    """What a Value does at every point of its ops."""
    engine = OwnScalar()
    for point in points():
        if point.op in engine.ops() and point.copies and (not only or PREFIX + point.op in only):
            single = ScalarPoint(point.op, point.args, point.kwargs)
            found = dict(answer(engine, single, DTYPE))
            yield {"op": PREFIX + point.op, "point": str(single), "dtype": DTYPE, "answer": found}


def measure(only: Collection[str] = ()) -> Iterator[tuple[str, list[UlpRow], list[VerdictRow], set[str]]]:
    """For each op of Value, or for those in `only`, its name, its rows, and what is blamed for its bugs."""
    for op in ops():
        if only and PREFIX + op.name not in only:
            continue
        row = Row(op, DTYPE, scalar=True)
        row.measure(PROGRAMS, ulps.SEED, Tally())
        result = row.result()
        errors = [] if result is None else list(ulps.of(result))
        worst, blamed = verdicts.worst_of(programs(op), OwnScalar())
        found = [verdicts.row(op.name, DTYPE, of, worst.get(of, verdicts.NONE)) for of in ("value", "gradient")]
        yield PREFIX + op.name, [named(error) for error in errors], [named(verdict) for verdict in found], blamed


def named(row: UlpRow | VerdictRow) -> Any:
    """A row of an op as one of Value's."""
    row["op"] = PREFIX + row["op"]
    return row
