"""The speed report: sides that do the same work, measured in turn; what can't run is said. No test asserts a time."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from paragrad.reports import bench, record
from paragrad.reports.machine import cpu
from paragrad.reports.render import render_markdown
from paragrad.reports.speed import WORKLOADS, interleave, scalars
from paragrad.reports.speed.workload import Prepared, Unlike, Workload, check_same_work

SLOW = ("scalar-1000-gc-off", "scalar-100000", "fuzz-loop", "chain-1000000", "chain-100000-")
"""Left to `paragrad bench`: each takes seconds, and its code is that of a smaller one, or has tests of its own."""
QUICK = [name for name in WORKLOADS if not name.startswith(SLOW)]


def side(*results: float, step: Callable[[], Any] = lambda: None) -> Prepared:
    """A side with these results."""
    return Prepared(step, lambda: [np.array(results)])


def made_up(name: str, subject: Prepared, reference: Prepared, **more: Any) -> Workload:
    return Workload(name, name, lambda: (subject, reference), "torch", **more)


def test_the_targets_are_those_that_were_promised() -> None:
    found = {name: (w.goal, w.target, w.collector) for name, w in WORKLOADS.items() if w.target is not None}
    assert found == {
        "scalar-1000": ("at least", 3.0, "python"),
        "scalar-1000-gc-off": ("at least", 2.5, "off"),
        "scalar-100000": ("at least", 3.0, "python"),
        "scalar-100000-gc-off": ("at least", 2.5, "off"),
        "micrograd-demo-gc-off": ("at least", 4.0, "off"),
        "tiny": ("at most", 0.45, "frozen"),
        "chain-1000-float32": ("at most", 0.35, "frozen"),
        "chain-1000-float64": ("at most", 0.35, "frozen"),
        "chain-100000-float32": ("at most", 0.45, "frozen"),
        "chain-100000-float64": ("at most", 0.45, "frozen"),
        "chain-1000000-float32": ("at most", 0.75, "frozen"),
        "chain-1000000-float64": ("at most", 0.75, "frozen"),
        "matmul-float32": ("at most", 0.95, "frozen"),
        "matmul-float64": ("at most", 0.95, "frozen"),
        "conv2d-float32": ("at most", 1.1, "frozen"),
        "conv2d-float64": ("at most", 1.1, "frozen"),
        "attention-float32": ("at most", 0.9, "frozen"),
        "attention-float64": ("at most", 0.9, "frozen"),
        "mlp-float32": ("at most", 0.65, "frozen"),
        "mlp-float64": ("at most", 0.75, "frozen"),
        "fuzz-loop": ("at most", 8.0, "frozen"),
    }


@pytest.mark.parametrize("name", QUICK)
def test_both_sides_do_the_same_work(name: str) -> None:
    with interleave.collector("off"):
        check_same_work(WORKLOADS[name], *WORKLOADS[name].prepare())


@pytest.mark.parametrize(
    ("ours", "theirs", "message"),
    [
        (side(1.0, 2.0), side(1.0, 2.001), "result 0 differs from torch's by 0.001"),
        (side(1.0), side(1.0, 2.0), "result 0 is float64"),
        (side(float("nan")), side(1.0), "result 0 differs"),
    ],
)
def test_other_work_is_refused(ours: Prepared, theirs: Prepared, message: str) -> None:
    """Test the tester: a side that computes something else, or nothing, is not timed."""
    with pytest.raises(Unlike, match=message):
        check_same_work(made_up("x", ours, theirs), ours, theirs)


def test_the_graphs_have_the_nodes_they_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    import micrograd.engine

    made: list[tuple[Any, ...]] = []
    init = micrograd.engine.Value.__init__

    def counted(self: Any, data: float, children: tuple[Any, ...] = (), op: str = "") -> None:
        made.append(children)
        init(self, data, children, op)

    monkeypatch.setattr(micrograd.engine.Value, "__init__", counted)
    prepared = scalars.graph(20, 16)(scalars.micrograd_module())
    prepared.step()
    assert len(made) == 999
    prepared = scalars.demo(scalars.micrograd_module())
    made.clear()
    with interleave.collector("off"):
        prepared.step()
    # Two more than 65,075: sum() starts with 0 + ... twice.
    assert sum(1 for children in made if children) == 65_077


def test_sides_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    monkeypatch.setattr(interleave, "steps_for", lambda step: (2, 1.0))
    clocked = interleave.interleave(lambda: order.append("A"), lambda: order.append("B"), 5)
    assert "".join(order) == "AABB" + "BBAA" + "AABB" + "BBAA" + "AABB"
    assert (len(clocked.subject), len(clocked.reference), clocked.steps) == (5, 5, (2, 2))
    with pytest.raises(ValueError, match="at least 5"):
        interleave.interleave(lambda: None, lambda: None, 4)


def test_a_block_has_at_least_one_step(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([0.0, 5.0])
    monkeypatch.setattr(interleave.time, "perf_counter", lambda: next(times))
    assert interleave.steps_for(lambda: None) == (1, 5.0)


def test_short_blocks_get_more_rounds() -> None:
    assert interleave.enough(7, 0.004, "frozen") == 100
    assert interleave.enough(7, 0.02, "off") == 50
    assert interleave.enough(7, 0.3, "off") == 7
    assert interleave.enough(7, 0.004, "python") == 7
    assert interleave.enough(7, 3.0, "python") == 5


@pytest.mark.parametrize(("mode", "enabled", "frozen"), [("python", True, 0), ("frozen", True, 1), ("off", False, 1)])
def test_the_collector_is_as_the_workload_wants_it_and_comes_back(mode: Any, enabled: bool, frozen: int) -> None:
    with interleave.collector(mode):
        assert gc.isenabled() is enabled
        assert min(gc.get_freeze_count(), 1) == frozen
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0


def test_ratios_read_as_their_goal_says() -> None:
    share = made_up("share", side(), side(), target=0.5)
    assert (share.ratio(1.0, 4.0), share.met(0.5), share.met(0.51)) == (0.25, True, False)
    multiple = made_up("multiple", side(), side(), goal="at least", target=3.0)
    assert (multiple.ratio(1.0, 4.0), multiple.met(3.0), multiple.met(2.9)) == (4.0, True, False)
    assert made_up("no target", side(), side()).met(1.0) is None


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three workloads: one good, one whose engine part is missing, one whose sides differ."""

    def missing() -> tuple[Prepared, Prepared]:
        raise AttributeError("paragrad.engine has no 'conv9d'\nand more")

    monkeypatch.setattr(
        "paragrad.reports.speed.WORKLOADS",
        {
            "good": made_up("good", side(1.0), side(1.0), target=1e9),
            "missing": Workload("missing", "missing", missing, "torch"),
            "unlike": made_up("unlike", side(1.0), side(2.0)),
        },
    )


