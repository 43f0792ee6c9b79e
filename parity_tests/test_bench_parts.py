"""What the speed record holds beside ratios: parts of a step, graphs over nodes, memory, the fuzz loop. The clock is
made by hand: no test asserts a time."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from paragrad.fuzz.campaign import Outcome
from paragrad.reports import bench
from paragrad.reports.bootstrap import around_median
from paragrad.reports.speed import fuzz_loop, memory, models, scaling, splits, workload
from paragrad.reports.speed.models import Model
from paragrad.reports.speed.training import Training
from paragrad.reports.speed.workload import Library, Unlike


class Clock:
    """A clock that stands still until somebody spends time."""

    def __init__(self) -> None:
        self.now = 0.0
        self.told: list[str] = []

    def __call__(self) -> float:
        return self.now

    def spend(self, seconds: float, name: str = "") -> Callable[..., None]:
        """Something that takes so long."""

        def spent(*_: object) -> None:
            self.now += seconds
            self.told.append(name)

        return spent


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("time.perf_counter", made)
    return made


def step(clock: Clock, name: str, *parts: float) -> Training:
    """A training step whose parts take so long."""
    forward, backward, optimizer = (clock.spend(part, name) for part in parts)
    return Training(forward, backward, optimizer, lambda: [np.ones(1)])


def test_the_parts_of_a_step_are_told_apart_and_add_up(clock: Clock) -> None:
    sides = {"engine": step(clock, "e", 1.0, 2.0, 0.5), "torch": step(clock, "t", 1.0, 8.0, 0.25)}
    found = splits.split(sides)
    assert found == {"engine": pytest.approx((1.0, 2.0, 0.5)), "torch": pytest.approx((1.0, 8.0, 0.25))}
    started = clock.now
    sides["torch"].prepared().step()
    assert sum(found["torch"]) == pytest.approx(clock.now - started)


def test_the_sides_of_a_split_take_turns(clock: Clock) -> None:
    splits.split({"engine": step(clock, "e", 1.0, 1.0, 1.0), "torch": step(clock, "t", 1.0, 1.0, 1.0)})
    warm, turns = clock.told[:6], clock.told[6:]
    assert "".join(warm) == "eeettt"
    assert "".join(turns[::3]) == "etteetteetteetteet"


def planted(monkeypatch: pytest.MonkeyPatch, off: float) -> None:
    """A model of the name "x", whose loss is `off` on torch's side."""

    def build(lib: Library, batch: int) -> Training:
        result = np.full(batch, 1.0 + off * (lib.name == "torch"))
        return Training(lambda: None, lambda: None, lambda: None, lambda: [result])

    monkeypatch.setitem(models.MODELS, "x", Model("x", lambda dtype: build, 2, 2, {}))


def test_a_split_of_different_work_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splits, "BUDGET", 0.0)
    planted(monkeypatch, 0.0)
    assert [row["side"] for row in splits.measure("x")] == ["engine", "torch"]
    planted(monkeypatch, 0.01)
    with pytest.raises(Unlike, match=r"result 0 differs from torch's by 0\.01"):
        splits.measure("x")


def test_what_is_no_ratio_fails_by_its_name_too(monkeypatch: pytest.MonkeyPatch) -> None:
    planted(monkeypatch, 0.01)
    monkeypatch.setattr(fuzz_loop, "parts", lambda: {"programs": 3, "seconds": {"judge": 1.0}})
    made = bench.run(["split-x", "fuzz-loop-parts"], 5)
    assert [f["name"] for f in made["body"]["failed"]] == ["split-x"]
    assert made["body"]["loop"] == {"programs": 3, "seconds": {"judge": 1.0}}
    assert made["counts"]["crashed"] == 1


