"""The tester, tested: a fault planted in an op or in the walk is found, blamed on its author, and shrunk."""

from __future__ import annotations

import functools
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from paragrad.engine.graph import Walk
from paragrad.engine.ops.table import TABLE, Op
from paragrad.fuzz.engines.own import Own
from paragrad.fuzz.judge import Finding
from paragrad.fuzz.mutants import plant
from paragrad.fuzz.program import Program
from paragrad.fuzz.repro import script
from paragrad.fuzz.shrink import examine, shrink
from paragrad.fuzz.strategies.profile import DTYPES, GROWTH, VALUES, Profile
from paragrad.fuzz.strategies.single import single
from paragrad.fuzz.strategies.tensor import graph
from paragrad.fuzz.strategies.values import Values

SIX = ("mul", "matmul", "sum", "max.dim", "getitem", "softmax")
PULLBACKS = [(name, parameter) for name in SIX for parameter in TABLE[name].pullbacks]


def programs(ops: list[Op], count: int) -> Iterator[Program]:
    """Random graphs of these ops."""
    rng = random.Random(0)
    while True:
        profile = Profile(rng.choice(DTYPES), rng.choice(VALUES), rng.choice(GROWTH), rng.random() < 0.3)
        values = Values(rng.getrandbits(32), rng)
        for _ in range(8):
            yield graph(rng, values, profile, ops)
            count -= 1
            if not count:
                return


def hunt(candidates: Iterator[Program]) -> tuple[Program, Finding]:
    """The first program with a finding, and the finding."""
    own = Own()
    for program in candidates:
        first = examine(program, own).first
        if first is not None:
            return program, first
    raise AssertionError("the planted fault was not found")


OPS = [TABLE[name] for name in (*SIX, "add")]


@pytest.mark.parametrize(("name", "parameter"), PULLBACKS)
@pytest.mark.parametrize("factor", [1 + 1e-4, -1.0, 0.0])
def test_a_wrong_pullback_is_found_blamed_and_shrunk(name: str, parameter: str, factor: float) -> None:
    with plant.pullback(TABLE[name], parameter, plant.result_of(lambda g: g * factor)):
        program, finding = hunt(programs(OPS, 400))
        assert (finding.kind, finding.op, finding.argument) == ("gradient", name, parameter)
        small = shrink(program, finding, Own())
        assert [s.op for _, s in small.applications()] == [name]
        assert sum(spec.storage.size for spec in small.inputs) <= 40


@pytest.mark.parametrize("name", SIX)
def test_a_wrong_value_is_found_blamed_and_shrunk(name: str) -> None:
    with plant.value(TABLE[name], lambda x: x * type(x.flat[0])(1.0001) if x.dtype.kind == "f" and x.size else x):
        program, finding = hunt(single(TABLE[name], "float32", False, 100))
        assert (finding.kind, finding.op) == ("value", name)
        small = shrink(program, finding, Own())
        assert [s.op for _, s in small.applications()] == [name]


@pytest.mark.parametrize("name", SIX)
def test_a_wrong_second_derivative_is_found(name: str) -> None:
    """A rule whose value is right and whose own derivative is wrong: it detaches what it saved."""
    from paragrad.engine import Tensor

    def detached(rule: Callable[..., Any]) -> Callable[..., Any]:
        def bad(g: Any, *saved: Any) -> Any:
            if isinstance(g, Tensor):
                return rule(g.detach(), *saved)
            return rule(g, *saved)

        return functools.wraps(rule)(bad)

    op = TABLE[name]
    with plant.pullback(op, next(iter(op.pullbacks)), detached):
        hunt(single(op, "float64", True, 50))


def overwrites(self: Walk, parent: Any, contribution: Any, incoming: Any) -> None:
    """A walk that forgets what an operand used twice has collected."""
    if parent in self.pending and contribution.shape == parent.shape:
        self.pending[parent] = contribution
    else:
        plant.ADD(self, parent, contribution, incoming)


def doubles(self: Walk, parent: Any, contribution: Any, incoming: Any) -> None:
    """A walk that counts a contribution to an operand used twice twice."""
    if parent in self.pending:
        plant.ADD(self, parent, contribution, incoming)
    plant.ADD(self, parent, contribution, incoming)


@pytest.mark.parametrize("fault", [overwrites, doubles])
def test_a_wrong_walk_is_found_and_blamed(fault: plant.Add) -> None:
    with plant.walk(fault):
        _, finding = hunt(programs(OPS, 400))
    assert (finding.kind, finding.op) == ("gradient", "walk")


def test_the_script_fails_with_the_fault_and_passes_without(tmp_path: Path) -> None:
    op = TABLE["mul"]
    with plant.pullback(op, "other", plant.result_of(lambda g: g * 1.01)):
        program, finding = hunt(programs(OPS, 400))
        small = shrink(program, finding, Own())
        shown = next(f for f in examine(small, Own()).findings if f.cause == finding.cause)
    sound = tmp_path / "repro.py"
    sound.write_text(script(small, shown), encoding="utf-8")
    planted = (
        "from paragrad.engine.ops.table import TABLE\n"
        "good = TABLE['mul'].pullbacks['other']\n"
        "TABLE['mul'].pullbacks['other'] = lambda g, input: good(g, input) * 1.01\n"
        "TABLE['mul'].fused.pop('other', None)\n"
    )
    broken = tmp_path / "broken.py"
    broken.write_text(planted + sound.read_text(encoding="utf-8"), encoding="utf-8")
    codes = [
        subprocess.run([sys.executable, str(path)], check=False, capture_output=True).returncode
        for path in (broken, sound)
    ]
    assert codes == [1, 0]
