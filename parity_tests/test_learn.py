"""The exercises of docs/learn: the checker finds the one fault of each broken engine, and none in what is mended.

The chapters themselves are executed where the site is built, and hold their own numbers against torch.
"""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from paragrad.fuzz.checking import check
from paragrad.fuzz.checking.report import Report
from paragrad.fuzz.checking.severity import FAILING
from paragrad.fuzz.engines.foreign import Foreign
from paragrad.fuzz.engines.worker.protocol import Target

LEARN = Path(__file__).parents[1] / "docs" / "learn"
TOPICS = {
    "01-derivative": ["limit", "tangent", "secant"],
    "02-rules": ["constant", "power", "sum", "product", "exponential", "6x - 4"],
    "03-numerical": ["forward", "central", "complex step", "loglog"],
    "04-partials": ["partial", r"x \cdot y + z"],
    "05-value": ["children", "operator", "grad"],
    "06-chain-rule": ["car", "bicycle", "man", r"2 \times 4 = 8"],
    "07-plus-and-times": ["passes", "swaps"],
    "08-order": ["topological", "def recursive", "def iterative", "RecursionError", "1,000"],
    "09-accumulation": ["a + a", r"f = d \cdot e", "+="],
    "10-neuron": ["Neuron", "Layer", "MLP", "sigmoid", "tanh", "relu"],
    "11-training": ["iris", "decid", "learning rate", "contour"],
    "12-tensors": ["vector", "matrix", "tensor", "Why: speed"],
    "13-micrograd-and-pytorch": ["Same API", "Same numbers"],
    "14-printing": ["__repr__", "__str__", "__rmul__"],
    "15-drawing": ["draw.graph", "draw.svg", "draw.dot", "draw.text"],
    "16-your-own-value": ["skeleton.py", "solution.py", "PARITY"],
    "17-broken-engines": ["one", "two", "three", "four", "five"],
}
FAULTS = {
    "one": ("wrong-value-sub", "the operands are exchanged"),
    "two": ("wrong-gradient-walk", "the order of the walk is wrong"),
    "three": ("wrong-gradient-exp-input", "the incoming gradient is ignored"),
    "four": ("wrong-gradient-walk", "overwritten, not accumulated: only the term of .* = div"),
    "five": ("crash-overflowerror-tanh", ""),
}
PROGRAMS = {"five": 150}
"""Where 60 don't reach numbers large enough to overflow."""
SORTED = """
        order, seen = [], set()

        def visit(node):
            if node not in seen:
                seen.add(node)
                for operand, _ in node.edges:
                    visit(operand)
                order.append(node)

        visit(self)
        for node in reversed(order):
            for operand, slope in node.edges:
                operand.grad += slope * node.grad
"""
MENDS = {
    "one": ("__rsub__ = __sub__", "__rsub__ = lambda self, other: Value(other) - self"),
    "two": (r"        waiting, met = .*", SORTED),
    "three": (r"self\.grad \+= out\.data\n", "self.grad += out.data * out.grad\n"),
    "four": (r"other\.grad = -out\.grad", "other.grad -= out.grad"),
    "five": (r"e = math\.exp.*?\n.*?\n", "t = math.tanh(self.data)\n"),
}


