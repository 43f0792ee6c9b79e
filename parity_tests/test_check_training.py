"""Networks, training runs, operators in place, and what lies between two backwards, on engines with one fault each."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.checking import Report, check, run
from paragrad.fuzz.checking.severity import severity
from paragrad.fuzz.checking.trials import STAGES, Choice
from paragrad.fuzz.encoding import ProgramError, dumps, loads
from paragrad.fuzz.engines.foreign import Foreign
from paragrad.fuzz.engines.own import Own
from paragrad.fuzz.engines.pytorch import PyTorch
from paragrad.fuzz.engines.worker.protocol import Target
from paragrad.fuzz.explain import expression
from paragrad.fuzz.in_place import legal, positions
from paragrad.fuzz.judge import Finding
from paragrad.fuzz.program import Apply, Backward, Input, Optimizer, OptimizerStep, Program, Ref, ZeroGrad
from paragrad.fuzz.repro import script
from paragrad.fuzz.shrink import examine, shrink
from paragrad.fuzz.trace import Trace
from parity_tests.workers import SUBJECTS

MINE = ("in place", "networks", "training", "between backwards")
OPS = frozenset(("add", "sub", "mul", "pow", "tanh", "relu", "neg"))
ARRAY_OPS = OPS | {"matmul", "sum", "mean", "mse_loss"}


@contextmanager
def subject(name: str) -> Iterator[Foreign]:
    """A class of trained_values.py or trained_arrays.py."""
    file, _, cls = name.partition(":")
    target = Target(path=SUBJECTS / f"{file}.py", class_name=cls, root=SUBJECTS)
    with Foreign(target, python=Path(sys.executable)) as engine:
        yield engine


def checked(name: str, monkeypatch: pytest.MonkeyPatch, stages: tuple[str, ...] = MINE, programs: int = 8) -> Report:
    """What a check of some stages finds."""
    monkeypatch.setattr(run, "STAGES", {stage: (STAGES[stage][0], 1.0) for stage in stages})
    with subject(name) as engine:
        only = frozenset(("add", "mul", "tanh", "matmul"))
        scalar = engine.hello.kind == "scalar"
        return check(engine, scalar=scalar, programs=programs, seconds=120.0, only=only)


@pytest.mark.parametrize(
    "name",
    ["trained_values:Value", "trained_values:Rewired", "trained_arrays:Tensor", "trained_arrays:LeavesOnly"],
)
def test_a_sound_engine_passes(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    report = checked(name, monkeypatch)
    assert not [c for c in report.findings if c.severity == "wrong"], [c.finding.message for c in report.findings]
    assert all(report.stages[stage] >= 4 for stage in MINE), report.stages


@pytest.mark.parametrize(
    ("name", "stage", "severity", "title", "diagnosis"),
    [
        ("trained_values:Unrecorded", "in place", "wrong", "gradient of add(in place)", "`y += b` is not"),
        ("trained_values:Nothing", "in place", "crash", "crash of mul(in place)", "gives nothing"),
        ("trained_values:Forgetful", "between backwards", "wrong", "gradient of walk", "zero_grad"),
        ("trained_values:Forgetful", "training", "wrong", "gradient of walk", "zero_grad"),
        ("trained_values:Remembering", "training", "wrong", "value of mul", ""),
        ("trained_arrays:Unrecorded", "in place", "wrong", "missing of add(in place)", "`y += b` is not"),
        ("trained_arrays:Aliasing", "between backwards", "wrong", "gradient of walk", ""),
        ("trained_arrays:Writing", "between backwards", "wrong", "mutation of input", ""),
        ("trained_arrays:WritingBack", "between backwards", "wrong", "mutation of input", ""),
    ],
)
def test_a_fault_is_found(
    name: str, stage: str, severity: str, title: str, diagnosis: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = checked(name, monkeypatch, (stage,), 8 if stage == "training" else 16)
    found = [c for c in report.findings if (c.severity, c.finding.title) == (severity, title)]
    assert found, [(c.severity, c.finding.title, c.finding.message) for c in report.findings]
    assert diagnosis in found[0].finding.diagnosis


@pytest.mark.parametrize("name", ["trained_values:ReadOnly"])
def test_data_that_cannot_be_written_is_unsupported(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    report = checked(name, monkeypatch, ("training",), 3)
    assert report.stages["training"] == 0
    assert any("can't be written" in reason for reason in report.filtered)


def choice(scalar: bool, in_place: frozenset[str] = frozenset()) -> Choice:
    ops = [TABLE[name] for name in sorted(OPS if scalar else ARRAY_OPS)]
    return Choice(ops, scalar, random.Random(7), in_place=in_place)


@pytest.mark.parametrize("scalar", [True, False])
@pytest.mark.parametrize("stage", MINE)
def test_what_is_drawn_is_right_on_our_engine(stage: str, scalar: bool) -> None:
    operators = frozenset(("add", "sub", "mul", "pow") if scalar else ("add", "mul", "matmul"))
    for program in islice(STAGES[stage][0](choice(scalar, operators)), 12):
        assert dumps(loads(dumps(program))) == dumps(program)
        judgement = examine(program, Own())
        assert not judgement.refused
        assert not judgement.findings


def test_without_the_ops_nothing_is_drawn() -> None:
    lacking = Choice([TABLE["tanh"]], True, random.Random(1))
    assert [name for name in ("in place", "networks", "training") if list(islice(STAGES[name][0](lacking), 1))] == []


def written() -> Program:
    """y = a * b; y += c; backward."""
    leaves = [Input.of(name, np.full(2, x), True) for name, x in (("a", 2.0), ("b", 3.0), ("c", 5.0))]
    statements = [
        Apply("mul", (Ref(0), Ref(1)), {}, (4,)),
        Apply("add", (Ref(4), Ref(2)), {}, (5,), in_place=True),
        Backward((5,), (3,)),
    ]
    return Program([*leaves, Input.of("g", np.ones(2))], [*statements])


def test_in_place_in_json_in_words_and_in_a_script() -> None:
    program = written()
    assert '"in_place":true' in dumps(program)
    assert positions(loads(dumps(program))) == [1]
    assert expression(program, 5) == "v4 += c"
    text = script(program, Finding("gradient", 2, "add", 2, "wrong"))
    assert "    v5 = v4\n    v5 += c\n" in text
    assert '"in_place"' not in dumps(replace(program, statements=[program.statements[0]]))


@pytest.mark.parametrize(
    "statements",
    [
        [Apply("add", (Ref(0), Ref(2)), {}, (4,), in_place=True)],
        [Apply("tanh", (Ref(0),), {}, (4,)), Apply("add", (Ref(4), Ref(2)), {}, (5,), in_place=True)],
        [
            Apply("mul", (Ref(0), Ref(1)), {}, (4,)),
            Apply("add", (Ref(4), Ref(2)), {}, (5,), in_place=True),
            Apply("mul", (Ref(4), Ref(5)), {}, (6,)),
        ],
        [
            Apply("mul", (Ref(0), Ref(1)), {}, (4,)),
            Apply("add", (Ref(4), Ref(2)), {}, (5,), in_place=True),
            Backward((4, 5), (None, None)),
        ],
    ],
    ids=["a leaf", "its rule uses it", "used later", "a root"],
)
def test_where_nothing_may_stand_in_place(statements: list[Any]) -> None:
    program = replace(written(), statements=statements)
    assert not legal(len(program.inputs), program.statements)
    with pytest.raises(ProgramError, match="in place"):
        loads(dumps(program))


def test_what_would_change_its_shape_is_refused() -> None:
    program = written()
    program.inputs[2] = Input.of("c", np.ones((3, 2)), True)
    failure = PyTorch().run(program).failure
    assert failure is not None
    assert "shape" in failure.message


class Mistaken(Own):
    """Wrong wherever something stands in place."""

    def run(self, program: Program, beside: Any = None) -> Any:
        trace = super().run(program, beside)
        if positions(program):
            trace.gradients = {
                k: {v: None if g is None else 2 * g for v, g in shown.items()} for k, shown in trace.gradients.items()
            }
        return trace


def test_the_shrinker_keeps_to_what_is_legal() -> None:
    for program in islice(STAGES["in place"][0](choice(False, frozenset(("add", "mul")))), 4):
        engine = Mistaken()
        finding = examine(program, engine).first
        assert finding is not None
        assert finding.argument == "in place"
        small = shrink(program, finding, engine, 100)
        assert positions(small)
        assert set(positions(small)) <= legal(len(small.inputs), small.statements)
        assert len(small.statements) <= len(program.statements)


def losses(*between: Any) -> Program:
    """Two graphs over a leaf, and a backward through each."""
    statements = [
        Apply("mul", (Ref(0), Ref(0)), {}, (1,)),
        Backward((1,), (None,)),
        *between,
        Apply("tanh", (Ref(0),), {}, (2,)),
        Backward((2,), (None,)),
    ]
    return Program([Input.of("x0", np.array(2.0), True)], statements)


def test_a_later_backward_is_excused_only_where_the_graphs_meet() -> None:
    apart = losses(ZeroGrad())
    assert severity(Finding("gradient", 4, "walk", 0, ""), apart, Trace()) == "wrong"
    meeting = replace(
        apart, statements=[*apart.statements[:3], Apply("tanh", (Ref(1),), {}, (2,)), Backward((2,), (None,))]
    )
    assert severity(Finding("gradient", 4, "walk", 0, ""), meeting, Trace()) == "limit"


def test_the_child_steps_as_torch_does() -> None:
    program = losses(OptimizerStep(), ZeroGrad())
    program.optimizer = Optimizer("SGD", (0,), {"lr": 0.25})
    with subject("trained_values:Value") as engine:
        trace = engine.run(program)
        assert trace.failure is None
        assert trace.parameters[2][0] == 2.0 - 0.25 * 4.0
        assert trace.values[2] == np.tanh(1.0)
        program.optimizer.options["momentum"] = 0.9
        failure = engine.run(program).failure
    assert failure is not None
    assert (failure.type, failure.statement) == ("Unsupported", 2)


def test_hello_tells_the_operators_in_place() -> None:
    with subject("trained_values:Value") as engine:
        assert engine.hello.in_place == ("add", "mul")
