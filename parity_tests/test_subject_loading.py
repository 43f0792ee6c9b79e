"""The child: how a file, a module or a notebook becomes a class, and what is said where it does not."""

import ast
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from paragrad.fuzz.program import Apply, Backward, Program, Ref
from parity_tests.children import CHILD, SUBJECTS, agrees, array, child, error, loaded, scalar_program


def test_a_broken_backward_is_a_finding_not_an_error() -> None:
    with loaded("annotated.py") as (started, result):
        assert {"what": "backward", "found": ".backaward()"} in result["probe"]
        (trace,) = started.run(
            Program(scalar_program().inputs[:2], [Apply("mul", (Ref(0), Ref(1)), {}, (2,)), Backward((2,), (None,))])
        )
        assert trace["failure"]["type"] == "KeyError"
        assert array(trace["values"]["2"]) == -1.125
        if sys.version_info < (3, 14):
            assert result["import_failure"]["type"] == "NameError"
            assert result["import_failure"]["line"] == 12
            assert any(note.startswith("loaded definitions only: the import fails") for note in result["notes"])


def test_a_script_that_trains_gives_its_class() -> None:
    with loaded("trains.py", seconds=0.3) as (started, result):
        notes = "\n".join(result["notes"])
        assert "loaded definitions only: the import takes over 0.3 s" in notes
        assert "import of graphviz replaced by an inert stub" in notes
        for op in ("abs", "gelu", "atan2"):
            assert f"{op} left out: a_library_that_nobody_has is not installed" in notes
        program = scalar_program()
        agrees(*started.run(program), program)


def test_a_notebook(tmp_path: Path) -> None:
    engine = (SUBJECTS / "failing_package" / "tensor.py").read_text(encoding="utf-8").partition("\nclass")[2]
    sources = [
        "%matplotlib inline\nimport matplotlib.pyplot as plt\nif True:\n    !pip list",
        "%%timeit\n1 / 0",
        "class Tensor:\n    pass",
        "plt.plot([Tensor() for _ in range(10**12)])\n1 / 0",
        "class"
        + engine.replace("ops.mul(self, other)", "Tensor(self.v * other.v, ((self, other.v), (other, self.v)))"),
        "while True\n    pass",
        "def add(a, b):\n    return Tensor(a.v + b.v, ((a, 1.0), (b, 1.0)))\nTensor.__add__ = add",
    ]
    cells: list[dict[str, Any]] = [{"cell_type": "code", "source": s.splitlines(keepends=True)} for s in sources]
    file = tmp_path / "lecture.ipynb"
    file.write_text(json.dumps({"cells": [{"cell_type": "markdown", "source": "# 1"}, *cells]}), encoding="utf-8")
    with loaded(file) as (started, result):
        notes = "\n".join(result["notes"])
        assert "cell 2 left out: it is a magic" in notes
        assert "cell6 left out" in notes
        assert "class Tensor is defined in 2 cells: the last one is taken" in notes
        program = scalar_program()
        agrees(*started.run(program), program)
        source = started.ask("source", op="mul")["result"]
        assert source["file"].endswith("lecture.ipynb#cell5")
        assert "def __mul__" in source["text"]


def test_an_installed_module_of_the_same_name_is_not_taken(tmp_path: Path) -> None:
    """micrograd from PyPI is installed; a broken one on disk, without `__init__.py`, is what is checked."""
    pytest.importorskip("micrograd")
    folder = tmp_path / "micrograd"
    folder.mkdir()
    text = (SUBJECTS / "plain_value.py").read_text(encoding="utf-8").replace("self.data * other.data", "self.data")
    (folder / "engine.py").write_text(text, encoding="utf-8")
    (tmp_path / "mine.py").write_text("from micrograd.engine import Value\n", encoding="utf-8")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "mine.py").write_text("from micrograd.engine import Value\n", encoding="utf-8")
    for target in ({"path": str(folder / "engine.py")}, {"path": str(tmp_path / "mine.py"), "class": "Value"}):
        with loaded(target.pop("path"), **target) as (_, result):
            assert result["ops"]["mul"]["tried"]["vv"].startswith("wrong")
    with loaded("", path=None, module="micrograd.engine", root=str(tmp_path)) as (_, result):
        assert result["engine"] == "Value from engine.py"
        assert result["ops"]["mul"]["tried"]["vv"].startswith("wrong")
    refused = error(elsewhere / "mine.py", **{"class": "Value"})
    assert refused["kind"] == "elsewhere"
    assert "not from this folder" in refused["message"]
    refused = error(None, module="micrograd.engine", root=str(elsewhere))
    assert refused["kind"] == "no such file"
    assert "it was not taken for yours" in refused["message"]


