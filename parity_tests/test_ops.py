"""Each op of the table in each dtype: values, first and second derivatives, at random and at edge inputs."""

from __future__ import annotations

import pytest

from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.engines.own import Own
from paragrad.fuzz.program import Program
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
