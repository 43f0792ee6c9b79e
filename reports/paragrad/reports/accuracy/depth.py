"""Gradient error against graph depth: random float32 graphs of an exact depth, both sides against torch in float64.

The error of a gradient is norm-wise, max|g - truth| / max|truth| in units of u = 2^-24: element by element a gradient
that cancels to almost nothing would say nothing about depth.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import numpy as np

from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.engines.own import Own
from paragrad.fuzz.engines.pytorch import PyTorch
from paragrad.fuzz.judge.end_to_end import Float64
from paragrad.fuzz.program import Apply, Array, Backward, Input, Program, Ref, Statement
from paragrad.reports.accuracy.ulp import summary
from paragrad.reports.bodies.accuracy import DepthRow

DEPTHS = (1, 2, 5, 10, 20, 50, 100, 200)
LEAVES = 6
SHAPE = (4,)
UNIT = 2.0**-24
UNARY = ("sin", "cos", "tanh", "sigmoid", "atan", "softsign", "asinh", "silu", "erf", "softmax")
BINARY = ("add", "sub", "mul", "add")
"""Without kinks, for a branch that rounding flips is no error of depth; bounded, so that 200 of them stay finite."""


def program(rng: random.Random, depth: int) -> Program:
    """A graph whose longest path has `depth` ops: each uses the one before, binary ones an earlier variable as well."""
    unary, binary = ([name for name in names if name in TABLE] for names in (UNARY, BINARY))
    inputs = [_normal(rng, f"x{k}", True) for k in range(LEAVES)] + [_normal(rng, "c0", False)]
    statements: list[Statement] = []
    last = 0
    for k in range(depth):
        new = len(inputs) + k
        if unary and rng.random() < 0.6:
            name = rng.choice(unary)
            args: tuple[Ref | int, ...] = (Ref(last), -1) if name == "softmax" else (Ref(last),)
        else:
            # Half of the time a leaf, so that every gradient has short and long paths; else what lies between.
            earlier = rng.randrange(LEAVES) if k == 0 or rng.random() < 0.5 else rng.randrange(len(inputs), new)
            name, args = rng.choice(binary), (Ref(last), Ref(earlier))
        statements.append(Apply(name, args, {}, (new,)))
        last = new
    return Program(inputs, [*statements, Backward((last,), (LEAVES,))])


def _normal(rng: random.Random, name: str, requires_grad: bool) -> Input:
    return Input.of(name, np.array([rng.gauss(0, 1) for _ in range(SHAPE[0])], np.float32), requires_grad)


def error(found: Array | None, truth: Array) -> float | None:
    """The norm-wise error in u; None where there is no number to compare."""
    if found is None or found.shape != truth.shape:
        return None
    with np.errstate(all="ignore"):
        size = float(np.abs(truth).max())
        off = float(np.abs(found.astype(np.float64) - truth).max())
    # Below float32's normal numbers an error in u has no meaning.
    return off / size / UNIT if np.isfinite(off) and float(np.finfo(np.float32).tiny) < size < np.inf else None


def errors(subject: Program) -> Iterator[tuple[float, float]]:
    """The errors of engine and torch for each leaf's gradient that has them."""
    last = len(subject.statements) - 1
    traces = [engine.run(subject) for engine in (Own(), PyTorch(), Float64())]
    if any(trace.failure for trace in traces):
        return
    own, torch, exact = (trace.gradients[last] for trace in traces)
    for variable in range(LEAVES):
        truth = exact.get(variable)
        if truth is None:
            continue
        mine, theirs = error(own.get(variable), truth), error(torch.get(variable), truth)
        if mine is not None and theirs is not None:
            yield mine, theirs


def measure(seed: int, graphs: int, out_of_time: Callable[[], bool]) -> list[DepthRow]:
    """`graphs` random graphs of each depth."""
    rng = random.Random(f"depth {seed}")
    rows: list[DepthRow] = []
    for depth in DEPTHS:
        if out_of_time():
            break
        pairs = [pair for _ in range(graphs) for pair in errors(program(rng, depth))]
        if pairs:
            own, torch = np.array(pairs).T
            rows.append(
                {
                    "depth": depth,
                    "graphs": graphs,
                    "gradients": len(pairs),
                    "engine": summary(own, 0),
                    "torch": summary(torch, 0),
                }
            )
    return rows
