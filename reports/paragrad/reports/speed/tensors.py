"""Tensor ops forward and backward: tiny ones, where calls cost, and large ones, where arithmetic and memory do.

Each is a function of a Library, and of dtype and size where those vary; gradients are dropped at the start of a step.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from paragrad.reports.speed.workload import Array, Build, Library, Prepared, Workload, against_torch, arrays

DTYPES = ("float32", "float64")


def normal(shape: tuple[int, ...], dtype: str, seed: int) -> Array:
    """Normal numbers."""
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def forward_backward(leaves: list[Any], forward: Callable[[], Any], cotangent: Any) -> Prepared:
    """A step that computes `forward()` and carries `cotangent` (None: 1) back to the leaves."""
    last: list[Any] = [None]

    def step() -> None:
        for leaf in leaves:
            leaf.grad = None
        out = forward()
        out.backward(cotangent)
        last[0] = out

    return Prepared(step, lambda: arrays(last[0], *(leaf.grad for leaf in leaves)))


def tiny(shape: tuple[int, ...]) -> Build:
    """13 ops, on 4x4 matrices or, where nothing is left to multiply as a matrix, on single numbers."""

    def build(lib: Library) -> Prepared:
        a, b, c = (lib.leaf(normal(shape, "float32", seed)) for seed in range(3))
        exp, relu, sigmoid, tanh = (lib.op(name) for name in ("exp", "relu", "sigmoid", "tanh"))

        def forward() -> Any:
            h = tanh((a @ b if shape else a * b) + c)
            g = sigmoid(h * a - b)
            return (-(relu(exp(h * g) + a) * 0.5)).sum()

        return forward_backward([a, b, c], forward, None)

    return build


def chain(size: int, dtype: str) -> Build:
    """10 elementwise ops in a row on `size` elements."""

    def build(lib: Library) -> Prepared:
        x, w = lib.leaf(normal((size,), dtype, 0)), lib.leaf(normal((size,), dtype, 1))
        b, cotangent = (lib.leaf(normal((size,), dtype, seed), False) for seed in (2, 3))
        exp, relu, sigmoid, tanh = (lib.op(name) for name in ("exp", "relu", "sigmoid", "tanh"))

        def forward() -> Any:
            h = tanh(x * w + b) * x - w
            return exp(sigmoid(relu(h) * 0.5)) * b

        return forward_backward([x, w], forward, cotangent)

    return build


def elementwise(name: str, size: int) -> Build:
    """One op on `size` float32 elements."""

    def build(lib: Library) -> Prepared:
        x, y = (lib.leaf(normal((size,), "float32", seed)) for seed in (0, 1))
        cotangent = lib.leaf(normal((size,), "float32", 2), False)
        function = lib.op(name)
        two = name in ("add", "sub", "mul", "div", "maximum")
        leaves = [x, y] if two else [x]
        return forward_backward(leaves, lambda: function(*leaves), cotangent)

    return build


def reduction(name: str, size: int) -> Build:
    """One op over the rows of a square float32 matrix of about `size` elements."""

    def build(lib: Library) -> Prepared:
        n = round(size**0.5)
        x = lib.leaf(normal((n, n), "float32", 0))
        function = lib.op(name)
        cotangent = lib.leaf(normal((n, n) if "softmax" in name else (n,), "float32", 1), False)
        return forward_backward([x], lambda: function(x, -1), cotangent)

    return build


def matmul(n: int, dtype: str) -> Build:
    """The product of two n x n matrices."""

    def build(lib: Library) -> Prepared:
        a, b = (lib.leaf(normal((n, n), dtype, seed)) for seed in (0, 1))
        cotangent = lib.leaf(normal((n, n), dtype, 2), False)
        product = lib.op("matmul")
        return forward_backward([a, b], lambda: product(a, b), cotangent)

    return build


def conv2d(dtype: str) -> Build:
    """32 images of 3x32x32, 16 kernels of 3x3, padded; gradients of image, kernel and bias."""

    def build(lib: Library) -> Prepared:
        x = lib.leaf(normal((32, 3, 32, 32), dtype, 0))
        w = lib.leaf(normal((16, 3, 3, 3), dtype, 1))
        b = lib.leaf(normal((16,), dtype, 2))
        cotangent = lib.leaf(normal((32, 16, 32, 32), dtype, 3), False)
        function = lib.op("conv2d")
        return forward_backward([x, w, b], lambda: function(x, w, b, padding=1), cotangent)

    return build


def attention(dtype: str) -> Build:
    """Queries, keys and values of 8 sequences of 64 vectors of 64 numbers, attention, projection, and the residual."""

    def build(lib: Library) -> Prepared:
        x = lib.leaf(normal((8, 64, 64), dtype, 0))
        weights = [lib.leaf(normal((64, 64), dtype, 1 + k) / np.asarray(8, dtype)) for k in range(4)]
        cotangent = lib.leaf(normal((8, 64, 64), dtype, 5), False)
        linear, attend = lib.op("linear"), lib.op("scaled_dot_product_attention")

        def forward() -> Any:
            q, k, v = (linear(x, w) for w in weights[:3])
            return x + linear(attend(q, k, v), weights[3])

        return forward_backward([x, *weights], forward, cotangent)

    return build


def _each(name: str, title: str, build: Callable[[str], Build], target: float) -> list[Workload]:
    return [against_torch(f"{name}-{dtype}", f"{title}, {dtype}", build(dtype), target) for dtype in DTYPES]


CHAINS = {1_000: 0.35, 100_000: 0.45, 1_000_000: 0.75}

WORKLOADS = [
    against_torch("tiny", "13 ops on 4×4 float32", tiny((4, 4)), 0.45),
    against_torch("tiny-0d", "13 ops on 0-d float32", tiny(()), None),
    *(
        workload
        for size, target in CHAINS.items()
        for workload in _each(f"chain-{size}", f"elementwise chain, {size:,} elements", partial(chain, size), target)
    ),
    *_each("matmul", "matmul 512×512", partial(matmul, 512), 0.95),
    *_each("conv2d", "conv2d 32×3×32×32 with 16 3×3", conv2d, 1.1),
    *_each("attention", "attention block 8×64×64", attention, 0.9),
]
