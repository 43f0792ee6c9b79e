"""`paragrad diff` of saved programs and its output: hostile names, odd encodings, files that take nothing, graphs that
a file's own class built."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import pytest

from paragrad.fuzz.encoding import dumps
from paragrad.fuzz.program import Apply, Backward, Input, Program, Ref
from paragrad.reports.cli import main

SUBJECTS = Path(__file__).with_name("subjects")


def told(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """The exit code and all that was said, its lines joined."""
    code = main(["diff", *words])
    captured = capsys.readouterr()
    return code, " ".join((captured.out + captured.err).split())


def saved(folder: Path, name: str) -> str:
    """A program with an input of this name, in a file."""
    inputs = [Input.of(name, np.array(2.0), True), Input.of("b", np.array(3.0), True)]
    path = folder / "saved.json"
    calls = [Apply("mul", (Ref(0), Ref(1)), {}, (2,)), Backward((2,), (None,))]
    path.write_text(dumps(Program(inputs, [*calls])), encoding="utf-8")
    return str(path)


def test_a_name_steers_no_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", saved(tmp_path, "\x1b[31m[bold]x[/bold]")]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\\x1b[31m[bold]x[/bold]" in out


def test_an_encoding_that_lacks_a_sign_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    held = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(held, encoding="ascii", write_through=True))
    assert main(["diff", "tanh(a*b)", "a=1", "b=2"]) == 0
    assert b"PARITY: 4 nodes" in held.getvalue()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that takes nothing is Linux'")
def test_a_file_that_takes_nothing_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    _, said = told(capsys, "a*a", "a=1", "--json", "/dev/full")
    assert said.endswith("/dev/full: can't be written (No space left on device)")


def test_names_of_what_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = told(capsys, "gradient-of-logsigmoid-input-b361229")
    assert code == 2
    assert "did you mean gradient-of-logsigmoid-input-b361229d" in said
    (tmp_path / "no.json").write_bytes(b"\xff\xfe")
    assert "did you mean" not in told(capsys, str(tmp_path / "no.json"))[1]
    (tmp_path / "text").write_text("a", encoding="utf-8")
    code, said = told(capsys, str(tmp_path / "text"))
    assert code == 2
    assert "expected a Python file (.py), or a Program or a finding (.json)" in said


def test_numbers_in_a_file_s_own_class_are_told_as_numbers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = (SUBJECTS / "sound_value.py").read_text(encoding="utf-8")
    path = tmp_path / "mine.py"
    path.write_text(f"{source}\n\nr = Value(2.0)\ns = r + 5.5\nloss = (s * Value(3.0)).tanh()\n", encoding="utf-8")
    code, said = told(capsys, f"{path}:")
    assert code == 0
    assert "s = r + 5.5" in said
    code, said = told(capsys, f"{path}:Value")
    assert code == 2
    assert "Value is a class; name a variable, or a function that returns the result" in said
