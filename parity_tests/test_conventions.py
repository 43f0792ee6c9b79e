"""Torch's choices at kinks and singular points: the table is torch's, ours are the same, a change is told."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import torch

from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.engines.own import Own
from paragrad.fuzz.judge import conventions
from paragrad.fuzz.judge.conventions import ConventionsError, Table, answer
from paragrad.fuzz.judge.conventions.ours import DIFFERENT, differing
from paragrad.fuzz.judge.conventions.point import COPIES
from paragrad.fuzz.judge.conventions.points import SMOOTH, points
from paragrad.fuzz.judge.conventions.table import differences, path_of, same
from paragrad.fuzz.mutants import plant
from paragrad.reports import cli
from paragrad.reports import conventions as command
from paragrad.reports.render.conventions import page, rows

PAGE = Path(__file__).parents[1] / "docs" / "conventions.md"
CLAMP = "clamp([1], max=1)"


@pytest.fixture(scope="module")
def found() -> Table:
    """What the installed torch does."""
    return conventions.measure()


@pytest.fixture
def folder(found: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of tables in the place of the committed one, with the installed torch's own."""
    conventions.write(found, tmp_path)
    for function in (conventions.load, conventions.nearest, conventions.write, conventions.moved):
        defaults = tuple(tmp_path if isinstance(d, Path) else d for d in function.__defaults__ or ())
        monkeypatch.setattr(function, "__defaults__", defaults)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def edited(table: Table, point: str, dtype: str, change: Any) -> Table:
    """The table with one answer changed."""
    answers = copy.deepcopy(table.answers)
    answers[dtype][point] = change
    return Table(table.version, answers)


def run(*args: str) -> int:
    """main()'s exit code, argparse's included."""
    try:
        return cli.main(args)
    except SystemExit as end:
        return int(end.code or 0)


def test_every_op_has_points_or_a_reason_to_have_none() -> None:
    asked = [point.op for point in points()]
    public = {name for name, op in TABLE.items() if not op.internal}
    assert set(asked) | SMOOTH.keys() == public, "conventions/points.py: ask about the op, or say why not in SMOOTH"
    assert not set(asked) & SMOOTH.keys(), "conventions/points.py: SMOOTH names ops that are asked about"
    names = [str(point) for point in points()]
    assert len(set(names)) == len(names), "two points have one name"


def test_the_table_is_the_installed_torchs(found: Table) -> None:
    changes = conventions.moved(found.version, found)
    assert not changes, "\n".join([*map(str, changes), "if this is right: paragrad conventions --write"])


def test_ours_are_torchs(found: Table) -> None:
    """Value and gradient, at every point in both dtypes; what differs has a reason, and a reason is needed."""
    different = differing(found.answers)
    unexplained = [str(d) for d in different if d.point not in DIFFERENT]
    assert not unexplained, "\n".join(unexplained)
    idle = DIFFERENT.keys() - {d.point for d in different}
    assert not idle, f"no longer different, so take it out of conventions/ours.py: {idle}"


def test_a_convention_of_ours_that_is_not_torchs_is_seen(found: Table) -> None:
    """Test the tester: a wrong rule at a tie, and a wrong class at a pole."""
    with plant.pullback(TABLE["relu"], "input", plant.result_of(lambda g: g + 1.0)):
        assert {d.point for d in differing(found.answers)} >= {"relu([0])", "relu([nan])"}
    with plant.value(TABLE["sqrt"], abs):
        assert "sqrt([-1])" not in {d.point for d in differing(found.answers)}  # NaN is NaN whatever its sign
    with plant.value(TABLE["log"], lambda x: x * 0.0):
        assert "log([0]) in float64: value -inf -> nan" in "\n".join(map(str, differing(found.answers)))


