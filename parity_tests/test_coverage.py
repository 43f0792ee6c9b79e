"""What programs reached: edges, classes of operands, what is counted, and the programs that came near their bounds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from paragrad.engine.ops.table import TABLE
from paragrad.fuzz import campaign, corpus
from paragrad.fuzz.campaign import Options, Outcome
from paragrad.fuzz.closest import ELEMENTS, KEPT, STATEMENTS, Closest
from paragrad.fuzz.coverage import CLASSES, TIES, Coverage, ties
from paragrad.fuzz.encoding import from_json
from paragrad.fuzz.engines.own import Own
from paragrad.fuzz.engines.pytorch import PyTorch
from paragrad.fuzz.judge import Finding, Judgement
from paragrad.fuzz.program import Apply, Backward, Dtype, Input, Program, Ref
from paragrad.reports.html.drawing import program_svg
from paragrad.reports.parity import from_outcome


def covered(inputs: list[Input], *statements: Any) -> Coverage:
    """The coverage of one program."""
    program = Program(inputs, list(statements))
    coverage = Coverage()
    coverage.add(program, PyTorch().run(program).values)
    return coverage


def classes_of(array: Any, op: str = "exp") -> list[str]:
    """The classes of one operand of `op`."""
    array = np.asarray(array)
    found = covered([Input.of("x", array)], Apply(op, (Ref(0),), {}, (1,))).classes()
    return list(found[op][array.dtype.name])


def test_an_edge_runs_from_maker_to_user() -> None:
    x, y = Input.of("x", np.ones(2), True), Input.of("y", np.ones(2))
    found = covered(
        [x, y],
        Apply("mul", (Ref(0), Ref(0)), {}, (2,)),
        Apply("cat", ((Ref(2), Ref(1)),), {"dim": 0}, (3,)),
        Apply("max.dim", (Ref(3), 0), {}, (4, 5)),
        Apply("clamp", (Ref(3),), {"min": Ref(4)}, (6,)),
        Apply("to", (Ref(6), Dtype("float32")), {}, (7,)),
        Backward((6, 7), (None, None)),
    )
    assert found.edges() == {
        "cat": {"clamp": 1, "max.dim": 1},
        "clamp": {"to": 1},
        "input": {"cat": 1, "mul": 2},
        "max.dim": {"clamp": 1},
        "mul": {"cat": 1},
    }


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_classes_are_relative_to_the_dtype(dtype: type[np.floating[Any]]) -> None:
    top, small = np.sqrt(np.finfo(dtype).max), np.sqrt(np.finfo(dtype).tiny)
    for number, name in (
        (1.0, "normal"),
        (-3e9, "normal"),
        (-0.0, "zero"),
        (top * 1.01, "huge"),
        (-top * 1.01, "huge"),
        (top * 0.99, "normal"),
        (small * 0.99, "tiny"),
        (-small * 0.99, "tiny"),
        (small * 1.01, "normal"),
        (np.finfo(dtype).smallest_subnormal, "tiny"),
        (-np.inf, "inf"),
        (np.nan, "NaN"),
    ):
        assert classes_of(np.array(number, dtype)) == [name], number
    with np.errstate(over="ignore", under="ignore"):
        assert np.isinf(np.square(dtype(top * 1.01)))
        assert np.square(dtype(small * 0.99)) < np.finfo(dtype).tiny


def test_an_operand_may_be_of_several_classes() -> None:
    assert classes_of([1.0, 0.0, np.inf, np.nan, 1e-200, 1e200]) == ["normal", "zero", "huge", "tiny", "inf", "NaN"]
    assert classes_of(np.zeros((2, 0), np.float32)) == ["size 0"]
    assert classes_of(np.array([0, 2]), "neg") == ["normal", "zero"]
    assert classes_of(np.array([False]), "logical_not") == ["zero"]


def test_each_array_keeps_its_own_classes() -> None:
    """They are looked at end to end: what one holds must not be said of its neighbours, nor of an empty one."""
    arrays = [np.ones(2), np.zeros(0), np.array([np.nan]), np.array([0.0, 1.0]), np.ones(1, np.float32)]
    inputs = [Input.of(f"x{k}", array) for k, array in enumerate(arrays)]
    calls = [Apply(op, (Ref(k),), {}, (5 + k,)) for k, op in enumerate(["exp", "sin", "cos", "tanh", "erf"])]
    assert covered(inputs, *calls).classes() == {
        "cos": {"float64": {"NaN": 1}},
        "erf": {"float32": {"normal": 1}},
        "exp": {"float64": {"normal": 1}},
        "sin": {"float64": {"size 0": 1}},
        "tanh": {"float64": {"normal": 1, "zero": 1}},
    }


def test_strided_is_what_lies_apart() -> None:
    storage = np.arange(6.0)
    turned = Input("x", storage, (2, 3), True, (1, 2), 0)
    plain = Input("y", storage, (2, 3), True, (3, 1), 0)
    calls = [Apply("exp", (Ref(0),), {}, (2,)), Apply("sin", (Ref(1),), {}, (3,)), Apply("cos", (Ref(2),), {}, (4,))]
    found = covered([turned, plain], *calls).classes()
    assert "strided" in found["exp"]["float64"]
    assert "strided" not in found["sin"]["float64"]
    assert "strided" not in found["cos"]["float64"], "an op's result is no input"


def test_ties_matter_to_those_that_choose() -> None:
    assert "tie" in classes_of([3.0, 1.0, 3.0], "max")
    assert "tie" not in classes_of([3.0, 1.0, 2.0], "max")
    assert "tie" not in classes_of([np.nan, np.nan], "max")
    assert "tie" not in classes_of([3.0, 3.0], "exp")
    assert ties("maximum", [np.array([[1.0], [2.0]]), np.array([5.0, 2.0])])
    assert not ties("maximum", [np.array([1.0, 2.0]), np.array([2.0, 1.0])])
    assert not ties("clamp", [np.array([1.0, 1.0])]), "bounds that are numbers are no operands"
    assert TABLE.keys() >= TIES


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Outcome, Options]:
    """A small campaign, past failures first."""
    options = Options(programs=320, seed=5, replay=(corpus.COMMITTED,), findings=tmp_path_factory.mktemp("findings"))
    return campaign.run(options), options


def test_what_was_drawn_is_counted_and_what_was_replayed_is_not(ran: tuple[Outcome, Options]) -> None:
    outcome, _ = ran
    assert outcome.failure is None
    assert outcome.replayed
    assert sum(outcome.coverage.made.values()) == sum(outcome.coverage.given.values())
    users = {user for _, user in outcome.coverage.made}
    assert users <= outcome.ops.keys()
    assert outcome.seconds["coverage"] > 0
    nothing = campaign.run(Options(programs=0, replay=(corpus.COMMITTED,), findings=Path("never written")))
    assert nothing.replayed == outcome.replayed
    assert not nothing.coverage.made


def test_the_record_has_it(ran: tuple[Outcome, Options]) -> None:
    body = from_outcome(*ran)["body"]
    coverage = body["coverage"]
    assert coverage["edges"].keys() <= {"input", *coverage["ops"]}
    assert coverage["classes"].keys() <= set(coverage["ops"])
    assert {name for by in coverage["classes"].values() for counts in by.values() for name in counts} <= set(CLASSES)
    assert set(coverage["ties"]) <= TIES & set(coverage["ops"])
    ratios = [row["ratio"] for row in body["worst"]]
    assert len(ratios) == KEPT
    assert ratios == sorted(ratios, reverse=True)
    assert 0 < ratios[-1] <= ratios[0] <= min(1.0, body["largest"])
    for row in body["worst"]:
        starred = from_json(row["program"]).name(row["variable"])
        assert f"* {starred} " in row["table"], "the number that came close is starred"
        assert "starred" in (program_svg(row["program"], starred=row["variable"]) or "").partition("</style>")[2]


def test_a_script_of_a_right_program_runs_alone(ran: tuple[Outcome, Options], tmp_path: Path) -> None:
    script = tmp_path / "close.py"
    script.write_text(ran[0].worst[0].script, encoding="utf-8")
    done = subprocess.run([sys.executable, script], capture_output=True, encoding="utf-8", check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("torch ")
    assert "paragrad " in done.stdout


def judged(ratio: float, wrong: bool = False) -> Judgement:
    """A judgement with one number at this ratio."""
    number = Finding("value", 0, "exp", 1, "v1 is right")
    return Judgement(findings=[number] if wrong else [], largest=ratio, closest=number)


def of(*ops: str, size: int = 1) -> Program:
    """A chain of ops."""
    return Program([Input.of("x", np.ones(size))], [Apply(op, (Ref(k),), {}, (k + 1,)) for k, op in enumerate(ops)])


def test_the_closest_are_kept_each_structure_once() -> None:
    closest = Closest()
    for count in range(1, KEPT + 4):
        closest.add(of(*["exp"] * count), judged(count / 100), "graph", "tensor")
    ratios = sorted(close.ratio for close in closest.held.values())
    assert ratios == [count / 100 for count in range(4, KEPT + 4)]
    closest.add(of(*["exp"] * 5), judged(0.5), "graph", "tensor")
    closest.add(of(*["exp"] * 5), judged(0.4), "graph", "tensor")
    assert [close.ratio for close in closest.held.values()].count(0.5) == 1
    assert len(closest.held) == KEPT
    before = dict(closest.held)
    closest.add(of("sin"), judged(0.9, wrong=True), "graph", "tensor")
    closest.add(of("sin", size=ELEMENTS + 1), judged(0.9), "graph", "tensor")
    closest.add(of(*["sin"] * (STATEMENTS + 1)), judged(0.9), "graph", "tensor")
    assert closest.held == before
    (shown, *_) = closest.shown({"tensor": Own()})
    assert shown.close.ratio == 0.5
