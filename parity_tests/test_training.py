"""Random training runs: every node of every step, and the parameters after it, against torch's optimizers."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from paragrad.fuzz.engines.own import Own
from paragrad.fuzz.program import OptimizerStep, Program
from paragrad.fuzz.shrink import examine
from paragrad.fuzz.strategies.families import Batch, batches
from paragrad.fuzz.strategies.profile import Profile
from paragrad.fuzz.strategies.training import OPTIMIZERS
from paragrad.fuzz.trace import Trace
from parity_tests.fuzzed import assert_parity


@settings(max_examples=12)
@given(batches("training"))
def test_training_runs(batch: Batch) -> None:
    assert_parity(batch, Own())


def test_every_optimizer_takes_several_steps() -> None:
    steps: Counter[str] = Counter()
    for program in Batch("training", Profile(), 0, ()).programs():
        assert program.optimizer is not None
        steps[program.optimizer.name] += sum(isinstance(s, OptimizerStep) for s in program.statements)
    assert set(steps) == set(OPTIMIZERS)
    assert min(steps.values()) >= 10


class Nudged(Own):
    """Our engine, with the last step of its optimizer off by a relative `error` in one parameter."""

    def __init__(self, error: float) -> None:
        self.error = error

    def run(self, program: Program, beside: Trace | None = None) -> Trace:
        trace = super().run(program, beside)
        last = max(trace.parameters)
        variable, value = max(trace.parameters[last].items(), key=lambda item: float(np.abs(item[1]).max()))
        trace.parameters[last][variable] = value * value.dtype.type(1 + self.error)
        return trace


@pytest.mark.parametrize(("dtype", "error"), [("float32", 1e-4), ("float64", 1e-12)])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_wrong_step_is_found(optimizer: str, dtype: Any, error: float) -> None:
    batch = Batch("training", Profile(dtype=dtype), 3, ())
    for program in batch.programs():
        stepping = any(isinstance(s, OptimizerStep) for s in program.statements)
        if stepping and program.optimizer is not None and program.optimizer.name == optimizer:
            break
    engine = Nudged(error)
    result = examine(program, engine)
    assert any(optimizer in finding.title or "step" in finding.title for finding in result.findings), result
