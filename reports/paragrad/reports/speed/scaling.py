"""How time grows with a graph: 100 to 1,000,000 nodes, forward and backward apart, each side in turn.

Three works. A wide graph of scalars, no path of which is longer than some 220 nodes, so that libraries that recurse
get through; a chain of scalars, where they don't; and the wide graph on 4×4 matrices. Side by side are the engine,
torch (0-d tensors stand for scalars) and micrograd. Python's garbage collector is off while a side runs.
"""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from paragrad.reports.bodies.speed import ScalingRow
from paragrad.reports.speed import workload
from paragrad.reports.speed.interleave import collector
from paragrad.reports.speed.peers import there
from paragrad.reports.speed.scalars import engine_module, layered, micrograd_module
from paragrad.reports.speed.workload import Array, Library, Unlike, arrays, compare

NODES = (100, 1_000, 10_000, 100_000, 1_000_000)
LAYERS = 66
"""Of the wide graph; a layer is three nodes deep. A small graph has fewer."""
NARROW = 5
"""The fewest leaves of the wide graph."""
LONGEST = 5.0
"""Seconds: a side for which a forward and a backward would take longer is left out; the engine has twice as long."""
BUDGET = 0.4
"""Seconds for which rounds of short ones go on."""
MOST_ROUNDS = 20
ONCE = 1.5
"""Seconds: what takes longer gets one round, everything else at least two."""


@dataclass(frozen=True, slots=True)
class Side:
    """How one library makes a leaf of a number, what its gradient is when dropped, and the leaves' gradients."""

    name: str
    leaf: Callable[[float], Any]
    nothing: Any
    numbers: Callable[[list[Any]], list[Array]]


def _scalars(name: str, module: Any) -> Side:
    def numbers(leaves: list[Any]) -> list[Array]:
        return [np.array([float(leaf.grad) for leaf in leaves])]

    return Side(name, module.Value, 0.0, numbers)


def _tensors(lib: Library, shape: tuple[int, ...], dtype: str) -> Side:
    pattern = np.linspace(1.0, 0.5, int(np.prod(shape)), dtype=dtype).reshape(shape)

    def numbers(leaves: list[Any]) -> list[Array]:
        return [np.stack(arrays(*(leaf.grad for leaf in leaves))).reshape(-1)]

    return Side(lib.name, lambda k: lib.leaf(np.asarray(k * pattern, dtype)), None, numbers)


def scalar_sides() -> list[Side]:
    """Value, micrograd's where it is installed, and 0-d tensors of torch."""
    sides = [_scalars("engine", engine_module())]
    if there("micrograd"):
        sides.append(_scalars("micrograd", micrograd_module()))
    return [*sides, _tensors(workload.torch(), (), "float64")]


def tensor_sides() -> list[Side]:
    """Matrices of the engine and of torch."""
    return [_tensors(lib, (4, 4), "float32") for lib in (workload.engine(), workload.torch())]


Graph = Callable[[list[Any]], Any]
"""Makes the graph from its leaves; returns the root."""


def wide(nodes: int) -> tuple[int, Graph]:
    """The number of leaves, and what makes the layers above them."""
    width = max(NARROW, round(nodes / (3 * LAYERS + 2)))
    layers = round(nodes / (3 * width) - 2 / 3)
    return width, lambda leaves: layered(leaves, layers)


