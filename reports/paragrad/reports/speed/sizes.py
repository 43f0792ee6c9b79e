"""Ops over sizes: what pytest-benchmark measures on engine, torch and peers (parity_tests/benchmarks/bench_sizes.py).

All is float32, forward and backward; a size is the number of elements of the first input.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from paragrad.reports.speed import workload
from paragrad.reports.speed.peers import PEERS, installed
from paragrad.reports.speed.tensors import elementwise, forward_backward, matmul, normal, reduction
from paragrad.reports.speed.workload import Build, Library, Prepared, compare

POINTWISE = ("add", "sub", "mul", "div", "maximum", "relu", "exp", "tanh", "sigmoid", "sin")
REDUCING = ("sum", "mean", "softmax", "log_softmax")
IMAGES, CHANNELS, KERNELS = 4, 4, 8


def convolution(size: int) -> Build:
    """4 images of 4 channels with `size` elements in all, 8 kernels of 3x3, padded; gradients of image and kernel."""

    def build(lib: Library) -> Prepared:
        n = round((size / (IMAGES * CHANNELS)) ** 0.5)
        x = lib.leaf(normal((IMAGES, CHANNELS, n, n), "float32", 0))
        w = lib.leaf(normal((KERNELS, CHANNELS, 3, 3), "float32", 1))
        cotangent = lib.leaf(normal((IMAGES, KERNELS, n, n), "float32", 2), False)
        function = lib.op("conv2d")
        return forward_backward([x, w], lambda: function(x, w, padding=1), cotangent)

    return build


def product(size: int) -> Build:
    """The product of two square matrices of `size` elements each."""
    return matmul(round(size**0.5), "float32")


SIZED: dict[str, tuple[Callable[[int], Build], tuple[int, ...]]] = {
    **{name: (partial(elementwise, name), (16, 1_000, 100_000, 1_000_000)) for name in POINTWISE},
    **{name: (partial(reduction, name), (16, 1_024, 102_400, 1_000_000)) for name in REDUCING},
    "matmul": (product, (16, 4_096, 65_536, 262_144)),
    "conv2d": (convolution, (256, 4_096, 65_536)),
}
"""By op: what makes the work of a size, and the sizes."""
SIDES = ("engine", "torch", *installed())
"""Who is measured here."""


def library(side: str) -> Any:
    """A side by its name. Raises KeyError for one that there is not."""
    if side in ("engine", "torch"):
        return workload.engine() if side == "engine" else workload.torch()
    return PEERS[side][1]()


def prepared(op: str, size: int, side: str) -> Prepared:
    """One side's work, after a step whose numbers were compared with torch's.

    Raises Unlike where they differ, NotImplementedError where the side lacks the op.
    """
    build = SIZED[op][0](size)
    made = build(library(side))
    made.step()
    if side != "torch":
        reference = build(workload.torch())
        reference.step()
        compare(made.results(), reference.results(), "torch")
    return made
