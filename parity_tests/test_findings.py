"""How a finding is told: its expression, witnesses, line and rule, and the script that shows it without paragrad."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.checking.importing import import_crash
from paragrad.fuzz.checking.run import replay
from paragrad.fuzz.encoding import dumps
from paragrad.fuzz.engines.foreign import Foreign, Source
from paragrad.fuzz.engines.known import Ours
from paragrad.fuzz.engines.own_scalar import OwnScalar
from paragrad.fuzz.engines.worker.protocol import Target
from paragrad.fuzz.judge import Finding, reference
from paragrad.fuzz.program import Backward, Dtype, Program, Ref
from paragrad.fuzz.telling import Told, places, rules, script, tell, witnesses
from paragrad.fuzz.telling.expression import chain
from paragrad.fuzz.telling.scripts import name_of
from paragrad.fuzz.telling.told import FORWARD_RIGHT, FORWARD_WRONG, of_forward
from paragrad.fuzz.trace import Trace
from paragrad.reports import cli
from paragrad.reports.bodies.check import CheckFinding
from paragrad.reports.findings import lines, plain, row, show
from paragrad.reports.shape import problems
from parity_tests.small import call, program
from parity_tests.workers import SUBJECTS, command


@contextmanager
def planted(folder: Path, name: str, right: str, wrong: str) -> Iterator[tuple[Path, Foreign]]:
    """A subject of ours, copied, with a fault planted; its path, and the engine that runs it."""
    source = (SUBJECTS / name).read_text(encoding="utf-8")
    assert source.count(right) == 1
    file = folder / name
    file.write_text(source.replace(right, wrong), encoding="utf-8")
    with Foreign(Target(path=file, root=folder), python=Path(sys.executable)) as engine:
        yield file, engine


def told_of(engine: Foreign, tried: Program) -> Told:
    (checked,) = replay(engine, tried).findings
    return tell(checked, engine)


def run(path: Path) -> subprocess.CompletedProcess[str]:
    """A script, in a process that doesn't find paragrad."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    return subprocess.run(
        [sys.executable, str(path)], capture_output=True, text=True, env=environment, check=False, timeout=120
    )


