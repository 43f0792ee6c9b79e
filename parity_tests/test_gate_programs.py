"""What the accuracy gate holds beside single ops: Values, layers, optimizers, the walk, and the judge's own width.

Each test plants a fault and asks for the row that has to see it; a sound tree's rows are measured beside it.
"""

from __future__ import annotations

import shlex
from typing import Any

import pytest

from paragrad.engine import nn, optim, scalar_nn
from paragrad.engine.graph import Walk
from paragrad.engine.ops.table import TABLE
from paragrad.engine.scalar import RELU, Value, make_result
from paragrad.fuzz.judge import agreement
from paragrad.fuzz.judge.bounds import NEAR
from paragrad.fuzz.mutants import plant
from paragrad.reports.gate.accuracy import (
    compositions,
    drawn,
    layers,
    neurons,
    scalars,
    verdicts,
    walks,
    width,
)
from paragrad.reports.gate.accuracy.parts import Parts
from paragrad.reports.gate.accuracy.rows import Rows
from parity_tests.gate_rows import of_value, program, rows, worse


def test_a_kink_and_a_rule_of_value_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    sound = of_value("relu")
    assert worse(sound, of_value("relu")) == []
    with monkeypatch.context() as patch:
        patch.setattr(Value, "relu", lambda v: make_result(max(v.data, 0.0), RELU, v, float(v.data >= 0)))
        found = worse(sound, of_value("relu"))
    kink = next(c for c in found if c.what == "Value.relu([0]) in float64")
    assert (kink.before, kink.after) == ("gradient of input 0", "gradient of input 1")
    with monkeypatch.context() as patch:
        patch.setattr(Value, "relu", lambda v: make_result(max(v.data, 0.0), RELU, v, 1.5 * (v.data > 0)))
        found = worse(sound, of_value("relu"))
    assert "Value.relu float64 gradient" in {c.what for c in found if c.after == "bug"}
    assert not [c.what for c in found if " value" in c.what]


def test_every_op_of_value_has_rows_and_points() -> None:
    assert {row["op"] for row in scalars.public()} == {f"Value.{op.name}" for op in scalars.ops()}
    assert {row["op"] for row in scalars.conventions()} == {f"Value.{op.name}" for op in scalars.ops()}


def of_case(op: str, case: str) -> Rows:
    """The row of one hand-written case."""
    (found,) = (c for c in compositions.by_hand() if c.key == (op, case))
    return rows(program=[compositions.row(found)])


def shared_buffers(walk: Walk, parent: Any, contribution: Any, incoming: Any) -> None:
    """`Walk.add` that adds in place whoever holds the buffer."""
    walk.shared.clear()
    add(walk, parent, contribution, incoming)
    walk.shared.clear()


add = Walk.add
"""The sound one."""


