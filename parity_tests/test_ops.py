"""Each op of the table in each dtype: values, first and second derivatives, at random and at edge inputs."""

from __future__ import annotations

import numpy as np
import pytest

from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.engines.own import Own
from paragrad.fuzz.program import Apply, Backward, Input, Program, Ref
from paragrad.fuzz.shrink import examine
from paragrad.fuzz.strategies.builder import sampled_ops
from paragrad.fuzz.strategies.single import single

NAMES = [op.name for op in sampled_ops()]


def assert_parity(program: Program) -> None:
    """Run a program on both sides; a finding fails with its message, a refusal by torch with torch's."""
    own = Own()
    result = examine(program, own)
    assert not result.refused, f"torch refuses what the sample made: {result.refused}\n{program}"
    assert not result.findings, "\n".join(f"{f.kind} of {f.op}({f.argument}): {f.message}" for f in result.findings)


@pytest.mark.parametrize("dtype", ["float32", "float64", "mixed"])
@pytest.mark.parametrize("name", NAMES)
def test_value_and_gradient(name: str, dtype: str) -> None:
    for program in single(TABLE[name], dtype, second=False, count=60):
        assert_parity(program)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", NAMES)
def test_second_derivative(name: str, dtype: str) -> None:
    for program in single(TABLE[name], dtype, second=True, count=15):
        assert_parity(program)


@pytest.mark.parametrize("op", ["sum", "mean", "logsumexp", "norm"])
def test_long_reductions(op: str) -> None:
    """Above 65,536 elements some are added up row by row, with a rest: here it weighs more than any bound."""
    numbers = np.random.default_rng(0).standard_normal(70_001).astype(np.float32)
    numbers[-300:] = 50.0
    x = Input.of("x0", numbers, True)
    arguments = (Ref(0), 0) if op == "logsumexp" else (Ref(0),)
    assert_parity(Program([x], [Apply(op, arguments, {}, (1,)), Backward((1,), (None,))]))
