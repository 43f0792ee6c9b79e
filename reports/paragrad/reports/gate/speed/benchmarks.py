"""What the speed gate measures: ops where calls cost (16 elements) and where arithmetic does (10,000), and models.

A benchmark is built on a Library with torch's names, as in the speed report, and so runs on any commit's engine that
has the op. A step should take well under a millisecond: a block of steps has to fall between a neighbour's. To add one,
add it to BENCHMARKS; a commit whose engine lacks it is not compared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from paragrad.reports.speed import scalars, tensors
from paragrad.reports.speed.tensors import forward_backward, normal
from paragrad.reports.speed.workload import Array, Build, Library, Prepared, arrays

SMALL, MIDDLE = 16, 10_000


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A name, a title, and what makes a step of a Library."""

    name: str
    title: str
    build: Build


def called(shapes: list[tuple[int, ...]], call: Callable[[Library, list[Any]], Any]) -> Build:
    """`call` on normal float32 leaves of these shapes, and back from a normal cotangent."""

    def build(lib: Library) -> Prepared:
        leaves = [lib.leaf(normal(shape, "float32", seed)) for seed, shape in enumerate(shapes)]
        like = call(lib, leaves)
        cotangent = lib.leaf(normal(tuple(like.shape), "float32", 99), False)
        return forward_backward(leaves, lambda: call(lib, leaves), cotangent)

    return build


def indexed(call: Callable[[Library, Any, Any], Any], rows: int, indices: int) -> Build:
    """`call` on a float32 matrix of so many rows of 16, and int64 indices of its rows, some of them twice."""

    def build(lib: Library) -> Prepared:
        x = lib.leaf(normal((rows, 16), "float32", 0))
        index = lib.leaf(np.random.default_rng(1).integers(0, rows, indices), False)
        cotangent = lib.leaf(normal(tuple(call(lib, x, index).shape), "float32", 2), False)
        return forward_backward([x], lambda: call(lib, x, index), cotangent)

    return build


def classified(lib: Library, x: Any) -> Any:
    """The cross entropy of rows of scores."""
    rows, classes = x.shape
    return lib.op("cross_entropy")(x, lib.leaf(np.arange(rows) % classes, False))


def mlp(optimizer: str) -> Build:
    """A training step of 16-32-32-10 with tanh, a batch of 16: zero_grad, forward, cross entropy, backward, step."""

    def build(lib: Library) -> Prepared:
        nn = lib.nn
        model = nn.Sequential(nn.Linear(16, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 10))
        filled = {
            name: lib.leaf(normal(tuple(parameter.shape), "float32", seed) / np.float32(6), False)
            for seed, (name, parameter) in enumerate(model.named_parameters())
        }
        model.load_state_dict(filled)
        x, y = lib.leaf(normal((16, 16), "float32", 99), False), lib.leaf(np.arange(16) % 10, False)
        criterion, optimize = nn.CrossEntropyLoss(), getattr(lib.optim, optimizer)(model.parameters(), lr=1e-4)
        last: list[Any] = [None]

        def step() -> None:
            optimize.zero_grad()
            last[0] = criterion(model(x), y)
            last[0].backward()
            optimize.step()

        return Prepared(step, lambda: arrays(last[0], *model.parameters()))

    return build


def optimizer(name: str, **options: Any) -> Build:
    """A step of an optimizer alone, on eight parameters of 1,000 elements whose gradients stay."""

    def build(lib: Library) -> Prepared:
        parameters = [lib.leaf(normal((1_000,), "float32", seed)) for seed in range(8)]
        for seed, parameter in enumerate(parameters):
            parameter.grad = lib.leaf(normal((1_000,), "float32", 100 + seed), False)
        optimize = getattr(lib.optim, name)(parameters, lr=1e-4, **options)
        return Prepared(optimize.step, lambda: arrays(*parameters))

    return build


def scalar_graph(width: int, layers: int) -> Build:
    """The engine's Value: a graph of 2·width - 1 + 3·width·layers nodes, made and walked."""
    build = scalars.graph(width, layers)
    return lambda lib: build(lib)


def scalar_mlp(lib: Library) -> Prepared:
    """The engine's scalar MLP 3-4-4-1 on four points: made of Values, squared error, backward."""
    model = scalars.engine_module().MLP(3, [4, 4, 1])
    points = normal((4, 3), "float64", 0).tolist()

    def step() -> None:
        for parameter in model.parameters():
            parameter.grad = 0.0
        loss = sum(((model([lib.Value(v) for v in point]) - 1.0) ** 2 for point in points), lib.Value(0.0))
        loss.backward()

    def results() -> list[Array]:
        return [scalars.numbers(model.parameters())]

    return Prepared(step, results)


