"""The tester's tester, tested: mutants are stable and leave no trace, and their run tells what it should."""

from __future__ import annotations

import contextlib
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from paragrad.engine import autograd, graph, optim, scalar
from paragrad.engine.ops.table import TABLE, Op
from paragrad.engine.scalar import Value
from paragrad.fuzz.engines.own import Own
from paragrad.fuzz.mutants import crew, families, hunt, lists, plant
from paragrad.fuzz.mutants.crew import Log, ResumeError, Task
from paragrad.fuzz.mutants.families import catalogue
from paragrad.fuzz.mutants.hunt import Result
from paragrad.fuzz.mutants.mutant import Mutant, gives_zeros
from paragrad.fuzz.mutants.rewriting import node_of, number_instead, rewrites, rewritten
from paragrad.fuzz.strategies.single import single
from paragrad.reports import cli, mutants, record
from paragrad.reports.bodies.mutants import MutantsBody
from paragrad.reports.render import render_markdown

EVERY = list(catalogue().values())
FAMILIES = sorted({mutant.family for mutant in EVERY})


def state_of_the_engine() -> list[Any]:
    """Whatever a plant may touch, by identity or by content."""
    found: list[Any] = []
    for op in TABLE.values():
        found += [op.compute, op.compute.__code__, dict(op.pullbacks), dict(op.fused)]
        found += [rule.__code__ for rule in (*op.pullbacks.values(), *op.fused.values())]
    for owner in (graph, autograd, optim, scalar, graph.Walk, optim.SGD, optim.Adam, optim.Optimizer, Value):
        for name, member in vars(owner).items():
            found.append((name, member, getattr(member, "__code__", None)))
    return found


def some(family: str, count: int) -> list[Mutant]:
    """A few mutants of a family, the same each time."""
    members = [mutant for mutant in EVERY if mutant.family == family]
    return random.Random(family).sample(members, min(count, len(members)))


@pytest.mark.parametrize("family", FAMILIES)
def test_planting_leaves_nothing_behind(family: str) -> None:
    before = state_of_the_engine()
    for mutant in some(family, 25):
        with mutant.plant():
            pass
        with pytest.raises(KeyError), mutant.plant():
            raise KeyError
    assert state_of_the_engine() == before


def test_after_a_fault_the_numbers_are_the_same_to_the_bit() -> None:
    programs = list(single(TABLE["softmax"], "float32", False, 20)) + list(single(TABLE["mul"], "float64", True, 20))

    def numbers() -> list[bytes]:
        traces = [Own().run(program) for program in programs]
        shown = [g for trace in traces for walk in trace.gradients.values() for g in walk.values() if g is not None]
        return [array.tobytes() for array in (*(a for t in traces for a in t.values.values()), *shown)]

    before = numbers()
    for name in ("softmax", "mul", "sub", "sum"):
        for mutant in EVERY:
            if mutant.op == name and mutant.family in ("drop", "overwrite", "stale", "constant", "fused", "value"):
                with mutant.plant():
                    Own().run(programs[0])
                    Own().run(programs[-1])
    assert numbers() == before


def test_ids_are_unique_and_the_same_each_time() -> None:
    again = [mutant.id for file in families.FILES for mutant in file.mutants()]
    assert again == list(catalogue())
    assert len(set(again)) == len(again) > 1000


def test_every_op_and_every_rule_has_mutants() -> None:
    wanted = {(op.name, p) for op in TABLE.values() for p in op.pullbacks}
    for family in ("dtype", "overwrite"):
        assert {(mutant.op, mutant.argument) for mutant in EVERY if mutant.family == family} == wanted
    wanted -= {(op.name, p) for op in TABLE.values() for p in op.pullbacks if gives_zeros(op, p)}
    for family in ("sign", "factor", "twice"):
        assert {(mutant.op, mutant.argument) for mutant in EVERY if mutant.family == family} == wanted
    assert {mutant.op for mutant in EVERY if mutant.family == "value"} == set(TABLE)


def test_the_lists_name_mutants_that_exist() -> None:
    assert set(lists.equivalents()) <= set(catalogue()), "run `paragrad mutants`: it says which to take off"
    quick = lists.quick()
    assert len(set(quick)) == len(quick)
    assert set(quick) <= set(catalogue())
    assert {catalogue()[ident].family for ident in quick} == set(FAMILIES), "each family has its part in the quick run"
    assert not set(quick) & set(lists.equivalents())


