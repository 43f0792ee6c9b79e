"""`paragrad diff` on engines with one line changed: the star and the diagnosis have to name the fault."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

import pytest

from paragrad.fuzz.diffing import language, literals
from paragrad.fuzz.diffing.comparison import Comparison, compare
from paragrad.fuzz.diffing.terms import Terms, explain
from paragrad.fuzz.engines.inside import Inside

SOUND = Path(__file__).parent.parent / "subjects" / "sound_value.py"
EXPRESSION = (
    "d = a*b; e = d - c; f = e/b; g = tanh(f); h = relu(a - d); m = exp(-a); p = a**3; g*h + m*p + log(a)*sigmoid(b)"
)
AT = ["a=0.7", "b=-1.3", "c=0.4"]


@dataclass(frozen=True)
class Fault:
    """The comment that ends the changed line, the new line, the starred node, the blamed op and parameter, and words of
    the diagnosis."""

    mark: str
    line: str
    star: str
    title: str
    words: str
    expression: str = EXPRESSION


FAULTS = {
    "tanh' is 1 - t": Fault("tanh", "self.grad += (1 - t) * out.grad", "f", "gradient of tanh(input)", ""),
    "tanh' is doubled": Fault(
        "tanh", "self.grad += 2 * (1 - t**2) * out.grad", "f", "gradient of tanh(input)", "constant factor 2"
    ),
    "tanh forgets what comes in": Fault(
        "tanh", "self.grad += 1 - t**2", "f", "gradient of tanh(input)", "incoming gradient"
    ),
    "add overwrites": Fault(
        "add, other", "other.grad = out.grad", "b", "gradient of walk", "overwritten", "d = a*b; e = d + b; e*b"
    ),
    "mul overwrites": Fault("mul, input", "self.grad = other.data * out.grad", "a", "gradient of walk", "overwritten"),
    "mul takes the wrong operand": Fault(
        "mul, input", "self.grad += self.data * out.grad", "log(a)", "gradient of mul(input)", "of another operand"
    ),
    "sub misses the sign": Fault("sub, other", "other.grad += out.grad", "d", "gradient of sub(other)", "sign"),
    "sub drops its first": Fault("sub, input", "pass", "d", "gradient of sub(input)", ""),
    "neg misses the sign": Fault("neg", "self.grad += out.grad", "a", "gradient of neg(input)", "sign"),
    "div's second misses the square": Fault(
        "div, other", "other.grad -= out.grad * self.data / other.data", "b", "gradient of div(other)", ""
    ),
    "div's first multiplies": Fault(
        "div, input", "self.grad += out.grad * other.data", "e", "gradient of div(input)", ""
    ),
    "pow is off by one": Fault(
        "pow", "self.grad += exponent * self.data**exponent * out.grad", "a", "gradient of pow(input)", ""
    ),
    "pow forgets the exponent": Fault(
        "pow", "self.grad += self.data ** (exponent - 1) * out.grad", "a", "gradient of pow(input)", ""
    ),
    "exp' is x": Fault("exp", "self.grad += self.data * out.grad", "-a", "gradient of exp(input)", ""),
    "exp by a short e": Fault("exp, forward", 'out = Value(2.718**self.data, (self,), "exp")', "m", "value of exp", ""),
    "log' is x": Fault("log", "self.grad += out.grad * self.data", "a", "gradient of log(input)", ""),
    "relu on the wrong side": Fault(
        "relu", "self.grad += (self.data < 0) * out.grad", "a - d", "gradient of relu(input)", ""
    ),
    "sigmoid' is 1 - s": Fault("sigmoid", "self.grad += (1 - s) * out.grad", "b", "gradient of sigmoid(input)", ""),
    "sigmoid's forward is turned": Fault(
        "sigmoid, forward", "s = 1 / (1 + math.exp(self.data))", "sigmoid(b)", "value of sigmoid", ""
    ),
    "the seed is 2": Fault("seed", "self.grad = 2.0", "L", "gradient of walk", "starts with 2"),
    "no seed": Fault("seed", "pass", "L", "gradient of walk", "self.grad = 1"),
    "nothing after the root": Fault("reversed", "for node in order[-1:]:", "s", "gradient of walk", "or not at all"),
    "from the leaves to the root": Fault(
        "reversed", "for node in order:", "s", "gradient of walk", "before its own gradient"
    ),
    "no topological order": Fault(
        "order",
        "order.insert(0, node)",
        "e",
        "gradient of walk",
        "order of the walk",
        "d = a*b; e = d + a; f = d*e; f + d",
    ),
    "no visited set": Fault("seen", "pass", "b", "gradient of walk", "twice", "d = a*b; e = d*c; e + d"),
    "visited by value": Fault(
        "visited",
        "if node.data not in seen and not seen.add(node.data):",
        "e",
        "gradient of walk",
        "by value",
        "d = exp(a); e = a + b*0; f = exp(e); tanh(d) + f*c",
    ),
}
"""By name, in words."""


def engine(folder: Path, fault: Fault | None) -> Inside:
    """The sound engine with one line changed, as a module of its own."""
    lines = SOUND.read_text(encoding="utf-8").splitlines()
    if fault is not None:
        (place,) = [k for k, line in enumerate(lines) if line.endswith(f"  # {fault.mark}")]
        indent = len(lines[place]) - len(lines[place].lstrip())
        lines[place] = " " * indent + fault.line
    path = folder / "planted.py"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    spec = importlib.util.spec_from_file_location("planted", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return Inside(module.Value)


def compared(folder: Path, fault: Fault | None, expression: str) -> Comparison:
    """The comparison of an expression on an engine."""
    names = ("a", "b", "c")
    values = literals.values([value for name, value in zip(names, AT, strict=True) if name in expression])
    return compare(language.read(expression, values), engine(folder, fault))


def test_the_sound_engine_is_at_parity(tmp_path: Path) -> None:
    found = compared(tmp_path, None, EXPRESSION)
    assert not found.findings
    assert found.star is None


@pytest.mark.parametrize("name", FAULTS)
def test_the_star_and_the_diagnosis_name_the_fault(name: str, tmp_path: Path) -> None:
    fault = FAULTS[name]
    found = compared(tmp_path, fault, fault.expression)
    explain(found, Terms(found))
    first = found.findings[0]
    assert first.title == fault.title, first
    place = found.computation.places[found.star]
    assert fault.star in (found.program.name(found.star), place.text), (found.program.name(found.star), place)
    assert fault.words in first.diagnosis, first.diagnosis
