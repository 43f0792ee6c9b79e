"""The child: small engines with every interface load, are probed and run with no adapter, each in its own process.

The engines are in `subjects/`; what they compute is compared with torch.
"""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from paragrad.fuzz.encoding import to_json
from paragrad.fuzz.engines.pytorch import PyTorch
from paragrad.fuzz.program import Apply, Backward, Input, Program, Ref, ZeroGrad

ROOT = Path(__file__).parents[1]
CHILD = ROOT / "fuzz" / "paragrad" / "fuzz" / "subject"
SUBJECTS = Path(__file__).parent / "subjects"
NONCE = "a nonce"


class Child:
    """A running child and the conversation with it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.number = 0

    def send(self, method: str, **content: Any) -> None:
        self.number += 1
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"id": self.number, "nonce": NONCE, "method": method, **content}) + "\n")
        self.process.stdin.flush()

    def receive(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the child has gone"
        answer: dict[str, Any] = json.loads(line)
        assert (answer["id"], answer["nonce"]) == (self.number, NONCE)
        return answer

    def ask(self, method: str, **content: Any) -> dict[str, Any]:
        self.send(method, **content)
        return self.receive()

    def run(self, *programs: Program) -> list[dict[str, Any]]:
        self.send("run", programs=[to_json(program) for program in programs])
        answers = [self.receive() for _ in programs]
        assert [answer["index"] for answer in answers] == list(range(len(programs)))
        return [answer["trace"] for answer in answers]


@contextmanager
def child() -> Iterator[Child]:
    """A child, started by path, that ends with the block."""
    process = subprocess.Popen(
        [sys.executable, "-B", str(CHILD / "__main__.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
        env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
    )
    try:
        yield Child(process)
    finally:
        process.kill()
        process.communicate()


@contextmanager
def loaded(file: Path | str, **target: Any) -> Iterator[tuple[Child, dict[str, Any]]]:
    """A child that has loaded a subject, and what it said of it."""
    with child() as started:
        answer = started.ask("hello", protocol=1, target={"path": str(SUBJECTS / file), **target})
        assert "result" in answer, answer
        yield started, answer["result"]


def error(file: Path | str | None, **target: Any) -> dict[str, Any]:
    """What the child says of a target that can't be loaded."""
    with child() as started:
        path = None if file is None else str(SUBJECTS / file)
        answer = started.ask("hello", protocol=1, target={"path": path, **target})
    found: dict[str, Any] = answer["error"]
    return found


def array(data: dict[str, Any] | None) -> Any:
    """A protocol's ARRAY as NumPy has it."""
    return None if data is None else np.array([float(x) for x in data["data"]], data["dtype"]).reshape(data["shape"])


def agrees(trace: dict[str, Any], program: Program) -> None:
    """Assert that a trace is torch's."""
    assert trace["failure"] is None
    expected = PyTorch().run(program)
    for index, value in expected.values.items():
        np.testing.assert_allclose(array(trace["values"][str(index)]), value, rtol=1e-12, err_msg=f"value {index}")
    assert {int(k) for k in trace["gradients"]} == set(expected.gradients)
    for position, gradients in expected.gradients.items():
        shown = trace["gradients"][str(position)]
        assert {int(k) for k in shown} == set(gradients)
        for index, gradient in gradients.items():
            found = array(shown[str(index)])
            if gradient is None or found is None:
                assert gradient is None
                assert found is None
            else:
                assert found.shape == gradient.shape
                np.testing.assert_allclose(found, gradient, rtol=1e-12, err_msg=f"gradient {index}")


def leaf(name: str, value: Any, requires_grad: bool = True) -> Input:
    """An input."""
    return Input.of(name, np.array(value, dtype=float), requires_grad)


def scalar_program(add: str = "add") -> Program:
    """(a * b) `add` a, and another root with a cotangent: reuse, several roots, an input that nothing reaches."""
    inputs = [leaf("a", 1.5), leaf("b", -0.75), leaf("c", 2.5, False), leaf("unused", 1.0)]
    statements = [
        Apply("mul", (Ref(0), Ref(1)), {}, (4,)),
        Apply(add, (Ref(4), Ref(0)), {}, (5,)),
        Backward((5,), (2,)),
    ]
    return Program(inputs, list(statements))


