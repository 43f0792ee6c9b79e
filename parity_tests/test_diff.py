"""`paragrad diff`: expressions, files and saved programs, the record, the page, and what can't be compared."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from paragrad.fuzz.diffing import language, literals
from paragrad.fuzz.diffing.comparison import Comparison, compare
from paragrad.fuzz.diffing.computation import DiffError
from paragrad.fuzz.diffing.local import symbol
from paragrad.fuzz.diffing.terms import Terms, undone
from paragrad.fuzz.diffing.weighted import of_one_number
from paragrad.fuzz.encoding import dumps
from paragrad.fuzz.engines.own import Own
from paragrad.fuzz.engines.own_scalar import OwnScalar
from paragrad.fuzz.program import Apply, Backward, Input, Program, Ref
from paragrad.fuzz.trace import Failure, Trace
from paragrad.reports import record
from paragrad.reports.cli import main

EXPRESSION = "d = a*b; tanh(d + c)*a"
AT = ["a=2", "b=-3", "c=10"]
SUBJECTS = Path(__file__).parent / "subjects"


def told(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """The exit code and all that was said."""
    code = main(["diff", *words])
    captured = capsys.readouterr()
    return code, captured.out + captured.err


def comparison(expression: str, *values: str) -> Comparison:
    found = of_one_number(language.read(expression, literals.values(values)))
    scalar = all(spec.shape == () for spec in found.program.inputs)
    return compare(found, OwnScalar() if scalar else Own())


def test_names_places_and_numbers_of_an_expression() -> None:
    found = language.read(EXPRESSION, literals.values(AT))
    program = found.program
    assert [program.name(k) for k in range(program.count)] == ["a", "b", "c", "d", "e", "f", "L"]
    assert [spec.array().item() for spec in program.inputs] == [2.0, -3.0, 10.0]
    assert found.places[4].text == "d + c"
    assert found.places[4].column == 14


def test_the_terms_of_a_gradient_add_up_to_it() -> None:
    found = comparison(EXPRESSION, *AT)
    terms = Terms(found)
    assert found.at is not None
    for variable, gradient in found.torchs.gradients[found.at].items():
        of = terms.of(variable)
        if of:
            np.testing.assert_allclose(sum(t.expected for t in of), gradient, rtol=1e-12)
            assert all(t.right for t in of)
            np.testing.assert_allclose([t.upstream * t.local for t in of], [t.expected for t in of], rtol=1e-12)
    assert [t.symbol for t in terms.of(0)] == ["f", "b"]


def test_a_broadcast_that_is_undone_is_told() -> None:
    found = comparison("(a + b).tanh()", "a=[[1,2,3],[4,5,6]]", "b=[1,2,3]")
    assert found.computation.notes == [
        "the result has shape (2, 3): the gradients are those of the sum of its elements"
    ]
    assert [t.undone for t in Terms(found).of(1)] == ["summed over axis 0: (2, 3) -> (3,)"]
    assert undone((4, 3), (4, 1)) == "summed over axis 1: (4, 3) -> (4, 1)"
    assert undone((3,), (3,)) == ""


@pytest.mark.parametrize(
    ("op", "parameter", "names", "expected"),
    [
        ("mul", "input", {"input": "a", "other": "b", "out": "c"}, "b"),
        ("sub", "other", {"input": "a", "other": "b", "out": "c"}, "-1"),
        ("tanh", "input", {"input": "a", "out": "c"}, "1 - c**2"),
        ("pow", "input", {"input": "a", "exponent": "3", "out": "c"}, "3 * a**2"),
        ("log", "input", {"input": "a", "out": "c"}, "1 / a"),
        ("matmul", "input", {"input": "a", "other": "b", "out": "c"}, ""),
    ],
)
def test_local_derivatives_in_symbols(op: str, parameter: str, names: dict[str, str], expected: str) -> None:
    assert symbol(op, parameter, names) == expected


@pytest.mark.parametrize(
    ("expression", "values", "words"),
    [
        ("tanh(a*b +", ["a=2", "b=3"], "not an expression: '(' was never closed\n  tanh(a*b +\n      ^"),
        ("tnah(a)", ["a=2"], "tnah is no function that is known here; did you mean tanh?\n  tnah(a)\n  ^^^^"),
        ("__import__('os')", [], "__import__ is no function that is known here"),
        ("a*bb", ["a=1", "b=2"], "bb has no value: write bb=... after the expression; did you mean b?"),
        ("a*b", ["a=1", "b=x"], "b=x: expected a number"),
        ("a*b", ["a=1", "b=2", "c=3"], "c has a value and is not used"),
        ("a*b", ["a=1", "b=2", "a=3"], "a has two values"),
        ("2*3", [], "there is nothing to differentiate"),
        ("", [], "there is no expression"),
        ("a*b", ["a=[[1,2],[3]]", "b=2"], "the lists inside one another must have equal lengths"),
        ("(lambda: a)()", ["a=1"], "only ops are called"),
        ("a.__class__", ["a=1"], "there is no __class__ here"),
        ("[x for x in a]", ["a=1"], "[x for x in a] is no part of an expression"),
        ("a.tanh", ["a=1"], "tanh is not called: write .tanh()"),
        ("a^2", ["a=1"], "^ is no power: write **\n  a^2\n  ^^^"),
        ("a//2", ["a=1"], "operators are + - * / ** % @"),
        ("ReLU(a)", ["a=1"], "did you mean relu?"),
        ("+".join(["a"] * 50_000), ["a=1"], "the expression has 99,999 characters, and 10,000 is the most"),
        ("+".join(["a"] * 4_000), ["a=1"], "nested too deeply"),
        ("(" * 300 + "a" + ")" * 300, ["a=1"], "too many nested parentheses"),
        ("a + ~a", ["a=1"], "~a is no part of an expression"),
        ("d = a; d = a*a; d", ["a=1"], "d is computed a second time"),
        ("tanh(a, b)", ["a=1", "b=2"], "tanh() takes 1 arguments"),
        ("a\nb", ["a=1", "b=2"], "this is not used: give it a name (d = ...), or leave it out\n  a\n  ^"),
        ("for*2", ["for=1"], "for is a word of Python; choose another name"),
        ("a*None", ["a=1"], "None is no number and no value\n  a*None\n    ^^^^"),
        ("a*" + "9" * 5_000, ["a=1"], "a number has too many digits"),
    ],
)
def test_an_expression_that_can_not_be_read_says_why(expression: str, values: list[str], words: str) -> None:
    with pytest.raises(DiffError, match=re.escape(words)):
        language.read(expression, literals.values(values))


def test_what_torch_refuses_and_what_is_no_float() -> None:
    with pytest.raises(DiffError, match=re.escape("torch refuses mul (a*b): RuntimeError")):
        comparison("a*b", "a=[1,2]", "b=[1,2,3]")
    with pytest.raises(DiffError, match="of dtype bool: there is nothing to differentiate"):
        comparison("a < 2", "a=1")


def test_every_form_of_number_reaches_the_program() -> None:
    values = literals.values(["a=-0.0", "b=1e-3", "c=-inf", "d=nan", "e=[[1,2],[3,4]]"])
    assert np.signbit(values["a"])
    assert values["b"] == 1e-3
    assert values["c"] == -np.inf
    assert np.isnan(values["d"])
    assert values["e"].shape == (2, 2)


def test_the_command_at_parity_writes_a_record_that_the_report_shows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "diff.json"
    code, said = told(capsys, "tanh(a*b + c)", *AT, "--json", str(target))
    assert code == 0
    assert "PARITY: 6 nodes" in said
    assert "dL/da = dL/dd · dd/da" in said
    assert max(map(len, said.splitlines())) <= 80
    assert "\x1b" not in said
    body = record.read(target, "diff")["body"]
    assert body["order"] == [5, 4, 3, 2, 1, 0]
    assert body["star"] is None
    assert len(body["nodes"]) == 6
    assert main(["report", str(target), "--output", "-"]) == 0
    assert "## Node by node" in capsys.readouterr().out


def test_somebody_elses_engine_in_a_child(capsys: pytest.CaptureFixture[str]) -> None:
    engine = f"{SUBJECTS / 'plain_value.py'}:Value"
    code, said = told(capsys, "relu(a*b)*a", "a=2", "b=3", "--engine", engine)
    assert code == 1
    assert "DIVERGENCE at d: value of relu" in said
    assert "* d = relu(c)" in said
    assert said.splitlines()[-1] == f"next: paragrad check {engine} --only relu"
    code, said = told(capsys, "sin(a)", "a=2", "--engine", engine)
    assert code == 2
    assert "has no sin; it has" in said


def test_a_number_on_the_left_is_the_reflected_method_s(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = (SUBJECTS / "sound_value.py").read_text(encoding="utf-8")
    wrong = "    def __rsub__(self, other):\n        return self - other\n\n    def backward(self):"
    path = tmp_path / "mine.py"
    sound = [line for line in source.split("    def ") if not line.startswith("__rsub__")]
    path.write_text("    def ".join(sound).replace("    def backward(self):", wrong), encoding="utf-8")
    code, said = told(capsys, "tanh(3 - a)", "a=0.5", "--engine", f"{path}:Value")
    assert code == 1
    assert "return self - other (__rsub__: a number is on the left)" in " ".join(said.split())
    assert told(capsys, "tanh(a - 3)", "a=0.5", "--engine", f"{path}:Value")[0] == 0


MODEL = """
from paragrad.engine.scalar import Value
from paragrad.engine import tensor
print("noise")
x = Value(2.0)
def loss():
    y = x * x
    return 3 - y.tanh()
