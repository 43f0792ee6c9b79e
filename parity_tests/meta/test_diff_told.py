"""What `paragrad diff` says of a fault: why, and in which line, as the numbers show it and no further."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from paragrad.fuzz.diffing import language, literals
from paragrad.fuzz.diffing.comparison import Comparison, compare
from paragrad.fuzz.diffing.terms import Terms
from paragrad.fuzz.engines.inside import Inside
from paragrad.reports.bodies.diff import DiffFinding
from paragrad.reports.diff.body import body
from parity_tests.ulps import assert_within_ulps

SUBJECTS = Path(__file__).parent.parent / "subjects"
SOUND, PLAIN = SUBJECTS / "sound_value.py", SUBJECTS / "plain_value.py"
AT = ["a=0.5", "b=-0.3", "c=1.2"]


def module(folder: Path, source: Path | str, *edits: tuple[str, str]) -> ModuleType:
    """The module that a source is with some text of it changed."""
    text = source if isinstance(source, str) else source.read_text(encoding="utf-8")
    for old, new in edits:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path = folder / "planted.py"
    path.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("planted", path)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def compared(cls: type, expression: str, values: list[str]) -> Comparison:
    given = [v for v in values if v[0] in expression.replace("tanh", "").replace("exp", "")]
    return compare(language.read(expression, literals.values(given)), Inside(cls))


def first(found: Comparison) -> DiffFinding:
    """The first finding as it is told."""
    return body(found, list(range(found.program.count)), "", "")["findings"][0]


def line(finding: DiffFinding, folder: Path) -> str:
    """The text of the line that is named."""
    number = int(finding["where"].removeprefix(f"{folder / 'planted.py'}:").partition(":")[0])
    return (folder / "planted.py").read_text(encoding="utf-8").splitlines()[number - 1].strip()


def test_a_constant_with_few_digits_is_not_float32(tmp_path: Path) -> None:
    cls = module(tmp_path, SOUND, ("math.exp(self.data), (self,)", "2.71828**self.data, (self,)")).Value
    told = first(compared(cls, "tanh(exp(a*b + c)*a)", AT))
    assert told["title"] == "value of exp"
    assert told["diagnosis"] == "2.71828 is taken for e"


def test_what_is_off_by_little_is_told_by_how_much(tmp_path: Path) -> None:
    cls = module(tmp_path, SOUND, ("t = math.tanh(self.data)", "t = math.tanh(self.data) + 4e-7 * self.data**2")).Value
    told = first(compared(cls, "tanh(a)*b", AT))
    assert "float32" not in told["diagnosis"]
    assert "the relative error of this op is 2.2e-07, in the value" in told["diagnosis"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("t = math.tanh(self.data)", "import numpy; t = float(numpy.tanh(numpy.float32(self.data)))"),
        (
            "self.grad += (1 - t**2) * out.grad",
            "import numpy; self.grad += float(numpy.float32(1 - t**2)) * out.grad",
        ),
    ],
)
def test_float32_is_said_where_float32_gives_the_digits(old: str, new: str, tmp_path: Path) -> None:
    told = first(compared(module(tmp_path, SOUND, (old, new)).Value, "tanh(a*b + c)*a", AT))
    assert told["diagnosis"] == "it is computed in float32, where float64 is meant"


def test_a_rule_that_adds_to_what_comes_in_is_the_op_s(tmp_path: Path) -> None:
    cls = module(tmp_path, SOUND, ("(1 - t**2) * out.grad", "1 - t**2 * out.grad")).Value
    told = first(compared(cls, "exp(tanh(a*b + c)*a) + b*c", AT))
    assert told["title"] == "gradient of tanh(input)"
    assert "it gives 1 - 0.611221·g in df/de, expected 0.388779·g" in told["diagnosis"]
    assert "bracket" in told["diagnosis"]
    assert line(told, tmp_path) == "self.grad += 1 - t**2 * out.grad  # tanh"


def test_terms_add_up_to_what_is_shown_where_the_walk_stops_early(tmp_path: Path) -> None:
    cls = module(tmp_path, SOUND, ("for node in reversed(order):", "for node in list(reversed(order))[:-3]:")).Value
    found = compared(cls, "c*b + exp(tanh(a*b + c)*a)", AT)
    told = first(found)
    assert found.at is not None
    assert found.star is not None
    shown = found.trace.gradients[found.at][found.star]
    terms = Terms(found).of(found.star)
    mine = [t.mine for t in terms]
    assert not all(t.right for t in terms)
    assert all(m is not None for m in mine)
    assert_within_ulps(np.float64(sum(m for m in mine if m is not None)), np.float64(shown), 8)
    assert told["title"] == "gradient of the walk"
    assert "overwritten" not in told["diagnosis"]
    assert told["diagnosis"].startswith("d is never walked")


@pytest.mark.parametrize(
    ("method", "wrong", "expression", "why"),
    [
        ("__rsub__", "self - other", "tanh(3 - a*b)*c", "the operands are exchanged: 3 - x is computed as x - 3"),
        ("__rtruediv__", "self / other", "tanh(2/(a*b))*c", "the operands are exchanged: 2 / x is computed as x / 2"),
        ("__rsub__", "self + other", "tanh(3 - a*b)*c", "e comes out as 2.85: as if it were 3 + d"),
    ],
)
def test_a_reflected_method_is_named_with_its_line(
    method: str, wrong: str, expression: str, why: str, tmp_path: Path
) -> None:
    text = SOUND.read_text(encoding="utf-8")
    parts = [part for part in text.split("    def ") if not part.startswith(method)]
    planted = f"    def {method}(self, other):\n        return {wrong}\n\n    def backward(self):"
    cls = module(tmp_path, "    def ".join(parts), ("    def backward(self):", planted)).Value
    told = first(compared(cls, expression, AT))
    assert line(told, tmp_path) == f"return {wrong}"
    assert told["where"].endswith(f"({method}: a number is on the left)")
    assert told["diagnosis"] == why


def test_a_fault_of_the_plain_method_is_not_the_reflected_one_s(tmp_path: Path) -> None:
    cls = module(tmp_path, PLAIN, ("self.grad += out.grad * other.data", "self.grad += out.grad * out.data")).Value
    told = first(compared(cls, "tanh(2*a)*c", AT))
    assert line(told, tmp_path) == "self.grad += out.grad * out.data"


def test_a_class_without_the_reflected_method(tmp_path: Path) -> None:
    cls = module(tmp_path, PLAIN, ("    __radd__ = __add__\n", "")).Value
    told = first(compared(cls, "tanh(3 + a*b)", AT))
    assert told["diagnosis"] == "a number on the left makes Python look for __radd__, and the class has none"
    assert told["where"] == "the class has no __radd__"


def test_an_op_that_is_made_of_others_is_told_by_the_part_at_fault(tmp_path: Path) -> None:
    cls = module(tmp_path, PLAIN, ("self.grad += out.grad * other.data", "self.grad += out.grad * out.data")).Value
    told = first(compared(cls, "tanh(a) - b*c", AT))
    assert told["title"] == "gradient of mul(input)"
    assert told["diagnosis"].startswith("sub is made of mul here")
    assert line(told, tmp_path) == "self.grad += out.grad * out.data"


CLASSES = """
import math
class Op:
    def __init__(self, *args): self.args = args
    def __call__(self):
        out = Var(self.forward(*[a.data for a in self.args])); out.creator = self; return out
