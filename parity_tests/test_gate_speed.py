"""The speed gate on made-up times with planted slow-downs: what is measured, answers, the file of thresholds.

No test times anything: `benchmarks/trial_gate.py` does, and counts false alarms. Workers and git: `test_gate_base.py`;
intervals, power and the rule: `test_gate_verdict.py`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from paragrad.reports.bodies.gate import SpeedGate
from paragrad.reports.gate.speed import measure as measuring
from paragrad.reports.gate.speed import run as running
from paragrad.reports.gate.speed import thresholds
from paragrad.reports.gate.speed.base import Base, Trees
from paragrad.reports.gate.speed.benchmarks import BENCHMARKS
from paragrad.reports.gate.speed.errors import GateError
from paragrad.reports.gate.speed.measure import Measured, Plan, Trouble
from paragrad.reports.gate.speed.process import Lost, Refused
from paragrad.reports.gate.speed.thresholds import Thresholds
from paragrad.reports.shape import problems
from paragrad.reports.speed import workload

LIMITS = Thresholds(1.03, {})
TREES = Trees(Path("base"), Path("tree"), Path("cache"))
BASE = Base(Path(), "0123456789abcdef", "HEAD~1", False)
HERE = dataclasses.replace(BASE, top=Path(__file__).parents[1])


class MadeUp:
    """Workers with made-up times: `slower` makes the working tree's longer, `noise` is what a block adds to its own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, slower: float = 1.0, noise: float = 0.003) -> None:
        self.slower, self.noise = slower, noise
        self.draw = np.random.default_rng(7)
        self.asked: list[tuple[str, str]] = []
        self.shifts: list[int] = []
        self.launches = 0
        self.fails: Callable[[str, str], None] = lambda side, what: None
        monkeypatch.setattr(measuring, "Process", self.process)

    def process(self, name: str, tree: Path, cache: Path) -> Any:
        made_up = self
        self.launches += name == "the base commit"
        layout = float(np.exp(self.draw.normal(0, self.noise)))

        class One:
            def __enter__(self) -> One:
                return self

            def __exit__(self, *_: object) -> None:
                pass

            def greet(self) -> None:
                made_up.fails(name, "greet")

            def ask(self, **question: Any) -> dict[str, Any]:
                what = next(iter(question))
                made_up.asked.append((name, what))
                made_up.shifts += [question["seed"]] if what == "build" else []
                made_up.fails(name, str(question.get("build", what)))
                noise = float(np.exp(made_up.draw.normal(0, made_up.noise)))
                longer = made_up.slower if tree == TREES.working else 1.0
                return {"steps": 5, "seconds": 1e-5 * longer * layout * noise}

        return One()


def measure_one(plan: Plan, limits: Thresholds = LIMITS) -> tuple[dict[str, Measured], dict[str, Trouble]]:
    return measuring.measure(TREES, ["exp-16"], limits, plan, lambda line: None, "7/0")


def test_blocks_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """A B A' and B A A' alternately: each block comes after another process's, and A and B change places."""
    made_up = MadeUp(monkeypatch)
    measure_one(Plan(rounds=1, fewest=1, most=1))
    letters = {"the base commit": "A", "the working tree": "B", "the control": "C"}
    order = "".join(letters[side] for side, what in made_up.asked if what == "block")
    assert sorted([order[k : k + 3] for k in range(0, 12, 3)]) == ["ABC", "ABC", "BAC", "BAC"]
    assert all(one != other for one, other in itertools.pairwise(order))


@pytest.mark.parametrize(("slower", "ratio"), [(1.0, 1.0), (1.05, 1.05), (0.9, 0.9)])
def test_the_ratio_is_what_was_planted(monkeypatch: pytest.MonkeyPatch, slower: float, ratio: float) -> None:
    MadeUp(monkeypatch, slower)
    found, troubles = measure_one(Plan())
    assert not troubles
    assert found["exp-16"].change.ratio == pytest.approx(ratio, rel=0.006)
    assert found["exp-16"].control.ratio == pytest.approx(1.0, rel=0.006)
    assert found["exp-16"].change.pairs >= 40


def test_noise_takes_more_launches(monkeypatch: pytest.MonkeyPatch) -> None:
    quiet = MadeUp(monkeypatch, noise=0.003)
    measure_one(Plan())
    noisy = MadeUp(monkeypatch, noise=0.04)
    measure_one(Plan())
    assert quiet.launches == Plan().fewest < noisy.launches <= Plan().most