FAULTS: dict[str, tuple[str, str, str, Program, str]] = {
    "a closure": (
        "plain_value.py",
        "self.grad += out.grad * (1 - out.data**2)",
        "self.grad += out.grad * (1 - out.data)",
        program(call("tanh", 1, Ref(0)), inputs=[0.5]),
        "a.tanh()",
    ),
    "functions and a dict that is returned": (
        "functions.py",
        "((a, math.exp(a.x)),)",
        "((a, 2 * math.exp(a.x)),)",
        program(call("exp", 1, Ref(0)), inputs=[0.5]),
        "exp(a)",
    ),
    "lists that are walked by hand": (
        "by_hand.py",
        "[node.grad[0] + grad * factor]",
        "[grad * factor]",
        program(call("mul", 1, Ref(0), Ref(0)), inputs=[3.0]),
        "a * a",
    ),
    "callable classes and a dict on the root": (
        "callable_classes.py",
        "((a, b.number), (b, a.number))",
        "((a, b.number), (b, b.number))",
        program(call("mul", 2, Ref(0), Ref(1)), inputs=[3.0, 2.0]),
        "Mul.apply(a, b)",
    ),
    "arrays, a seed and keywords": (
        "dim_tensor.py",
        "np.broadcast_to(g if keepdim or dim is None else np.expand_dims(g, dim), self.data.shape)",
        "2 * np.broadcast_to(g if keepdim or dim is None else np.expand_dims(g, dim), self.data.shape)",
        program(call("sum", 2, Ref(0), (1,), True), inputs=[[[1.0, 2.0]]], seed=[[3.0]]),
        "a.sum(dim=1, keepdim=True)",
    ),
    "a crash": (
        "plain_value.py",
        "def tanh(self):",
        "def tanh(self):\n        assert self.data < 0, 'too large'",
        program(call("tanh", 1, Ref(0)), inputs=[0.5]),
        "a.tanh()",
    ),
    "a value that is not there": (
        "plain_value.py",
        "        out = Value(math.tanh(self.data), (self,))",
        "        if self.data == 0.5:\n            return None\n        out = Value(math.tanh(self.data), (self,))",
        program(call("tanh", 1, Ref(0)), inputs=[0.5]),
        "a.tanh()",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_script_fails_with_the_fault_and_passes_without(fault: str, tmp_path: Path) -> None:
    name, right, wrong, tried, expression = FAULTS[fault]
    with planted(tmp_path, name, right, wrong) as (file, engine):
        told = told_of(engine, tried)
        assert told.expression == expression
        written = script(told, engine, name_of(told, 1), tmp_path)
    assert written is not None
    assert "paragrad" not in written.replace("as paragrad loaded it", "")
    path = tmp_path / name_of(told, 1)
    path.write_text(written, encoding="utf-8")
    failed = run(path)
    assert failed.returncode == 1, failed.stdout + failed.stderr
    assert failed.stderr == ""
    file.write_text((SUBJECTS / name).read_text(encoding="utf-8"), encoding="utf-8")
    passed = run(path)
    assert passed.returncode == 0, passed.stdout + passed.stderr


def test_a_script_whose_engine_is_gone_lets_bisect_skip(tmp_path: Path) -> None:
    name, right, wrong, tried, _ = FAULTS["a crash"]
    with planted(tmp_path, name, right, wrong) as (file, engine):
        written = script(told_of(engine, tried), engine, "crash.py", tmp_path)
    (tmp_path / "crash.py").write_text(written or "", encoding="utf-8")
    file.unlink()
    gone = run(tmp_path / "crash.py")
    assert gone.returncode == 125
    assert "it can't be loaded: FileNotFoundError" in gone.stdout


def test_a_notebook_is_read_by_its_script(tmp_path: Path) -> None:
    source = (SUBJECTS / "plain_value.py").read_text(encoding="utf-8")
    cells = [
        {"cell_type": "code", "source": ["%matplotlib inline\n", "import matplotlib.pyplot as plt\n"]},
        {"cell_type": "code", "source": source.splitlines(keepends=True)},
        {"cell_type": "code", "source": ["raise SystemExit(Value(1.0))"]},
    ]
    file = tmp_path / "lecture.ipynb"
    file.write_text(json.dumps({"cells": cells}), encoding="utf-8")
    with Foreign(Target(path=file, root=tmp_path), python=Path(sys.executable)) as engine:
        told = told_of(engine, program(call("relu", 1, Ref(0)), inputs=[2.0]))
        written = script(told, engine, "wrong.py", tmp_path)
    assert written is not None
    assert "lecture.ipynb#cell" in told.where
    (tmp_path / "wrong.py").write_text(written, encoding="utf-8")
    failed = run(tmp_path / "wrong.py")
    assert (failed.returncode, "v1 [0.0]" in failed.stdout) == (1, True), failed.stdout + failed.stderr


def test_an_import_that_fails_is_shown_by_its_script(tmp_path: Path) -> None:
    file = tmp_path / "engine.py"
    source = (SUBJECTS / "plain_value.py").read_text(encoding="utf-8")
    file.write_text(source + "print(undefined_name)\n", encoding="utf-8")
    with Foreign(Target(path=file, root=tmp_path), python=Path(sys.executable)) as engine:
        (checked,) = import_crash(engine.hello)
        told = tell(checked, engine)
        written = script(told, engine, "crash.py", tmp_path)
    assert told.where.endswith(": print(undefined_name)")
    (tmp_path / "crash.py").write_text(written or "", encoding="utf-8")
    assert (failed := run(tmp_path / "crash.py")).returncode == 1
    assert "NameError: name 'undefined_name' is not defined" in failed.stdout
    file.write_text(source, encoding="utf-8")
    assert run(tmp_path / "crash.py").returncode == 0


def test_a_chain_is_told_and_written_as_a_loop(tmp_path: Path) -> None:
    calls = [call("mul", k + 2, Ref(0 if k == 0 else k + 1), Ref(1)) for k in range(1000)]
    tried = program(*calls, inputs=[0.5, 0.25])
    assert chain(tried) == ("mul", 1000, False)
    with Foreign(Target(path=SUBJECTS / "plain_value.py", root=SUBJECTS), python=Path(sys.executable)) as engine:
        told = told_of(engine, tried)
        written = script(told, engine, "limit.py", tmp_path)
    assert (told.severity, told.expression) == ("limit", "x = a; 1,000 times x = x * b")
    assert written is not None
    assert "for _ in range(1000):" in written
    (tmp_path / "limit.py").write_text(written, encoding="utf-8")
    assert "RecursionError" in run(tmp_path / "limit.py").stdout


def test_the_line_that_writes_the_gradient_is_blamed(tmp_path: Path) -> None:
    wrong = "other.grad += out.grad * self.data * 2"
    tried = program(call("mul", 2, Ref(0), Ref(1)), inputs=[3.0, 2.0])
    with planted(tmp_path, "plain_value.py", "other.grad += out.grad * self.data", wrong) as (_, engine):
        told = told_of(engine, tried)
    assert told.where.endswith(f": {wrong}")
    assert (told.what, told.forward) == ("d/db", FORWARD_RIGHT)
    assert told.rule == "gradient of other = grad * input, with grad that of mul"
    assert told.first == "the gradient of b, through v2 = a * b"


def test_an_assignment_is_blamed_where_a_gradient_is_overwritten(tmp_path: Path) -> None:
    right, wrong = "self.grad += out.grad * (1 - out.data**2)", "self.grad = out.grad * (1 - out.data**2)"
    # The subject keeps operands in a set: which of the two is overwritten depends on where they lie in memory.
    calls = [call("tanh", 1, Ref(0)), call("tanh", 2, Ref(0)), call("add", 3, Ref(1), Ref(2))]
    with planted(tmp_path, "plain_value.py", right, wrong) as (_, engine):
        told = told_of(engine, program(*calls, inputs=[0.5]))
    assert told.finding.op == "walk"
    assert "overwritten" in told.diagnosis
    assert told.where.endswith(f": {wrong}")


def test_a_wrong_forward_whose_backward_fits_it_is_told_from_a_wrong_backward(tmp_path: Path) -> None:
    right = "        out = Value(math.tanh(self.data), (self,))"
    tried = program(call("tanh", 1, Ref(0)), inputs=[0.5])
    with planted(tmp_path, "plain_value.py", right, right.replace("self.data)", "2 * self.data)")) as (_, engine):
        told = told_of(engine, tried)
        assert told.finding.kind == "value"
        assert told.where.endswith("out = Value(math.tanh(2 * self.data), (self,))")
        assert told.rule.startswith("tanh = ")
        trace = engine.run(tried)
        slope = witnesses.own_difference(engine, tried, trace, 1, 0, ())
    assert slope == pytest.approx(2 / np.cosh(1.0) ** 2, rel=1e-6)
    assert of_forward(slope, slope or 0.0, 0.786) == FORWARD_WRONG
    assert of_forward(slope, 0.786, 0.786) == of_forward(None, 1.0, 2.0) == ""


def test_a_function_without_such_a_line_is_blamed_as_a_whole_or_not_at_all() -> None:
    finding = Finding("gradient", 1, "mul", 0, "", argument="input")
    twice = "def f(a, b):\n    if a:\n        a.grad += 1\n    else:\n        a.grad += 2\n    return a\n"
    assert places.of_gradient(Source("f.py", 1, twice), finding) is None
    assert places.of_gradient(Source("f.py", 1, "def f(a, b"), finding) is None
    assert str(places.first(Source("f.py", 4, "@wraps\ndef f(a):\n    pass"))) == "f.py:5: def f(a):"
    assert places.of_value(Source("f.py", 1, "def f(a):\n    if a:\n        return 1\n    return 2\n")) is not None
    assert places.of_value(Source("f.py", 1, "def f(a):\n    out = 1\n    out = 2\n    return out\n")) is None


def test_a_difference_is_exact_and_silent_at_a_kink() -> None:
    def of(tried: Program, variable: int = 0) -> float | None:
        at = len(tried.statements) - 1
        return witnesses.exact_difference(tried, reference(tried, Trace()), at, variable, ())

    square = program(call("mul", 1, Ref(0), Ref(0)), call("add", 2, Ref(1), Ref(0)), inputs=[3.0])
    assert of(square) == 7.0
    assert of(square, 1) == 1.0
    kink = program(call("relu", 1, Ref(0)), inputs=[0.0])
    assert of(kink) is None
    twice = Program(square.inputs, [*square.statements, Backward((2,), (None,))])
    assert of(twice) == 14.0
    drawn = program(call("dropout", 1, Ref(0), 0.5), inputs=[3.0])
    assert of(drawn) is None


def test_every_rule_of_the_table_is_quoted_or_left_out() -> None:
    assert rules.of_gradient("tanh", "input") is not None
    assert rules.of_gradient("elu", "input") is None
    assert rules.of_gradient("walk", "") is rules.of_value("walk") is None
    quoted = [rules.of_gradient(name, p) for name, op in TABLE.items() for p in op.pullbacks]
    assert sum(q is not None for q in quoted) > len(quoted) / 2
    assert all(rules.of_value(name) for name, op in TABLE.items() if not op.internal)


def a_finding(**changes: Any) -> Told:
    finding = Finding("gradient", 1, "tanh", 0, "gradient is nan", argument="input")
    tried = program(call("tanh", 1, Ref(0)), inputs=[0.5])
    found = Told("wrong", finding, tried, Trace(), "a.tanh()", "a = 0.5", "d/da", "the gradient of a")
    found.got, found.expected, found.torch = np.array(np.nan), np.array([1.0, np.inf]), np.array(1.0)
    found.where, found.diagnosis = "engine.py:100: self.grad = 1", "a reason of many words " * 9
    for name, value in changes.items():
        setattr(found, name, value)
    return found


OWN = Ours(OwnScalar())
"""An engine of which no script is written."""


def test_numbers_of_a_row_are_numbers_and_what_json_lacks_is_text() -> None:
    made = row(a_finding(), ["wrong"], None, OWN, 1)
    assert (made["got"], made["expected"], made["torch"]) == ("nan", [1.0, "inf"], 1.0)
    assert not list(problems(made, CheckFinding))
    assert made["fails"]
    assert not row(a_finding(known="on purpose"), ["wrong"], None, OWN, 1)["fails"]
    assert not row(a_finding(severity="limit"), ["wrong"], None, OWN, 1)["fails"]
    json.dumps(made, allow_nan=False)
    assert plain(True) is True
    assert plain(Dtype("bool")) == "Dtype(name='bool')"


def test_findings_fit_eighty_columns_the_serious_ones_first() -> None:
    limit = a_finding(severity="limit")
    for terminal in (False, True):
        console = Console(
            file=io.StringIO(), width=80, force_terminal=terminal, color_system="standard" if terminal else "auto"
        )
        show(console, [a_finding(), limit], None, "paragrad check engine.py")
        file: Any = console.file
        shown = file.getvalue()
        assert ("\x1b[" in shown) is terminal
    plainly = "\n".join(lines(a_finding(), "next command", 80))
    assert max(map(len, plainly.splitlines())) <= 80
    assert plainly.splitlines()[-1] == "  next     next command"
    assert "engine.py:100: self" in plainly  # and no emoji in its place
    (brief,) = [line for line in shown.splitlines() if "limit" in line]
    assert "many words" in brief  # it goes on below
    assert shown.index("wrong") < shown.index("limit")


def test_scripts_and_rows_are_written_by_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tried = tmp_path / "one.json"
    tried.write_text(dumps(program(call("relu", 1, Ref(0)), inputs=[2.0])), encoding="utf-8")
    told = tmp_path / "check.json"
    subject, folder = str(SUBJECTS / "plain_value.py"), tmp_path / "repros"
    arguments = ["check", subject, "--program", str(tried), "--json", str(told), "--repro", str(folder)]
    assert cli.main(arguments) == cli.FINDING
    (found,) = json.loads(told.read_text(encoding="utf-8"))["findings"]
    assert found["repro"] == str(folder / "wrong-1-relu.py")
    assert (found["got"], found["expected"], found["expression"]) == (0.0, 2.0, "a.relu()")
    assert f"  next     python {folder / 'wrong-1-relu.py'}" in capsys.readouterr().out


def test_an_engine_in_another_language_gets_its_program_and_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARAGRAD_FAULT", "nan")
    tried = tmp_path / "one.json"
    tried.write_text(dumps(program(call("tanh", 1, Ref(0)), inputs=[13.0])), encoding="utf-8")
    folder = tmp_path / "repros"
    arguments = ["check", "--exec", command(), "--program", str(tried), "--repro", str(folder)]
    assert cli.main(arguments) == cli.FINDING
    (written,) = folder.iterdir()
    assert written.suffix == ".json"
    (again,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("  next")]
    assert again.startswith("  next     paragrad check --exec ")
    assert again.endswith(f" --program {written}")
    assert cli.main(["check", "--exec", command(), "--program", str(written)]) == cli.FINDING


def test_an_error_is_json_too(tmp_path: Path) -> None:
    told = tmp_path / "check.json"
    assert cli.main(["check", "nowhere.py", "--json", str(told)]) == cli.USAGE
    document = json.loads(told.read_text(encoding="utf-8"))
    assert (document["schema"], document["verdict"]) == ("paragrad.check/3", "error")
    assert "nowhere.py" in document["error"]