def test_facts_that_people_look_up(found: Table) -> None:
    """The page of the table says what was measured by hand before there was one."""
    listed = {point: (value, gradient) for point, dtype, value, gradient in rows(found) if dtype != "float64"}
    assert listed["relu([0])"] == ("0", "0")
    assert listed["maximum([1], [1])"] == ("1", "input 0.5, other 0.5")
    assert listed["fmax([1], [1])"] == ("1", "input 1, other 0")
    assert listed["hypot([0], [0])"] == ("0", "input nan, other nan")
    assert listed["pow([-2], [3])"] == ("-8", "input 12, exponent nan")
    assert listed["max.dim([3, 3, 1, 3, 1], 0)"] == ("3; 0", "[1, 0, 0, 0, 0]")
    assert listed["norm([0, 0], 2)"] == ("0", "[0, 0]")
    assert listed["max([])"] == ("refused: RuntimeError", "")


def test_torch_gives_copies_of_a_point_two_answers(found: Table) -> None:
    """Vector code and code for the rest differ at NaN: both are torch's, and so is either of them alone."""
    x = torch.full((COPIES,), float("nan"), requires_grad=True)
    torch.nn.functional.elu(x).sum().backward()
    assert x.grad is not None
    kinds = {str(v) for v in x.grad.tolist()}
    gradient = found.answers["float32"]["elu([nan])"]["gradients"]["input"]
    assert kinds == set(map(str, gradient["either"] if isinstance(gradient, dict) else gradient))
    assert same({"either": ["nan", 1.0]}, [1.0], "float32")
    assert not same({"either": ["nan", 1.0]}, [0.0], "float32")
    assert not same([1.0], {"either": ["nan", 1.0]}, "float32")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"values": [[1.0]], "gradients": {"input": [0.0]}}, f"{CLAMP} in float32: gradient of input 0 -> 1"),
        ({"values": [["nan"]], "gradients": {"input": [1.0]}}, f"{CLAMP} in float32: value nan -> 1"),
        ({"values": [["inf"]], "gradients": {"input": [1.0]}}, f"{CLAMP} in float32: value inf -> 1"),
        ({"values": [[1.000001]], "gradients": {"input": [1.0]}}, f"{CLAMP} in float32: value 1 -> 1"),
        ({"values": [[1.0, 1.0]], "gradients": {"input": [1.0]}}, f"{CLAMP} in float32: value [1, 1] -> 1"),
        ({"values": [[1.0]], "gradients": {}}, f"{CLAMP} in float32: gradient of input none -> 1"),
        ({"values": [[1.0]], "gradients": {"input": None}}, f"{CLAMP} in float32: gradient of input none -> 1"),
        ({"refused": "RuntimeError"}, f"{CLAMP} in float32: refused RuntimeError -> none; value none -> 1"),
    ],
)
def test_what_moved_is_told(found: Table, change: Any, told: str) -> None:
    (moved,) = differences(edited(found, CLAMP, "float32", change).answers, found.answers)
    assert str(moved).startswith(told)


def test_one_unit_in_the_last_place_is_not_moved(found: Table) -> None:
    """A committed table was measured on one CPU; another may round exp differently."""
    near = {"values": [[1 + 2**-23]], "gradients": {"input": [1.0]}}
    assert not differences(edited(found, CLAMP, "float32", near).answers, found.answers)


def test_points_of_one_side_only_are_told(found: Table) -> None:
    answers = copy.deepcopy(found.answers)
    answers["float64"]["gone(1)"] = answers["float64"].pop(CLAMP)
    told = "\n".join(map(str, differences(answers, found.answers)))
    assert f"{CLAMP} in float64: the table lacks it; run `paragrad conventions --write`" in told
    assert "gone(1) in float64: is asked no more" in told


