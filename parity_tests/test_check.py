"""`paragrad check`: a sound engine passes with its limits told, a faulty one is told what is wrong and why."""

from __future__ import annotations

import json
import random
from itertools import islice
from pathlib import Path
from typing import Any

import micrograd
import numpy as np
import pytest

from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.checking import check
from paragrad.fuzz.checking.forms import Known, form_of_program
from paragrad.fuzz.checking.report import Report
from paragrad.fuzz.checking.run import LEAST, Check
from paragrad.fuzz.checking.trials import STAGES, Choice, forms
from paragrad.fuzz.engines.foreign import Foreign
from paragrad.fuzz.engines.worker.protocol import Target, Unreadable
from paragrad.fuzz.judge import judge, reference
from paragrad.fuzz.program import Apply, Backward, Input, Program, Ref
from paragrad.fuzz.trace import Trace
from paragrad.reports import cli
from parity_tests.meta.learner import Learner, breadth_first, overwriting_mul

MICROGRAD = Path(micrograd.__path__[0]) / "engine.py"
SUBJECTS = Path(__file__).with_name("subjects")
ROOT = Path(__file__).parents[1]
QUICK: dict[str, Any] = {"scalar": True, "programs": 300, "seconds": 60.0}


def test_micrograd_as_published_has_limits_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = tmp_path / "check.json"
    arguments = ["check", f"{MICROGRAD}:Value", "--programs", "400", "--seconds", "60", "--json", str(told)]
    assert cli.main(arguments) == cli.PARITY
    document = json.loads(told.read_text(encoding="utf-8"))
    assert (document["schema"], document["verdict"]) == ("paragrad.check/3", "parity")
    assert document["seconds"]["total"] > 0
    assert document["seconds"]["first_finding"] is None  # limits fail nothing
    assert {row["severity"] for row in document["findings"]} == {"limit"}
    messages = " ".join(row["message"] for row in document["findings"])
    for limit in ("ZeroDivisionError", "RecursionError", "only supporting int/float powers"):
        assert limit in messages
    assert any("engine.py:" in (row["source_line"] or "") for row in document["findings"])
    assert cli.main([*arguments, "--strict"]) == cli.FINDING
    assert "PARITY Value from engine.py" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("engine", "op", "diagnosis"),
    [
        (Learner({"mul": overwriting_mul}), "walk", "overwritten"),
        (Learner(order=breadth_first), "walk", "order of the walk"),
    ],
)
def test_a_fault_is_told_with_its_reason(engine: Learner, op: str, diagnosis: str) -> None:
    report = check(engine, **QUICK)
    assert report.verdict() == "findings"
    wrong = [c for c in report.findings if c.severity == "wrong" and c.finding.op == op]
    assert any(diagnosis in c.finding.diagnosis for c in wrong), [c.finding.diagnosis for c in wrong]
    assert all(len(c.program.statements) <= 8 for c in wrong)


def test_stale_gradients_are_a_limit() -> None:
    only = frozenset(("add", "mul", "tanh"))
    sound = check(Learner(), only=only, **QUICK)
    assert sound.verdict() == "parity"
    assert [c.finding.message.partition(":")[0] for c in sound.findings] == ["RecursionError"]
    stale = check(Learner(clean=False), only=only, seed=1, **QUICK)
    assert {c.severity for c in stale.findings} == {"limit"}
    assert any("stale" in c.finding.diagnosis for c in stale.findings)


def test_the_same_seed_gives_the_same_findings() -> None:
    few = {**QUICK, "programs": 60, "only": frozenset(("add", "mul", "tanh"))}
    made = [check(Learner({"mul": overwriting_mul}), **few) for _ in range(2)]
    assert [c.finding.message for c in made[0].findings] == [c.finding.message for c in made[1].findings]