def tensor_program(*statements: Apply, root: int) -> Program:
    """Two matrices, some ops, and a backward from the elements of the root, each with its own cotangent."""
    rng = np.random.default_rng(1)
    program = Program([leaf("a", rng.normal(size=(2, 3))), leaf("b", rng.normal(size=(2, 3)))], list(statements))
    shape = PyTorch().run(program).values[root].shape
    program.inputs.append(leaf("c", rng.normal(size=shape), False))

    def moved(argument: Any) -> Any:
        if isinstance(argument, tuple):
            return tuple(moved(part) for part in argument)
        return Ref(argument.index + 1) if isinstance(argument, Ref) and argument.index >= 2 else argument

    program.statements = [
        Apply(s.op, moved(s.args), s.kwargs, tuple(k + 1 for k in s.outputs)) for s in statements
    ] + [Backward((root + 1,), (2,))]  # fmt: skip
    return program


SCALARS: dict[str, tuple[dict[str, str], str]] = {
    "plain_value.py": (
        {"constructor": "Value(x)", "data": ".data", "gradient": ".grad", "backward": ".backward()"},
        "add",
    ),
    "by_method.py": (
        {
            "constructor": "Scalar(x, require_grad=)",
            "data": ".value",
            "gradient": ".get_grad()",
            "backward": ".backprop(seed)",
            "requires_grad": "require_grad",
        },
        "add",
    ),
    "functions.py": ({"data": ".x", "gradient": "the dict that it returns", "backward": "backward(root)"}, "add"),
    "callable_classes.py": (
        {"constructor": "Node(number=x)", "gradient": "the dict .grads on the root", "backward": ".propagate()"},
        "sub",
    ),
    "by_hand.py": (
        {
            "constructor": "Variable([x])",
            "backward": ".grad = seed, then ._backward() of each node of .topological_order()",
        },
        "add",
    ),
    "failing_package/tensor.py": ({"data": ".v", "gradient": ".d", "backward": ".back_propagate()"}, "add"),
}


@pytest.mark.parametrize("file", SCALARS)
def test_a_scalar_engine_runs_with_no_adapter(file: str) -> None:
    expected, add = SCALARS[file]
    with loaded(file) as (started, result):
        assert result["kind"] == "scalar"
        assert expected.items() <= {entry["what"]: entry["found"] for entry in result["probe"]}.items()
        assert result["ops"]["mul"]["tried"]["vv"] == "right"
        program = scalar_program(add)
        agrees(*started.run(program), program)


MATRICES: dict[str, tuple[dict[str, str], dict[str, list[Apply]]]] = {
    "nested_tensor.py": (
        {"data": ".array", "gradient": ".grad", "seed": "implicit"},
        {
            "broadcast": [
                Apply("sum", (Ref(0),), {"dim": 0, "keepdim": True}, (2,)),
                Apply("mul", (Ref(2), Ref(1)), {}, (3,)),
            ],
            "matmul": [Apply("transpose", (Ref(1), -1, 0), {}, (2,)), Apply("matmul", (Ref(0), Ref(2)), {}, (3,))],
        },
    ),
    "dim_tensor.py": (
        {"seed": "may be given", "requires_grad": "requires_grad"},
        {
            "reduction": [
                Apply("sum", (Ref(0), 1), {"keepdim": True}, (2,)),
                Apply("mul", (Ref(2), Ref(1)), {}, (3,)),
            ],
            "moves": [Apply("transpose", (Ref(0), 0, 1), {}, (2,)), Apply("reshape", (Ref(2), (-1, 2)), {}, (3,))],
            "extremum": [Apply("mul", (Ref(0), Ref(0)), {}, (2,)), Apply("amax", (Ref(2), -1), {}, (3,))],
            "join": [Apply("cat", ((Ref(0), Ref(1)),), {"dim": 1}, (2,)), Apply("softmax", (Ref(2), 1), {}, (3,))],
        },
    ),
    "nested_lists.py": (
        {"data": ".rows"},
        {"matmul": [Apply("transpose", (Ref(1), 0, 1), {}, (2,)), Apply("matmul", (Ref(0), Ref(2)), {}, (3,))]},
    ),
}


@pytest.mark.parametrize("file", MATRICES)
def test_a_tensor_engine_runs_with_no_adapter(file: str) -> None:
    expected, programs = MATRICES[file]
    with loaded(file) as (started, result):
        assert result["kind"] == "tensor"
        assert expected.items() <= {entry["what"]: entry["found"] for entry in result["probe"]}.items()
        for statements in programs.values():
            program = tensor_program(*statements, root=3)
            agrees(*started.run(program), program)


