"""The local check of a gradient: what its variable's consumers should have contributed, at the subject's own values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from paragrad.engine import dtypes
from paragrad.fuzz.judge.bounds import UNIT
from paragrad.fuzz.judge.drawn import settled
from paragrad.fuzz.judge.isolate import isolate
from paragrad.fuzz.judge.local import Expected, LocalReference
from paragrad.fuzz.program import Apply, Array, Backward, Grad, Program, ZeroGrad, refs
from paragrad.fuzz.trace import Trace


@dataclass(slots=True)
class Consumer:
    """A statement that used the variable, with the subject's gradients of its outputs."""

    position: int
    statement: Apply
    incoming: list[Array | None]


def consumers(program: Program, trace: Trace, at: int, variable: int) -> Iterator[Consumer]:
    """The statements through which the backward at `at` reached `variable`, latest first: the order of the walk."""
    shown = trace.gradients[at]
    for position in range(at - 1, -1, -1):
        statement = program.statements[position]
        if isinstance(statement, Apply) and variable in (*refs(statement.args), *refs(statement.kwargs)):
            incoming = [shown.get(output) for output in statement.outputs]
            if any(g is not None for g in incoming):
                yield Consumer(position, statement, incoming)


def before(program: Program, trace: Trace, at: int, variable: int) -> Array | None:
    """What a leaf had accumulated before the backward at `at`; nothing for any other variable."""
    if variable >= len(program.inputs):
        return None
    for position in range(at - 1, -1, -1):
        statement = program.statements[position]
        if isinstance(statement, ZeroGrad):
            return None
        if isinstance(statement, Backward):
            return trace.gradients[position].get(variable)
    return None


def contributions(consumer: Consumer, trace: Trace, needing: frozenset[int], variable: int) -> list[Expected]:
    """What one consumer contributes, a part for each argument in which the variable stands: x - x gives g and -g."""
    values = trace.at(consumer.position)
    alone, origin = isolate(settled(consumer.statement, values), values, needing)
    statement = alone.statements[0]
    assert isinstance(statement, Apply)
    leaves = {index: spec.array() for index, spec in enumerate(alone.inputs)}
    local = LocalReference(statement, leaves, frozenset(k for k, spec in enumerate(alone.inputs) if spec.requires_grad))
    expected = local.gradients_expected(consumer.incoming)
    return [expected[index] for index, (_, original) in origin.items() if original == variable and index in expected]


def expected_gradient(program: Program, trace: Trace, at: int, variable: int) -> Expected:
    """The gradient of `variable` after the backward at `at`: what was there, its seeds, and every contribution.

    A sum of m parts in any order adds (m-1)·u·Σ|parts| to the bounds of the parts.
    """
    statement = program.statements[at]
    assert isinstance(statement, Backward)
    like = trace.values[variable]
    unit = UNIT[dtypes.as_dtype(like.dtype)]
    parts: list[Expected] = []
    for root, cotangent in zip(statement.roots, statement.cotangents, strict=True):
        if root == variable:
            parts.append(_exactly(np.ones_like(like) if cotangent is None else trace.values[cotangent]))
    needing = frozenset(trace.gradients[at])
    for consumer in consumers(program, trace, at, variable):
        parts.extend(contributions(consumer, trace, needing, variable))
    if (held := before(program, trace, at, variable)) is not None:
        parts.append(_exactly(held))
    if not parts:
        return _exactly(np.zeros_like(like))
    with np.errstate(all="ignore"):
        exact = sum((p.exact for p in parts[1:]), parts[0].exact)
        native = sum((p.torch for p in parts[1:]), parts[0].torch)
        sizes = sum((np.abs(p.exact) for p in parts[1:]), np.abs(parts[0].exact))
        # One rounding an addition; twice that in float64, where the expected sum is rounded as well.
        additions = (len(parts) - 1) * unit * sizes * (2 if like.dtype == np.float64 else 1)
        bound = sum((p.bound for p in parts[1:]), parts[0].bound) + additions
        lanes = max(len(p.elsewhere) for p in parts)
        elsewhere = [sum(p.elsewhere[k] if p.elsewhere else p.torch for p in parts) for k in range(lanes)]
    return Expected(np.asarray(exact), np.asarray(native), np.asarray(bound), tuple(map(np.asarray, elsewhere)))


def _exactly(array: Array) -> Expected:
    return Expected(array.astype(np.float64), array, np.zeros(array.shape))


def has_hidden(program: Program) -> bool:
    """Whether gradients pass through a stretch that no Trace shows: the inside of a recorded backward."""
    return any(isinstance(s, Grad) or (isinstance(s, Backward) and s.create_graph) for s in program.statements)
