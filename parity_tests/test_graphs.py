"""Random scalar and tensor graphs: every node's value and gradient against torch."""

from __future__ import annotations

from hypothesis import given, settings

from paragrad.fuzz.engines.own import Own
from paragrad.fuzz.engines.own_scalar import OwnScalar
from paragrad.fuzz.engines.pytorch import PyTorch
from paragrad.fuzz.judge import judge
from paragrad.fuzz.strategies.families import Batch, batches
from paragrad.fuzz.trace import Engine


def assert_batch(batch: Batch, engine: Engine) -> None:
    """Every program of a batch is in parity."""
    reference = PyTorch()
    for program in batch.programs():
        result = judge(program, engine.run(program), reference.run(program), engine)
        assert not result.refused, result.refused
        assert not result.findings, [f"{f.title}: {f.message}" for f in result.findings]


@settings(max_examples=12)
@given(batches("scalar"))
def test_scalar_graphs_on_value(batch: Batch) -> None:
    assert_batch(batch, OwnScalar())


@settings(max_examples=6)
@given(batches("scalar"))
def test_scalar_graphs_on_tensor(batch: Batch) -> None:
    assert_batch(batch, Own())


@settings(max_examples=20)
@given(batches("graph"))
def test_tensor_graphs(batch: Batch) -> None:
    assert_batch(batch, Own())
