"""The third opinion: every op's definition against torch, where it has none and why, and that it stands alone."""

from __future__ import annotations

import ast
import inspect
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mpmath import mp

import paragrad.fuzz.judge.third as package
from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.engines.pytorch import PyTorch
from paragrad.fuzz.judge.isolate import isolate
from paragrad.fuzz.judge.local import LocalReference
from paragrad.fuzz.judge.third import DEFINITIONS, EXCLUDED, gradient, question, value
from paragrad.fuzz.judge.third.functions import FUNCTIONS
from paragrad.fuzz.judge.third.predicates import PREDICATES
from paragrad.fuzz.judge.third.registry import DIFFERENTIATED
from paragrad.fuzz.program import Apply, Array, Input, Program, Ref
from paragrad.fuzz.strategies.builder import sampled_ops
from paragrad.fuzz.strategies.single import single

PUBLIC = {name for name, op in TABLE.items() if not op.internal}
SAMPLED = [op.name for op in sampled_ops() if op.name not in EXCLUDED]
INEXACT = {"hardsigmoid": "torch multiplies its gradient by 1/6 as a float32, in float64, too"}
"""Ops with a gradient of torch's that the third opinion calls wrong."""
MOSTLY_KINKS = {"fmax", "fmin", "l1_loss", "maximum", "minimum"}
"""Ops whose samples often hold one tensor twice, and kinks wherever it meets itself."""


class Answers:
    """The opinions on a few elements of each value and gradient of an op's own samples, beside torch's numbers."""

    def __init__(self, name: str, dtype: str = "float64", count: int = 6) -> None:
        self.name = name
        self.rng = random.Random(f"{name} {dtype}")
        self.asked = {"value": 0, "gradient": 0}
        self.given = {"value": 0, "gradient": 0}
        for program in single(TABLE[name], dtype, second=False, count=count):
            self.ask(program)

    def ask(self, program: Program) -> None:
        """Ask about one program of one op."""
        trace = PyTorch().run(program)
        statement = program.statements[0]
        assert isinstance(statement, Apply)
        shown = trace.gradients.get(1, {})
        incoming = [shown.get(output) for output in statement.outputs]
        needing = frozenset(k for k, spec in enumerate(program.inputs) if spec.requires_grad)
        alone, _ = isolate(statement, trace.at(0), needing, incoming)
        trace = PyTorch().run(alone)
        assert trace.failure is None, trace.failure
        (statement, *backward) = alone.statements
        assert isinstance(statement, Apply)
        leaves = {k: spec.array() for k, spec in enumerate(alone.inputs)}
        local = LocalReference(statement, leaves, frozenset(k for k, s in enumerate(alone.inputs) if s.requires_grad))
        for k, expected in enumerate(local.values_expected()):
            found = trace.values[statement.outputs[k]]
            for element in self.some(found):
                opinion = value(statement, leaves, k, element)
                self.compare("value", statement, leaves, opinion, found, element, expected)
        if not backward or self.name in INEXACT:
            return
        for variable, bound in local.gradients_expected(incoming).items():
            found = trace.gradients[1][variable]
            assert found is not None
            for element in self.some(found):
                opinion = gradient(statement, leaves, incoming, variable, element)
                self.compare("gradient", statement, leaves, opinion, found, element, bound)

    def some(self, array: Array) -> list[tuple[int, ...]]:
        """Two elements at random."""
        return self.rng.sample(list(np.ndindex(array.shape)), min(2, array.size))

    def compare(
        self,
        what: str,
        statement: Apply,
        leaves: Mapping[int, Array],
        opinion: Any,
        found: Array,
        element: tuple[int, ...],
        expected: Any,
    ) -> None:
        """Hold an opinion against torch's number and what rounding allows that."""
        self.asked[what] += 1
        if opinion is None:
            return
        self.given[what] += 1
        bound = 0.0 if expected is None else float(expected.bound[element])
        theirs = float(found[element])
        off = abs((theirs - opinion.value) - opinion.low)
        text = f"{what} of {self.name} at {element}: torch {theirs}, {opinion}, bound {bound}\n{statement}\n{leaves}"
        assert not np.isfinite(theirs) or off <= bound + opinion.error, text
        if found.dtype == np.float64:
            size = np.abs(found[np.isfinite(found)]).max(initial=0.0)
            assert opinion.error <= 1e-25 * max(abs(opinion.value), size) + 1e-60, f"unsure: {text}"