def test_the_command_says_what_moved(folder: Path, found: Table, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("conventions", "--only", "clamp") == cli.PARITY
    shown = capsys.readouterr().out
    assert "every choice is as the table says" in shown
    assert "clamp([1], max=1)" in shown
    assert "relu" not in shown
    other = edited(found, CLAMP, "float64", {"values": [[1.0]], "gradients": {"input": [0.0]}})
    conventions.write(other)
    assert run("conventions", "--only", "clamp") == cli.FINDING
    assert f"{CLAMP} in float64: gradient of input 0 -> 1" in capsys.readouterr().out
    # The same under another version's name: a note and no finding, since nobody has taken that table yet.
    path_of(found.version, folder).unlink()
    conventions.write(Table("2.5.1", other.answers))
    conventions.write(Table("2.4.1", found.answers))
    assert run("conventions", "--only", "clamp") == cli.PARITY
    shown = capsys.readouterr().out
    assert "it has no table yet" in shown
    assert f"{CLAMP} in float64: gradient of input 0 -> 1" in shown
    assert run("conventions", "--write") == cli.PARITY
    assert "every choice is as the table says" in capsys.readouterr().out
    assert conventions.load(found.version) == found


def test_our_engine_off_torchs_convention_is_a_finding(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with plant.pullback(TABLE["relu"], "input", plant.result_of(lambda g: g + 1.0)):
        assert run("conventions", "--only", "relu") == cli.FINDING
    shown = capsys.readouterr().out
    assert "our engine does not do what torch does" in shown
    assert "differs" in shown


def test_a_run_starts_with_a_line_where_something_moved(
    folder: Path, found: Table, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.notice() == ""
    conventions.write(edited(found, CLAMP, "float32", {"values": [[1.0]], "gradients": {"input": [0.0]}}))
    assert run("parity", "--quick", "--programs", "8", "--seed", "1", "--only", "scalar") == cli.PARITY
    shown = capsys.readouterr().out
    told = [line for line in shown.splitlines() if "paragrad conventions" in line]
    assert len(told) == 1, shown
    assert f"at 1 point, see `paragrad conventions`: {CLAMP} in float32" in told[0]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('{"schema": "paragrad.conventions/9"}', "schema 'paragrad.conventions/9' is not 'paragrad.conventions/1'"),
        ("[]", "schema None"),
        ("{", "can't be read"),
        (Table("2.5.0", {"float32": {}, "float64": {}}).dumps(), "is of torch 2.5.0"),
        (json.dumps({"schema": "paragrad.conventions/1", "torch": "2.13.0", "float32": {}}), "is partial"),
        (
            json.dumps({"schema": "paragrad.conventions/1", "torch": "2.13.0", "float32": {"a": 1}, "float64": {}}),
            "is partial",
        ),
    ],
    ids=["newer", "no object", "no JSON", "another version's", "one dtype", "no answer"],
)
@pytest.mark.parametrize("args", [["conventions"], ["parity", "--quick", "--programs", "8"]], ids=lambda a: a[0])
def test_a_table_that_cannot_be_read_is_one_line_and_exit_2(
    args: list[str], content: str, told: str, folder: Path, found: Table, capsys: pytest.CaptureFixture[str]
) -> None:
    path = path_of(found.version, folder)
    path.write_text(content, encoding="utf-8")
    assert run(*args) == cli.USAGE
    error = capsys.readouterr().err
    assert told in error
    assert path.name in error
    assert len(error.strip().splitlines()) == 1


def test_without_any_table_the_message_says_how_to_make_one(folder: Path, found: Table) -> None:
    path_of(found.version, folder).unlink()
    with pytest.raises(ConventionsError, match="conventions --write"):
        conventions.nearest(found.version)
    with pytest.raises(ConventionsError, match="no version of torch"):
        conventions.load("nightly")
    assert run("conventions", "--only", "nonsense") == cli.USAGE


def test_the_newest_table_stands_in(folder: Path, found: Table) -> None:
    conventions.write(Table("2.9.0", found.answers))
    assert conventions.nearest("9.0").version == found.version


def test_json_on_stdout_is_the_table(folder: Path, found: Table, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("conventions", "--json", "-") == cli.PARITY
    assert capsys.readouterr().out == found.dumps()


def test_the_page_is_the_tables() -> None:
    table = conventions.load("2.13")
    assert table is not None
    told = "docs/conventions.md is old: run `paragrad conventions --output docs/conventions.md`"
    assert PAGE.read_text(encoding="utf-8") == page(table), told


def test_a_point_is_a_program_of_one_op() -> None:
    """It is judged, shrunk and printed as any other; a failure is its answer."""
    for point in points():
        program = point.program("float32")
        assert [s.op for _, s in program.applications()] == [point.op]
    refused = next(p for p in points() if str(p) == "max([])")
    assert set(answer(Own(), refused, "float32")) == {"refused"}