def forms_of(name: str, scalar: bool) -> set[tuple[str, ...]]:
    programs = forms(Choice([TABLE[name]], scalar, random.Random(0)))
    return {found for found in map(form_of_program, programs) if found is not None}


def test_every_form_of_an_op_is_tried() -> None:
    sides = {"0-d", "one twice", "number on the left, 0-d", "number on the right, 0-d"}
    assert forms_of("mul", scalar=True) == {("mul", side) for side in sides}
    assert forms_of("exp", scalar=True) == {("exp", "input=f0")}
    spread = {words for _, words in forms_of("add", scalar=False)}
    assert {"alike", "left spread", "right spread", "right spread, rank differs", "right 0-d"} <= spread
    ranks = {(f"input=f{a}", f"other=f{b}") for a, b in ((1, 1), (2, 1), (1, 2), (2, 2), (3, 3))}
    assert ranks <= {words[1:] for words in forms_of("matmul", scalar=False)}
    assert {("dim=int",), ("dim=-int",), ()} <= {words[2:] for words in forms_of("sum", scalar=False)}


def test_a_form_that_was_right_once_is_not_given_up() -> None:
    calls = [Apply("neg", (Ref(0),), {}, (1,)), Backward((1,), (None,))]
    known, program = Known(), Program([Input.of("x0", np.ones(()), True)], calls)
    found = form_of_program(program)
    assert found is not None
    known.learn(program, structural=None)
    known.learn(program, structural=True)
    assert not known.fails(found)
    other = Known()
    other.learn(program, structural=False)
    assert other.fails(found)
    assert not other.hit(program)  # it is not sent in vain: only its numbers are wrong


def test_an_engine_of_float32_is_judged_in_float32() -> None:
    with Foreign(Target(path=SUBJECTS / "single_precision.py", root=SUBJECTS)) as engine:
        report = check(engine, scalar=False, only=frozenset(("add", "mul")), programs=200, seconds=60.0)
    assert [c.severity for c in report.findings if c.finding.kind == "dtype"] == ["precision"]
    assert {c.severity for c in report.findings if c.finding.kind != "dtype"} <= {"limit"}
    assert report.gradients["identical"] + report.gradients["rounding"] > 500


