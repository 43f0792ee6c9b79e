"""Adapters: a file says how an engine is spoken to, and the checks go on as for any other."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from paragrad.fuzz.engines.foreign import Foreign
from paragrad.fuzz.engines.worker.protocol import Target
from paragrad.fuzz.program import Apply, Backward, Input, Program, Ref, ZeroGrad
from paragrad.reports import cli
from parity_tests.workers import SUBJECTS

DOCS = Path(__file__).parents[1] / "docs"
EXAMPLES = DOCS / "examples"
QUICK = ("--programs", "120", "--seconds", "60")


def adapted(file: Path) -> Foreign:
    return Foreign(Target(path=file, root=file.parent), python=Path(sys.executable))


def two(op: str, *statements: object, **kwargs: object) -> Program:
    """One op on x = 0.5 and y = 2, a backward, and what follows."""
    inputs = [Input.of("x", np.array(0.5), True), Input.of("y", np.array(2.0), True)]
    operands = (Ref(0), Ref(1)) if op in ("add", "mul") else (Ref(0),)
    calls = [Apply(op, operands, dict(kwargs), (2,)), Backward((2,), (None,))]  # type: ignore[arg-type]
    return Program(inputs, [*calls, *statements])  # type: ignore[list-item]


def test_the_documented_example_is_the_file_and_passes(capsys: pytest.CaptureFixture[str]) -> None:
    (shown,) = re.findall(r"```python\n(.*?)```", (DOCS / "adapter.md").read_text(encoding="utf-8"), re.DOTALL)
    assert shown == (EXAMPLES / "tape_adapter.py").read_text(encoding="utf-8")
    assert sum(bool(line.strip()) for line in shown.splitlines()) <= 22
    arguments = ["check", str(EXAMPLES / "tape_adapter.py"), "--python", sys.executable, *QUICK]
    assert cli.main(arguments) == cli.PARITY
    assert "PARITY tape_adapter: nothing wrong" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("sound", "faulty", "word"),
    [
        ("(b, a.number)", "(b, b.number)", "mul"),
        ("1 - y * y", "1 - y", "tanh"),
        ("found[link] += local", "found[link] = local", "wrong"),
    ],
)
def test_a_fault_behind_an_adapter_is_found(
    sound: str, faulty: str, word: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = (EXAMPLES / "tape.py").read_text(encoding="utf-8")
    assert sound in engine
    (tmp_path / "tape.py").write_text(engine.replace(sound, faulty), encoding="utf-8")
    shutil.copy(EXAMPLES / "tape_adapter.py", tmp_path)
    file = str(tmp_path / "tape_adapter.py")
    assert cli.main(["check", file, "--python", sys.executable, *QUICK]) == cli.FINDING
    told = capsys.readouterr().out
    assert "wrong:" in told
    assert word in told


def test_node_by_node_shows_every_gradient() -> None:
    with adapted(SUBJECTS / "adapter_by_node.py") as engine:
        assert (engine.hello.engine, engine.hello.kind) == ("plain, by an adapter", "scalar")
        trace = engine.run(two("mul"))
    assert trace.failure is None
    shown = {k: float(g) for k, g in trace.gradients[1].items() if g is not None}
    assert shown == {0: 2.0, 1: 0.5, 2: 1.0}


def test_zero_forgets_and_a_second_walk_is_not_asked_for() -> None:
    with adapted(SUBJECTS / "adapter_by_node.py") as engine:
        zeroed = engine.run(two("mul", ZeroGrad()))
        again = engine.run(two("mul", Backward((2,), (None,))))
    assert zeroed.failure is None
    assert again.failure is not None
    assert (again.failure.type, again.failure.statement) == ("Unsupported", 2)


@pytest.mark.parametrize(
    ("program", "message"),
    [(two("sin"), "no sine yet"), (two("relu"), "relu with 1 arguments"), (two("cos"), "no cos in ops")],
)
def test_what_an_adapter_lacks_is_no_finding(program: Program, message: str) -> None:
    with adapted(SUBJECTS / "adapter_by_node.py") as engine:
        failure = engine.run(program).failure
    assert failure is not None
    assert (failure.type, failure.message) == ("Unsupported", message)


def test_torch_itself_through_an_adapter(capsys: pytest.CaptureFixture[str]) -> None:
    """The control: views, several roots, repeated backwards, arguments by name, through vjp."""
    assert cli.main(["check", "torch", "--programs", "150", "--seconds", "60"]) == cli.PARITY
    assert "nothing wrong" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("paragrad_adapter = 2\nops = {'add': max}", "this paragrad knows 1"),
        ("paragrad_adapter = 1", "it needs ops"),
        ("paragrad_adapter = 1\nops = {'add': 3}", "ops['add'] is 3, expected a function"),
        ("paragrad_adapter = 1\nops = {'add': max}", "not defined: leaf, backward, gradient"),
        ("paragrad_adapter = 1\nops = {'add': max}\nleaf = backward = min", "not defined: gradient"),
        ("paragrad_adapter = 1\nops = {'add': max}\nkind = 'matrix'\nvjp = max", 'expected "scalar" or "tensor"'),
        ("paragrad_adapter = 1\nops = {'add': max}\nvjp = 5", "vjp is 5, expected a function"),
        ("import no_such_engine\nparagrad_adapter = 1", "adapter.py line 1: ModuleNotFoundError"),
        ("paragrad_adapter = 1\nops = {'no_such_op': max}\nvjp = max", "has no op that is known here"),
    ],
)
def test_a_bad_adapter_is_told_in_a_line(
    lines: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "adapter.py"
    file.write_text(lines, encoding="utf-8")
    assert cli.main(["check", str(file), "--python", sys.executable]) == cli.USAGE
    error = capsys.readouterr().err
    assert told in error
    assert "Traceback" not in error
