"""Whose fault a wrong gradient is: a pullback of one consumer, or the walk that adds contributions up.

Each consumer is replayed as a Program of one op on the subject. If a replay is wrong, that op's pullback is to blame,
by argument; if all are right, the walk is: it dropped, doubled or overwrote a contribution. Where a gradient of a
gradient is wrong, each op of the program is asked for its own second derivatives.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from paragrad.fuzz.editing import renumbered
from paragrad.fuzz.judge.gradients import BackwardCheck
from paragrad.fuzz.judge.isolate import isolate
from paragrad.fuzz.program import Backward, Grad, Input, Program
from paragrad.fuzz.trace import Engine, Trace


def blame_gradient(engine: Engine, check: BackwardCheck, variable: int) -> tuple[str, str]:
    """The op and the parameter whose pullback is wrong; ("walk", "") where every consumer alone is right."""
    for consumer in check.consumers(variable):
        values = check.trace.at(consumer.position)
        alone, origin = isolate(consumer.statement, values, check.needing, consumer.incoming)
        replay = engine.run(alone)
        last = len(alone.statements) - 1
        if replay.failure is not None:
            return consumer.statement.op, ""
        for index, (parameter, original) in origin.items():
            found = replay.gradients.get(last, {}).get(index)
            if original != variable or found is None:
                continue
            expected = BackwardCheck(alone, replay, last).expected(index)
            if found.shape != expected.exact.shape or not expected.accepts(found).all():
                return consumer.statement.op, parameter
    return "walk", ""


def twice(program: Program, trace: Trace) -> Iterator[tuple[str, Program]]:
    """For each op of a program a Program of its own that takes its second derivatives, at the values it met."""
    for position, statement in program.applications():
        values = trace.at(position)
        floats = frozenset(k for k, array in values.items() if array.dtype.kind == "f")
        outputs = [values.get(k) for k in statement.outputs[:1]]
        if any(array is None or array.dtype.kind != "f" for array in outputs):
            continue
        alone, _ = isolate(statement, values, floats, [None if a is None else np.ones_like(a) for a in outputs])
        call, walk = alone.statements
        assert isinstance(walk, Backward)
        wanted = [k for k, spec in enumerate(alone.inputs) if spec.requires_grad]
        made = tuple(range(alone.count, alone.count + len(wanted)))
        ones = [Input.of(f"d{k}", np.ones_like(alone.inputs[k].view())) for k in wanted]
        seeds = tuple(range(made[-1] + 1, made[-1] + 1 + len(ones))) if made else ()
        if made:
            recorded = Grad(walk.roots, walk.cotangents, tuple(wanted), made)
            inputs = [*enumerate(alone.inputs), *zip(seeds, ones, strict=True)]
            yield statement.op, renumbered(alone, inputs, [call, recorded, Backward(made, seeds)])
