"""Random scalar and tensor graphs: every node's value and gradient against torch."""

from __future__ import annotations

from hypothesis import given, settings

from paragrad.fuzz.engines.own import Own
from paragrad.fuzz.engines.own_scalar import OwnScalar
from paragrad.fuzz.strategies.families import Batch, batches
from parity_tests.fuzzed import assert_parity


@settings(max_examples=12)
@given(batches("scalar"))
def test_scalar_graphs_on_value(batch: Batch) -> None:
    assert_parity(batch, OwnScalar())


@settings(max_examples=6)
@given(batches("scalar"))
def test_scalar_graphs_on_tensor(batch: Batch) -> None:
    assert_parity(batch, Own())


@settings(max_examples=20)
@given(batches("graph"))
def test_tensor_graphs(batch: Batch) -> None:
    assert_parity(batch, Own())