def test_an_installed_engine_keeps_the_libraries_beside_it(tmp_path: Path) -> None:
    """A second try must not load NumPy, or whatever lies beside it, again."""
    folder = tmp_path / "site-packages"
    (folder / "engine").mkdir(parents=True)
    (folder / "once.py").write_text(
        "import sys\nassert not hasattr(sys, 'once'), 'twice'\nsys.once = True\n", encoding="utf-8"
    )
    text = (SUBJECTS / "plain_value.py").read_text(encoding="utf-8")
    text = text.replace("import math\n", "import math\n\nimport once\nimport a_library_that_nobody_has\n")
    (folder / "engine" / "__init__.py").write_text(text, encoding="utf-8")
    with loaded("", path=None, module="engine", root=str(folder)) as (started, result):
        assert not any("definitions" in note for note in result["notes"])
        program = scalar_program()
        agrees(*started.run(program), program)


def test_a_library_of_which_only_a_type_is_asked_for_need_not_be_there(tmp_path: Path) -> None:
    """Engines that run on a GPU as well ask whether an array is one of its library's."""
    text = (SUBJECTS / "plain_value.py").read_text(encoding="utf-8")
    text = text.replace("import math\n", "import math\n\nimport a_library_that_nobody_has as gpu\n")
    text = text.replace("self, data, children=()", "self, data: float | gpu.ndarray, children=()")
    text = text.replace(
        "self.data = data\n", "self.data = data.get() if isinstance(data, (list, gpu.ndarray)) else data\n"
    )
    (tmp_path / "engine.py").write_text(text, encoding="utf-8")
    with loaded(tmp_path / "engine.py") as (started, result):
        assert not any("definitions" in note or "left out:" in note for note in result["notes"])
        program = scalar_program()
        agrees(*started.run(program), program)


def test_a_plotting_library_does_not_give_back_the_name_of_a_graph(tmp_path: Path) -> None:
    """What a progress bar gives back is what it was given; a graph that is named is a graph."""
    text = (SUBJECTS / "plain_value.py").read_text(encoding="utf-8")
    drawn = "\nDRAWN = torchviz.Digraph('engine')\nDRAWN.node('a')\nLINES = [*tqdm.tqdm([1, 2])]\n"
    text = text.replace("import math\n", "import math\n\nimport torchviz\nimport tqdm\n") + drawn
    (tmp_path / "engine.py").write_text(text, encoding="utf-8")
    with loaded(tmp_path / "engine.py") as (_, result):
        assert result["import_failure"] is None


def test_what_needs_a_library_that_is_not_there_is_no_crash_of_the_engine(tmp_path: Path) -> None:
    text = (SUBJECTS / "plain_value.py").read_text(encoding="utf-8")
    text = text.replace("import math\n", "import math\n\nimport a_library_that_nobody_has as gpu\n")
    text = text.replace("            self.grad += out.grad * other.data", "            gpu.wait()")
    (tmp_path / "engine.py").write_text(text, encoding="utf-8")
    with loaded(tmp_path / "engine.py") as (started, _):
        (trace,) = started.run(scalar_program())
        assert trace["failure"]["type"] == "Unsupported"
        assert "a_library_that_nobody_has is not installed" in trace["failure"]["message"]


def test_a_module_beside_it_that_imports_by_a_name_says_it_too(tmp_path: Path) -> None:
    folder = tmp_path / "checkout" / "tensors"
    folder.mkdir(parents=True)
    (tmp_path / "checkout" / "__init__.py").write_text("", encoding="utf-8")
    (folder / "__init__.py").write_text("", encoding="utf-8")
    (folder / "sums.py").write_text("def total(a, b):\n    return a + b\n", encoding="utf-8")
    (folder / "rules.py").write_text("from tensors.sums import total\n", encoding="utf-8")
    text = (SUBJECTS / "plain_value.py").read_text(encoding="utf-8")
    text = text.replace("import math\n", "import math\n\nfrom .rules import total\n")
    text = text.replace("Value(self.data + other.data, ", "Value(total(self.data, other.data), ")
    (folder / "value.py").write_text(text, encoding="utf-8")
    with loaded(folder / "value.py") as (_, result):
        assert not any("definitions" in note or "installed" in note for note in result["notes"])
        assert result["ops"]["add"]["tried"]["vv"] == "right"


