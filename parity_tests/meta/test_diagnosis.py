"""The judge says why: each planted fault is named in words, and a sound engine of somebody else's raises no alarm."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import pytest

from paragrad.engine.graph import Walk
from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.engines.own import Own
from paragrad.fuzz.judge import Finding, diagnose, judge, reference
from paragrad.fuzz.mutants import plant
from paragrad.fuzz.program import Apply, Backward, Input, Program, Ref
from paragrad.fuzz.trace import Engine
from parity_tests.meta.learner import (
    Learner,
    breadth_first,
    by_value,
    maximum,
    mul,
    overwriting_mul,
)


def one_op(op: str, shapes: list[tuple[int, ...]], dtype: str = "float64", positive: bool = False) -> Program:
    """op(x0, x1, ...) with a random cotangent."""
    rng = np.random.default_rng(3)
    arrays = [rng.standard_normal(shape).astype(dtype) for shape in shapes]
    inputs = [Input.of(f"x{k}", np.abs(a) + 0.3 if positive else a, True) for k, a in enumerate(arrays)]
    out = len(inputs) + 1
    program = Program([*inputs], [Apply(op, tuple(map(Ref, range(len(inputs)))), {}, (out - 1,))])
    shape = Own().run(program).values[out - 1].shape
    inputs.append(Input.of("c0", rng.standard_normal(shape).astype(dtype)))
    call = Apply(op, tuple(map(Ref, range(len(shapes)))), {}, (out,))
    return Program(inputs, [call, Backward((out,), (out - 1,))])


def found(program: Program, engine: Engine) -> Finding:
    """The first finding, diagnosed."""
    trace = engine.run(program)
    torchs = reference(program, trace)
    first = judge(program, trace, torchs, engine).first
    assert first is not None
    diagnose(program, trace, torchs, engine, first)
    return first


def rule(op: str, parameter: str, fault: Callable[[Any], Any]) -> AbstractContextManager[None]:
    return plant.pullback(TABLE[op], parameter, plant.result_of(fault))


def numbers(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A fault of arrays only: error analysis runs the rule on what is none."""
    return lambda g: function(g) if isinstance(g, np.ndarray) else g


SQUARE: list[tuple[int, ...]] = [(3, 3), (3, 3)]
ROW: list[tuple[int, ...]] = [(4, 3), (3,)]


@pytest.mark.parametrize(
    ("op", "parameter", "shapes", "fault", "text"),
    [
        ("mul", "other", SQUARE, lambda g: g * 0.0, "it is 0"),
        ("mul", "other", SQUARE, lambda g: -g, "the sign is wrong"),
        ("tanh", "input", [(5,)], lambda g: g * 2.0, "constant factor 2"),
        ("tanh", "input", [(5,)], lambda g: g * (1 + 1e-9), "constant factor 1 +1e-09"),
        ("matmul", "other", SQUARE, numbers(lambda g: np.swapaxes(g, -1, -2).copy()), "transposed"),
        ("exp", "input", [(5,)], numbers(lambda g: g.astype(np.float32).astype(g.dtype)), "computed in float32"),
        ("exp", "input", [(5,)], numbers(lambda g: g * np.nan), "overflow"),
    ],
)
def test_a_fault_of_a_rule(op: str, parameter: str, shapes: Any, fault: Any, text: str) -> None:
    program = one_op(op, shapes)
    with rule(op, parameter, fault):
        finding = found(program, Own())
    assert (finding.op, finding.argument) == (op, parameter)
    assert text in finding.diagnosis


def test_the_incoming_gradient_ignored() -> None:
    with plant.pullback(TABLE["exp"], "input", lambda rule: lambda g, out: rule(g * 0.0 + 1.0, out)):
        assert "ignored, as if it were 1" in found(one_op("exp", [(5,)]), Own()).diagnosis


def test_operands_exchanged() -> None:
    """d/db (a / b) as if it were a's."""
    with plant.pullback(TABLE["div"], "other", lambda _: lambda g, other: g / other):
        assert "gradient of another operand" in found(one_op("div", [(4,), (4,)]), Own()).diagnosis


