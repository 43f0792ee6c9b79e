"""`paragrad judges`: the other judges judge as they say, faults are counted where they are, docs/judge.md is true."""

from __future__ import annotations

import doctest
import math
import random
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.engines.own import Own
from paragrad.fuzz.judge import reference
from paragrad.fuzz.program import Backward
from paragrad.fuzz.strategies.deep import deep_graph
from paragrad.reports import cli, record
from paragrad.reports.judges import page
from paragrad.reports.judges.detection import OURS, Detection, Subject, Tally, change, rules, scaled
from paragrad.reports.judges.page import BEGIN, END
from paragrad.reports.judges.plot import svg
from paragrad.reports.judges.rivals import RIVALS, UNIT, differences
from paragrad.reports.judges.run import at_most, targets
from paragrad.reports.judges.smallest import programs, smallest
from paragrad.reports.render import render_markdown

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_deep_graphs_have_the_ops_asked_for(dtype: str) -> None:
    for seed in range(10):
        program = deep_graph(random.Random(seed), dtype, 80)
        assert len(list(program.applications())) == 80
        walk = program.statements[-1]
        assert isinstance(walk, Backward)
        assert len(walk.roots) < 20
        trace = Own().run(program)
        assert trace.failure is None
        assert not reference(program, trace).failure
        assert all(values.dtype == dtype for values in trace.values.values())


ONE = np.array([1.0, -1e-3])
CASES = [
    (ONE, ONE, {"torch.testing": True, "16 ULP": True, "32 u norm-wise": True, "gradcheck": True}),
    (ONE * (1 + 10 * 2**-52), ONE, {"torch.testing": True, "16 ULP": True, "32 u norm-wise": True}),
    (ONE * (1 + 40 * 2**-52), ONE, {"torch.testing": True, "16 ULP": False, "32 u norm-wise": False}),
    (ONE + np.array([0, 1e-15]), ONE, {"16 ULP": False, "32 u norm-wise": True}),
    (ONE + np.array([1e-4, 0]), ONE, {"torch.testing": False, "gradcheck": True}),
    (ONE + np.array([1e-2, 0]), ONE, {"gradcheck": False}),
    (np.array([np.nan, np.inf]), np.array([np.nan, np.inf]), dict.fromkeys(RIVALS, True)),
    (np.array([np.nan]), np.array([1.0]), dict.fromkeys(RIVALS, False)),
    (np.array([1.0]), np.array([np.inf]), dict.fromkeys(RIVALS, False)),
    (np.array([-np.inf]), np.array([np.inf]), dict.fromkeys(RIVALS, False)),
    (np.array([0.0]), np.array([-0.0]), dict.fromkeys(RIVALS, True)),
    (np.zeros((0,)), np.zeros((0,)), dict.fromkeys(RIVALS, True)),
]


@pytest.mark.parametrize("case", range(len(CASES)))
def test_the_other_judges_judge_as_they_say(case: int) -> None:
    found, expected, verdicts = CASES[case]
    for name, verdict in verdicts.items():
        assert RIVALS[name](found, expected) is verdict, name


