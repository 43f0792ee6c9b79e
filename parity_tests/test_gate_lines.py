"""The lines to paste that the accuracy gate prints under what got worse: each runs, and shows it."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from paragrad.engine.ops.table import TABLE
from paragrad.engine.scalar import Value
from paragrad.fuzz.mutants import plant
from paragrad.reports.gate.accuracy import repro, scalars, spelled, verdicts, walks, witness
from paragrad.reports.gate.accuracy.rows import Rows
from parity_tests.gate_rows import of_value, rows, worse


def numbers(line: str, capsys: pytest.CaptureFixture[str]) -> Iterator[float]:
    """What a line to paste prints, as numbers."""
    command, flag, code = shlex.split(line)
    assert (command, flag) == ("python", "-c")
    capsys.readouterr()
    exec(code, {})
    for told in capsys.readouterr().out.splitlines():
        yield from np.ravel(eval(told.split(maxsplit=2)[2], {"nan": np.nan, "inf": np.inf})).tolist()


def line_of(rows_of: Callable[[], Rows], fault: Any) -> str:
    """The line of the first change that a fault makes."""
    sound = rows_of()
    with fault:
        return worse(sound, rows_of())[0].told(shown=True)["repro"]


def test_a_witness_is_a_line_with_both_sides_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    def of_op() -> Rows:
        worst, _ = verdicts.worst_of(verdicts.of_one(TABLE["softsign"], "float32"), verdicts.Own())
        return rows(verdict=[verdicts.row("softsign", "float32", "gradient", worst["gradient"])])

    fault = plant.pullback(TABLE["softsign"], "input", plant.result_of(lambda g: -g))
    line = line_of(of_op, fault)
    assert len(line) < 1200
    with plant.pullback(TABLE["softsign"], "input", plant.result_of(lambda g: -g)):
        torchs, ours = numbers(line, capsys)
    assert torchs == -ours != 0
    torchs, ours = numbers(line, capsys)
    assert torchs == ours


@pytest.mark.parametrize(
    ("op", "point", "after", "printed"),
    [
        ("neg", "neg([0])", "value 0", "-0.0"),
        ("fmin", "fmin([1], [1])", "gradient of other 1", "0.0"),
        ("Value.relu", "Value.relu([0])", "gradient of input 1", "0.0"),
    ],
)
def test_a_convention_is_shown_by_a_line(
    op: str, point: str, after: str, printed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    line = witness.of_point({"op": op, "point": point, "dtype": "float64"}, after)
    assert line is not None
    assert [repr(found) for found in numbers(line, capsys)] == [printed, printed]


def test_every_op_of_value_can_be_written_as_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    for op in scalars.ops():
        program = next(scalars.programs(op))
        line = spelled.line(program, len(program.inputs), False, scalar=True)
        assert line is not None
        np.testing.assert_array_max_ulp(*map(np.array, numbers(line, capsys)), 8)  # type: ignore[arg-type] - two


def test_a_witness_of_a_value_is_written_with_values(capsys: pytest.CaptureFixture[str]) -> None:
    for name in walks.SCALAR_WALKS:
        walk = walks.written(walks.SCALAR_WALKS[name], scalar=True)
        line = spelled.line(walk, 0, True, scalar=True)
        assert line is not None
        torchs, ours = numbers(line, capsys)
        assert torchs == pytest.approx(ours, rel=1e-12), name


@pytest.mark.parametrize("name", ["exp", "max.dim", "Tensor.exp", "Value.exp", "nn.Linear", "full_like", "optim.Adam"])
def test_a_lost_name_is_shown_by_a_line_that_fails(name: str) -> None:
    for asked, gone in ((name, False), (f"{name}_gone", True)):
        command, flag, code = shlex.split(repro.lost(asked))
        assert (command, flag) == ("python", "-c")
        if gone:
            with pytest.raises((ImportError, AttributeError, KeyError), match=asked.rpartition(".")[2]):
                exec(code, {})
        else:
            exec(code, {})


def test_a_lost_gradient_and_a_lost_parameter_are_shown_by_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    for name, field in (("pow", "gradients"), ("Value.pow", "parameters")):
        exec(shlex.split(repro.listed(name, field))[2], {})
        assert capsys.readouterr().out.split() == ["input", "exponent"]


@pytest.mark.parametrize("of", ["value", "gradient"])
def test_a_number_that_is_no_longer_identical_is_shown(
    of: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sound = of_value("neg")
    monkeypatch.setattr(Value, "__neg__", lambda v: v * (-1 - 2.0**-52))
    (change,) = [c for c in worse(sound, of_value("neg")) if c.kind == "verdict" and c.what.endswith(of)]
    assert (change.before, change.after) == ("identical", "rounding")
    torchs, ours = numbers(change.told(shown=True)["repro"], capsys)
    assert torchs != ours
    np.testing.assert_array_max_ulp(np.array(torchs), np.array(ours), 4)


def test_a_result_of_another_dtype_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    line = repro.result({"op": "add", "operands": "int64, float32 0-d"})
    exec(shlex.split(line)[2], {})
    assert capsys.readouterr().out.split() == ["float32"]
    assert not repro.result({"op": "sum", "operands": "float32, dtype float64"})