def test_arguments_are_told_as_the_subject_has_them() -> None:
    with loaded("nested_tensor.py") as (started, result):
        assert result["ops"]["sum"]["arguments"] == {
            "dim": "axis",
            "keepdim": "always",
            "all": "no",
            "several": "right",
        }
        (trace,) = started.run(Program([leaf("a", [[1.0, 2.0]])], [Apply("sum", (Ref(0), 0), {}, (1,))]))
        assert trace["failure"]["type"] == "Unsupported"
    with loaded("dim_tensor.py") as (_, result):
        ops = result["ops"]
        assert ops["reshape"]["arguments"] == {"form": "2, 3"}
        assert ops["softmax"]["arguments"] == {"dim": {"fixed": "last"}}
        assert ops["cross_entropy"]["arguments"] == {"form": "array", "reduction": {"fixed": "mean"}}
        assert ops["sum"]["arguments"]["keepdim"] == "keepdim"
        assert ops["max"]["arity"] == 1
    with loaded("by_method.py") as (_, result):
        assert result["ops"]["leaky_relu"]["arguments"] == {"negative_slope": {"fixed": 0.1}}
    with loaded("functions.py") as (_, result):
        assert result["ops"]["elu"]["arguments"] == {"alpha": {"keyword": "alpha"}}


def test_a_wrong_forward_stays_bound_and_what_matches_nothing_is_listed() -> None:
    with loaded("plain_value.py") as (started, result):
        ops = result["ops"]
        assert ops["relu"]["tried"]["v"].startswith("wrong: 0.0 for 0.7")
        assert ops["sigmoid"]["tried"]["v"].startswith("raises TypeError")
        assert ops["exp"]["tried"]["v"] == "gives None"
        assert result["unmatched"] == ["wobble"]
        nothing, sigmoid = started.run(
            *[Program([leaf("a", 1.0)], [Apply(op, (Ref(0),), {}, (1,))]) for op in ("exp", "sigmoid")]
        )
        assert nothing["failure"] == {"statement": 0, "type": "ReturnedNone", "message": "a.exp() returned None"}
        assert sigmoid["failure"]["type"] == "TypeError"
        assert ops["sub"]["numbers"] == "right"
        assert ops["mul"]["numbers"] == "both"
        assert (ops["pow"]["values"], ops["pow"]["numbers"]) == ("left", "right")
    with loaded("functions.py") as (_, result):
        assert "log" not in result["ops"]
        assert "log (function)" in result["unmatched"]


def test_a_map_says_what_an_op_is() -> None:
    with loaded("plain_value.py", map={"silu": "wobble", "exp": "tanh", "mish": "nothing"}) as (_, result):
        assert result["ops"]["silu"]["tried"]["v"] == "gives a plain float, not a Value"
        assert result["ops"]["exp"]["spelled"] == "a.tanh()"
        assert result["unmatched"] == ["exp"]
        assert "--map mish=nothing: there is no such method or function" in result["notes"]
    assert error("plain_value.py", map={"backward": "forwards"})["kind"] == "no backward"


def test_zeroing_and_a_second_backward() -> None:
    program = scalar_program()
    program.statements += [ZeroGrad(), Apply("mul", (Ref(0), Ref(0)), {}, (6,)), Backward((6,), (None,))]
    with loaded("plain_value.py") as (started, _):
        (trace,) = started.run(program)
    assert array(trace["gradients"]["5"]["0"]) == 3.0
    assert trace["gradients"]["5"]["1"] is None


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
        assert "abs left out: a_library_that_nobody_has is not installed" in notes
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


@pytest.mark.skipif(not hasattr(os, "fork"), reason="it forks")
def test_bad_manners_are_survived() -> None:
    """Prints, a closed stdout, forks, sys.exit, a changed recursion limit, a repr that raises."""
    with loaded("rude.py") as (started, result):
        assert result["ops"]["exp"]["tried"]["v"] == "raises SystemExit: 3"
        assert result["ops"]["cos"]["tried"]["v"] == "gives a Value whose repr raises ValueError"
        one = [leaf("a", 0.5)]
        exits, complex_, limited = started.run(
            *[Program(one, [Apply(op, (Ref(0),), {}, (1,))]) for op in ("exp", "sin", "tanh")]
        )
        assert exits["failure"]["type"] == "SystemExit"
        assert complex_["values"]["1"] == {"unreadable": "a Value whose repr raises ValueError"}
        assert limited["failure"] is None
        program = scalar_program("sub")
        agrees(*started.run(program), program)


def test_nan_and_infinity_travel() -> None:
    with loaded("plain_value.py") as (started, _):
        program = Program([leaf("a", np.inf), leaf("b", -0.0)], [Apply("mul", (Ref(0), Ref(1)), {}, (2,))])
        (trace,) = started.run(program)
    assert trace["values"]["0"]["data"] == ["inf"]
    assert trace["values"]["1"]["data"] == ["-0.0"]
    assert trace["values"]["2"]["data"] == ["nan"]


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
    assert "\n" not in found["message"]


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