@pytest.mark.parametrize(
    ("reduce", "text"),
    [
        (lambda g: g.mean(0), "by the mean"),
        (lambda g: g[0].copy(), "the first slice"),
        (lambda g: np.full(3, g.sum()), "summing everything"),
    ],
)
def test_broadcasting_not_undone_by_the_sum(reduce: Callable[[Any], Any], text: str) -> None:
    with rule("mul", "other", numbers(lambda g: reduce(g) if g.shape == (4, 3) else g)):
        assert text in found(one_op("mul", ROW), Own()).diagnosis


def test_a_wrong_value() -> None:
    with plant.value(TABLE["sub"], lambda x: -x):
        finding = found(one_op("sub", [(4,), (4,)]), Own())
    assert finding.kind == "value"
    assert "sign" in finding.diagnosis
    with plant.value(TABLE["exp"], numbers(lambda x: x.astype(np.float32).astype(x.dtype))):
        assert "computed in float32" in found(one_op("exp", [(4,)]), Own()).diagnosis


def diamond(op: str = "mul", seed: int = 1) -> Program:
    """y = tanh(x); z = (y · a) + (y · b): what x and y collect is a sum."""
    rng = np.random.default_rng(seed)
    inputs = [Input.of(f"x{k}", rng.standard_normal(()), True) for k in range(3)]
    calls = [
        Apply("tanh", (Ref(0),), {}, (3,)),
        Apply(op, (Ref(3), Ref(1)), {}, (4,)),
        Apply(op, (Ref(3), Ref(2)), {}, (5,)),
        Apply("add", (Ref(4), Ref(5)), {}, (6,)),
    ]
    return Program(inputs, [*calls, Backward((6,), (None,))])


def only_first(self: Walk, parent: Any, contribution: Any, incoming: Any) -> None:
    if parent not in self.pending:
        plant.ADD(self, parent, contribution, incoming)


def doubles(self: Walk, parent: Any, contribution: Any, incoming: Any) -> None:
    if parent in self.pending:
        plant.ADD(self, parent, contribution, incoming)
    plant.ADD(self, parent, contribution, incoming)


@pytest.mark.parametrize(("fault", "text"), [(only_first, "overwritten"), (doubles, "counted twice")])
def test_a_fault_of_the_walk(fault: plant.Add, text: str) -> None:
    with plant.walk(fault):
        finding = found(diamond(), Own())
    assert finding.op == "walk"
    assert text in finding.diagnosis


def lopsided() -> Program:
    """x is used at once and once more after a while: only a walk in topological order completes it first."""
    inputs = [Input.of(f"x{k}", np.array(0.3 + k), True) for k in range(2)]
    calls = [
        Apply("tanh", (Ref(0),), {}, (2,)),
        Apply("mul", (Ref(2), Ref(1)), {}, (3,)),
        Apply("mul", (Ref(3), Ref(3)), {}, (4,)),
        Apply("add", (Ref(2), Ref(4)), {}, (5,)),
    ]
    return Program(inputs, [*calls, Backward((5,), (None,))])


def twice(program: Program) -> Program:
    """With a second backward through the same graph."""
    *calls, walk = program.statements
    assert isinstance(walk, Backward)
    return Program(program.inputs, [*calls, Backward(walk.roots, walk.cotangents, True), walk])


def equal_values() -> Program:
    """Two variables that happen to hold the same number."""
    inputs = [Input.of(f"x{k}", np.array(x), True) for k, x in enumerate((0.5, 0.5, 2.0))]
    calls = [
        Apply("tanh", (Ref(0),), {}, (3,)),
        Apply("tanh", (Ref(1),), {}, (4,)),
        Apply("mul", (Ref(4), Ref(2)), {}, (5,)),
        Apply("add", (Ref(3), Ref(5)), {}, (6,)),
    ]
    return Program(inputs, [*calls, Backward((6,), (None,))])


