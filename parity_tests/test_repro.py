"""The scripts of programs: each runs alone, shows what it claims, and draws on both sides what the engine draws."""

from __future__ import annotations

import contextlib
import io
import random
from typing import Any

import numpy as np
import pytest

from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.engines.own import Own
from paragrad.fuzz.judge import Finding
from paragrad.fuzz.mutants import plant
from paragrad.fuzz.program import Apply, Backward, Dtype, Input, Program, Ref
from paragrad.fuzz.repro import script
from paragrad.fuzz.shrink import examine
from paragrad.fuzz.strategies.profile import Profile
from paragrad.fuzz.strategies.tensor import graph
from paragrad.fuzz.strategies.values import Values
from parity_tests.small import call, program

NUMBERS = np.linspace(0.5, 4.0, 60).reshape(6, 10)
WITH_DROPOUT = [TABLE[name] for name in ("dropout", "mul", "sum", "softmax", "tanh")]


def ran(text: str) -> tuple[Any, str, dict[str, Any]]:
    """Run a script here: its exit code, what it printed and its names."""
    names: dict[str, Any] = {"__name__": "repro"}
    told = io.StringIO()
    with contextlib.redirect_stdout(told), pytest.raises(SystemExit) as ended:
        exec(compile(text, "repro.py", "exec"), names)
    return ended.value.code, told.getvalue(), names


def number(variable: int, of_gradient: bool) -> Finding:
    """A number of a program that is right."""
    return Finding("gradient" if of_gradient else "value", 0, "dropout", variable, "the number nearest to its bound")


def agree(names: dict[str, Any]) -> bool:
    """Whether both sides of a script show the same numbers, but for rounding."""
    mine, torchs = names["mine"], names["torchs"]
    if mine is None:
        return torchs is None
    return np.allclose(mine, torchs, rtol=1e-4, atol=1e-6, equal_nan=True)


@pytest.mark.parametrize(
    "keywords",
    [{}, {"p": 0.25}, {"p": 0.9}, {"p": 1.0}, {"p": 0.0}, {"training": False}, {"p": 0.1, "training": True}],
)
def test_both_sides_of_a_script_drop_the_same(keywords: dict[str, Any]) -> None:
    made = program(
        call("dropout", 2, Ref(0), **keywords), call("dropout", 3, Ref(2), 0.5), inputs=[NUMBERS], seed=NUMBERS
    )
    for variable, of_gradient in ((2, False), (3, False), (0, True)):
        code, told, names = ran(script(made, number(variable, of_gradient), fails=False))
        assert code == 0
        assert agree(names), told
        assert "largest difference: " in told


def test_a_single_piece_is_unpacked_and_dtypes_have_the_library_s_names() -> None:
    made = program(
        call("to", 2, Ref(0), Dtype("bool")),
        call("to", 3, Ref(2), Dtype("float64")),
        call("split", 4, Ref(3), 6),
        call("mul", 5, Ref(4), Ref(0)),
        inputs=[NUMBERS],
        seed=NUMBERS,
    )
    for variable, of_gradient in ((2, False), (4, False), (0, True)):
        code, _, names = ran(script(made, number(variable, of_gradient), fails=False))
        assert code == 0
        assert agree(names)


def test_scripts_of_right_programs_with_dropout_show_agreement() -> None:
    rng = random.Random(3)
    values = Values(3, rng)
    dropped = 0
    for dtype in ("float32", "float64"):
        for _ in range(25):
            made = graph(rng, values, Profile(dtype), WITH_DROPOUT, size=4)
            assert not examine(made, Own()).findings
            dropped += any(s.op == "dropout" for _, s in made.applications())
            leaves = [k for k, spec in enumerate(made.inputs) if spec.requires_grad]
            for shown in (number(made.count - 1, False), *(number(leaf, True) for leaf in leaves)):
                code, told, names = ran(script(made, shown, fails=False))
                assert code == 0
                assert agree(names), f"{told}\n{script(made, shown, fails=False)}"
    assert dropped > 20


def test_a_fault_in_dropout_fails_its_script_and_a_sound_one_passes() -> None:
    made = program(call("dropout", 2, Ref(0)), inputs=[NUMBERS], seed=NUMBERS)
    with plant.pullback(TABLE["masked_dropout"], "input", plant.result_of(lambda g: g * 1.01)):
        finding = examine(made, Own()).findings[0]
        text = script(made, finding)
        assert ran(text)[0]
    assert not ran(text)[0]


def test_the_gradient_of_an_inner_number_is_that_of_the_last_backward() -> None:
    """The judge sees each backward's own; without a clearing the script would show their sum."""
    steps = [call("exp", 1, Ref(0)), call("sum", 2, Ref(1))]
    walk = Backward((2,), (None,), retain_graph=True)
    twice = Program([Input.of("x", np.array([0.5, 1.0]), True)], [*steps, walk, walk])
    assert isinstance(steps[0], Apply)
    names = ran(script(twice, number(1, True), fails=False))[2]
    np.testing.assert_array_equal(names["torchs"], [1.0, 1.0])
    np.testing.assert_array_equal(names["mine"], [1.0, 1.0])
