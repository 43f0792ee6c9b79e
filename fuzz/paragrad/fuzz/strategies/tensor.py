"""Random tensor graphs: a few to two hundred ops of the table, with reuse, diamonds, fans, views and all dtypes."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from paragrad.engine.ops.table import Op
from paragrad.fuzz.program import Program
from paragrad.fuzz.strategies.builder import Builder
from paragrad.fuzz.strategies.profile import VALUES, Profile
from paragrad.fuzz.strategies.values import Values

SIZES = (1, 2, 3, 4, 5, 6, 8, 10, 13, 13, 16, 20)
AGAIN = 0.25
"""How many programs go back more than once: gradients then add up in the leaves, and what was saved is used again."""
FEW = (1, 1, 2, 3, 4)
"""Sizes where second derivatives are asked for: they are judged end to end, and bounds grow with the path."""


def graph(rng: random.Random, values: Values, profile: Profile, ops: Sequence[Op], size: int | None = None) -> Program:
    """One program of `size` ops chosen among `ops`."""
    if profile.second:
        # At 1e30 torch's own formulas for second derivatives overflow where the truth is 0.
        profile = replace(profile, values="lattice" if profile.values == "lattice" else "normal")
        ops = [op for op in ops if op.twice]
    builder = Builder(rng, values, profile)
    for _ in range(size or builder.pick(FEW if profile.second else SIZES)):
        builder.apply(ops[builder.below(len(ops))])
    return builder.finish(profile.second, again=builder.flag(AGAIN))


def one_op(rng: random.Random, values: Values, profile: Profile, ops: Sequence[Op]) -> Program:
    """A graph of one op, every other one with second derivatives: rare ops and rare arguments have their turn here."""
    op = ops[rng.randrange(len(ops))]
    second = op.twice and rng.random() < 0.5
    style = VALUES[rng.randrange(len(VALUES))]
    return graph(rng, values, replace(profile, second=second, values=style), [op], size=1)
