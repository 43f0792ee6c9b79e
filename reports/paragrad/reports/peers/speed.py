"""How long a peer takes for a small program, against torch through the same protocol."""

from __future__ import annotations

import time

import numpy as np

from paragrad.fuzz.engines.foreign import Foreign
from paragrad.fuzz.engines.known import known
from paragrad.fuzz.program import Apply, Backward, Input, Program, Ref

OPS = ("mul", "add", "sub") * 4 + ("mul",)
PROGRAMS = 32
ROUNDS = 5


def workload(scalar: bool) -> Program:
    """13 ops that every engine has and a backward, on numbers or on 4 by 4 arrays."""
    shape = () if scalar else (4, 4)
    inputs = [Input.of(name, np.full(shape, start), True) for name, start in (("x", 0.75), ("y", 1.25))]
    seeds: tuple[int | None, ...] = (None,)
    if not scalar:
        inputs.append(Input.of("c", np.ones(shape)))
        seeds = (2,)
    first = len(inputs)
    statements = [
        Apply(op, (Ref(0 if k == 0 else first + k - 1), Ref(1)), {}, (first + k,)) for k, op in enumerate(OPS)
    ]
    return Program(inputs, [*statements, Backward((statements[-1].outputs[0],), seeds)])


def taken(engine: Foreign, program: Program) -> float:
    """Seconds a program."""
    started = time.perf_counter()
    for _ in engine.run_many([program] * PROGRAMS):
        pass
    return (time.perf_counter() - started) / PROGRAMS


def against_torch(engine: Foreign, scalar: bool) -> float | None:
    """The engine's time as a multiple of torch's, the least of a few alternating rounds; None where it fails."""
    program = workload(scalar)
    if engine.run(program).failure is not None:
        return None
    torch = known("torch")
    assert isinstance(torch, Foreign)
    with torch:
        rounds = [(taken(engine, program), taken(torch, program)) for _ in range(ROUNDS)]
    own, torchs = zip(*rounds, strict=True)
    return round(float(min(own) / min(torchs)), 3)
