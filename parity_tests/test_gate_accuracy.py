"""The accuracy gate: a sound tree passes, each kind of regression is named exactly, and the baseline file is held."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.judge.conventions.ours import DIFFERENT
from paragrad.fuzz.mutants import lists, plant
from paragrad.fuzz.mutants.crew import Task
from paragrad.fuzz.mutants.families import catalogue
from paragrad.fuzz.mutants.hunt import Result
from paragrad.reports.accuracy import measure as accuracy
from paragrad.reports.gate.accuracy import baseline, compositions, growth, measure, mutants, place, standing, width
from paragrad.reports.gate.accuracy.baseline import SCHEMA, Baseline
from paragrad.reports.gate.accuracy.compare import Change, Comparison
from paragrad.reports.gate.accuracy.mutants import Hunted
from paragrad.reports.gate.accuracy.rows import KEYS, Rows, UlpRow, by_key

TOP = Path(__file__).parents[1]
COMMITTED = TOP / "reports" / "baseline" / "accuracy.json"
ULPS = COMMITTED.with_name("ulps.json")
OPS = ("softsign", "relu", "log10")
"""They share no rule, so a fault in one makes no other worse."""


def no_hunt(known: Any, only: Any, lost: Any, tell: Any) -> Hunted:
    """Every mutant of the baseline is killed again: hunting is tested by itself."""
    return Hunted([row for row in known if row["op"] in only])


def quick(patch: pytest.MonkeyPatch) -> None:
    """Fewer programs than the gate runs, and no hunt."""
    patch.setattr(measure.ulps, "PROGRAMS", 10)
    patch.setattr(measure.mutants, "measure", no_hunt)


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> Callable[[Rows | None], Rows]:
    """Measures OPS in the state in which the tree is."""
    sound()  # now, for it is kept, and within a test a fault is planted
    quick(monkeypatch)
    return lambda known: measure.measure(known, OPS, ULPS, lambda done, total, what: None).rows


@functools.cache
def sound() -> Rows:
    """The rows of OPS before anything is planted."""
    with pytest.MonkeyPatch.context() as patch:
        quick(patch)
        return measure.measure(baseline.read(COMMITTED)["rows"], OPS, ULPS, lambda done, total, what: None).rows


def worse(now: Rows, same: bool = True) -> list[Change]:
    """What is worse than `sound`."""
    return [change for change in Comparison(sound(), now, same, OPS).changes() if change.worse]


def test_a_sound_tree_passes(measured: Callable[[Rows | None], Rows]) -> None:
    now = measured(sound())
    assert now == sound()
    assert Comparison(sound(), now, True, OPS).changes() == []
    assert all(sound()[kind] for kind in KEYS if kind not in ("exclusion", "program", "judge"))


def larger(op: str, factor: float) -> AbstractContextManager[None]:
    """The value of an op times a factor."""
    return plant.value(TABLE[op], lambda x: x * x.dtype.type(factor) if x.dtype.kind == "f" else x)


def rule(op: str, change: Callable[[Any], Any]) -> AbstractContextManager[None]:
    """The rule of an op, changed."""
    return plant.pullback(TABLE[op], "input", plant.result_of(change))


PLANTED: dict[str, tuple[Callable[[], AbstractContextManager[None]], str, str]] = {
    "a value": (lambda: larger("log10", 1 + 2.0**-20), "ulp", "log10 float32 value"),
    "a gradient": (lambda: rule("log10", lambda g: g * (1 + 2.0**-20)), "ulp", "log10 float32 gradient of input"),
    "a sign": (lambda: rule("softsign", lambda g: -g), "verdict", "softsign float64 gradient"),
    "a convention": (lambda: rule("relu", lambda g: g + 1), "convention", "relu([0]) in float32"),
    "a dtype": (
        lambda: plant.value(TABLE["log10"], lambda x: x.astype(np.float64)),
        "dtype",
        "log10(float32)",
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_named_and_nothing_beside(name: str, measured: Callable[[Rows | None], Rows]) -> None:
    fault, kind, what = PLANTED[name]
    with fault():
        found = worse(measured(sound()))
    assert (kind, what) in {(change.kind, change.what) for change in found}
    assert {change.row["op"] for change in found} == {what.replace("(", " ").split()[0]}
    assert all(change.before != change.after for change in found)


def test_a_lost_op_is_one_line(measured: Callable[[Rows | None], Rows], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TABLE["softsign"], "internal", True)
    (change,) = worse(measured(sound()))
    assert (change.kind, change.what, change.before, change.after) == ("op", "softsign", "a public op", "gone")


def test_a_lost_gradient_is_named(measured: Callable[[Rows | None], Rows], monkeypatch: pytest.MonkeyPatch) -> None:
    op = TABLE["log10"]
    monkeypatch.setattr(op, "pullbacks", {})
    monkeypatch.setattr(op, "plans", {})
    found = worse(measured(sound()))
    assert ("op", "log10: gradient of input", "there", "gone") in {(c.kind, c.what, c.before, c.after) for c in found}
    assert {change.row["op"] for change in found} == {"log10"}


EXCUSED: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "conventions that differ: relu([0])": lambda patch: patch.setitem(DIFFERENT, "relu([0])", "as good"),
    "no second derivative: softsign": lambda patch: patch.setattr(TABLE["softsign"], "twice", False),
    "equivalent mutants: sign:log10(input)": lambda patch: patch.setattr(
        lists, "equivalents", lambda: {"sign:log10(input)": "nobody looks"}
    ),
}


@pytest.mark.parametrize("what", EXCUSED)
def test_a_new_exclusion_fails(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The exclusion itself; that its op is then judged less is what it is for."""
    sound()
    EXCUSED[what](monkeypatch)
    rows: Any = {**sound(), "exclusion": [row for row in standing.exclusions(ULPS) if row["op"] in OPS]}
    assert [(change.kind, change.what) for change in worse(rows)] == [("exclusion", what)]


