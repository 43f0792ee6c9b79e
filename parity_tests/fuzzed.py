"""A batch of random programs, run and judged: what the tests of each family share."""

from __future__ import annotations

from paragrad.fuzz.shrink import examine
from paragrad.fuzz.strategies.families import Batch
from paragrad.fuzz.trace import Engine


def assert_parity(batch: Batch, engine: Engine) -> None:
    """Every program of a batch runs on both sides, and all that differs is rounding."""
    for program in batch.programs():
        result = examine(program, engine)
        assert not result.refused, result.refused
        assert not result.findings, [f"{f.title}: {f.message}" for f in result.findings]