@pytest.mark.usefixtures("few")
def test_what_cannot_run_is_in_the_record(tmp_path: Path) -> None:
    told: list[tuple[int, int, str]] = []
    made = bench.run(["good", "missing", "unlike"], 5, lambda *now: told.append(now))
    assert made["counts"] == {"requested": 3, "judged": 1, "filtered": {}, "crashed": 2, "not_run": 0}
    failed = {f["name"]: f["error"] for f in made["body"]["failed"]}
    assert failed["missing"] == "AttributeError: paragrad.engine has no 'conv9d'"
    assert failed["unlike"].startswith("Unlike: ")
    (row,) = made["body"]["rows"]
    assert (row["name"], row["met"], row["subject"]["name"]) == ("good", True, "engine")
    assert told == [(0, 3, "good"), (1, 3, "missing"), (2, 3, "unlike"), (3, 3, "")]
    record.write(made, tmp_path / "speed.json")
    page = render_markdown(record.read(tmp_path / "speed.json", "speed"))
    assert "2 workloads could not run" in page
    assert "1 of 1 target met" in page


@pytest.mark.usefixtures("few")
def test_nothing_measured_and_nothing_known_are_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(record.RecordError, match=r"missing: AttributeError: .* has no 'conv9d'"):
        bench.run(["missing"], 5)
    with pytest.raises(ValueError, match="no workload is called wrong; there are: good, missing, unlike, split-mlp"):
        bench.run(["wrong"])
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "4")
    with pytest.raises(RuntimeError, match="OPENBLAS_NUM_THREADS=1"):
        bench.run(["good"])


def test_sizes_come_from_pytest_benchmark(tmp_path: Path) -> None:
    path = tmp_path / "sizes.json"
    stats: dict[str, object] = {
        "min": 1e-6,
        "median": 2e-6,
        "rounds": 7,
        "data": [2e-6, 1e-6, 4e-6, 2e-6, 3e-6, 1e-6, 2e-6],
    }
    about = {"work": "add", "size": 16, "side": "engine"}
    entry = {"extra_info": {**about, "cpu": cpu()}, "stats": stats}
    path.write_text(json.dumps({"benchmarks": [entry]}), encoding="utf-8")
    assert bench.read_sizes(path) == [
        {**about, "minimum": 1e-6, "median": 2e-6, "low": 1e-6, "high": 4e-6, "rounds": 7}
    ]
    for text, message in (
        ("{", "is no pytest-benchmark JSON"),
        ("{}", "'benchmarks'"),
        ('{"benchmarks": []}', "no benchm"),
    ):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(record.RecordError, match=message):
            bench.read_sizes(path)
    for wrong in (float("nan"), 0.0, -1.0, float("inf"), 3e-6, "1"):
        entry["stats"] = {**stats, "min": wrong}
        path.write_text(json.dumps({"benchmarks": [entry]}), encoding="utf-8")
        with pytest.raises(record.RecordError, match="is no pytest-benchmark JSON of ours"):
            bench.read_sizes(path)
    for data in ([], [0.0, 1e-6], [float("nan")], None):
        entry["stats"] = {**stats, "data": data}
        path.write_text(json.dumps({"benchmarks": [entry]}), encoding="utf-8")
        with pytest.raises(record.RecordError, match="is no pytest-benchmark JSON of ours"):
            bench.read_sizes(path)
    entry["stats"], entry["extra_info"]["cpu"] = stats, "abacus"
    path.write_text(json.dumps({"benchmarks": [entry]}), encoding="utf-8")
    with pytest.raises(record.RecordError, match="was measured on abacus, and this is "):
        bench.read_sizes(path)
    with pytest.raises(record.RecordError, match="can't be read"):
        bench.read_sizes(tmp_path / "absent.json")