@pytest.mark.parametrize("family", [name for name in FAMILIES if name not in ("optimizer", "walk")])
def test_a_fault_of_each_family_is_found(family: str) -> None:
    ident = next(i for i in lists.quick() if catalogue()[i].family == family)
    found = hunt.hunt(catalogue()[ident], 0, 300)
    assert found.outcome == "killed", found
    assert hunt.hunt(catalogue()[ident], 0, 300).programs == found.programs


@contextlib.contextmanager
def nothing() -> Iterator[None]:
    """A fault that is none."""
    yield


def harmless() -> Mutant:
    """A mutant that no program can tell from the engine."""
    return Mutant("sign:mul(input)", "sign", "mul", "input", "mul(input): does nothing", nothing)


def test_a_fault_that_does_nothing_survives_and_says_so() -> None:
    found = hunt.hunt(harmless(), 0, 20)
    assert (found.outcome, found.programs) == ("survived", 20)
    assert "changed no bit in 20 programs" in found.said


def test_a_fault_below_rounding_says_how_large_it_was() -> None:
    op = TABLE["exp"]
    tiny = plant.result_of(lambda g: g * np.nextafter(1.0, 2.0) if g.dtype == np.float64 else g)
    mutant = Mutant("x", "factor", "exp", "input", "", lambda: plant.pullback(op, "input", tiny))
    found = hunt.hunt(mutant, 0, 30)
    assert found.outcome == "survived"
    assert "taken for rounding" in found.said


def test_a_rewriting_changes_one_thing() -> None:
    def words(name: str) -> list[str]:
        rule: Any = TABLE[name].pullbacks["input"]
        return [rewrite.words for rewrite in rewrites(rule)]

    assert words("sqrt") == ["* for / in g / (2 * out)", "/ for * in 2 * out", "3 for 2"]
    assert words("neg") == ["no minus in -g"]
    rule: Any = TABLE["sqrt"].pullbacks["input"]
    with plant.code(rule, lambda: rewritten(rule, 2)):
        assert rule(np.array([6.0]), np.array([1.0])) == [2.0]
    assert rule(np.array([6.0]), np.array([1.0])) == [3.0]
    assert node_of(rule) is not None
    assert [number_instead(x) for x in (True, 2, 0.5, 0.0)] == [False, 3, 0.50048828125, 0.0009765625]


def told(found: list[Result], known: dict[str, str], gone: list[str] | None = None) -> MutantsBody:
    """The body of a run over these results."""
    return mutants.body([r.id for r in found], {r.id: r for r in found}, known, gone or [], 1.0, "")


KILLED = Result("sign:mul(input)", "killed", 3, 0.1, "gradient of mul(input)", "argument")
ALIVE = Result("sign:mul(other)", "survived", 50, 0.1, "changed no bit in 50 programs")


def test_a_survivor_is_reported_by_name() -> None:
    body = told([KILLED, ALIVE], {})
    assert [row["id"] for row in body["survivors"]] == ["sign:mul(other)"]
    page = render_markdown(mutants.from_body(body, 0, {}, 2))
    assert "**50.0%** killed" in page
    assert "`sign:mul(other)` | survived | 50 | changed no bit in 50 programs" in page


def test_an_equivalent_does_not_count_and_one_that_is_killed_is_named() -> None:
    sound = told([KILLED, ALIVE], {ALIVE.id: "a reason"})
    assert not sound["survivors"]
    assert "**100.0%** killed" in render_markdown(mutants.from_body(sound, 0, {}, 2))
    wrong = told([KILLED, ALIVE], {KILLED.id: "a reason", ALIVE.id: "another"})
    assert [row["outcome"] for row in wrong["equivalents"]] == ["killed", "survived"]


def test_counts_add_up() -> None:
    failed = Result("sign:sub(input)", "failed", 1, 0.1, "KeyError")
    page = mutants.from_body(told([KILLED, ALIVE, failed], {ALIVE.id: "a reason"}), 0, {}, 5)
    assert page["counts"] == {
        "requested": 5,
        "judged": 1,
        "filtered": {"listed as equivalent": 1},
        "crashed": 1,
        "not_run": 2,
    }
    assert not list(record.check(page))


def test_percentiles() -> None:
    assert mutants.ninth(list(range(1, 11))) == 9.0
    assert mutants.ninth([4]) == 4.0
    assert mutants.ninth([]) is None
    assert mutants.middle([1, 2, 9]) == 2.0