def module(path: Path) -> ModuleType:
    """A file as a module."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def checked(path: Path, programs: int = 60) -> Report:
    """What the checker finds in a file. Chapter 17 asks with more programs, and names the same faults."""
    with Foreign(Target(path=path, root=path.parent)) as engine:
        return check(engine, scalar=True, programs=programs, seconds=100.0)


@pytest.mark.parametrize("chapter", TOPICS)
def test_every_topic_has_its_chapter(chapter: str) -> None:
    text = (LEARN / f"{chapter}.md").read_text(encoding="utf-8")
    missing = [topic for topic in TOPICS[chapter] if topic not in text]
    assert not missing
    if chapter != "17-broken-engines":
        assert re.search(r"^\s*(agree|within)\(", text, re.MULTILINE), "its numbers are checked"
    assert "torch" in text
    assert f"\n{chapter}\n" in (LEARN / "index.md").read_text(encoding="utf-8")


def test_every_chapter_has_its_topics() -> None:
    assert sorted(path.stem for path in LEARN.glob("[0-9]*.md")) == sorted(TOPICS)


@pytest.mark.parametrize("name", FAULTS)
def test_a_broken_engine_has_this_fault_and_no_other(name: str) -> None:
    report = checked(LEARN / "broken" / f"{name}.py", PROGRAMS.get(name, 60))
    found = [c for c in report.findings if c.severity in FAILING]
    identity, diagnosis = FAULTS[name]
    assert [c.id for c in found] == [identity]
    assert re.search(diagnosis, found[0].finding.diagnosis), found[0].finding.diagnosis


@pytest.mark.parametrize("name", MENDS)
def test_the_mend_is_all_there_is_to_mend(name: str, tmp_path: Path) -> None:
    source = (LEARN / "broken" / f"{name}.py").read_text(encoding="utf-8")
    pattern, mend = MENDS[name]
    mended, count = re.subn(pattern, lambda _: mend, source, flags=re.DOTALL)
    assert count == 1
    (tmp_path / "mended.py").write_text(mended, encoding="utf-8")
    assert checked(tmp_path / "mended.py", PROGRAMS.get(name, 60)).verdict() == "parity"


@pytest.mark.parametrize("programs", [80])
def test_the_order_of_the_walk_is_told_however_many_programs_there_were(programs: int) -> None:
    """Where numbers are 0 and 1 it looked like overwriting, or like a walk by value."""
    (found,) = [c for c in checked(LEARN / "broken" / "two.py", programs).findings if c.severity in FAILING]
    assert "the order of the walk is wrong" in found.finding.diagnosis


def test_the_solution_has_parity_and_the_skeleton_is_no_engine_yet() -> None:
    report = checked(LEARN / "solution.py")
    assert report.verdict() == "parity"
    assert set(report.ops) == {"add", "div", "exp", "mul", "neg", "pow", "relu", "sub", "tanh"}
    solution, skeleton = (module(LEARN / f"{name}.py").Value for name in ("solution", "skeleton"))
    assert {name for name in vars(skeleton) if not name.startswith("__")} < set(vars(solution))
    with pytest.raises(NotImplementedError):
        skeleton(1.0).backward()


def test_the_chapters_own_check_is_strict(capsys: pytest.CaptureFixture[str]) -> None:
    checks = module(LEARN / "checks.py")
    third = 1 / 3
    checks.agree("equal", third, third)
    checks.agree("near", 0.1 + 0.2, 0.3, ulps=1)
    checks.agree("near, beside a large one", [1e-20, 1.0], [2e-20, 1.0], ulps=1, of_largest=True)
    checks.within("in bounds", 1.5, 1.0, 0.5)
    assert capsys.readouterr().out.count("✓") == 4
    for wrong in (
        lambda: checks.agree("not equal", 0.1 + 0.2, 0.3),
        lambda: checks.agree("too far", 1.0, 1.0 + 2**-50, ulps=1),
        lambda: checks.agree("one of many", [1.0, 2.0], [1.0, 3.0]),
        lambda: checks.agree("sizes", [1.0, 1.0], [1.0]),
        lambda: checks.agree("no number", float("nan"), float("nan")),
        lambda: checks.agree("nothing", [], []),
        lambda: checks.within("out of bounds", 1.5, 1.0, 0.25),
        lambda: checks.within("no number", float("nan"), 1.0, 0.25),
    ):
        with pytest.raises(AssertionError):
            wrong()


def test_the_flowers_are_fishers() -> None:
    lines = (LEARN / "data" / "iris.csv").read_text(encoding="utf-8").split()
    assert lines[0] == "petal_length,petal_width,species"
    rows = [line.split(",") for line in lines[1:]]
    means = {
        species: [round(sum(float(row[k]) for row in rows if row[2] == species) / 50, 3) for k in (0, 1)]
        for species in ("setosa", "versicolor", "virginica")
    }
    assert len(rows) == 150
    assert means == {"setosa": [1.462, 0.246], "versicolor": [4.26, 1.326], "virginica": [5.552, 2.026]}