def test_an_op_left_out_of_the_report_is_an_exclusion_and_not_a_lost_ulp(
    measured: Callable[[Rows | None], Rows], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(accuracy.EXCLUDED, "log10", "it is slow")
    found = worse(measured(sound()))
    assert [c.what for c in found] == [f"not measured in ULP: log10 {dtype}" for dtype in ("float32", "float64")]
    assert {change.kind for change in found} == {"exclusion"}
    assert "it is slow" in found[0].after


def ulp(most: float = 0.5, torch: float = 0.5, wrong: int = 0, declared: float | None = None) -> UlpRow:
    """A row."""
    errors = {"max": most, "p999": most, "wrong": wrong, "torch": torch, "torch_wrong": 0, "declared": declared}
    return {"op": "exp", "dtype": "float32", "of": "value", **errors}  # type: ignore[typeddict-item]


@pytest.mark.parametrize(
    ("before", "now", "here", "elsewhere"),
    [
        (ulp(), ulp(), False, False),
        (ulp(), ulp(0.5001), True, False),
        (ulp(), ulp(12.1), True, True),
        (ulp(declared=2.5), ulp(2.4, declared=2.5), True, False),
        (ulp(declared=2.5), ulp(2.6, declared=2.5), True, True),
        (ulp(1e5), ulp(1e6), True, True),
        (ulp(1e5, torch=2e5), ulp(1e6), True, False),
        (ulp(), ulp(wrong=1), True, True),
        (ulp(2.0), ulp(1.0), False, False),
    ],
)
def test_elsewhere_an_error_has_room_and_here_it_has_none(
    before: UlpRow, now: UlpRow, here: bool, elsewhere: bool
) -> None:
    assert growth.larger(before, now, same=True) is here
    assert growth.larger(before, now, same=False) is elsewhere


@pytest.mark.parametrize(
    ("before", "now", "here", "elsewhere"),
    [
        ("identical", "rounding", True, False),
        ("rounding", "ill-conditioned", True, False),
        ("rounding", "convention", True, True),
        ("rounding", "bug", True, True),
        ("bug", "not judged", True, True),
        ("rounding", "identical", False, False),
    ],
)
def test_a_verdict_is_worse(before: str, now: str, here: bool, elsewhere: bool) -> None:
    assert (growth.rank(now, True) > growth.rank(before, True)) is here
    assert (growth.rank(now, False) > growth.rank(before, False)) is elsewhere


def test_what_got_better_does_not_fail() -> None:
    was: Any = json.loads(json.dumps(sound()))
    was["ulp"][0]["max"] += 1
    was["verdict"][0]["worst"] = "bug"
    was["mutant"].pop()
    was["exclusion"].append({"op": "relu", "list": "conventions that differ", "what": "relu([9])", "reason": "-"})
    changes = Comparison(was, sound(), True, OPS).changes()
    assert sorted(change.kind for change in changes) == ["exclusion", "mutant", "ulp", "verdict"]
    assert not any(change.worse for change in changes)


class Hunts:
    """Hunts in which what `found` says is found; tells what was asked for."""

    def __init__(self, found: Callable[[Task], bool]) -> None:
        self.found = found
        self.asked: list[Task] = []

    def __call__(self, tasks: Iterable[Task], seed: int, jobs: int) -> Iterator[tuple[Task, Result]]:
        for task in tasks:
            self.asked.append(task)
            outcome = "killed" if self.found(task) else "survived"
            yield task, Result(task.id, outcome, task.programs, 0.0, "changed no bit")


def hunted(known: list[Any], hunts: Hunts, lost: tuple[str, ...] = ()) -> Hunted:
    """The mutants of relu, hunted."""
    return mutants.measure(known, ("relu",), lost, lambda done, total: None, 1, hunts)


def test_a_mutant_that_survives_is_hunted_again_and_then_lost() -> None:
    ident = next(i for i in lists.quick() if catalogue()[i].op == "relu")
    known: Any = [{"op": "relu", "id": ident}]
    luck = hunted(known, Hunts(lambda task: task.id != ident or task.programs > 200))
    assert ident in {row["id"] for row in luck.killed}
    gone = hunted(known, Hunts(lambda task: task.id != ident))
    assert ident not in {row["id"] for row in gone.killed}
    before: Any = {**sound(), "mutant": known}
    now: Any = {**sound(), "mutant": gone.killed}
    (change,) = [c for c in Comparison(before, now, True, OPS, gone.others).changes() if c.worse]
    told = change.told()
    assert (told["kind"], told["what"], told["before"]) == ("mutant", ident, "killed")
    assert told["after"] == "survived 2000 programs: changed no bit"
    assert told["repro"] == f"paragrad mutants --only '{ident}'"


def test_mutants_of_an_op_with_a_bug_say_nothing() -> None:
    known: Any = [{"op": "relu", "id": "sign:relu(input)"}]
    bug: Any = [{**row, "worst": "bug"} if row["op"] == "relu" else row for row in sound()["verdict"]]
    before: Any = {**sound(), "mutant": known}
    for verdicts, kinds in ((sound()["verdict"], {"mutant"}), (bug, {"verdict"})):
        now: Any = {**sound(), "mutant": [], "verdict": verdicts}
        assert {change.kind for change in Comparison(before, now, True, OPS).changes()} == kinds


def test_many_survivors_are_not_hunted_again() -> None:
    hunts = Hunts(lambda task: False)
    everything = [{"op": "relu", "id": i} for i, m in catalogue().items() if m.op == "relu"]
    assert len(everything) > mutants.AGAIN
    found = hunted(everything, hunts)
    assert len(hunts.asked) == len(found.others) == len({task.id for task in hunts.asked})


def test_another_mutant_takes_the_place_of_one_whose_source_was_edited() -> None:
    known: Any = [{"op": "relu", "id": "factor:relu(input):as it once was"}, {"op": "relu", "id": "no such family:x"}]
    found = hunted(known, Hunts(lambda task: True))
    (old,) = found.instead
    assert old == known[0]["id"]
    assert catalogue()[found.instead[old]].family == "factor"
    before: Any = {**sound(), "mutant": known}
    now: Any = {**sound(), "mutant": found.killed}
    changes = {c.what: c for c in Comparison(before, now, True, OPS, found.others, found.instead).changes()}
    assert old not in changes, "killed before and killed now: neither worse nor better"
    assert found.instead[old] not in changes
    assert changes["no such family:x"].worse
    assert changes["no such family:x"].after == "gone: there is no such mutant"


def convention(*values: object) -> Rows:
    """A baseline of one point of relu."""
    row = {"op": "relu", "point": "relu([-0])", "dtype": "float32", "answer": {"values": [list(values)]}}
    rows: Any = {**{kind: [] for kind in KEYS}, "convention": [row]}
    return rows  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        ("-0.0", 0.0, ("value -0", "value 0")),
        (0.0, "-0.0", ("value 0", "value -0")),
        ("nan", "nan", None),
        ("-0.0", "-0.0", None),
        (1.0, 1.0, None),
    ],
)
def test_the_sign_of_a_zero_is_held_on_one_machine(before: object, now: object, told: tuple[str, str] | None) -> None:
    found = Comparison(convention(before), convention(now), True).changes()
    assert [(c.kind, c.before, c.after) for c in found] == ([("convention", *told)] if told else [])
    assert not Comparison(convention(before), convention(now), False).changes(), "another kernel, another zero"


