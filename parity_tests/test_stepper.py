"""The page of a diff: made from the record alone, each step with exactly the record's numbers; and the test to copy."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from paragrad.fuzz.encoding import dumps
from paragrad.fuzz.program import Apply, Backward, Grad, Input, Program, Ref
from paragrad.reports import record
from paragrad.reports.cli import main
from paragrad.reports.html import render_html
from paragrad.reports.html.stepper.graph import width
from paragrad.reports.html.stepper.numbers import exact, rows, shown
from paragrad.reports.record import Record
from parity_tests import synthetic
from parity_tests.reading_html import Reading

SUBJECTS = Path(__file__).parent / "subjects"
SOUND = f"{SUBJECTS / 'sound_value.py'}:Value"
NUMBER = re.compile(r"-?\d+(\.\d+)?(e[+-]\d+)?|-?inf|nan")
ASKED = {
    "letters": ["e = a*b; d = e + c; L = d*f", "a=2", "b=-3", "c=10", "f=-2"],
    "twice": ["tanh(a*b + a*c)", "a=0.5", "b=-1", "c=0.75"],
    "tensors": ["h = tanh(X @ W + b); (h*h).sum()", "X=[[1,2],[3,4]]", "W=[[0.1,-0.2],[0.4,0.5]]", "b=[0.1,-0.1]"],
    "narrow": ["sigmoid(a/b)", "a=0.1", "b=0.3", "--dtype", "float32"],
}


class Pieces(HTMLParser):
    """The articles of the steps: their attributes, and the texts of elements by class."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.steps: list[dict[str, Any]] = []
        self.open: list[str] = []
        self.inside = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {key: value or "" for key, value in attrs}
        if tag == "article" and "step" in found.get("class", "").split():
            self.steps.append({"attributes": found, "texts": []})
            self.inside = True
        self.open.append(found.get("class") or tag)

    def handle_endtag(self, tag: str) -> None:
        self.open.pop()
        self.inside = self.inside and tag != "article"

    def handle_data(self, data: str) -> None:
        if self.inside and data.strip():
            self.steps[-1]["texts"].append((tuple(self.open), data))


def texts(step: dict[str, Any], name: str) -> list[str]:
    """The texts of the innermost elements of a class."""
    return [text for path, text in step["texts"] if path[-1] == name]


def cells(step: dict[str, Any], line: str) -> list[str]:
    """The cells of a line of the table of both sides."""
    return [text for path, text in step["texts"] if line in path and path[-1] == "td"]