w = tensor([[1.0, 2.0]], requires_grad=True)
def mean():
    return (w * w).mean(dim=1).sum()
number = 3
"""


def test_a_file_that_builds_a_graph(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "model.py"
    path.write_text(MODEL, encoding="utf-8")
    code, said = told(capsys, f"{path}:loss")
    assert code == 0
    assert "y = x * x" in said
    assert "line 7: y = x * x" in said
    assert "noise" not in said
    code, said = told(capsys, f"{path}:mean")
    assert code == 0
    assert "line 11: return (w * w).mean(dim=1).sum()" in said
    assert told(capsys, f"{path}:los") == (2, f"paragrad diff: {path}: there is no los in it; did you mean loss?\n")
    code, said = told(capsys, f"{path}:number")
    assert code == 2
    assert "it builds an int, expected a Value or a Tensor" in said
    code, said = told(capsys, f"{tmp_path / 'modle.py'}:loss")
    assert code == 2
    assert "there is no such file; did you mean model.py?" in said


def test_a_file_with_a_class_of_its_own_is_compared_on_that_class(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = (SUBJECTS / "sound_value.py").read_text(encoding="utf-8").replace("(1 - t**2)", "(1 - t)")
    path = tmp_path / "mine.py"
    path.write_text(f"{source}\n\na, b = Value(0.7), Value(-1.3)\nloss = (a * b).tanh() - a / b\n", encoding="utf-8")
    code, said = told(capsys, str(path))
    assert code == 1
    assert "gradient of tanh(input)" in said
    assert "as if it were 1 - " in " ".join(said.split())
    assert f"next: paragrad check {path}:Value --only tanh" in said


def test_a_large_saved_program_shows_the_part_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    calls = [Apply("tanh", (Ref(k),), {}, (k + 1,)) for k in range(3_000)]
    program = Program([Input.of("x", np.array(0.5), True)], [*calls, Backward((3_000,), (None,))])
    path = tmp_path / "large.json"
    path.write_text(dumps(program), encoding="utf-8")
    code, said = told(capsys, str(path), "--node", "v7", "--depth", "2")
    assert code == 0
    assert "the graph has 3,001 nodes, shown are the 5" in said.replace("\n  ", " ")
    assert "v9 = tanh(v8)" in said
    assert "v10 =" not in said
    code, said = told(capsys, str(path), "--node", "v7000")
    assert code == 2
    assert "no node has this label" in said


class LeavesOnly(OwnScalar):
    """An engine that shows no gradient of what is no leaf, and whose tanh is off by 2."""

    name = "leaves only"
    foreign = True

    def run(self, program: Program) -> Trace:
        trace = super().run(program)
        leaves = range(len(program.inputs))
        reached = {k for s in program.statements if isinstance(s, Apply) and s.op == "tanh" for k in (0, 1)}
        trace.gradients = {
            at: {
                k: g if g is None or k not in reached or k not in leaves else np.asarray(2 * g)
                for k, g in shown.items()
                if k in leaves
            }
            for at, shown in trace.gradients.items()
        }
        return trace


def test_of_an_engine_that_shows_leaves_only_each_op_is_asked_alone() -> None:
    found = compare(language.read("d = a*b; tanh(d) + c", literals.values(AT)), LeavesOnly())
    assert found.seen_is_torchs
    assert found.star == 3
    assert found.findings[0].title == "gradient of tanh(input)"


def test_gradients_that_an_engine_writes_down_on_leaves_only_are_no_zeros(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    sound = Path(__file__).with_name("subjects") / "leaves_only.py"
    question = ["tanh(a*b + c)*a", "a=2", "b=-3", "c=5.5", "--engine"]
    code, said = told(capsys, *question, f"{sound}:Value")
    assert code == 0
    assert "mine not shown" in said
    faulty = tmp_path / "faulty.py"
    faulty.write_text(sound.read_text(encoding="utf-8").replace("1 - t * t", "1 - t"), encoding="utf-8")
    code, said = told(capsys, *question, f"{faulty}:Value")
    assert code == 1
    assert "gradient of tanh(input)" in said


@pytest.mark.parametrize("expression", ["-a", "-a*b", " -a", "-tanh(a)", "-2*a", "\n  d = -a\n  d*b"])
def test_an_expression_may_begin_with_a_minus(expression: str, capsys: pytest.CaptureFixture[str]) -> None:
    values = ["a=2", *(["b=3"] if "b" in expression else [])]
    code, said = told(capsys, expression, *values)
    assert code == 0
    assert " ".join(expression.split()) in said
    with pytest.raises(SystemExit):
        told(capsys, expression, *values, "--depht", "3")


class Hanging(OwnScalar):
    """An engine that does not come back from a backward; `asked` counts how often it was tried."""

    asked = 0
    foreign = True

    def run(self, program: Program) -> Trace:
        self.asked += 1
        trace = super().run(program)
        trace.gradients = {}
        trace.failure = Failure(len(program.statements) - 1, "Hang", "no answer within 3 s")
        return trace


def test_an_engine_that_hangs_is_asked_once() -> None:
    engine = Hanging()
    found = compare(language.read("tanh(a*b + c)", literals.values(AT)), engine)
    Terms(found).of(0)
    assert engine.asked == 1
    assert found.findings[0].title == "crash of backward"
    assert found.star == found.program.count - 1


def test_a_corpus_entry_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    code, said = told(capsys, "gradient-of-logsigmoid-input-b361229d")
    assert code == 0
    assert "logsigmoid(" in said


def test_no_record_is_written_where_nothing_could_be_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "diff.json"
    assert told(capsys, "a*", "a=1", "--json", str(target))[0] == 2
    assert not target.exists()
    assert told(capsys, "a*a", "a=1", "--json", str(tmp_path))[0] == 2
    assert told(capsys, "a*a", "a=1", "--json", "-")[0] == 0


def test_json_on_stdout_is_all_there_is_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", "a*a", "a=3", "--json", "-"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["body"]["verdict"] == "parity"
    assert "PARITY" in captured.err
