"""Which programs the rows are of: a digest of what the strategies draw for each op.

Errors and verdicts are of programs that the strategies' code and the op's sample draw. Where these are edited, a number
that moved may say nothing of the engine, and only the digest tells. Programs that no code draws were weighed: all of
them are many megabytes in the repository, and a frozen copy of the strategies is that code twice.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Collection, Iterable, Iterator

from paragrad.engine.ops.table import Op
from paragrad.fuzz.program import Program
from paragrad.fuzz.strategies.profile import DTYPES as PROFILES
from paragrad.reports.accuracy.measure import DTYPES, normal_programs
from paragrad.reports.gate.accuracy import scalars, ulps, verdicts


def digest(programs: Iterable[Program]) -> str:
    """Equal where the programs are equal to the bit."""
    return hashlib.sha256("".join(program.digest() for program in programs).encode()).hexdigest()[:12]


def of_op(op: Op) -> Iterator[Program]:
    """The programs of an op's errors and verdicts, whether it is left out or not; none where it has no sample."""
    if op.sample is not None:
        for dtype in DTYPES:
            yield from ulps.programs(op, dtype)
        for dtype in PROFILES:
            yield from verdicts.of_one(op, dtype)


def of_value(op: Op) -> Iterator[Program]:
    """The programs of the errors and verdicts of an op of Value."""
    errors = normal_programs(op, scalars.DTYPE, scalars.PROGRAMS, ulps.SEED, scalar=True)
    return itertools.chain(errors, scalars.programs(op))


def digests(ops: Iterable[Op], only: Collection[str]) -> Iterator[tuple[str, str]]:
    """The names of these ops, and of the ops of Value that are in `only` (all, if it is empty), with their digests."""
    for op in ops:
        yield op.name, digest(of_op(op))
    for op in scalars.ops():
        if not only or scalars.PREFIX + op.name in only:
            yield scalars.PREFIX + op.name, digest(of_value(op))