@pytest.mark.parametrize("name", SAMPLED)
def test_agrees_with_torch(name: str) -> None:
    """On float64 samples, with an opinion on most elements; without one where numbers aren't finite, or at kinks."""
    answers = Answers(name)
    for what, least in (("value", 0.6), ("gradient", 0.0 if name in MOSTLY_KINKS else 0.4)):
        asked, given = answers.asked[what], answers.given[what]
        assert given >= least * asked, f"{name}: an opinion on {given} of {asked} elements of a {what}"


@pytest.mark.parametrize("name", ["add", "huber_loss", "lerp", "masked_fill", "softplus", "sum", "where"])
@pytest.mark.parametrize("dtype", ["float32", "mixed"])
def test_numbers_meet_in_a_dtype(name: str, dtype: str) -> None:
    """Python numbers beside float32, and operands of two dtypes."""
    answers = Answers(name, dtype, 20)
    assert answers.given["gradient"] > 10


WHOLE = np.array([3, -2, 1])
TRUTH = np.array([True, False, True])


@pytest.mark.parametrize(
    ("op", "arrays", "arguments"),
    [
        ("add", (TRUTH, TRUTH), ()),
        ("add", (TRUTH, WHOLE), ()),
        ("pow", (WHOLE, -WHOLE), ()),
        ("div", (WHOLE, WHOLE), ()),
        ("mul", (WHOLE, WHOLE), ()),
        ("masked_fill", (TRUTH, TRUTH), (2,)),
        ("sum", (TRUTH,), ()),
        ("cumsum", (TRUTH,), (0,)),
        ("prod", (WHOLE,), ()),
        ("amax", (WHOLE,), (0,)),
        ("argmin", (WHOLE,), ()),
        ("flip", (TRUTH,), ((0,),)),
    ],
)
def test_bools_and_whole_numbers(op: str, arrays: tuple[Array, ...], arguments: tuple[Any, ...]) -> None:
    """What no gradient flows through; samples seldom hold it."""
    inputs = [Input.of(f"x{k}", a) for k, a in enumerate(arrays)]
    statement = Apply(op, (*map(Ref, range(len(arrays))), *arguments), {}, (len(arrays),))
    shown = PyTorch().run(Program(inputs, [statement])).values[len(arrays)]
    for element in np.ndindex(shown.shape):
        found = value(statement, dict(enumerate(arrays)), 0, element)
        assert found is not None
        assert shown[element] == shown.dtype.type(found.value)


