"""The furthest point of each op and dtype: it is the one that was measured, and its program becomes a script."""

from __future__ import annotations

import contextlib
import functools
import io
from typing import Any

import numpy as np
import pytest

from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.mutants import plant
from paragrad.fuzz.program import Ref
from paragrad.reports import accuracy, cli
from paragrad.reports.accuracy.ulp import Truth
from paragrad.reports.accuracy.worst import Worst
from paragrad.reports.html import render_html
from paragrad.reports.record import Record
from parity_tests.small import call, program

OPS = ("add", "exp", "conv2d", "softmax", "relu")


@functools.cache
def measured() -> Record:
    """A small accuracy record."""
    return accuracy.run(seed=4, ops=OPS, programs=12)


def largest(row: dict[str, Any]) -> float:
    """The engine's largest error in a row of the record."""
    quantities = [row["value"], *row["gradients"].values()]
    return max((q["engine"]["max"] for q in quantities if q is not None), default=0.0)


def test_the_furthest_point_is_the_largest_error_of_its_row() -> None:
    body = measured()["body"]
    points = {(p["op"], p["dtype"]): p for p in body["worst"]}
    assert points
    for row in body["rows"]:
        point = points.get((row["op"], row["dtype"]))
        assert (point["ulp"] if point else 0.0) == largest(row), (row["op"], row["dtype"])
    assert ("relu", "float32") not in points


def test_its_script_shows_the_numbers_of_the_record() -> None:
    for point in measured()["body"]["worst"]:
        text = accuracy.script(point["op"], point["dtype"], point["program"], 4)
        names: dict[str, Any] = {}
        with contextlib.redirect_stdout(io.StringIO()), pytest.raises(SystemExit) as ended:
            exec(text, names)
        assert ended.value.code == 0
        assert f"{names['mine'][tuple(point['element'])]!s}" == point["engine"], point["call"]
        assert f"{point['ulp']:.4g} ULP" in text


def test_a_planted_error_is_the_furthest() -> None:
    with plant.value(TABLE["exp"], lambda out: out * out.dtype.type(1.001) if out.size else out):
        (point,) = accuracy.run(seed=4, ops=["exp"], dtypes=["float32"], programs=12)["body"]["worst"]
    assert point["of"] in ("value", "grad input")
    assert point["ulp"] > 1000


def test_operands_are_told_as_numbers_where_an_op_works_element_by_element() -> None:
    made = program(call("mul", 2, Ref(0), Ref(1)), inputs=[[1.5, 2.5], 3.0])
    found = Worst()
    truth = Truth.of(np.array([4.5, 7.5]))
    found.look(6, made, 2, "", np.array([4.5, 7.5]), np.array([4.5, np.nan]), truth)
    assert found.point("mul", "float64") is None
    found.look(7, made, 2, "", np.array([4.5, 7.75]), np.array([4.5, np.nan]), truth)
    found.look(8, made, 2, "", np.array([np.inf, 7.5]), np.array([4.5, 7.5]), truth)
    point = found.point("mul", "float64")
    assert point is not None
    assert (point["program"], point["of"], point["element"]) == (7, "value", [1])
    assert (point["call"], point["engine"], point["torch"], point["truth"]) == ("mul(x0, x1)", "7.75", "nan", "7.5")
    assert point["inputs"] == "x0 = 2.5, x1 = 3.0"


def test_the_page_links_rows_to_their_programs() -> None:
    page = render_html(measured(), {})
    point = measured()["body"]["worst"][0]
    command = f"paragrad accuracy --seed 4 --script {point['op']} {point['dtype']} {point['program']}"
    assert f"<code>{command} | python</code>" in page
    assert '"ids":["furthest-0",' in page
    assert 'href="#furthest-0"' in page


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("nope float32 1", "no op of the table is called nope"),
        ("exp float16 1", "accuracy is measured in float32 and float64, not in float16"),
        ("exp float32 99", "programs have the numbers 0 to 39, not 99"),
        ("exp float32 x", "a program's number is a whole number"),
        ("dropout float32 1", "dropout is not measured: it draws random numbers"),
        ("relu float32 1", "the engine is not off in this program"),
    ],
)
def test_a_script_that_there_is_not(arguments: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["accuracy", "--script", *arguments.split()]) == cli.USAGE
    assert said in capsys.readouterr().err


def test_the_command_prints_the_script_and_measures_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    point = measured()["body"]["worst"][0]
    arguments = ["--script", point["op"], point["dtype"], str(point["program"])]
    assert cli.main(["accuracy", "--seed", "4", *arguments]) == cli.PARITY
    assert capsys.readouterr().out == accuracy.script(point["op"], point["dtype"], point["program"], 4)