def test_mutants_of_a_lost_op_are_not_hunted() -> None:
    hunts = Hunts(lambda task: True)
    hunted([], hunts, ("relu",))
    assert hunts.asked == []


def whole(rows: Rows) -> Baseline:
    """A baseline of this place."""
    return {"schema": SCHEMA, "place": place.here(), "rows": rows}


def test_accepting_some_ops_keeps_the_rows_of_the_others() -> None:
    changed: Any = {kind: [] for kind in KEYS}
    changed["op"] = [{"op": "relu", "parameters": ["x"], "gradients": [], "method": False, "drawn": "0"}]
    rows = baseline.merged(whole(sound()), changed, ["relu"])["rows"]
    assert {row["op"] for row in rows["ulp"]} == set(OPS) - {"relu"}
    assert by_key("op", rows)["relu",] == changed["op"][0]
    assert by_key("op", rows)["log10",] == by_key("op", sound())["log10",]


def test_the_committed_baseline_covers_the_tree() -> None:
    """What needs no measuring is as committed, on any machine: no op, gradient or mutant is lost, none excused."""
    committed = baseline.read(COMMITTED)["rows"]
    mend = "run `paragrad gate --accuracy --accept` and commit the baseline"
    assert by_key("op", committed).keys() == {(row["op"],) for row in standing.ops()}, mend
    assert {(i,) for i in lists.quick()} == by_key("mutant", committed).keys(), mend
    now = {(row["list"], row["what"]) for row in standing.exclusions(ULPS)}
    assert now <= by_key("exclusion", committed).keys(), mend
    assert by_key("convention", committed).keys() == {
        (row["op"], row["point"], row["dtype"]) for row in standing.conventions()
    }, mend
    assert by_key("program", committed).keys() == {case.key for case in compositions.cases()}, mend
    assert by_key("judge", committed).keys() == {(place.case, place.dtype) for place in width.places()}, mend