def test_what_looks_slow_is_measured_until_it_is_sharp(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = MadeUp(monkeypatch, slower=1.06, noise=0.012)
    found, _ = measure_one(Plan())
    assert found["exp-16"].change.low > 1.03
    assert slow.launches > Plan().fewest


def attempts_at(seed_noise: float, monkeypatch: pytest.MonkeyPatch, slower: float) -> SpeedGate:
    MadeUp(monkeypatch, slower, seed_noise)
    attempts, troubles = running.attempt(TREES, ["exp-16", "add-16"], LIMITS, lambda line: None, Plan(), 7)
    return running.judged(BASE, LIMITS, attempts, troubles, 7)


@pytest.mark.parametrize(
    ("slower", "noise", "expected"),
    [(1.0, 0.003, "pass"), (1.0, 0.02, "pass"), (1.1, 0.003, "fail"), (1.1, 0.02, "fail"), (1.0, 0.3, "inconclusive")],
)
def test_the_answer(monkeypatch: pytest.MonkeyPatch, slower: float, noise: float, expected: str) -> None:
    gate = attempts_at(noise, monkeypatch, slower)
    assert gate["verdict"] == expected, gate["why"]
    assert not list(problems(json.loads(json.dumps(gate)), SpeedGate))
    confirmed = [row["confirmed"] for row in gate["rows"]]
    assert all(row is not None and row["low"] > 1.03 for row in confirmed) == (expected == "fail")
    if expected == "fail":
        assert gate["why"].startswith("slower: exp-16 +"), gate["why"]


def compared(monkeypatch: pytest.MonkeyPatch, base: Base, seed: int | None) -> tuple[SpeedGate, list[int]]:
    """A comparison with made-up times, and how each worker's heap was shifted."""
    made_up = MadeUp(monkeypatch)
    monkeypatch.setattr(running.bases, "laid_out", lambda base: contextlib.nullcontext(TREES))
    return running.compare(base, ["exp-16"], seed=seed), made_up.shifts


def test_runs_draw_layouts_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each run and each worker in it; the record's seed is the one that was drawn, and brings the same ones back."""
    gates, shifts = zip(*(compared(monkeypatch, HERE, None) for _ in range(2)), strict=True)
    assert len({shift for run in shifts for shift in run}) == len(shifts[0]) + len(shifts[1]) >= 30
    again, same = compared(monkeypatch, HERE, gates[0]["seed"])
    assert (again["seed"], same) == (gates[0]["seed"], shifts[0])


def test_attempts_of_a_run_draw_layouts_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    made_up = MadeUp(monkeypatch, slower=1.1)
    attempts, _ = running.attempt(TREES, ["exp-16"], LIMITS, lambda line: None, Plan(), 7)
    assert len(attempts["exp-16"]) == 2
    assert len(set(made_up.shifts)) == len(made_up.shifts)


def test_the_same_engine_passes_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is laid out, started or drawn. Who wants a measurement all the same, as the trials do, has it."""
    made_up = MadeUp(monkeypatch)
    same = dataclasses.replace(HERE, same=True)
    monkeypatch.setattr(running.bases, "find", lambda base: same)
    monkeypatch.setattr(running.bases, "laid_out", lambda base: pytest.fail("laid out"))
    gate = running.run("HEAD", [])
    assert (gate["verdict"], gate["seed"], gate["rows"], gate["failed"], gate["new"]) == ("pass", None, [], [], [])
    assert gate["why"].startswith("the engine is the base's, so nothing can be slower, and nothing was measured; ")
    assert not made_up.asked
    assert not list(problems(json.loads(json.dumps(gate)), SpeedGate))
    measured_, _ = compared(monkeypatch, same, 7)
    assert [row["name"] for row in measured_["rows"]] == ["exp-16"]


def failing(what: str, sides: Sequence[str], error: Exception) -> Callable[[str, str], None]:
    def fails(side: str, asked: str) -> None:
        if asked == what and side in sides:
            raise error

    return fails


BOTH_BASES = ("the base commit", "the control")
ALL = (*BOTH_BASES, "the working tree")


REFUSED, LOST = Refused("KeyError: 'exp'"), Lost("the worker died")


@pytest.mark.parametrize(
    ("sides", "error", "answer", "told"),
    [
        (BOTH_BASES, REFUSED, "pass", "not compared, because the base can't run it: exp-16"),
        (BOTH_BASES, LOST, "inconclusive", "can't be compared: exp-16 (the worker died)"),
        (ALL[2:], REFUSED, "fail", "fails in the working tree only: exp-16"),
        (ALL[2:], LOST, "fail", "fails in the working tree only: exp-16"),
        (ALL, REFUSED, "inconclusive", "can't be compared: exp-16 (KeyError: 'exp')"),
        (ALL, LOST, "inconclusive", "can't be compared: exp-16 (the worker died)"),
    ],
)
def test_what_can_not_be_run(
    monkeypatch: pytest.MonkeyPatch, sides: Sequence[str], error: Exception, answer: str, told: str
) -> None:
    """A benchmark that fails leaves the others as they are; a worker that it ended is started again."""
    made_up = MadeUp(monkeypatch)
    made_up.fails = failing("exp-16", sides, error)
    attempts, troubles = running.attempt(TREES, ["exp-16", "add-16"], LIMITS, lambda line: None, Plan(), 7)
    gate = running.judged(BASE, LIMITS, attempts, troubles, 7)
    assert (gate["verdict"], [row["name"] for row in gate["rows"]]) == (answer, ["add-16"])
    assert told in gate["why"]
    assert gate["new"] == (["exp-16"] if answer == "pass" else [])
    assert [row["name"] for row in gate["failed"]] == ([] if answer == "pass" else ["exp-16"])


def test_a_step_that_fails_later_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    made_up = MadeUp(monkeypatch)
    made_up.fails = failing("block", ["the working tree"], Refused("ValueError: no"))
    measured_, troubles = measure_one(Plan())
    assert (measured_, troubles) == ({}, {"exp-16": Trouble(None, "ValueError: no")})


def test_an_engine_that_can_not_be_loaded_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    made_up = MadeUp(monkeypatch)
    made_up.fails = failing("greet", ["the working tree"], Lost("the engine of the working tree can't be imported (x)"))
    with pytest.raises(GateError, match=r"^the engine of the working tree can't be imported \(x\); nothing can"):
        measure_one(Plan())


def test_an_unknown_benchmark_is_named() -> None:
    with pytest.raises(GateError, match="--only exp-61: no benchmark of this name; did you mean exp-16"):
        running.run(None, ["exp-61"])
    assert running.chosen(["tiny", "add-16"]) == ["add-16", "tiny"]
    assert running.chosen([]) == list(BENCHMARKS)


def written(path: Path, **changes: Any) -> Path:
    document = {"schema": thresholds.SCHEMA, "default": 1.03, "benchmarks": {}, **changes}
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def test_thresholds_are_read(tmp_path: Path) -> None:
    own = {"exp-16": {"threshold": 1.1, "reason": "it is new"}}
    found = thresholds.read(written(tmp_path / "t.json", benchmarks=own), BENCHMARKS)
    assert (found.of("exp-16"), found.of("add-16")) == (1.1, 1.03)


def test_the_committed_thresholds_are_good() -> None:
    path = Path(__file__).parents[1] / thresholds.PLACE
    assert thresholds.read(path, BENCHMARKS).default == 1.03


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schema": "paragrad.speed-thresholds/2"}, "schema is 'paragrad.speed-thresholds/2', expected"),
        ({"default": "1.03"}, "default should be a number, is '1.03'"),
        ({"default": 1.0}, r"the threshold of default is 1, expected a ratio in \(1, 2\]"),
        ({"default": float("nan")}, "default should be a number, is nan"),
        ({"other": 1}, "other is not part of the schema"),
        ({"benchmarks": {"exp-61": {"threshold": 1.1, "reason": "x"}}}, "no benchmark exp-61; did you mean exp-16?"),
        ({"benchmarks": {"exp-16": {"threshold": 9.0, "reason": "x"}}}, "the threshold of exp-16 is 9"),
        ({"benchmarks": {"exp-16": {"threshold": 1.1, "reason": " "}}}, "the reason of exp-16 is empty"),
        ({"benchmarks": {"exp-16": {"threshold": 1.1}}}, "benchmarks.exp-16.reason is missing"),
    ],
)
def test_bad_thresholds_are_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(GateError, match=message) as caught:
        thresholds.read(written(tmp_path / "t.json", **changes), BENCHMARKS)
    assert str(tmp_path / "t.json") in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * 100_000, "is no JSON"),
        ("[]", "schema is None, expected"),
        ('{"schema": "paragrad.speed-thresholds/1", "default": NaN, "benchmarks": {}}', "should be a number, is nan"),
        ('{"default": 1.03, "default": 1.5}', r"is no JSON \('default' is there twice\)"),
    ],
)
def test_broken_thresholds_are_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "t.json").write_text(text, encoding="utf-8")
    with pytest.raises(GateError, match=message):
        thresholds.read(tmp_path / "t.json", BENCHMARKS)


def test_thresholds_that_can_not_be_read(tmp_path: Path) -> None:
    with pytest.raises(GateError, match=r"can't be read .*brings it back"):
        thresholds.read(tmp_path / "none.json", BENCHMARKS)
    (tmp_path / "t.json").write_bytes(b"\xff{")
    with pytest.raises(GateError, match="is no JSON"):
        thresholds.read(tmp_path / "t.json", BENCHMARKS)


def test_the_default_set_is_whole() -> None:
    assert 30 <= len(BENCHMARKS) <= 50
    assert len({benchmark.title for benchmark in BENCHMARKS.values()}) == len(BENCHMARKS)


@pytest.mark.parametrize("name", [name for name in BENCHMARKS if not name.startswith("scalar-")])
def test_a_benchmark_computes_what_torch_computes(name: str) -> None:
    benchmark = BENCHMARKS[name]
    made = workload.against_torch(name, benchmark.title, benchmark.build, None)
    workload.check_same_work(made, *made.prepare())


@pytest.mark.parametrize("name", [name for name in BENCHMARKS if name.startswith("scalar-")])
def test_a_scalar_benchmark_has_gradients(name: str) -> None:
    prepared = BENCHMARKS[name].build(workload.engine())
    prepared.step()
    assert all(np.isfinite(found).all() and found.any() for found in prepared.results())