def _sized(name: str, build: Callable[[int], Build], sizes: tuple[int, ...] = (SMALL, MIDDLE)) -> list[Benchmark]:
    return [Benchmark(f"{name}-{size}", f"{name}, {size:,} elements", build(size)) for size in sizes]


def _called(name: str, title: str, shapes: list[tuple[int, ...]], call: Callable[..., Any]) -> Benchmark:
    return Benchmark(name, title, called(shapes, lambda lib, leaves: call(lib, *leaves)))


def _op(name: str, *args: Any, **kwargs: Any) -> Callable[..., Any]:
    """An op of the library as a function of leaves, and then of these."""
    return lambda lib, *leaves: lib.op(name)(*leaves, *args, **kwargs)


POINTWISE = ("add", "mul", "div", "exp", "tanh", "relu", "maximum")
ROWWISE = ("sum", "amax", "softmax")

BENCHMARKS: dict[str, Benchmark] = {
    benchmark.name: benchmark
    for benchmark in [
        *(found for name in POINTWISE for found in _sized(name, partial(tensors.elementwise, name))),
        *_sized("gelu", partial(tensors.elementwise, "gelu"), (MIDDLE,)),
        *_sized("pow", lambda n: called([(n,)], lambda lib, x: lib.op("pow")(x[0], 3.0)), (SMALL,)),
        *(found for name in ROWWISE for found in _sized(name, partial(tensors.reduction, name))),
        _called("cumsum-10000", "cumsum, 10,000 elements", [(100, 100)], _op("cumsum", -1)),
        Benchmark("matmul-4", "matmul 4×4", tensors.matmul(4, "float32")),
        Benchmark("matmul-64", "matmul 64×64", tensors.matmul(64, "float32")),
        _called("linear-16", "linear 16×16, 16 rows", [(16, 16), (16, 16), (16,)], _op("linear")),
        _called("conv2d", "conv2d 2×3×12×12, 4 kernels of 3×3", [(2, 3, 12, 12), (4, 3, 3, 3), (4,)], _op("conv2d")),
        _called("max_pool2d", "max_pool2d 2×4×16×16, windows of 2×2", [(2, 4, 16, 16)], _op("max_pool2d", 2)),
        _called("attention", "attention, 2×16×32", [(2, 16, 32)] * 3, _op("scaled_dot_product_attention")),
        _called(
            "layer_norm",
            "layer_norm, 64 rows of 64",
            [(64, 64), (64,), (64,)],
            lambda lib, x, w, b: lib.op("layer_norm")(x, (64,), w, b),
        ),
        _called("cross_entropy", "cross_entropy, 64 rows of 10", [(64, 10)], classified),
        _called("getitem-slice", "x[1:, ::2] of 8×8", [(8, 8)], lambda lib, x: x[1:, ::2]),
        Benchmark("getitem-index", "x[indices], 100 rows of 16", indexed(lambda lib, x, i: x[i], 200, 100)),
        Benchmark(
            "index_select",
            "index_select, 4 rows of 16",
            indexed(lambda lib, x, i: lib.op("index_select")(x, 0, i), 8, 4),
        ),
        Benchmark(
            "embedding",
            "embedding, 100 of 200 rows of 16",
            indexed(lambda lib, x, i: lib.op("embedding")(i, x), 200, 100),
        ),
        _called("cat", "cat of three 16×16", [(16, 16)] * 3, lambda lib, *x: lib.op("cat")(x, 0)),
        _called(
            "transpose-reshape",
            "transpose and reshape of 8×8",
            [(8, 8)],
            lambda lib, x: lib.op("reshape")(lib.op("transpose")(x, 0, 1), (4, 16)),
        ),
        _called("broadcast", "8×8 plus a row and a column", [(8, 8), (8,), (8, 1)], lambda lib, x, row, c: x + row + c),
        _called("where", "where of 16 elements", [(16,), (16,)], lambda lib, x, y: lib.op("where")(x > y, x, y)),
        Benchmark("tiny", "13 ops on 4×4", tensors.tiny((4, 4))),
        Benchmark("chain-1000", "10 ops in a row on 1,000 elements", tensors.chain(1_000, "float32")),
        Benchmark("scalar-graph", "scalar graph of 519 nodes", scalar_graph(20, 8)),
        Benchmark("scalar-mlp", "scalar MLP 3-4-4-1 on 4 points", scalar_mlp),
        Benchmark("mlp-sgd", "MLP 16-32-32-10, batch 16, SGD step", mlp("SGD")),
        Benchmark("mlp-adam", "MLP 16-32-32-10, batch 16, Adam step", mlp("Adam")),
        Benchmark("sgd", "SGD with momentum, 8 × 1,000 parameters", optimizer("SGD", momentum=0.9)),
        Benchmark("adamw", "AdamW, 8 × 1,000 parameters", optimizer("AdamW")),
    ]
}