class Add(Op):
    def forward(self, a, b): return a + b
    def backward(self, g): return g, g
class Mul(Op):
    def forward(self, a, b): self.a, self.b = a, b; return a * b
    def backward(self, g): return g * self.b, g * self.a
class Tanh(Op):
    def forward(self, a): self.t = math.tanh(a); return self.t
    def backward(self, g): return (g * (1 - self.t),)
def wrapped(x): return x if isinstance(x, Var) else Var(x)
class Var:
    def __init__(self, data): self.data = data; self.grad = None; self.creator = None
    def __add__(self, o): return Add(self, wrapped(o))()
    def __mul__(self, o): return Mul(self, wrapped(o))()
    def tanh(self): return Tanh(self)()
    def backward(self):
        order = []; seen = set()
        def go(n):
            if id(n) in seen: return
            seen.add(id(n))
            for p in n.creator.args if n.creator else (): go(p)
            order.append(n)
        go(self)
        self.grad = 1.0
        for n in reversed(order):
            for p, g in zip(n.creator.args, n.creator.backward(n.grad)) if n.creator else ():
                p.grad = g if p.grad is None else p.grad + g
"""


def test_of_classes_of_ops_the_line_is_the_backward_s(tmp_path: Path) -> None:
    told = first(compared(module(tmp_path, CLASSES).Var, "tanh(a*b + c)*a", AT))
    assert line(told, tmp_path) == "def backward(self, g): return (g * (1 - self.t),)"


@pytest.mark.parametrize(
    ("old", "expression", "op"),
    [
        ("other.grad += self.data * out.grad", "d = a*b; exp(d*d)*c", "mul(other)"),
        ("other.grad += out.grad", "d = a + a; exp(d)*c", "add(other)"),
    ],
)
def test_one_operand_twice(old: str, expression: str, op: str, tmp_path: Path) -> None:
    edit = f"            {old}  #", f"            {old} * (self is not other)  #"
    told = first(compared(module(tmp_path, SOUND, edit).Value, expression, AT))
    assert told["title"] == f"gradient of {op}"
    assert "of one operand twice" in told["diagnosis"]


def test_a_value_that_is_another_formula(tmp_path: Path) -> None:
    cls = module(tmp_path, SOUND, ("t = math.tanh(self.data)", "t = math.tanh(self.data / 2)")).Value
    assert first(compared(cls, "tanh(a*b)", AT))["diagnosis"].endswith("as if it were tanh(c/2)")


def test_an_op_that_forgets_its_operand_cuts_the_graph(tmp_path: Path) -> None:
    cls = module(tmp_path, SOUND, ("math.log(self.data), (self,)", "math.log(self.data), ()")).Value
    told = first(compared(cls, "tanh(log(a*c + 1)*a) - b*c", AT))
    assert told["title"] == "gradient of log"
    assert "cuts the graph" in told["diagnosis"]
    assert line(told, tmp_path) == "def log(self):"