def test_another_choice_at_a_kink_is_a_convention() -> None:
    report = check(Learner(), only=frozenset(("relu",)), **QUICK)
    assert report.verdict() == "parity"
    assert report.verdict(strict=True) == "findings"
    (chosen,) = [c for c in report.findings if c.severity == "convention"]
    assert (chosen.finding.op, len(chosen.program.statements)) == ("relu", 2)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["nowhere.py"], "nowhere.py: there is no such file"),
        ([f"{MICROGRAD}:Nothing"], "Nothing"),
        (["no_such_module_at_all:Value"], "no_such_module_at_all"),
        ([], "name a TARGET"),
        ([str(MICROGRAD), "--only", "nonsense"], "no op of the table is called so"),
        ([str(MICROGRAD), "--map", "relu"], "expected OP=METHOD"),
        ([str(MICROGRAD), "--python", "/nowhere/python"], "/nowhere/python"),
    ],
)
def test_bad_input_is_told_and_exits_2(arguments: list[str], text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", *arguments]) == cli.USAGE
    error = capsys.readouterr().err
    assert text in error
    assert "Traceback" not in error


@pytest.mark.parametrize("scalar", [True, False])
def test_the_paths_of_a_diamond_double_and_no_op_has_one_operand_twice(scalar: bool) -> None:
    choice = Choice([TABLE["add"]], scalar, random.Random(0))
    program = next(islice(STAGES["deep graphs"][0](choice), 1, 2))
    paths = dict.fromkeys(range(len(program.inputs)), 0) | {0: 1}
    for _, statement in program.applications():
        operands = [a.index for a in statement.args]
        assert len(set(operands)) == 2
        paths[statement.outputs[0]] = sum(paths[k] for k in operands)
    assert max(paths.values()) == 2**30


@pytest.mark.parametrize(
    ("right", "wrong", "expression"),
    [
        ("return Value(other) / self", "return self / other", "/ a"),
        ("Value(self.data / other.data,", "Value(div(self.data, other.data),", "/"),
    ],
)
def test_a_quotient_that_is_wrong_for_some_is_found(tmp_path: Path, right: str, wrong: str, expression: str) -> None:
    """Though the first that is tried may be 0 / a; and ints are tried, too."""
    source = DIVIDING.format(div="lambda x, y: x // y if type(x) is type(y) is int else x / y")
    file = tmp_path / "engine.py"
    file.write_text(source.replace(right, wrong), encoding="utf-8")
    with Foreign(Target(path=file, root=tmp_path)) as engine:
        report = check(engine, scalar=True, programs=300, seconds=60.0)
    found = [c for c in report.findings if c.severity == "wrong"]
    assert {c.finding.op for c in found} == {"div"}, expression


def checked(tmp_path: Path, source: str, **options: Any) -> list[dict[str, Any]]:
    """The findings on an engine that has this source."""
    file, told = tmp_path / "engine.py", tmp_path / "check.json"
    file.write_text(source, encoding="utf-8")
    arguments = [f"--{name}={value}" for name, value in {"programs": 150, "seconds": 60, **options}.items()]
    assert cli.main(["check", str(file), "--json", str(told), *arguments]) == cli.FINDING
    found: list[dict[str, Any]] = json.loads(told.read_text(encoding="utf-8"))["findings"]
    return [row for row in found if row["fails"]]


def test_a_reflected_operator_with_its_operands_exchanged_is_told_as_such(tmp_path: Path) -> None:
    source = (ROOT / "examples" / "my-engine" / "my_engine.py").read_text(encoding="utf-8")
    (row,) = checked(tmp_path, source.replace("return self._wrapped(other) - self", "return self - other"), only="sub")
    assert row["diagnosis"] == "the operands are exchanged: -1 - x is computed as x - -1"
    assert row["source_line"].endswith("return self - other (__rsub__: a number is on the left)")


def test_an_engine_that_forgets_the_last_backward_is_not_taken_for_one_with_a_wrong_order(tmp_path: Path) -> None:
    source = (ROOT / "examples" / "my-engine" / "my_engine.py").read_text(encoding="utf-8")
    forgetting = source.replace(
        "        self.grad = 1.0\n",
        "        for value in order:\n            value.grad = 0.0\n        self.grad = 1.0\n",
    )
    assert forgetting != source
    (row,) = checked(tmp_path, forgetting)
    assert row["id"] == "wrong-gradient-walk-across-backwards"


def test_a_gradient_that_is_overwritten_is_one_finding(tmp_path: Path) -> None:
    """By another use in the same backward, or by another backward."""
    source = (ROOT / "examples" / "my-engine" / "my_engine.py").read_text(encoding="utf-8")
    (row,) = checked(tmp_path, source.replace("self.grad += out.data * out.grad", "self.grad = out.data * out.grad"))
    assert row["id"] == "wrong-gradient-walk"
    assert "overwritten, not accumulated" in row["diagnosis"]


class Spent(Learner):
    """An engine whose roots show no number after a backward."""

    foreign = True

    def run(self, program: Program) -> Trace:
        trace = super().run(program)
        for at, shown in trace.gradients.items():
            walk = program.statements[at]
            assert isinstance(walk, Backward)
            trace.gradients[at] = {k: Unreadable("spent") if k in walk.roots else g for k, g in shown.items()}  # type: ignore[dict-item]
        return trace


def test_what_an_op_alone_does_not_show_ends_no_check() -> None:
    calls = [Apply("mul", (Ref(0), Ref(0)), {}, (1,)), Apply("tanh", (Ref(1),), {}, (2,)), Backward((2,), (None,))]
    program = Program([Input.of("a", np.array(2.0), True)], calls)
    engine = Spent({"mul": overwriting_mul})
    trace = engine.run(program)
    found = judge(program, trace, reference(program, trace), engine).findings
    assert {(f.kind, f.variable) for f in found} == {("unreadable", 2), ("gradient", 0)}


def test_one_array_that_is_two_gradients_is_told_as_such(tmp_path: Path) -> None:
    (row,) = [row for row in checked(tmp_path, SHARING, only="add") if row["severity"] == "wrong"]
    assert "it is one array with the gradient of" in row["diagnosis"]


def test_an_engine_of_arrays_without_a_sum_is_asked_for_one_root() -> None:
    choice = Choice([TABLE["mul"], TABLE["neg"]], False, random.Random(0), several_roots=False)
    programs = list(islice(STAGES["graphs"][0](choice), 20))
    walks = [s for program in programs for s in program.statements if isinstance(s, Backward)]
    assert {len(walk.roots) for walk in walks} == {1}
    assert max(len(program.statements) for program in programs) > 5


def test_an_engine_that_takes_no_cotangents_is_given_none() -> None:
    choice = Choice([TABLE["mul"], TABLE["neg"]], True, random.Random(0), cotangents=False)
    programs = islice(STAGES["repeated backward"][0](choice), 10)
    walks = [s for program in programs for s in program.statements if isinstance(s, Backward)]
    assert len(walks) > 10
    assert {seed for walk in walks for seed in walk.cotangents} == {None}


def test_what_was_run_with_its_batch_is_not_judged_for_ever() -> None:
    engine = Learner({"mul": overwriting_mul})
    choice = Choice([TABLE["mul"]], True, random.Random(0))
    square = Program(
        [Input.of("a", np.array(2.0), True)], [Apply("mul", (Ref(0), Ref(0)), {}, (1,)), Backward((1,), (None,))]
    )
    late = Check(engine, choice, Report("it", ["mul"]), lambda report: None)
    late.end = 0.0
    late.stage("graphs", iter([square] * (LEAST + 5)))
    assert (late.report.judged, late.report.stopped) == (LEAST, "time")


SHARING = """
import numpy as np


class Tensor:
    def __init__(self, data, parents=()):
        self.data = np.asarray(data, dtype=float)
        self.grad = None
        self.parents = parents

    def __add__(self, other):
        return Tensor(self.data + other.data, (self, other))

    def sum(self):
        return Whole(self.data.sum(), (self,))

    def take(self, grad):
        if self.grad is None:
            self.grad = grad
        else:
            self.grad += grad

    def backward(self):
        order, seen = [], set()

        def visit(node):
            if id(node) not in seen:
                seen.add(id(node))
                for parent in node.parents:
                    visit(parent)
                order.append(node)

        visit(self)
        self.grad = np.ones_like(self.data)
        for node in reversed(order):
            for parent in node.parents:
                parent.take(node.handed(parent))

    def handed(self, parent):
        return self.grad


class Whole(Tensor):
    def handed(self, parent):
        return np.full(parent.data.shape, self.grad)
"""

DIVIDING = """
div = {div}


class Value:
    def __init__(self, data, steps=()):
        self.data, self.grad, self.steps = data, 0.0, steps

    def __truediv__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        by = 1 / other.data
        return Value(self.data / other.data, ((self, by), (other, -self.data * by * by)))

    def __rtruediv__(self, other):
        return Value(other) / self

    def backward(self):
        order, seen = [], set()

        def visit(value):
            if id(value) not in seen:
                seen.add(id(value))
                for part, _ in value.steps:
                    visit(part)
                order.append(value)

        visit(self)
        for value in order[:-1]:
            value.grad = value.grad if not value.steps else 0.0
        self.grad = 1.0
        for value in reversed(order):
            for part, derivative in value.steps:
                part.grad += derivative * value.grad
"""
