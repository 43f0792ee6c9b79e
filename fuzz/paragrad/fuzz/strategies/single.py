"""Programs of one op: what the per-op tests and the accuracy report run."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

from paragrad.engine.ops.table import Op
from paragrad.fuzz.program import Program
from paragrad.fuzz.strategies.builder import Builder
from paragrad.fuzz.strategies.profile import VALUES, Profile
from paragrad.fuzz.strategies.values import Values


def single(op: Op, dtype: str, second: bool, count: int, seed: int = 0) -> Iterator[Program]:
    """`count` programs of this one op, over every style of values, with views and, at times, empty tensors.

    Second derivatives are taken at moderate values and points where they exist; none where torch has none.
    """
    if second and not op.twice:
        return
    rng = random.Random(f"{op.name} {dtype} {second} {seed}")
    values = Values(rng.getrandbits(32), rng)
    styles = ("normal",) if second else ("normal", *VALUES)
    for k, style in zip(range(count), itertools.cycle(styles), strict=False):
        builder = Builder(rng, values, Profile(dtype, style, "any", k % 3 == 1, k % 7 == 3, second))
        builder.apply(op)
        yield builder.finish(second)