def chain(nodes: int) -> tuple[int, Graph]:
    """Two leaves, and y ← y·a + b again and again."""

    def graph(leaves: list[Any]) -> Any:
        a, b = leaves
        y = a
        for _ in range(nodes // 2):
            y = y * a + b
        return y

    return 2, graph


WORKS: dict[str, tuple[str, Callable[[int], tuple[int, Graph]], Callable[[], list[Side]]]] = {
    "scalar-graph": ("wide graph of scalars", wide, scalar_sides),
    "scalar-chain": ("chain of scalars", chain, scalar_sides),
    "tensor-graph": ("wide graph of 4×4 matrices", wide, tensor_sides),
}
"""By name: the title, the graph of a number of nodes, and the sides. The last side is what the others' numbers are
compared with."""


@dataclass(slots=True)
class Case:
    """One side's graph, ready; the best of its rounds so far, and why there is none."""

    side: Side
    leaves: list[Any]
    graph: Graph
    forward: float | None = None
    backward: float | None = None
    failed: str = ""

    def run(self) -> float:
        """One round. Returns its seconds. Whatever the library raises is told, and ends its rounds."""
        clock = time.perf_counter
        for leaf in self.leaves:
            leaf.grad = self.side.nothing
        gc.collect()
        try:
            started = clock()
            root = self.graph(self.leaves)
            if getattr(root, "shape", ()):
                root = root.sum()
            built = clock()
            root.backward()
            ended = clock()
        except Exception as error:  # noqa: BLE001 - a library that can't is a row of the record
            self.failed = f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"
            return 0.0
        self.forward = min(built - started, self.forward or built - started)
        self.backward = min(ended - built, self.backward or ended - built)
        return ended - started


def prepare(side: Side, nodes: int, make: Callable[[int], tuple[int, Graph]]) -> Case:
    """The graph of so many nodes on one side; leaves stay below 1/4, so that x² + c stays finite."""
    count, graph = make(nodes)
    rng = random.Random(count)
    return Case(side, [side.leaf(rng.uniform(-0.5, 0.25)) for _ in range(count)], graph)


def left_out(earlier: Case, before: int, nodes: int) -> str:
    """Why a side is not tried on a graph of so many nodes, after one of `before` nodes; empty where it is tried."""
    if earlier.failed:
        return earlier.failed if earlier.failed.startswith("left out") else f"left out: failed at {before:,} nodes"
    seconds = nodes / before * ((earlier.forward or 0.0) + (earlier.backward or 0.0))
    longest = 2 * LONGEST if earlier.side.name == "engine" else LONGEST
    return f"left out: would take about {seconds:.0f} s" if seconds > longest else ""


def check(cases: Sequence[Case]) -> None:
    """Compare the gradients of each side's leaves with the last side's; one whose numbers differ is not timed."""
    for case in cases:
        case.run()
    reference = cases[-1]
    for case in cases[:-1]:
        if not (case.failed or reference.failed):
            ours, theirs = (one.side.numbers(one.leaves) for one in (case, reference))
            try:
                compare(ours, theirs, reference.side.name)
            except Unlike as error:
                case.failed = f"Unlike: {error}"


def measure(name: str, sizes: Sequence[int] = NODES) -> list[ScalingRow]:
    """A work's rows: the least seconds over the rounds of each side at each size."""
    title, make, sides = WORKS[name]
    rows: list[ScalingRow] = []
    last: dict[str, Case] = {}
    for k, nodes in enumerate(sizes):
        cases = []
        for side in sides():
            why = left_out(last[side.name], sizes[k - 1], nodes) if k else ""
            cases.append(Case(side, [], lambda leaves: None, failed=why) if why else prepare(side, nodes, make))
        with collector("off"):
            if k == 0:
                check(cases)
            rounds(cases)
        for case in cases:
            last[case.side.name] = case
            rows.append(
                {
                    "work": title,
                    "side": case.side.name,
                    "nodes": nodes,
                    "forward": None if case.failed else case.forward,
                    "backward": None if case.failed else case.backward,
                    "failed": case.failed,
                }
            )
            case.leaves = []
    return rows


def rounds(cases: Sequence[Case]) -> None:
    """Rounds of all sides in turn, until they have taken BUDGET seconds."""
    order, spent = [case for case in cases if not case.failed], 0.0
    for done in range(MOST_ROUNDS):
        if done > 1 and spent > BUDGET:
            return
        seconds = {id(case): case.run() for case in order}
        spent += sum(seconds.values())
        order = [case for case in reversed(order) if not case.failed and seconds[id(case)] < ONCE]
