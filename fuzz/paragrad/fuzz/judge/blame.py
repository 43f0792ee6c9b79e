"""Whose fault a wrong gradient is: a pullback of one consumer, or the walk that adds contributions up.

Each consumer is replayed as a Program of one op on the subject. If a replay is wrong, that op's pullback is to blame,
by argument; if all are right, the walk is: it dropped, doubled or overwrote a contribution. Where a gradient of a
gradient is wrong, each op of the program is asked for its own second derivatives.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

from paragrad.fuzz.editing import renumbered
from paragrad.fuzz.judge.expected import Expected
from paragrad.fuzz.judge.gradients import BackwardCheck, Consumer
from paragrad.fuzz.judge.intake import take_in
from paragrad.fuzz.judge.isolate import isolate, shows
from paragrad.fuzz.judge.local import RefusedError
from paragrad.fuzz.program import Apply, Array, Backward, Grad, Input, Program
from paragrad.fuzz.trace import Engine, Trace

MOST_ASKED = 100
"""Of a longer program the last ops are asked whether their backward alone fails."""
WALK = "walk"
"""The author of a gradient to which every consumer alone contributes rightly."""


@dataclass(slots=True)
class Replay:
    """One consumer alone on the subject: the Program, and for each input that stands for the variable the parameter,
    what the subject's pullback gave (None: nothing), and what is expected."""

    consumer: Consumer
    program: Program
    trace: Trace
    parts: list[tuple[int, str, Array | None, Expected]]

    @property
    def wrong(self) -> list[tuple[int, str, Array | None, Expected]]:
        """The parts that are not as expected."""
        return [part for part in self.parts if not _right(part[2], part[3])]


def _right(found: Array | None, expected: Expected) -> bool:
    if found is None:
        return not expected.torch.any()
    alike = found.shape == expected.torch.shape and found.dtype == expected.torch.dtype
    return alike and bool(expected.accepts(found).all())


def replays(engine: Engine, check: BackwardCheck, variable: int) -> Iterator[Replay]:
    """Each consumer of a variable, replayed alone at the subject's own values and incoming gradients."""
    for consumer in check.consumers(variable):
        alone, origin = isolate(consumer.statement, check.trace.at(consumer.position), check.needing, consumer.incoming)
        trace = take_in(alone, engine.run(alone))[0]
        last = len(alone.statements) - 1
        shown = trace.gradients.get(last, {})
        call = alone.statements[0]
        assert isinstance(call, Apply)
        requiring = frozenset(k for k, spec in enumerate(alone.inputs) if spec.requires_grad)
        replayed = BackwardCheck(alone, trace, last, requiring | {*call.outputs}, check.foreign)
        parts = []
        if trace.failure is None and shown:
            for index, (parameter, original) in origin.items():
                if original == variable and alone.inputs[index].requires_grad:
                    parts.append((index, parameter, shown.get(index), replayed.expected(index)))
        yield Replay(consumer, alone, trace, parts)


def blame_gradient(engine: Engine, check: BackwardCheck, variable: int) -> tuple[str, str]:
    """The op and the parameter whose pullback is wrong; (WALK, "") where every consumer alone is right.

    Of several, one that gives nothing: the others may have chosen otherwise at a kink.
    """
    blamed: list[tuple[str, str]] = []
    try:
        for replay in replays(engine, check, variable):
            op = replay.consumer.statement.op
            if replay.trace.failure is not None:
                return op, ""
            for _, parameter, found, _ in replay.wrong:
                if found is None:
                    return op, parameter
                blamed.append((op, parameter))
    except RefusedError:
        return blamed[0] if blamed else ("", "")
    return blamed[0] if blamed else (WALK, "")


def blame_crash(engine: Engine, program: Program, trace: Trace, reference: Trace, at: int) -> str:
    """The op whose backward alone fails as well; "" where none does, or where it was no backward that failed."""
    if not (0 <= at < len(program.statements) and isinstance(program.statements[at], Backward)):
        return ""
    expected = reference.gradients.get(at, {})
    applications = list(program.applications())
    if len(applications) == 1:
        return applications[0][1].op
    for position, statement in islice(reversed(applications), MOST_ASKED):
        incoming = [expected.get(output) for output in statement.outputs]
        values = trace.at(position)
        if any(g is not None for g in incoming) and shows(values, statement):
            alone, _ = isolate(statement, values, frozenset(expected), incoming)
            if engine.run(alone).failure is not None:
                return statement.op
    return ""


def once(program: Program, trace: Trace, at: int | None) -> Iterator[tuple[str, Program]]:
    """Each op of a program as one of its own, with the gradients that came in at the backward `at`; latest first."""
    shown = trace.gradients[at] if at is not None else {}
    for position, statement in reversed(list(program.applications())):
        incoming = [shown.get(output) for output in statement.outputs]
        if at is None or any(g is not None for g in incoming):
            yield statement.op, isolate(statement, trace.at(position), frozenset(shown), incoming)[0]


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