def asked(words: list[str], folder: Path) -> Record:
    """The record of a diff, as a file would give it."""
    path = folder / "diff.json"
    main(["diff", *words, "--json", str(path)])
    return record.read(path, "diff")


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sound engine in which `*` overwrites the gradient of its left operand."""
    source = (SUBJECTS / "sound_value.py").read_text(encoding="utf-8")
    sound, fault = "self.grad += other.data * out.grad", "self.grad = other.data * out.grad"
    assert sound in source
    path = tmp_path_factory.mktemp("faulty") / "faulty_value.py"
    path.write_text(source.replace(sound, fault), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, faulty: Path) -> dict[str, Record]:
    """Records of several computations, one of them of a faulty engine."""
    folder = tmp_path_factory.mktemp("records")
    made = {name: asked(words, folder) for name, words in ASKED.items()}
    made["faulty"] = asked([*ASKED["twice"], "--engine", f"{faulty}:Value"], folder)
    return made


@pytest.mark.parametrize("name", [*ASKED, "faulty"])
def test_each_step_has_the_numbers_of_the_record(name: str, found: dict[str, Record]) -> None:
    body = found[name]["body"]
    nodes = {node["number"]: node for node in body["nodes"]}
    steps = Pieces(render_html(found[name], {})).steps
    forward = [s for s in steps if "forward" in s["attributes"]["class"]]
    backward = [s for s in steps if "backward" in s["attributes"]["class"]]
    assert steps == forward + backward
    assert [s["attributes"]["data-node"] for s in forward] == [f"node-{k}" for k in sorted(nodes)]
    assert [s["attributes"]["data-node"] for s in backward] == [f"node-{k}" for k in body["order"]]
    for step, number in zip(forward, sorted(nodes), strict=True):
        value = nodes[number]["value"]
        assert cells(step, "mine") == [rows(value["mine"])]
        assert cells(step, "torch") == [rows(value["torch"])]
    for step, number in zip(backward, body["order"], strict=True):
        node = nodes[number]
        both = (node["value"], node["gradient"])
        assert cells(step, "mine") == [rows(one["mine"]) for one in both]
        assert cells(step, "torch") == [rows(one["torch"]) for one in both]
        difference = exact(node["difference"])
        assert cells(step, "difference") == ([difference] if difference else [])
        if node["terms"]:
            assert texts(step, "upstream") == [shown(t["upstream"]) for t in node["terms"]]
            assert texts(step, "expected") == [shown(t["expected"]) for t in node["terms"]]
            assert texts(step, "running") == [shown(t["accumulated"]) for t in node["terms"]]


def test_the_words_of_a_step(found: dict[str, Record]) -> None:
    page = render_html(found["letters"], {})
    steps = {s["attributes"]["id"]: s for s in Pieces(page).steps}
    assert steps["backward-3"]["attributes"]["data-counter"] == "backward 3 of 7: e = a * b"
    told = steps["backward-3"]["attributes"]["data-told"]
    assert told.startswith("Backward 3 of 7: e = a * b. The gradient is -2, torch has -2: identical, the same bits.")
    assert "dL/de = dL/dd · dd/de. dL/de = (-2) · 1 = -2." in told
    assert texts(steps["backward-3"], "mark") == ["a*b"]
    assert "★" not in page


def test_the_first_difference_is_marked(found: dict[str, Record]) -> None:
    body = found["faulty"]["body"]
    page = render_html(found["faulty"], {})
    assert body["star"] == 0
    place = body["order"].index(0) + 1
    assert f'data-go="backward-{place}"' in page
    starred = [s["attributes"]["id"] for s in Pieces(page).steps if texts(s, "first-difference")]
    assert starred == ["forward-1", f"backward-{place}"]
    assert re.search(r'class="node input node-0 starred wrong"', page)
    assert "★ a" in page
    assert "overwritten, not accumulated" in page[: page.index("Step by step</a>") + 6000]


def test_every_edge_has_the_width_of_its_contribution(found: dict[str, Record]) -> None:
    page = render_html(found["letters"], {})
    drawn = dict(re.findall(r'<g class="edge edge-(\d+) w(\d)"', page))
    lit = {s["attributes"]["data-node"]: s["attributes"]["data-edges"].split() for s in Pieces(page).steps[7:]}
    terms = {n["number"]: n["terms"] for n in found["letters"]["body"]["nodes"]}
    largest = max(t["expected"]["norm"] for ts in terms.values() for t in ts)
    for number, those in terms.items():
        edges = lit[f"node-{number}"]
        assert len(edges) == len(those)
        for edge, term in zip(edges, those, strict=True):
            assert int(drawn[edge.removeprefix("edge-")]) == width(term["expected"]["norm"], largest)


@pytest.mark.parametrize(
    ("contribution", "drawn"), [(8.0, 6), (2.1, 6), (2.0, 5), (0.5, 4), (1e-9, 1), (0.0, 0), (float("inf"), 6)]
)
def test_widths(contribution: float, drawn: int) -> None:
    assert width(contribution, 8.0) == drawn


@pytest.mark.parametrize("value", [0.1, -0.0, 1e300, 5e-324, 1 / 3, 2.0**53, 1e16])
def test_a_number_reads_back(value: float) -> None:
    assert float(exact(value)) == value
    assert exact(value).startswith("-") == (str(value)[0] == "-")


def test_the_page_makes_sense_without_a_script(found: dict[str, Record]) -> None:
    """The table of all steps stands open, and what steers is not shown."""
    page = render_html(found["twice"], {})
    assert '<details class="numbers every-step" open>' in page
    assert '<div class="steering" role="group" aria-label="Steps" hidden>' in page
    table = page[page.index('id="all-steps"') :]
    assert table.count('<a href="#backward-') == len(found["twice"]["body"]["order"])
    assert table.count('<a href="#forward-') == len(found["twice"]["body"]["nodes"])


def test_a_graph_that_is_too_large_shows_a_part() -> None:
    large = record.new("diff", None, {}, {**synthetic.COUNTS}, synthetic.diff(400))
    page = render_html(large, {})
    assert "more nodes than a page can show: these are 300 of 400" in page
    assert len(Pieces(page).steps) == 600
    assert "★ Here is the first difference" in page, "the part is around it"
    assert len(page.encode()) < 2_000_000
    assert not Reading(page).problems


def test_html_is_the_page_of_the_record(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told, page, again = tmp_path / "d.json", tmp_path / "d.html", tmp_path / "again.html"
    assert main(["diff", "a*b", "a=2", "b=3", "--json", str(told), "--html", str(page)]) == 0
    assert main(["report", str(told), "--output", str(again)]) == 0
    assert page.read_text(encoding="utf-8") == again.read_text(encoding="utf-8")
    for words, why in (
        ([str(tmp_path)], "this is a folder"),
        (["-"], "the page goes to a file"),
        ([str(told), "--json", str(told)], "the record goes there"),
    ):
        capsys.readouterr()
        assert main(["diff", "a*b", "a=2", "b=3", "--html", *words]) == 2
        assert why in capsys.readouterr().err
    assert json.loads(told.read_text(encoding="utf-8"))["kind"] == "diff", "nothing was overwritten"


def run_copied(shown: Record, folder: Path, name: str) -> subprocess.CompletedProcess[str]:
    """Run the test that the page offers, as its words stand there, with pytest."""
    page = render_html(shown, {})
    code = Reading(page)
    start = next(k for k, words in enumerate(code.words) if words.startswith('"""Every leaf'))
    path = folder / f"test_{name}.py"
    path.write_text(code.words[start], encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(folder), str(path)]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)


