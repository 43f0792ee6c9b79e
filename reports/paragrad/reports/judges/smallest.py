"""The smallest fault in one rule that the judge finds within 2,000 programs of all sizes, rule by rule.

A rule is multiplied by 1 + k·u, k even, for only such factors are floats. Programs without the rule count as tried.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Sequence

import numpy as np

from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.engines.own import Own
from paragrad.fuzz.program import Program
from paragrad.fuzz.shrink import examine
from paragrad.fuzz.strategies.builder import Builder
from paragrad.fuzz.strategies.profile import GROWTH, Profile
from paragrad.fuzz.strategies.values import Values
from paragrad.reports.bodies.judges import SmallestRow
from paragrad.reports.judges.detection import Rule, scaled, small_ops
from paragrad.reports.judges.rivals import UNIT

RULES = (
    ("mul", "other"),
    ("div", "input"),
    ("tanh", "input"),
    ("exp", "input"),
    ("sum", "input"),
    ("matmul", "input"),
    ("linear", "weight"),
    ("softmax", "input"),
)
SIZES = (1, 1, 2, 3, 5, 8, 13, 20, 40, 80)
FACTORS = (2, 4, 6, 8, 10, 12, 14, 16, 20, 24, 32, 48, 64, 128, 256, 1024)
"""The k of 1 + k·u."""


def programs(dtype: str, seed: int, count: int) -> list[Program]:
    """Random graphs of 1 to 80 ops."""
    rng = random.Random(f"smallest {seed}")
    values = Values(rng.getrandbits(32), rng)
    ops = small_ops()
    found = []
    for _ in range(count):
        builder = Builder(rng, values, Profile(dtype, growth=rng.choice(GROWTH), strided=rng.random() < 0.5))
        for _ in range(rng.choice(SIZES)):
            builder.apply(builder.pick(ops))
        found.append(builder.finish())
    return found


def until_found(rule: Rule, epsilon: float, dtype: str, among: Sequence[tuple[int, Program]]) -> int | None:
    """How many programs it takes to find the rule wrong; None where all of them do not. They come with their number."""
    own = Own()
    with scaled(rule, epsilon, dtype):
        return next((number for number, program in among if examine(program, own).findings), None)


def smallest(name: str, parameter: str, dtype: str, drawn: Sequence[Program]) -> SmallestRow:
    """The smallest fault that is found, by bisection over `FACTORS`."""
    rule = (TABLE[name], parameter)
    among = [(k, p) for k, p in enumerate(drawn, 1) if any(s.op == name for _, s in p.applications())]
    tried = functools.cache(lambda factor: until_found(rule, factor * UNIT[dtype], dtype, among))
    low, high = 0, len(FACTORS)
    while low < high:
        middle = (low + high) // 2
        if tried(FACTORS[middle]) is None:
            low = middle + 1
        else:
            high = middle
    factor = FACTORS[low] if low < len(FACTORS) else None
    return {
        "op": name,
        "parameter": parameter,
        "dtype": dtype,
        "epsilon": None if factor is None else float(np.dtype(dtype).type(1 + factor * UNIT[dtype])) - 1,
        "programs": None if factor is None else tried(factor),
    }