@pytest.mark.parametrize("case", ["a gradient handed on to two", "a view of a gradient handed on"])
def test_a_walk_that_adds_in_place_to_what_another_holds_is_named(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = of_case("walk", case)
    assert worse(sound, of_case("walk", case)) == []
    monkeypatch.setattr(Walk, "add", shared_buffers)
    (change,) = worse(sound, of_case("walk", case))
    assert (change.kind, change.what) == ("program", f"walk: {case}")
    assert "bug (gradient of walk)" in change.after


@pytest.mark.parametrize("name", walks.SCALAR_WALKS)
def test_a_value_that_gets_its_gradient_twice_is_seen_in_every_walk(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = of_case("Value.backward", name)
    right = Value.backward

    def twice(root: Value, gradient: float = 1.0, retain_graph: bool = True) -> None:
        right(root, 2 * gradient, retain_graph)

    monkeypatch.setattr(Value, "backward", twice)
    assert [c.what for c in worse(sound, of_case("Value.backward", name))] == [f"Value.backward: {name}"]


@pytest.mark.parametrize(("name", "options"), [(name, words) for name, words, _ in walks.optimizers()])
def test_a_step_that_is_too_long_is_seen_with_all_options(
    name: str, options: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    op = f"optim.{name}"
    sound = of_case(op, options)
    kind = getattr(optim, name)
    right = kind.update

    def longer(self: Any, param: Any, value: Any, grad: Any, group: Any) -> None:
        right(self, param, value, grad, {**group, "lr": 1.001 * group["lr"]})

    monkeypatch.setattr(kind, "update", longer)
    (change,) = worse(sound, of_case(op, options))
    assert change.what == f"{op}: {options}"
    assert f"bug (step of {name})" in change.after


def test_a_layer_and_a_loss_that_compute_something_else_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("nn.LayerNorm", "nn.MSELoss", "nn.Linear")
    sound = rows(ulp=[row for found, _, _ in layers.measure(names) for row in found])
    forward = nn.LayerNorm.forward

    def softer(self: Any, input: Any) -> Any:
        self.eps = 2e-5
        return forward(self, input)

    monkeypatch.setattr(nn.LayerNorm, "forward", softer)
    monkeypatch.setattr(nn.MSELoss, "op", TABLE["l1_loss"])
    now = rows(ulp=[row for found, _, _ in layers.measure(names) for row in found])
    assert {c.row["op"] for c in worse(sound, now)} == {"nn.LayerNorm", "nn.MSELoss"}


def test_a_layer_names_the_ops_it_is_made_of_and_one_that_fails_is_wrong() -> None:
    assert layers.of("Linear(4, 5)")[2] == {"linear"}
    made = {"linear", "nn.Linear", "nn.Tanh", "nn.LayerNorm"}
    assert made <= layers.of("Sequential(Linear(4, 4), Tanh(), Linear(4, 4), LayerNorm(4))")[2]
    with plant.value(TABLE["linear"], lambda x: x[:1]):
        broken, _, made = layers.of("Linear(4, 5)")
    assert made >= {"linear"}
    assert next(row for row in broken if row["of"].startswith("value"))["wrong"] == 15


def test_networks_of_values_are_held(monkeypatch: pytest.MonkeyPatch) -> None:
    sound = rows(ulp=list(neurons.measure()))
    assert max(row["max"] for row in sound["ulp"]) < 100
    right = scalar_nn.linear
    monkeypatch.setattr(neurons, "linear", lambda x, w, b: right(x, w, b) * 1.5)
    step = scalar_nn.SGD.step

    def late(self: Any) -> None:
        self.dampening = 0.0
        step(self)

    monkeypatch.setattr(scalar_nn.SGD, "step", late)
    found = worse(sound, rows(ulp=list(neurons.measure())))
    assert {c.row["op"] for c in found} == {"scalar_nn.linear", "scalar_nn.SGD"}
    assert [c.what for c in found if "SGD" in c.what and "dampening" not in c.what] == []


PLACES = {f"{place.case} in {place.dtype}": place for place in width.places()}


@pytest.mark.parametrize("name", ["value of exp in float32", "gradient of matmul in float64"])
def test_a_looser_judge_is_named(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sound = rows(judge=[width.row(PLACES[name])])
    assert worse(sound, rows(judge=[width.row(PLACES[name])])) == []
    monkeypatch.setattr(agreement, "NEAR", 40)
    (change,) = worse(sound, rows(judge=[width.row(PLACES[name])]))
    assert (change.kind, change.what) == ("judge", f"bound of the judge on the {name}")
    assert int(change.after.split()[0]) > 3 * int(change.before.split()[0])
    python, flag, module, case, dtype, ulp = shlex.split(change.told()["repro"])
    assert (python, flag, module) == ("python", "-m", width.__name__)
    width.show(case, dtype, int(ulp))
    loose = capsys.readouterr().out.splitlines()
    monkeypatch.setattr(agreement, "NEAR", NEAR)
    width.show(case, dtype, int(ulp))
    tight = capsys.readouterr().out.splitlines()
    assert loose[:2] == tight[:2]
    assert loose[2] == tight[2].replace("a bug", "the judge lets it pass")
    assert loose[3].startswith(f"  {change.after}   ")
    assert loose[3].endswith(": a bug")
    assert len(tight) == 3


def ulps(op: str, most: float) -> dict[str, Any]:
    """An error row."""
    errors = {"max": most, "p999": most, "wrong": 0, "torch": 0.0, "torch_wrong": 0, "declared": None}
    return {"op": op, "dtype": "float32", "of": "value", **errors}


def test_what_is_made_of_something_worse_is_not_told_beside_it() -> None:
    parts: Parts = {("nn.Linear",): {"linear"}, ("mlp", "one"): {"linear", "walk"}, ("walk", "one"): {"add"}}
    before = rows(
        ulp=[ulps("linear", 1.0), ulps("nn.Linear", 1.0)],
        program=[program("mlp", "rounding"), program("walk", "rounding")],
    )
    op = rows(ulp=[ulps("linear", 2.0), ulps("nn.Linear", 2.0)], program=[program("mlp", "bug"), before["program"][1]])
    assert [c.what for c in worse(before, op, parts)] == ["linear float32 value"]
    layer = rows(ulp=[before["ulp"][0], ulps("nn.Linear", 2.0)], program=before["program"])
    assert [c.what for c in worse(before, layer, parts)] == ["nn.Linear float32 value"]
    walk = rows(ulp=before["ulp"], program=[program("mlp", "bug"), program("walk", "bug")])
    assert [c.what for c in worse(before, walk, parts)] == ["walk: one"]


def test_an_op_whose_bug_is_blamed_on_the_walk_is_told_of_where_the_walk_is_not() -> None:
    parts: Parts = {("add",): {"walk"}, ("walk", "one"): {"add"}}
    before = rows(ulp=[ulps("add", 1.0)], program=[program("walk", "rounding")])
    both = rows(ulp=[ulps("add", 2.0)], program=[program("walk", "bug")])
    alone = rows(ulp=[ulps("add", 2.0)], program=before["program"])
    assert [c.what for c in worse(before, both, parts)] == ["walk: one"]
    assert [c.what for c in worse(before, alone, parts)] == ["add float32 value"]
    before = rows(ulp=[*before["ulp"], ulps("nn.Add", 1.0)])
    made = rows(ulp=[*alone["ulp"], ulps("nn.Add", 2.0)])
    assert [c.what for c in worse(before, made, {**parts, ("nn.Add",): {"add", "mul"}})] == ["add float32 value"]


def verdict(op: str, of: str, worst: str) -> dict[str, Any]:
    """A verdict row."""
    return {"op": op, "dtype": "float32", "of": of, "worst": worst}


def test_a_gradient_is_silent_where_an_op_of_its_recorded_rule_moved() -> None:
    """log's rule divides, so another rule of div rounds log's second derivative otherwise; its value has no excuse."""
    parts: Parts = {("log", "gradient"): {"div"}}
    before = rows(
        ulp=[ulps("div", 1.0)], verdict=[verdict("log", "gradient", "identical"), verdict("log", "value", "identical")]
    )
    now = rows(
        ulp=[ulps("div", 2.0)], verdict=[verdict("log", "gradient", "rounding"), verdict("log", "value", "rounding")]
    )
    assert [c.what for c in worse(before, now, parts)] == ["div float32 value", "log float32 value"]


def test_ops_whose_rules_are_made_of_each_other_are_both_told_of() -> None:
    parts: Parts = {("sum", "gradient"): {"expand"}, ("expand", "gradient"): {"sum"}}
    before, now = (rows(verdict=[verdict(op, "gradient", x) for op in ("expand", "sum")]) for x in ("rounding", "bug"))
    assert len(worse(before, now, parts)) == 2


def test_what_an_ops_recorded_rule_is_made_of_is_found() -> None:
    log, tanh = verdicts.measure([TABLE["log"], TABLE["tanh"]], 2)
    assert "div" in log.recorded
    assert "log" not in log.recorded
    assert "mul" in tanh.recorded
    assert "div" not in tanh.recorded
    assert not tanh.made
    (entropy,) = verdicts.measure([TABLE["cross_entropy"]], 4)
    assert {"neg", "log_softmax"} <= entropy.made


def test_a_share_counts_where_programs_and_bounds_are_the_same() -> None:
    before, grown = rows(program=[program("graph", "rounding")]), program("graph", "rounding", 0.6)
    assert len(worse(before, rows(program=[grown]))) == 1
    assert worse(before, rows(program=[{**grown, "digest": "2"}])) == []
    judge = {"op": "judge", "case": "value of exp", "dtype": "float32", "digest": "1", "ulp": 3}
    moved = rows(program=[grown], judge=[{**judge, "ulp": 4}])
    assert [c.kind for c in worse(rows(program=before["program"], judge=[judge]), moved)] == ["judge"]


def test_drawn_programs_are_the_same_every_time() -> None:
    first, second = ([(*c.key, drawn.digest(c.programs)) for c in compositions.drawn()] for _ in range(2))
    assert first == second
    assert len({digest for *_, digest in first}) == len(first)


def test_a_gradients_fault_is_no_values() -> None:
    """Second derivatives show a gradient as a value of the program."""
    engine_of = verdicts.of_one
    with plant.pullback(TABLE["softsign"], "input", plant.result_of(lambda g: 2 * g)):
        worst, blamed = verdicts.worst_of(engine_of(TABLE["softsign"], "float32"), verdicts.Own())
    assert worst["gradient"] == "bug"
    assert worst["value"] in ("identical", "rounding")
    assert blamed == {"softsign"}