@pytest.mark.parametrize(
    ("program", "engine", "text"),
    [
        (diamond(), Learner({"mul": overwriting_mul}), "overwritten"),
        (lopsided(), Learner(order=breadth_first), "the order of the walk is wrong"),
        (twice(diamond()), Learner(clean=False), "stale gradient"),
        (equal_values(), Learner(order=by_value), "visited by value"),
    ],
)
def test_a_learners_walk(program: Program, engine: Learner, text: str) -> None:
    finding = found(program, engine)
    assert text in finding.diagnosis, finding


def binary(op: str, a: float, b: float) -> Program:
    inputs = [Input.of("x0", np.array(a), True), Input.of("x1", np.array(b), True)]
    return Program(inputs, [Apply(op, (Ref(0), Ref(1)), {}, (2,)), Backward((2,), (None,))])


def unary(op: str, a: float) -> Program:
    return Program([Input.of("x0", np.array(a), True)], [Apply(op, (Ref(0),), {}, (1,)), Backward((1,), (None,))])


@pytest.mark.parametrize("program", [binary("maximum", 2.0, 2.0), unary("relu", 0.0), unary("relu", math.nan)])
def test_another_choice_at_a_kink_is_a_convention(program: Program) -> None:
    engine = Learner()
    trace = engine.run(program)
    torchs = reference(program, trace)
    judged = judge(program, trace, torchs, engine)
    assert not judged.findings
    assert judged.gradients["convention"] > 0
    engine.foreign = False
    assert judge(program, trace, torchs, engine).findings, "ours has to choose as torch does"


def test_one_side_of_many_kinks_is_a_convention() -> None:
    """abs'(0) = 1 at each of 16 zeros is a subgradient: elements have nothing to share."""

    class OtherSide(Own):
        foreign = True

    inputs = [Input.of("x0", np.zeros(16), True), Input.of("c0", np.ones(16))]
    program = Program(inputs, [Apply("abs", (Ref(0),), {}, (2,)), Backward((2,), (1,))])
    with plant.pullback(TABLE["abs"], "input", lambda rule: lambda g, input: g * 1.0):
        trace = OtherSide().run(program)
        judged = judge(program, trace, reference(program, trace), OtherSide())
    assert not judged.findings
    assert judged.gradients["convention"] == 16


def test_shares_of_a_tie_that_do_not_add_up_are_a_bug() -> None:
    finding = found(binary("maximum", 2.0, 2.0), Learner({"maximum": maximum}))
    assert finding.op == "maximum"
    assert "tie or kink" in finding.diagnosis


def test_overflow_is_a_bug_where_torch_is_finite() -> None:
    finding = found(unary("sigmoid", 800.0), Learner())
    assert finding.kind == "value"
    assert "overflow" in finding.diagnosis


def scalar_graph(rng: random.Random, count: int) -> Program:
    """A random graph of a learner's ops."""
    inputs = [Input.of(f"x{k}", np.array(rng.choice((rng.gauss(0, 1), 0.0, 1.0))), True) for k in range(4)]
    calls = []
    for new in range(4, 4 + count):
        op = rng.choice(("add", "mul", "tanh", "relu", "maximum"))
        args = [Ref(rng.randrange(max(0, new - 8), new)) for _ in range(1 if op in ("tanh", "relu") else 2)]
        calls.append(Apply(op, tuple(args), {}, (new,)))
    return Program(inputs, [*calls, Backward((3 + count,), (None,))])


@pytest.mark.parametrize("hides", ["", "all"])
def test_a_sound_learner_raises_no_alarm(hides: str) -> None:
    rng = random.Random(5)
    engine = Learner(hides=hides)
    elements = 0
    for _ in range(150):
        program = scalar_graph(rng, rng.randrange(1, 60))
        trace = engine.run(program)
        judged = judge(program, trace, reference(program, trace), engine)
        assert not judged.findings, [f.message for f in judged.findings]
        elements += sum(judged.gradients.values())
    assert elements > 300


def test_a_learner_who_shows_leaves_only_is_judged() -> None:
    engine = Learner({"mul": overwriting_mul}, hides="all")
    finding = found(diamond(), engine)
    assert (finding.kind, finding.op, finding.variable) == ("gradient", "walk", 0)
    finding = found(diamond("maximum"), Learner({"maximum": mul}, hides="all"))
    assert finding.op == "maximum"
