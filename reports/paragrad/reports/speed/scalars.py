"""Scalar graphs: the engine's Value against micrograd's, on the same code.

micrograd's closures make reference cycles, so its time depends on Python's garbage collector: each graph is measured
with gc as Python has it and with gc off. micrograd recurses, so the graphs are wide: no path is longer than 210 nodes.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np

from paragrad.reports.speed.workload import Array, Prepared, Workload

ALPHA = 1e-4


def engine_module() -> Any:
    """The engine's Value and MLP."""
    from paragrad.engine import scalar, scalar_nn

    return SimpleNamespace(Value=scalar.Value, MLP=scalar_nn.MLP)


def micrograd_module() -> Any:
    """micrograd's, under the same names."""
    import micrograd.engine
    import micrograd.nn

    return SimpleNamespace(Value=micrograd.engine.Value, MLP=micrograd.nn.MLP)


class Spelled:
    """micrograd's MLP on any Value: each product and each sum a node, where the engine's own makes one of a neuron."""

    def __init__(self, value: Any, inputs: int, widths: list[int]) -> None:
        sizes = itertools.pairwise([inputs, *widths])
        self.layers = [[[value(0.0) for _ in range(n + 1)] for _ in range(width)] for n, width in sizes]

    def __call__(self, x: Any) -> Any:
        last = len(self.layers) - 1
        for k, layer in enumerate(self.layers):
            sums = [sum((w * v for w, v in zip(neuron, x, strict=False)), neuron[-1]) for neuron in layer]
            x = sums if k == last else [total.relu() for total in sums]
        return x[0]

    def parameters(self) -> list[Any]:
        """Weights, then bias, neuron by neuron, as in micrograd."""
        return [p for layer in self.layers for neuron in layer for p in neuron]


def spelled(module: Any) -> Prepared:
    """The demo with the same nodes on both sides."""
    return demo(SimpleNamespace(Value=module.Value, MLP=partial(Spelled, module.Value)))


def both(build: Callable[[Any], Prepared]) -> Callable[[], tuple[Prepared, Prepared]]:
    """The same work for either class."""
    return lambda: (build(engine_module()), build(micrograd_module()))


def numbers(values: list[Any]) -> Array:
    """Gradients, each leaf's."""
    return np.array([float(v.grad) for v in values])


def layered(leaves: list[Any], layers: int) -> Any:
    """Layers of relu(a·b + c) on neighbours and leaves, then a tree of sums: 3·width·layers + width - 1 nodes."""
    xs = leaves
    for _ in range(layers):
        xs = [(a * b + c).relu() for a, b, c in zip(xs, xs[1:] + xs[:1], leaves, strict=True)]
    while len(xs) > 1:
        pairs = [a + b for a, b in zip(xs[::2], xs[1::2], strict=False)]
        xs = pairs + xs[len(xs) - len(xs) % 2 :]
    return xs[0]


def graph(width: int, layers: int) -> Callable[[Any], Prepared]:
    """2·width - 1 + 3·width·layers nodes, leaves among them."""

    def build(module: Any) -> Prepared:
        rng = random.Random(width)
        leaves = [module.Value(rng.uniform(-0.5, 0.25)) for _ in range(width)]  # x² + c stays finite up to c = 1/4
        out: list[Any] = []

        def step() -> None:
            for leaf in leaves:
                leaf.grad = 0.0
            root = layered(leaves, layers)
            root.backward()
            out[:] = [root.data]

        return Prepared(step, lambda: [np.array(out), numbers(leaves)])

    return build


def moons(points: int) -> tuple[list[list[float]], list[int]]:
    """Two interleaving half circles with some noise, as in micrograd's README."""
    rng = random.Random(1337)
    xs, ys = [], []
    for k in range(points):
        angle, upper = math.pi * rng.random(), k % 2 == 0
        x, y = (math.cos(angle), math.sin(angle)) if upper else (1 - math.cos(angle), 0.5 - math.sin(angle))
        xs.append([x + rng.gauss(0, 0.1), y + rng.gauss(0, 0.1)])
        ys.append(1 if upper else -1)
    return xs, ys


def demo(module: Any) -> Prepared:
    """One step of micrograd's README demo: MLP(2, [16, 16, 1]), hinge loss over 100 points, L2, then SGD."""
    rng = random.Random(5)
    model = module.MLP(2, [16, 16, 1])
    start = [rng.uniform(-1, 1) for _ in model.parameters()]
    points, labels = moons(100)
    out: list[float] = []

    def step() -> None:
        for p, data in zip(model.parameters(), start, strict=True):
            p.data = data
        inputs = [list(map(module.Value, row)) for row in points]
        scores = list(map(model, inputs))
        losses = [(1 + -label * score).relu() for label, score in zip(labels, scores, strict=True)]
        data_loss = sum(losses) * (1.0 / len(losses))
        total = data_loss + ALPHA * sum(p * p for p in model.parameters())
        for p in model.parameters():
            p.grad = 0.0
        total.backward()
        for p in model.parameters():
            p.data -= 0.1 * p.grad
        out[:] = [total.data]

    return Prepared(step, lambda: [np.array(out), numbers(model.parameters())])


def _against_micrograd(name: str, title: str, build: Callable[[Any], Prepared], target: float | None) -> Workload:
    """A workload on either class with gc off."""
    return Workload(f"{name}-gc-off", f"{title}, gc off", both(build), "micrograd", "at least", target, "off")


def _graph(nodes: int, width: int, layers: int) -> list[Workload]:
    """A graph with gc as Python has it, and with gc off."""
    title, build = f"scalar graph, {nodes:,} nodes", graph(width, layers)
    default = Workload(f"scalar-{nodes}", title, both(build), "micrograd", "at least", 3.0, "python")
    return [default, _against_micrograd(f"scalar-{nodes}", title, build, 2.5)]


WORKLOADS = [
    *_graph(1_000, 20, 16),
    *_graph(100_000, 500, 66),
    _against_micrograd("micrograd-demo", "micrograd's README demo, one step of 65,075 nodes", demo, 4.0),
    _against_micrograd("micrograd-demo-spelled", "the same, each product and each sum a node", spelled, None),
]