def test_differences_are_the_gradient() -> None:
    program = deep_graph(random.Random(3), "float64", 20)
    trace = Own().run(program)
    (shown,) = trace.gradients.values()
    for variable, gradient in differences(program, "float64").items():
        assert gradient is not None
        if shown[variable] is not None:
            np.testing.assert_allclose(gradient, shown[variable], rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("graphs", ["scalar", "tensor"])
def test_a_fault_is_counted_where_it_is_and_found(graphs: str) -> None:
    measured = Detection(graphs, "float32")
    for number in range(2):
        measured.graph(0, number)
    assert measured.judged == 2
    assert measured.alarms[OURS] == 0
    below, above, lost = measured.scaled[1e-8], measured.scaled[1e-1], measured.lost
    assert below.contained == 0  # 1 + 1e-8 is 1
    assert above.contained == above.found[OURS] > 0
    assert lost.contained == lost.found[OURS] > 0
    rows = measured.rows()
    assert len(rows) == len(measured.scaled) + 1
    assert rows[-1]["epsilon"] is None


def test_a_miss_is_counted_with_its_reason() -> None:
    tally = Tally()
    subject = Subject(deep_graph(random.Random(1), "float64", 10), "float64")
    for rule in rules(subject.program, subject.sound):
        subject.try_fault(tally, subject.by_the_rule(rule), scaled(rule, 2 * UNIT["float64"], "float64"))
    assert tally.contained > 0
    assert tally.contained == tally.found[OURS] + tally.missed.total()
    assert tally.missed["below rounding"] > 0


def test_change_is_relative_and_none_where_no_bit_differs() -> None:
    program = deep_graph(random.Random(2), "float64", 10)
    sound, other = Own().run(program), Own().run(program)
    assert change(sound, other) == 0
    (shown,) = other.gradients.values()
    (variable, gradient) = next((k, g) for k, g in shown.items() if g is not None and g != 0)
    shown[variable] = gradient * 1.25
    assert change(sound, other) == pytest.approx(0.2)
    shown[variable] = gradient * np.nan
    assert change(sound, other) == math.inf


def test_the_smallest_fault_is_found_by_bisection() -> None:
    drawn = [p for p in programs("float64", 0, 60) if len(p.statements) < 12]
    row = smallest("mul", "other", "float64", drawn)
    assert row["epsilon"] is not None
    assert 2**-53 < row["epsilon"] < 1e-13
    assert row["programs"] is not None
    assert row["programs"] <= len(drawn)
    assert smallest("mul", "other", "float64", [])["epsilon"] is None
    assert "mul" in TABLE


def test_targets_are_held_against_what_was_measured() -> None:
    assert at_most("x", 1.0, 1.0)["met"]
    assert not at_most("x", 1.0, 1.1)["met"]
    assert not at_most("x", 1.0, None)["met"]
    row = {"graphs": "scalar", "dtype": "float32", "epsilon": 1e-5, "contained": 100, "found": {OURS: 96}, "missed": {}}
    spent = {"programs": "scalar", "count": 1, "engine": 1.0, "torch": 1.0, "judge": 3.0}
    found = {r["what"]: r for r in targets([row], [], [], [spent])}  # type: ignore[list-item]
    detected = found["one rule × (1 + 1e-5) found, scalar graphs, float32"]
    assert (detected["measured"], detected["met"]) == (0.96, False)
    assert found["judge's time / engines' time, scalar programs"]["measured"] == 1.5


@pytest.fixture(scope="module")
def committed() -> record.Record:
    """docs/judges.json."""
    return record.read(DOCS / page.RECORD, "judges")


def test_the_documentation_is_what_its_record_gives(committed: record.Record) -> None:
    written = (DOCS / page.PAGE).read_text(encoding="utf-8")
    assert page.filled(written, committed) == written, "run `paragrad judges --docs`, or undo the edit"
    for name, picture in page.plots(committed).items():
        assert (DOCS / name).read_text(encoding="utf-8") == picture, name


def test_the_documentation_s_example_runs() -> None:
    text = (DOCS / page.PAGE).read_text(encoding="utf-8")
    examples = doctest.DocTestParser().get_doctest(text, {}, page.PAGE, page.PAGE, 0)
    assert len(examples.examples) >= 10
    assert doctest.DocTestRunner().run(examples).failed == 0


def test_the_plot_has_a_line_for_each_judge(committed: record.Record) -> None:
    body = committed["body"]
    root = ElementTree.fromstring(svg(body, "scalar"))  # type: ignore[arg-type]
    space = "{http://www.w3.org/2000/svg}"
    lines = root.findall(f".//{space}g/{space}polyline")
    assert len(lines) == 2 * len(body["judges"])
    told = " ".join(t.text or "" for t in root.iter(f"{space}text"))
    for word in (*body["judges"], "float32", "float64", "ε of the fault", "share of graphs"):
        assert word in told
    ours = [float(pair.partition(",")[2]) for pair in lines[0].attrib["points"].split()]
    assert ours[0] > ours[-1] == 40  # nothing found of the smallest fault, everything of the largest


def test_the_page_is_rendered_and_written(committed: record.Record, tmp_path: Path) -> None:
    assert "### Targets" in render_markdown(committed)
    (tmp_path / page.PAGE).write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    page.write(tmp_path, committed)
    text = (tmp_path / page.PAGE).read_text(encoding="utf-8")
    assert text.startswith(f"before\n{BEGIN}\n")
    assert text.endswith(f"{END}\nafter\n")
    assert "old" not in text
    assert (tmp_path / "judges-scalar.svg").is_file()
    assert record.read(tmp_path / page.RECORD) == committed


@pytest.mark.parametrize("text", [None, f"{END} {BEGIN}", BEGIN])
def test_a_page_without_markers_is_told_before_minutes_of_measuring(
    text: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    if text is not None:
        Path("docs").mkdir()
        Path("docs/judge.md").write_text(text, encoding="utf-8")
    assert cli.main(["judges", "--docs"]) == cli.USAGE
    error = capsys.readouterr().err
    assert len(error.strip().splitlines()) == 1
    assert "judge.md" in error


@pytest.mark.parametrize("name", ["graphs", "programs", "timed"])
def test_nothing_to_measure_is_said_in_a_line(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["judges", f"--{name}", "0"]) == cli.USAGE
    assert f"--{name} 0" in capsys.readouterr().err