def test_a_newer_typing_is_done_without(tmp_path: Path) -> None:
    text = (SUBJECTS / "plain_value.py").read_text(encoding="utf-8")
    text = text.replace("import math\n", "import math\nfrom typing import Any, overridden_in_the_future\n")
    text = text.replace("    def __repr__", "    @overridden_in_the_future\n    def __repr__")
    (tmp_path / "engine.py").write_text(text, encoding="utf-8")
    with loaded(tmp_path / "engine.py") as (started, result):
        said = "typing.overridden_in_the_future is not in this Python: an inert stub replaces it"
        assert result["notes"] == [said]
        program = scalar_program()
        agrees(*started.run(program), program)


def test_a_name_that_a_file_imports_says_where_its_package_starts(tmp_path: Path) -> None:
    """A checkout with an `__init__.py` is no package: its engine imports `tensors`, not `checkout.`."""
    folder = tmp_path / "checkout" / "tensors"
    folder.mkdir(parents=True)
    (tmp_path / "checkout" / "__init__.py").write_text("", encoding="utf-8")
    (folder / "__init__.py").write_text("", encoding="utf-8")
    (folder / "numbers_of_it.py").write_text("def made(cls, x):\n    return cls(x)\n", encoding="utf-8")
    text = (SUBJECTS / "plain_value.py").read_text(encoding="utf-8")
    text = text.replace("import math\n", "import math\nfrom tensors.numbers_of_it import made\n")
    text = text.replace("Value(self.data + other.data, (self, other))", "made(Value, self.data + other.data)")
    (folder / "value.py").write_text(text, encoding="utf-8")
    with loaded(folder / "value.py") as (_, result):
        assert not any("definitions" in note for note in result["notes"])
        assert result["spelling"]["module"] == "tensors.value"
        assert result["ops"]["add"]["tried"]["vv"] == "right"


@pytest.mark.parametrize(
    ("text", "wanted", "kind", "says"),
    [
        (None, None, "no such file", "There is no file"),
        ("x = (1 2)\n", None, "syntax", "engine.py line 1"),
        ("class Value: pass\n", "Valu", "no class", "has no class Valu (its classes: Value)"),
        ("class Layer: pass\n", None, "no class", "no class with a backward"),
        (
            "class A:\n def __add__(self, b): pass\nclass B:\n def __mul__(self, b): pass\n",
            None,
            "several classes",
            "engine.py:A",
        ),
        (
            "class Value:\n def __add__(s, o): pass\n def __init__(s, a): raise OSError('no')\n",
            None,
            "constructor",
            "OSError: no",
        ),
        (
            "class Value:\n def __init__(s, a): s.data = a\n def __add__(s, o): return s\n",
            None,
            "no backward",
            "goes back",
        ),
    ],
    ids=["no file", "syntax", "no such class", "no engine", "several", "constructor", "no backward"],
)
def test_what_cannot_be_loaded_is_said_in_a_line(
    text: str | None, wanted: str | None, kind: str, says: str, tmp_path: Path
) -> None:
    file = tmp_path / "engine.py"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    found = error(file, **({"class": wanted} if wanted else {}))
    assert found["kind"] == kind
    assert says in found["message"]
    assert ("\n" in found["message"]) == (kind == "syntax")  # the line, and a caret below it


def test_hello_comes_first_and_the_protocol_has_a_number() -> None:
    with child() as started:
        assert started.ask("hello", protocol=2, target={})["error"]["kind"] == "protocol"
        assert started.ask("run", programs=[])["error"]["message"] == "say hello first"
        assert (
            started.ask("hello", protocol=1, target={"path": str(SUBJECTS / "plain_value.py")})["result"]["protocol"]
            == 1
        )
        assert started.ask("dance")["error"]["kind"] == "protocol"
        started.send("bye")
        assert started.process.wait(10) == 0


@pytest.mark.parametrize("path", sorted(CHILD.glob("*.py")), ids=lambda path: path.name)
def test_the_child_is_old_python_and_the_standard_library(path: Path) -> None:
    """Its interpreter may be any CPython from 3.8 on, and may have nothing installed."""
    tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 8))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            assert all(alias.name.partition(".")[0] in sys.stdlib_module_names for alias in node.names)
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            assert (node.module or "").partition(".")[0] in sys.stdlib_module_names


def test_functions_in_a_module_beside_the_class_are_found() -> None:
    with loaded("beside/number.py") as (_, result):
        assert result["ops"]["tanh"]["spelled"] == "tanh(a)"
        notes = [note for note in result["notes"] if "beside it" in note]
        assert notes == ["functional.py beside it was loaded, too"]
