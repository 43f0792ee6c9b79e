"""Deep scalar graphs: an exact number of ops on few leaves, nearly every variable used again, few roots.

Long paths, much reuse and sums that cancel: what judges of gradients are compared on. Only ops that are defined on all
numbers and grow slowly take part, so that nearly every graph stays finite.
"""

from __future__ import annotations

import random

import numpy as np

from paragrad.fuzz.program import Apply, Backward, Input, Program, Ref, Statement

LEAVES = 5
UNARY = ("neg", "abs", "sin", "cos", "tanh", "sigmoid", "relu", "leaky_relu", "elu", "softplus", "gelu", "silu")
BINARY = ("add", "sub", "mul", "add", "sub", "mul", "maximum", "minimum")
OPS = tuple(dict.fromkeys((*UNARY, *BINARY)))
UNUSED_FIRST = 0.7
"""How often an operand is a variable that nothing has used yet."""


def deep_graph(rng: random.Random, dtype: str, size: int) -> Program:
    """One program of exactly `size` ops on 0-d inputs, ending in one backward with random cotangents."""
    calls: list[tuple[str, tuple[int, ...]]] = []
    unused = list(range(LEAVES))

    def operand() -> int:
        if unused and rng.random() < UNUSED_FIRST:
            return unused[rng.randrange(len(unused))]
        return rng.randrange(LEAVES + len(calls))

    for _ in range(size):
        name = rng.choice(BINARY) if rng.random() < 0.5 else rng.choice(UNARY)
        operands = tuple([operand() for _ in range(2 if name in BINARY else 1)])
        unused = [v for v in unused if v not in operands]
        unused.append(LEAVES + len(calls))
        calls.append((name, operands))
    roots = [v for v in unused if v >= LEAVES]
    names = [f"x{k}" for k in range(LEAVES)] + [f"c{k}" for k in range(len(roots))]
    inputs = [Input.of(n, np.array(rng.gauss(0, 1), dtype), n.startswith("x")) for n in names]
    shift = len(roots)  # the cotangents are inputs, too, and stand before what is computed
    number = [v if v < LEAVES else v + shift for v in range(LEAVES + size)]
    statements: list[Statement] = [
        Apply(name, tuple([Ref(number[v]) for v in operands]), {}, (number[LEAVES + k],))
        for k, (name, operands) in enumerate(calls)
    ]
    cotangents = tuple(range(LEAVES, LEAVES + shift))
    return Program(inputs, [*statements, Backward(tuple([number[r] for r in roots]), cotangents)])
