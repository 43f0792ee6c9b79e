"""torch beside the subject: the Trace that everything is compared with first."""

from __future__ import annotations

from paragrad.fuzz.engines.pytorch import PyTorch
from paragrad.fuzz.judge.drawn import settled_program
from paragrad.fuzz.judge.intake import take_in
from paragrad.fuzz.program import Program
from paragrad.fuzz.trace import Trace


def reference(program: Program, trace: Trace) -> Trace:
    """What torch makes of a program, given the random numbers that the subject's `trace` shows it to have drawn.

    After each optimizer step torch goes on from the subject's parameters, so that rounding does not add up from step to
    step. Where torch refuses the program, the Trace says so.
    """
    taken, _ = take_in(program, trace)
    return PyTorch().run(settled_program(program, taken), taken)
