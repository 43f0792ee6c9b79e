"""`paragrad check`: a sound engine passes with its limits told, a faulty one is told what is wrong and why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import micrograd
import numpy as np
import pytest

from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.checking import check
from paragrad.fuzz.checking.forms import forms
from paragrad.fuzz.checking.severity import severity
from paragrad.fuzz.judge import Finding
from paragrad.fuzz.program import Apply, Backward, Input, Program, Ref
from paragrad.reports import cli
from parity_tests.meta.learner import Learner, breadth_first, overwriting_mul

MICROGRAD = Path(micrograd.__path__[0]) / "engine.py"
QUICK: dict[str, Any] = {"scalar": True, "programs": 300, "seconds": 60.0}


def test_micrograd_as_published_has_limits_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = tmp_path / "check.json"
    arguments = ["check", f"{MICROGRAD}:Value", "--programs", "400", "--seconds", "60", "--json", str(told)]
    assert cli.main(arguments) == cli.PARITY
    document = json.loads(told.read_text(encoding="utf-8"))
    assert (document["schema"], document["verdict"]) == ("paragrad.check/1", "parity")
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
    stale = check(Learner(clean=False), only=only, **QUICK)
    assert {c.severity for c in stale.findings} == {"limit"}
    assert any("stale" in c.finding.diagnosis for c in stale.findings)


def test_the_same_seed_gives_the_same_findings() -> None:
    made = [check(Learner({"mul": overwriting_mul}), **QUICK) for _ in range(2)]
    assert [c.finding.message for c in made[0].findings] == [c.finding.message for c in made[1].findings]


def graph(statements: int) -> Program:
    calls = [Apply("neg", (Ref(k),), {}, (k + 1,)) for k in range(statements)]
    return Program([Input.of("x0", np.ones(()), True)], [*calls, Backward((statements,), (None,))])


def crash(message: str) -> Finding:
    return Finding("crash", 0, "neg", None, message)


@pytest.mark.parametrize(
    ("finding", "statements", "level"),
    [
        (crash("RecursionError: deep"), 1000, "limit"),
        (crash("RecursionError: endless"), 3, "crash"),
        (crash("ZeroDivisionError: x"), 3, "limit"),
        (crash("AttributeError: x"), 3, "crash"),
        (crash("Hang: 2 s"), 3, "hang"),
        (Finding("value", 0, "neg", 1, "", found=np.array(1.0001), expected=np.array(1.0)), 3, "precision"),
        (Finding("value", 0, "neg", 1, "", found=np.array(1.1), expected=np.array(1.0)), 3, "wrong"),
        (Finding("unreadable", 0, "neg", 1, "", expected=np.array(np.nan)), 3, "limit"),
        (Finding("unreadable", 0, "neg", 1, "", expected=np.array(1.0)), 3, "wrong"),
    ],
)
def test_severity(finding: Finding, statements: int, level: str) -> None:
    assert severity(finding, graph(statements)) == level


@pytest.mark.parametrize(("message", "level"), [("AssertionError: numbers only", "limit"), ("Hang: 2 s", "hang")])
def test_an_exponent_that_is_refused_is_a_limit_and_one_that_hangs_is_not(message: str, level: str) -> None:
    inputs = [Input.of(f"x{k}", np.ones(()), True) for k in range(2)]
    program = Program(inputs, [Apply("pow", (Ref(0), Ref(1)), {}, (2,))])
    assert severity(Finding("crash", 0, "pow", None, message), program) == level


def test_every_form_of_a_binary_op_is_tried() -> None:
    tried = [(shape, program) for shape, program in forms([TABLE["mul"], TABLE["exp"]], scalar=True)]
    assert [shape for shape, _ in tried] == [("mul", "tt"), ("mul", "tn"), ("mul", "nt")]


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
