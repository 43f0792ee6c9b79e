"""Random scalar graphs: 1 to 200 nodes on 0-d float64 inputs, for engines whose values are single numbers."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from paragrad.engine.ops.table import Op
from paragrad.fuzz.program import Program
from paragrad.fuzz.strategies.builder import Builder
from paragrad.fuzz.strategies.profile import Profile
from paragrad.fuzz.strategies.tensor import AGAIN
from paragrad.fuzz.strategies.values import Values

SIZES = (1, 2, 3, 5, 8, 10, 13, 13, 15, 20, 30, 50, 80, 200)


def scalar_graph(rng: random.Random, values: Values, profile: Profile, ops: Sequence[Op]) -> Program:
    """One program of `ops` in float64; an operand is often used twice, and constants stand on either side."""
    builder = Builder(rng, values, replace(profile, dtype="float64", scalar=True, strided=False, empty=False))
    for _ in range(builder.pick(SIZES)):
        builder.apply(ops[builder.below(len(ops))])
    return builder.finish(again=builder.flag(AGAIN))