@pytest.mark.parametrize("name", ["twice", "tensors", "faulty", "sound"])
def test_the_copied_test_runs(name: str, found: dict[str, Record], tmp_path: Path) -> None:
    """It passes on sound engines, ours and a file's, and fails on a faulty one at the leaf that is wrong."""
    shown = asked([*ASKED["twice"], "--engine", SOUND], tmp_path) if name == "sound" else found[name]
    done = run_copied(shown, tmp_path, name)
    if name == "faulty":
        assert done.returncode == 1, done.stdout + done.stderr
        assert "test_gradient[a]" in done.stdout
        assert "1 failed, 2 passed" in done.stdout
    else:
        assert done.returncode == 0, done.stdout + done.stderr
        assert "3 passed" in done.stdout


def test_labels_that_are_no_names(tmp_path: Path) -> None:
    """Whatever a label is, the copied test calls its nodes by names that Python takes."""
    source = tmp_path / "model.py"
    lines = ["from paragrad.engine import Value", "def loss():", "    a = Value(2.0, label='x; import os')"]
    lines += ["    b = Value(3.0, label='class')", "    return (a * b).tanh()"]
    source.write_text("\n".join(lines), encoding="utf-8")
    told = asked([f"{source}:loss"], tmp_path)["body"]["test"]
    compile(told, "test", "exec")
    assert "node_1 = Value(3.0)" in told
    assert "import os" not in told


def test_no_test_of_what_has_no_backward(tmp_path: Path) -> None:
    source = tmp_path / "forward.json"
    forward = Program([Input.of("x", np.array(2.0), True)], [Apply("exp", (Ref(0),), {}, (1,))])
    source.write_text(dumps(forward), encoding="utf-8")
    shown = asked([str(source)], tmp_path)
    assert shown["body"]["test"] == ""
    assert "No test can be written of this" in render_html(shown, {})


def test_gradients_of_gradients_have_a_page(tmp_path: Path) -> None:
    """A saved program that differentiates on its way, and so has numbers that no forward gives."""
    program = Program(
        [Input.of("x", np.array(2.0), True)],
        [
            Apply("exp", (Ref(0),), {}, (1,)),
            Grad((1,), (None,), (0,), (2,)),
            Backward((2,), (None,)),
        ],
    )
    source = tmp_path / "twice.json"
    source.write_text(dumps(program), encoding="utf-8")
    page = render_html(asked([str(source)], tmp_path), {})
    assert not Reading(page).problems
    assert "forward 3 of 3" in page