@pytest.mark.parametrize("name", ["mlp", "conv-net", "attention-net"])
def test_the_parts_of_a_model_are_its_step(name: str) -> None:
    """The workload and the split time the same code: parts in turn give what the step gives."""
    whole, parts = (models.MODELS[name].trained("float32")(workload.engine(), 2) for _ in range(2))
    whole.prepared().step()
    for part in (parts.forward, parts.backward, parts.optimizer):
        part()
    for ours, theirs in zip(whole.results(), parts.results(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("name", scaling.WORKS)
def test_every_side_of_a_graph_is_measured(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scaling, "BUDGET", 0.0)
    rows = scaling.measure(name, (100, 200))
    assert {row["failed"] for row in rows} == {""}
    assert all(row["forward"] and row["backward"] for row in rows)
    sides = ["engine", "torch"] if name == "tensor-graph" else ["engine", "micrograd", "torch"]
    assert [(row["nodes"], row["side"]) for row in rows] == [(n, side) for n in (100, 200) for side in sides]


def test_a_library_that_recurses_is_told_and_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scaling, "BUDGET", 0.0)
    rows = [row for row in scaling.measure("scalar-chain", (100, 2_000, 4_000)) if row["side"] == "micrograd"]
    assert rows[0]["failed"] == ""
    assert rows[1]["failed"].startswith("RecursionError: ")
    assert (rows[1]["forward"], rows[1]["backward"]) == (None, None)
    assert rows[2]["failed"] == "left out: failed at 2,000 nodes"


@pytest.mark.parametrize("work", [scaling.wide, scaling.chain])
@pytest.mark.parametrize("nodes", scaling.NODES[:-1])
def test_graphs_have_the_nodes_they_claim(work: Callable[[int], tuple[int, scaling.Graph]], nodes: int) -> None:
    depths: list[int] = []

    class Node:
        """Tells that it was made, and how deep it lies."""

        def __init__(self, depth: int = 0) -> None:
            self.depth = depth
            depths.append(depth)

        def __add__(self, other: Node) -> Node:
            return Node(1 + max(self.depth, other.depth))

        __mul__ = __add__

        def relu(self) -> Node:
            return Node(1 + self.depth)

    count, graph = work(nodes)
    graph([Node() for _ in range(count)])
    assert abs(len(depths) - nodes) <= max(2, 0.01 * nodes)
    assert max(depths) == nodes if work is scaling.chain else max(depths) <= 220


def side(name: str, factor: float = 1.0) -> scaling.Side:
    """The engine's Values with gradients that are off by a factor."""
    (engine,) = (one for one in scaling.scalar_sides() if one.name == "engine")
    return scaling.Side(name, engine.leaf, engine.nothing, lambda leaves: [factor * engine.numbers(leaves)[0]])


def test_a_side_that_computes_something_else_is_not_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    sides = [side("wrong", 1.01), side("engine"), side("torch")]
    monkeypatch.setitem(scaling.WORKS, "x", ("x", scaling.wide, lambda: sides))
    rows = {(row["side"], row["nodes"]): row for row in scaling.measure("x", (100, 1_000))}
    assert rows["wrong", 100]["failed"].startswith("Unlike: result 0 differs from torch's")
    assert rows["wrong", 1_000]["forward"] is None
    assert rows["engine", 1_000]["failed"] == ""


def test_a_long_graph_runs_once_and_a_short_one_until_time_is_up(clock: Clock) -> None:
    def graph(seconds: float, name: str) -> scaling.Case:
        return scaling.Case(side(name), [], lambda leaves: SimpleNamespace(backward=clock.spend(seconds, name)))

    scaling.rounds([graph(2.0, "long"), graph(1.0, "short")])
    assert clock.told == ["long", "short", "short"]
    clock.told.clear()
    scaling.rounds([graph(0.03, "a"), graph(0.04, "b")])
    assert clock.told == ["a", "b", "b", "a"] * 3


def test_a_slow_side_is_seen_and_left_out_in_time(clock: Clock) -> None:
    case = scaling.Case(side("slow"), [], lambda leaves: SimpleNamespace(backward=clock.spend(2.0)))
    assert case.run() == 2.0
    assert (case.forward, case.backward) == (0.0, 2.0)
    assert scaling.left_out(case, 1_000, 2_000) == ""
    assert scaling.left_out(case, 1_000, 10_000) == "left out: would take about 20 s"
    engine = scaling.Case(side("engine"), [], lambda leaves: None, 1.0, 2.0)
    assert scaling.left_out(engine, 1_000, 3_000) == ""
    assert scaling.left_out(engine, 1_000, 4_000) == "left out: would take about 12 s"


def test_memory_rows_have_a_side_each_and_targets_where_promised() -> None:
    asked: list[tuple[str, str]] = []

    def run(name: str, side: str) -> dict[str, float]:
        asked.append((name, side))
        return {"value": 201.0, "peak": 399.96}

    rows = [row for name in memory.names() for row in memory.measure(name, run)]
    assert {row["name"]: (row["target"], row["met"]) for row in rows if row["target"]} == {
        "value-bytes": (200.0, False),
        "chain-peak": (400.0, True),
    }
    assert {(row["name"], row["side"]) for row in rows if not row["target"]} == {
        (f"{name}-peak", side) for name in ("graph", *models.MODELS) for side in ("engine", "torch")
    }
    assert asked == [("chain", "engine"), *((n, side) for n in memory.names()[1:] for side in ("engine", "torch"))]


FAT = """
import numpy as np
from paragrad.reports.speed import memory, models
from paragrad.reports.speed.training import Training

def build(lib, batch):
    step = lambda: np.ones(batch * 2**17).sum()
    return Training(step, lambda: None, lambda: None, list)

models.MODELS["x"] = models.Model("x", lambda dtype: build, 1, 100, {})
print(memory.model("x", "engine")["peak"])
"""


def test_a_peak_of_memory_is_seen() -> None:
    """A step that takes 100 MiB, for a moment."""
    done = subprocess.run([sys.executable, "-c", FAT], capture_output=True, encoding="utf-8", check=True)
    assert 95 < float(done.stdout) < 115


def test_a_process_that_fails_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    told = SimpleNamespace(returncode=1, stderr="Traceback\n\nKeyError: 'nothing'\n", stdout="")
    monkeypatch.setattr(memory.subprocess, "run", lambda *_, **__: told)
    with pytest.raises(RuntimeError, match="the measuring process failed: KeyError: 'nothing'"):
        memory.measure("mlp")


def test_the_loop_tells_its_parts_as_they_come() -> None:
    """Of three campaigns after the first, the quickest; whatever parts it has."""
    times = iter([0.1, 3.0, 1.0, 2.0])

    def campaign() -> Any:
        outcome = Outcome(judged=5, seconds={"judge": next(times), "coverage": 0.5})
        return SimpleNamespace(outcome=outcome)

    assert fuzz_loop.parts(campaign) == {"programs": 5, "seconds": {"judge": 1.0, "coverage": 0.5}}


def test_the_interval_of_a_median_holds_the_median_in_95_of_100() -> None:
    rng = np.random.default_rng(7)
    for count in (20, 101, 1000):
        held = 0
        for _ in range(400):
            low, high = around_median(list(rng.lognormal(size=count)))
            held += low <= 1.0 <= high
        assert 0.92 <= held / 400 <= 0.995, count
    assert around_median([3.0, 1.0, 2.0]) == (1.0, 3.0)
    with pytest.raises(ValueError, match="no median"):
        around_median([])
