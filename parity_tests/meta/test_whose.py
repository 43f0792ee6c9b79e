"""Whose bug: with the same fault now in our engine, now in torch, the judge names the side that has it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from paragrad.engine.ops.table import TABLE, Op
from paragrad.fuzz.engines.own import Own
from paragrad.fuzz.judge import Finding, diagnose, judge, reference
from paragrad.fuzz.judge.third import EXCLUDED
from paragrad.fuzz.judge.verdict import REFERENCE, SUBJECT, UNCLEAR
from paragrad.fuzz.mutants import plant
from paragrad.fuzz.program import Apply, Backward, Input, Program, Ref
from paragrad.fuzz.strategies.single import single
from parity_tests.meta import faulty_torch

FACTOR = 1 + 2.0**-10
TRIES = 60
"""Programs of one op until the fault shows."""


def cases() -> list[tuple[str, str, str]]:
    """(op, kind, side) for every public op that has a value, or a gradient, to get wrong, and a third opinion.

    An op that is written with others has no code of its own to break; in torch it has.
    """
    found = []
    for name, op in TABLE.items():
        if op.internal or name in EXCLUDED:
            continue
        sides = [REFERENCE] if op.composite else [SUBJECT, REFERENCE]
        kinds = {kind for program in single(op, "float64", False, 8) for kind in something_to_get_wrong(program)}
        found += [(name, kind, side) for kind in sorted(kinds) for side in sides]
    return found


def something_to_get_wrong(program: Program) -> Iterator[str]:
    """What a factor changes: a value of floats, a gradient that isn't 0."""
    trace = Own().run(program)
    (_, statement), *_ = program.applications()
    if trace.values[statement.outputs[0]].dtype.kind == "f":
        yield "value"
    shown = [trace.gradients[1].get(k) for k in range(len(program.inputs))] if 1 in trace.gradients else []
    if any(g is not None and g.any() for g in shown):
        yield "gradient"


def off(x: Any) -> Any:
    """The fault: everything is 1/1024 too large."""
    real = x.is_floating_point() if isinstance(x, torch.Tensor) else getattr(x, "dtype", np.dtype(bool)).kind == "f"
    return x * FACTOR if real else x


def planted(op: Op, kind: str, side: str) -> AbstractContextManager[Any]:
    """The fault, in its place."""
    if side == REFERENCE:
        return faulty_torch.value(op.name, off) if kind == "value" else faulty_torch.gradient(op.name, off)
    if kind == "value":
        return plant.value(op, off)
    stack = ExitStack()
    for parameter in op.pullbacks:
        stack.enter_context(plant.pullback(op, parameter, plant.result_of(off_parts)))
    return stack


def off_parts(gradient: Any) -> Any:
    """The fault in a gradient, or in each of a list of them."""
    return [off(g) for g in gradient] if isinstance(gradient, list | tuple) else off(gradient)


def first_finding(op: Op, kind: str, dtype: str) -> Finding | None:
    """The first finding in programs of this op alone, diagnosed."""
    own = Own()
    for program in single(op, dtype, False, TRIES):
        trace = own.run(program)
        torchs = reference(program, trace)
        first = judge(program, trace, torchs, own).first
        if first is not None and first.kind == kind:
            diagnose(program, trace, torchs, own, first)
            if first.whose != UNCLEAR:
                return first
    return None


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "kind", "side"), cases())
def test_the_side_that_has_the_fault_is_named(name: str, kind: str, side: str, dtype: str) -> None:
    with planted(TABLE[name], kind, side):
        finding = first_finding(TABLE[name], kind, dtype)
    assert finding is not None, "not found, or nobody could tell"
    assert finding.whose == side, finding


def test_torchs_own_walk() -> None:
    """torch's trace has lost a term, while each of its ops is right."""
    inputs = [Input.of("x0", np.array(0.7), True), Input.of("x1", np.array(1.3), True)]
    calls = [
        Apply("tanh", (Ref(0),), {}, (2,)),
        Apply("mul", (Ref(2), Ref(1)), {}, (3,)),
        Apply("mul", (Ref(3), Ref(2)), {}, (4,)),
    ]
    program = Program(inputs, [*calls, Backward((4,), (None,))])
    trace = Own().run(program)
    torchs = reference(program, trace)
    assert not judge(program, trace, torchs, Own()).findings
    lost = torchs.gradients[3][2]
    assert lost is not None
    broken = replace(torchs, gradients={3: torchs.gradients[3] | {2: lost / 2}})
    finding = judge(program, trace, broken, Own()).first
    assert finding is not None
    diagnose(program, trace, broken, Own(), finding)
    assert (finding.whose, finding.op, finding.variable) == (REFERENCE, "walk", 2)
