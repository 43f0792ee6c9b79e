"""Whose fault a wrong gradient is: a pullback of one consumer, or the walk that adds contributions up.

Each consumer is replayed as a Program of one op on the subject. If a replay is wrong, that op's pullback is to blame,
by argument; if all are right, the walk is: it dropped, doubled or overwrote a contribution.
"""

from __future__ import annotations

from paragrad.fuzz.judge.gradients import BackwardCheck
from paragrad.fuzz.judge.isolate import isolate
from paragrad.fuzz.trace import Engine


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