def test_a_log_can_be_taken_up(tmp_path: Path) -> None:
    log = Log(tmp_path / "log.jsonl", 7)
    log.start()
    log.add(Task(KILLED.id, 100), KILLED)
    log.add(Task(ALIVE.id, 100), ALIVE)
    text = log.path.read_text(encoding="utf-8")
    log.path.write_text(text + '{"most": 100, "id": "cut o', encoding="utf-8")
    assert log.read() == {Task(KILLED.id, 100): KILLED, Task(ALIVE.id, 100): ALIVE}
    with pytest.raises(ResumeError, match="another run"):
        Log(log.path, 8).read()
    log.path.write_text("nonsense", encoding="utf-8")
    with pytest.raises(ResumeError, match="can't be taken up"):
        log.read()


class Crew:
    """In the place of the processes: what was asked for, and a given end."""

    def __init__(self, outcome: str, most: int = 99) -> None:
        self.outcome = outcome
        self.most = most
        self.asked: list[Task] = []

    def __call__(self, tasks: list[Task], seed: int, jobs: int) -> Iterator[tuple[Task, Result]]:
        for task in tasks:
            if len(self.asked) == self.most:
                raise KeyboardInterrupt
            self.asked.append(task)
            yield task, Result(task.id, self.outcome, 5, 0.0, "told", "")


@pytest.fixture
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


SIGNS = ["sign:mul(input)", "sign:mul(other)"]
ARGS = ["mutants", "--json", "out.json", *(f"--only={ident}" for ident in SIGNS)]


@pytest.mark.usefixtures("_elsewhere")
@pytest.mark.parametrize(
    ("outcome", "listed", "code"),
    [
        ("killed", {}, 0),
        ("survived", {}, 1),
        ("hung", {}, 0),
        ("failed", {}, 3),
        ("survived", dict.fromkeys(SIGNS, "a reason"), 3),
        ("killed", dict.fromkeys(SIGNS[:1], "a reason"), 1),
        ("killed", {"gone": "a reason"}, 1),
    ],
)
def test_the_exit_code(monkeypatch: pytest.MonkeyPatch, outcome: str, listed: dict[str, str], code: int) -> None:
    monkeypatch.setattr(crew, "run", Crew(outcome))
    monkeypatch.setattr(lists, "equivalents", lambda: listed)
    """A record of nothing but equivalents, or nothing but failures, says nothing: that is no success."""
    assert cli.main(ARGS) == code


@pytest.mark.usefixtures("_elsewhere")
def test_an_interrupted_run_is_taken_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "equivalents", dict)
    first = Crew("killed", most=1)
    monkeypatch.setattr(crew, "run", first)
    assert cli.main(ARGS) == cli.INTERRUPTED
    assert json.loads(Path("out.json").read_text(encoding="utf-8"))["counts"]["not_run"] == 1
    second = Crew("killed")
    monkeypatch.setattr(crew, "run", second)
    assert cli.main([*ARGS, "--resume"]) == 0
    assert [task.id for task in first.asked + second.asked] == SIGNS
    assert cli.main([*ARGS, "--resume", "--seed", "3"]) == cli.USAGE


@pytest.mark.usefixtures("_elsewhere")
@pytest.mark.parametrize(
    "args",
    [["--only", "sgin"], ["--programs", "0"], ["--jobs", "0"], ["--quick", "--only", "sign"], ["--resume"]],
    ids=" ".join,
)
def test_wrong_usage_is_one_line(args: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["mutants", *args]) == cli.USAGE
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_processes_hunt_and_a_hanging_engine_is_ended() -> None:
    """One process does its work; another is given no time at all."""
    ((task, found),) = crew.run([Task("sign:mul(input)", 50)], 0, 1)
    assert (task.id, found.outcome) == ("sign:mul(input)", "killed")
    ((_, ended),) = crew.run([Task("sign:mul(input)", 50)], 0, 1, limit=-1.0)
    assert ended.outcome == "hung"


def test_an_internal_op_is_hunted_through_the_ops_that_use_it() -> None:
    assert hunt.users()["attention_weights"] == ("scaled_dot_product_attention",)
    internal: list[Op] = [op for op in TABLE.values() if op.internal]
    assert all(hunt.users()[op.name] for op in internal)
