"""Declared ULP: nothing measured exceeds them, none is raised in silence, and what is loose has a reason."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from paragrad.engine.ops.rounding import ulps
from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.mutants import plant
from paragrad.reports import cli
from paragrad.reports.accuracy import declared
from paragrad.reports.accuracy.declared import DeclaredError, Entry, problems
from paragrad.reports.accuracy.ulp import Errors

COMMITTED = Path(__file__).parents[1] / "reports" / "baseline" / "ulps.json"
PROGRAMS, POINTS = 6, 10_000


@pytest.fixture(scope="module")
def found() -> dict[str, Entry]:
    """What every op declares and shows on a quick, fixed sample."""
    return declared.measure(PROGRAMS, POINTS)


@pytest.fixture(scope="module")
def committed() -> dict[str, Entry]:
    """What is committed."""
    return declared.load(COMMITTED)


def test_nothing_exceeds_what_is_declared_and_nothing_is_loose(
    committed: dict[str, Entry], found: dict[str, Entry]
) -> None:
    wrong = list(problems(committed, found))
    assert not wrong, "\n".join(wrong)
    assert len(found) >= 55, "most elementwise ops are to be measured"
    assert {"exp", "log", "div", "sigmoid", "relu"} <= found.keys()


def test_a_number_raised_in_the_table_alone_is_told(
    committed: dict[str, Entry], found: dict[str, Entry], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Test the tester, from the table on: loosening and tightening have to be committed."""
    for raised in (2.6, 0.6):
        monkeypatch.setattr(TABLE["exp"], "rounding", ulps(raised))
        again = _measured("exp")
        told = "\n".join(problems(committed, found | again))
        assert f"exp declares {raised:g} ULP, 2.5 are committed: `paragrad ulps --write`" in told
    assert "exp declares 0.6 ULP, and engine is off by" in told


def _measured(name: str) -> dict[str, Entry]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(declared, "held", lambda: [TABLE[name]])
        return declared.measure(PROGRAMS, POINTS)


def test_an_engine_that_got_worse_is_told(committed: dict[str, Entry], found: dict[str, Entry]) -> None:
    with plant.value(TABLE["exp"], lambda x: x * x.dtype.type(1 + 2**-20)):
        worse = _measured("exp")
    told = "\n".join(problems(committed, found | worse))
    assert "exp declares 2.5 ULP, and engine is off by" in told
    assert "in float32: declare more, or compute it better" in told
    assert "torch is off" not in told


def test_an_exact_op_that_is_off_by_one_bit_is_told(committed: dict[str, Entry], found: dict[str, Entry]) -> None:
    with plant.value(TABLE["relu"], lambda x: np.nextafter(x, x.dtype.type(9)) if x.dtype.kind == "f" else x):
        told = "\n".join(problems(committed, found | _measured("relu")))
    assert "relu declares 0 ULP, and engine is off by" in told


ENTRY = Entry(2.0, {"float32": {"engine": 1.5, "torch": 0.5}, "float64": {"engine": 0.5, "torch": 0.5}})


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, ""),
        ({"declared": 3.0}, "3 are committed"),
        ({"measured": {"float32": {"engine": 0.9, "torch": 0.5}}}, "at most 0.9 were measured: declare less, or state"),
        ({"measured": {"float32": {"engine": 0.9, "torch": 0.5}}, "reason": "far poles"}, ""),
        ({"reason": "far poles"}, "its reason is no longer needed"),
        ({"measured": {"float32": {"engine": 0.0, "torch": 0.0}}}, "at most 0 were measured"),
    ],
)
def test_what_is_committed_is_held(change: dict[str, object], told: str) -> None:
    entry = dataclasses.replace(ENTRY, **change)
    wrong = list(problems({"op": entry}, {"op": ENTRY}))
    assert len(wrong) == bool(told)
    assert told in "".join(wrong)


def test_ops_on_one_side_only_are_told() -> None:
    assert "no longer measured" in "".join(problems({"op": ENTRY}, {}))
    assert "nothing is committed" in "".join(problems({}, {"op": ENTRY}))


def test_the_sweep_finds_the_worst_points() -> None:
    """NumPy's float32 logarithm to base 10 is 3 ULP off in rare places that small programs do not meet."""
    errors = Errors()
    declared.sweep(TABLE["sqrt"], errors, 1000)
    quantity = errors.quantity()
    assert quantity is not None
    assert quantity["count"] == 4000
    assert 0.4 < quantity["engine"]["max"] <= 0.5


def test_writing_keeps_reasons_while_they_are_needed(tmp_path: Path) -> None:
    path = tmp_path / "ulps.json"
    loose = dataclasses.replace(ENTRY, declared=9.0)
    declared.write({"a": loose, "b": ENTRY}, path)
    path.write_text(path.read_text(encoding="utf-8").replace('"reason": ""', '"reason": "because"'), encoding="utf-8")
    declared.write({"a": loose, "b": ENTRY}, path)
    read = declared.load(path)
    assert read["a"] == dataclasses.replace(loose, reason="because")
    assert read["b"] == ENTRY


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "can't be read"),
        ("[]", "schema None"),
        ('{"schema": "paragrad.ulps/2"}', "schema 'paragrad.ulps/2' is not 'paragrad.ulps/1'"),
        ('{"schema": "paragrad.ulps/1"}', "is partial"),
        ('{"schema": "paragrad.ulps/1", "ops": {"a": {}}}', "is partial"),
    ],
    ids=["no JSON", "no object", "newer", "no ops", "no numbers"],
)
def test_a_file_that_cannot_be_read_is_one_line_and_exit_2(
    content: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "ulps.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DeclaredError):
        declared.load(path)
    assert cli.main(["ulps", "--file", str(path)]) == cli.USAGE
    error = capsys.readouterr().err
    assert told in error
    assert str(path) in error
    assert len(error.strip().splitlines()) == 1


def test_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["ulps", "--programs", "0"]) == cli.USAGE
    assert "nothing would be measured" in capsys.readouterr().err
    assert cli.main(["ulps", "--write", "--programs", "3"]) == cli.USAGE
    assert "are those of 400 programs" in capsys.readouterr().err
    assert cli.main(["ulps", "--file", str(tmp_path / "gone.json")]) == cli.USAGE
    assert "gone.json: can't be read" in capsys.readouterr().err


def test_the_command_shows_and_holds(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(declared, "held", lambda: [TABLE["sqrt"]])
    monkeypatch.setattr(declared.measure, "__defaults__", (POINTS, None))
    path = tmp_path / "ulps.json"
    declared.write(_measured("sqrt"), path)
    assert cli.main(["ulps", "--programs", "6", "--file", str(path)]) == cli.PARITY
    assert "sqrt" in capsys.readouterr().out
    monkeypatch.setattr(TABLE["sqrt"], "rounding", ulps(0.9))
    assert cli.main(["ulps", "--programs", "6", "--file", str(path)]) == cli.FINDING
    assert "sqrt declares 0.9 ULP, 0.8 are committed" in capsys.readouterr().out