def scaled(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that is wrong in the tenth digit."""

    def wrong(**arguments: Any) -> Any:
        found = function(**arguments)
        factor = 1 + mp.mpf(10) ** -10
        return (found[0] * factor, *found[1:]) if isinstance(found, tuple) else found * factor

    return wrong


@pytest.mark.parametrize("name", ["tanh", "mul", "matmul", "softmax", "max.dim", "gather", "conv2d", "cross_entropy"])
def test_a_wrong_definition_fails(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Test the tester."""
    table = question.ELEMENTWISE if name in question.ELEMENTWISE else DEFINITIONS
    monkeypatch.setitem(table, name, scaled(table[name]))
    with pytest.raises(AssertionError, match=f"value of {name} at"):
        Answers(name)


def test_a_wrong_gradient_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """What differences are taken of, and nothing else, is wrong."""
    monkeypatch.setitem(DIFFERENTIATED, "embedding", DEFINITIONS["embedding"])
    with pytest.raises(AssertionError, match="gradient of embedding at"):
        Answers("embedding", count=40)


def test_each_op_is_defined_or_excluded() -> None:
    defined = question.ELEMENTWISE.keys() | DEFINITIONS.keys()
    assert not FUNCTIONS.keys() & PREDICATES.keys()
    assert not question.ELEMENTWISE.keys() & DEFINITIONS.keys()
    assert PUBLIC - defined == EXCLUDED.keys(), "each public op has a definition, or a line in EXCLUDED, not both"
    assert DEFINITIONS.keys() <= PUBLIC, f"no op of the table: {DEFINITIONS.keys() - PUBLIC}"
    assert DIFFERENTIATED.keys() <= defined


@pytest.mark.parametrize("name", sorted((question.ELEMENTWISE.keys() | DEFINITIONS.keys()) & TABLE.keys()))
def test_a_definition_takes_the_tables_arguments(name: str) -> None:
    for found in (question.ELEMENTWISE.get(name), DEFINITIONS.get(name), DIFFERENTIATED.get(name)):
        if found is not None:
            missing = set(TABLE[name].parameters) - set(inspect.signature(found).parameters)
            assert not missing, f"the definition of {name} does not take {missing}, which the op table has"


def call(op: str, *arguments: Any, **keywords: Any) -> tuple[Apply, dict[int, Array]]:
    """op(*arguments), each array a variable."""
    arrays = {k: np.asarray(a) for k, a in enumerate(arguments) if isinstance(a, np.ndarray | list)}
    args = tuple(Ref(k) if k in arrays else a for k, a in enumerate(arguments))
    return Apply(op, args, keywords, (len(arguments),)), arrays


@pytest.mark.parametrize(
    ("op", "arguments", "element"),
    [
        ("abs", ([0.0, 1.0],), (0,)),
        ("sign", ([0.0, 1.0],), (0,)),
        ("sqrt", ([0.0, 1.0],), (0,)),
        ("maximum", ([1.0, 1.0], [1.0, 2.0]), (0,)),
        ("clamp", ([1.0, 1.0], 1.0, 1.0), (0,)),
        ("atan2", ([0.0, 1.0], [0.0, 1.0]), (0,)),
        ("amax", ([2.0, 2.0], (), True), (0,)),
        ("sort", ([2.0, 2.0, 2.0],), (1,)),
        ("median.dim", ([2.0, 2.0, 2.0], 0, True), (1,)),
        ("norm", ([0.0, 0.0],), (0,)),
        ("scatter", ([1.0, 2.0], 0, [0, 0], [3.0, 4.0]), (0,)),
    ],
)
def test_a_kink_has_no_gradient(op: str, arguments: tuple[Any, ...], element: tuple[int, ...]) -> None:
    variable = 3 if op == "scatter" else 0
    statement, arrays = call(op, *arguments)
    outgoing = [
        np.ones(()) if op == "norm" else np.ones(1) if op in ("amax", "median.dim") else np.ones(len(arrays[0]))
    ]
    assert gradient(statement, arrays, outgoing, variable, element) is None


def test_what_is_not_finite_has_no_opinion() -> None:
    statement, arrays = call("add", [np.inf, 1.0], [1.0, 1.0])
    assert value(statement, arrays, 0, (0,)) is None
    assert value(statement, arrays, 0, (1,)) is not None
    statement, arrays = call("exp", [1e4])
    assert value(statement, arrays, 0, (0,)) is None
    statement, arrays = call("isnan", [np.nan, 1.0])
    found = value(statement, arrays, 0, (0,))
    assert found is not None
    assert found.value == 1


def test_an_index_among_equals_has_no_opinion() -> None:
    statement, arrays = call("topk", [2.0, 1.0, 2.0], 2)
    assert value(statement, arrays, 1, (0,)) is None
    found = value(statement, arrays, 0, (0,))
    assert found is not None
    assert found.value == 2


def test_a_diagonal_may_be_empty() -> None:
    statement, arrays = call("einsum", "ii,j->j", np.ones((0, 0)), [2.0])
    statement = Apply("einsum", (statement.args[0], statement.args[1:]), {}, statement.outputs)
    found = value(statement, arrays, 0, (0,))
    assert found is not None
    assert found.value == 0


def test_what_cancels_is_found() -> None:
    """1e300 + 1 - 1e300, and the derivative of one term of a product with the smallest numbers there are."""
    statement, arrays = call("sum", [1e300, 1.0, -1e300])
    found = value(statement, arrays, 0, ())
    assert found is not None
    assert (found.value, found.low) == (1.0, 0.0)
    statement, arrays = call("prod", [1e300, 5e-324, 2.0])
    found = gradient(statement, arrays, [np.ones(())], 2, (2,)) or gradient(statement, arrays, [np.ones(())], 0, (2,))
    assert found is not None
    assert abs(found.value - 1e300 * 5e-324) <= 1e-39


def test_it_settles_the_last_digit_of_float64() -> None:
    """The derivative of softmax, against its formula with 50 digits: the opinion is right to 25."""
    x = np.random.default_rng(0).standard_normal(5)
    statement, arrays = call("softmax", x, 0)
    incoming = np.arange(5.0)
    found = gradient(statement, arrays, [incoming], 0, (2,))
    assert found is not None
    with mp.workdps(50):
        powers = [mp.exp(mp.mpf(a)) for a in x.tolist()]
        shares = [p / sum(powers) for p in powers]
        exact = shares[2] * (2 - sum(k * share for k, share in enumerate(shares)))
        assert abs(mp.mpf(found.value) + mp.mpf(found.low) - exact) <= 1e-25 * abs(exact)
        assert found.error <= 1e-25 * abs(exact)


def test_a_number_is_read_in_both_ways() -> None:
    """float32: 0.1 may be rounded before or after; the error says so, and float64 knows no such doubt."""
    statement, arrays = call("mul", np.ones(2, np.float32), 0.1)
    found = value(statement, arrays, 0, (0,))
    assert found is not None
    assert abs(float(np.float32(0.1)) - 0.1) <= found.error < 2e-9
    statement, arrays = call("mul", np.ones(2), 0.1)
    found = value(statement, arrays, 0, (0,))
    assert found is not None
    assert found.error < 1e-29


def test_torch_is_told_where_it_is_wrong() -> None:
    """An entry of INEXACT that is no longer needed has to go."""
    statement, arrays = call("hardsigmoid", [0.5])
    found = gradient(statement, arrays, [np.ones(1)], 0, (0,))
    assert found is not None
    assert found.value == 1 / 6
    local = LocalReference(statement, arrays, frozenset((0,)))
    assert local.native_gradients([np.ones(1)])[0][0] != 1 / 6, "torch is right now: take hardsigmoid out of INEXACT"


ALLOWED = {"paragrad.engine.ops.table": {"TABLE", "Op"}}
FORBIDDEN = {"compute", "pullbacks", "fused", "plan", "make_plan", "handlers", "rounding"}


def dependencies(source: str) -> list[str]:
    """What in a source reaches for torch or for an engine's ops."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [a.name for a in node.names if a.name.startswith(("torch", "paragrad.engine"))]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(("torch", "paragrad.")):
            module = node.module or ""
            if not module.startswith(
                ("paragrad.fuzz.judge.third", "paragrad.fuzz.judge.meeting", "paragrad.fuzz.program")
            ):
                found += [f"{module}.{a.name}" for a in node.names if a.name not in ALLOWED.get(module, ())]
        elif isinstance(node, ast.Attribute) and node.attr in FORBIDDEN:
            found.append(node.attr)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Subscript):
            found += [ast.unparse(node.func)] if ast.unparse(node.func.value) == "TABLE" else []
    return found


@pytest.mark.parametrize("path", sorted(Path(package.__file__).parent.glob("*.py")), ids=lambda path: path.name)
def test_it_shares_nothing_with_either_side(path: Path) -> None:
    assert dependencies(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "import torch",
        "from torch import exp",
        "import paragrad.engine as pg",
        "from paragrad.engine.ops.softmax import softmax",
        "from paragrad.engine.ops.table import handlers",
        "from paragrad.fuzz.judge.local import LocalReference",
        "f = op.compute",
        "y = TABLE['exp'](x)",
    ],
)
def test_a_dependency_is_seen(source: str) -> None:
    """Test the tester."""
    assert dependencies(source)
