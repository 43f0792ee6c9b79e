"""Random MLPs: every node's value and gradient against torch, and every activation and loss among them."""

from __future__ import annotations

from hypothesis import given, settings

from paragrad.fuzz.engines.own import Own
from paragrad.fuzz.strategies.families import Batch, batches
from paragrad.fuzz.strategies.mlp import ACTIVATIONS, LOSSES
from paragrad.fuzz.strategies.profile import DTYPES, VALUES, Profile
from parity_tests.fuzzed import assert_parity


@settings(max_examples=12)
@given(batches("mlp"))
def test_mlps(batch: Batch) -> None:
    assert_parity(batch, Own())


def test_every_activation_and_loss_is_drawn() -> None:
    profiles = [Profile(dtype=dtype, values=values) for dtype in DTYPES for values in VALUES]
    drawn = [Batch("mlp", profile, seed, ()) for seed, profile in enumerate(profiles * 2)]
    calls = [s.op for batch in drawn for program in batch.programs() for _, s in program.applications()]
    assert {op.name for op in (*ACTIVATIONS, *LOSSES)} <= set(calls)
