"""The local check of an optimizer step: torch's optimizer in float64, fed the subject's own parameters and gradients."""

from __future__ import annotations

from paragrad.fuzz.judge.local import Expected
from paragrad.fuzz.program import Program
from paragrad.fuzz.trace import Trace


def expected_step(program: Program, trace: Trace, position: int, variable: int) -> Expected:
    """What a parameter should be after the step at `position`."""
    raise NotImplementedError
