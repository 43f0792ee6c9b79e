"""The local check of a gradient: what its variable's consumers should have contributed, at the subject's own values."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from paragrad.engine import dtypes
from paragrad.fuzz.judge.bounds import UNIT
from paragrad.fuzz.judge.drawn import settled
from paragrad.fuzz.judge.expected import Expected, exactly
from paragrad.fuzz.judge.isolate import isolate
from paragrad.fuzz.judge.local import LocalReference
from paragrad.fuzz.program import Apply, Array, Backward, Grad, Program, ZeroGrad, refs
from paragrad.fuzz.trace import Trace


@dataclass(slots=True)
class Consumer:
    """A statement that used the variable, with the subject's gradients of its outputs."""

    position: int
    statement: Apply
    incoming: list[Array | None]


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


class Contribution:
    """What one consumer contributes, recomputed once for all its operands: by torch alone, then, if asked, with bounds.

    An operand has a part for each argument in which it stands: x - x gives g and -g.
    """

    def __init__(self, consumer: Consumer, trace: Trace, needing: frozenset[int], foreign: bool) -> None:
        values = trace.at(consumer.position)
        alone, origin = isolate(settled(consumer.statement, values), values, needing)
        statement = alone.statements[0]
        assert isinstance(statement, Apply)
        leaves = {index: spec.array() for index, spec in enumerate(alone.inputs)}
        wanted = frozenset(k for k, spec in enumerate(alone.inputs) if spec.requires_grad)
        self.local = LocalReference(statement, leaves, wanted)
        if not foreign:
            self.local.shown = values.get(consumer.statement.outputs[0])
        self.incoming = consumer.incoming
        self.places: dict[int, list[int]] = {}
        for index, (_, original) in origin.items():
            self.places.setdefault(original, []).append(index)

    @functools.cached_property
    def native(self) -> dict[int, Array]:
        """By torch in the subject's own dtype."""
        return self.local.native_gradients(self.incoming)

    @functools.cached_property
    def sizes(self) -> dict[int, Array]:
        """Where it is a sum of products: the sum of their magnitudes."""
        return self.local.gradient_sizes(self.incoming)

    @functools.cached_property
    def expected(self) -> dict[int, Expected]:
        """By torch in float64, with bounds."""
        return self.local.gradients_expected(self.incoming)


class BackwardCheck:
    """The backward at one statement of a program, each variable's gradient recomputed at the subject's own values."""

    def __init__(self, program: Program, trace: Trace, at: int, needing: frozenset[int], foreign: bool = False) -> None:
        self.program = program
        self.trace = trace
        self.at = at
        self.needing = needing
        self.foreign = foreign
        self.contributions: dict[int, Contribution] = {}

    @functools.cached_property
    def uses(self) -> dict[int, list[Consumer]]:
        """The statements through which the backward reached each variable, latest first: the order of the walk."""
        shown = self.trace.gradients[self.at]
        found: dict[int, list[Consumer]] = {}
        for position in range(self.at - 1, -1, -1):
            statement = self.program.statements[position]
            if isinstance(statement, Apply):
                incoming = [shown.get(output) for output in statement.outputs]
                if any(g is not None for g in incoming) and not self.reached.isdisjoint(statement.outputs):
                    consumer = Consumer(position, statement, incoming)
                    for variable in {*refs(statement.args), *refs(statement.kwargs)}:
                        found.setdefault(variable, []).append(consumer)
        return found

    @functools.cached_property
    def reached(self) -> frozenset[int]:
        """The variables from which the roots were made, and these themselves."""
        walk = self.program.statements[self.at]
        assert isinstance(walk, Backward)
        found = set(walk.roots)
        for statement in reversed(self.program.statements[: self.at]):
            if isinstance(statement, Apply) and not found.isdisjoint(statement.outputs):
                found.update(refs(statement.args), refs(statement.kwargs))
        return frozenset(found)

    def hides(self, variable: int) -> bool:
        """Whether the trace hides what is needed to judge this gradient: values or gradients of its consumers."""
        if self.shows_all:
            return False
        shown, values = self.trace.gradients[self.at], self.trace.values
        if variable < len(self.program.inputs) and not all(
            variable in self.trace.gradients.get(at, {}) for at in self.accumulated()
        ):
            return True
        for statement in self.program.statements[: self.at]:
            if isinstance(statement, Apply) and not self.reached.isdisjoint(statement.outputs):
                operands = {*refs(statement.args), *refs(statement.kwargs)}
                if variable in operands and not (
                    values.keys() >= operands | {*statement.outputs}
                    and shown.keys() >= self.needing & {*statement.outputs}
                ):
                    return True
        return False

    @functools.cached_property
    def shows_all(self) -> bool:
        """Whether nothing is hidden, of this backward and of those that the leaves remember."""
        earlier = [self.trace.gradients.get(at, {}) for at in self.accumulated()]
        shown, values = self.trace.gradients[self.at], self.trace.values
        leaves = {k for k in self.needing if k < len(self.program.inputs)}
        complete = len(values) == self.program.count and shown.keys() >= self.needing & self.reached
        return complete and all(part.keys() >= leaves for part in earlier)

    def accumulated(self) -> list[int]:
        """The earlier backwards whose gradients the leaves still hold."""
        found: list[int] = []
        for position, statement in enumerate(self.program.statements[: self.at]):
            if isinstance(statement, ZeroGrad):
                found.clear()
            elif isinstance(statement, Backward):
                found.append(position)
        return found

    def consumers(self, variable: int) -> list[Consumer]:
        """The statements that used a variable and that the backward reached."""
        return self.uses.get(variable, [])

    def consumed(self, variable: int) -> Iterator[Contribution]:
        """The contributions to a variable, in the order in which the walk adds them."""
        for consumer in self.consumers(variable):
            found = self.contributions.get(consumer.position)
            if found is None:
                found = self.contributions[consumer.position] = Contribution(
                    consumer, self.trace, self.needing, self.foreign
                )
            yield found

    def contributed(self, consumer: Consumer, incoming: list[Array | None]) -> dict[int, Array]:
        """What a statement contributes to its operands in float64, given other gradients of its outputs."""
        other = Consumer(consumer.position, consumer.statement, incoming)
        contribution = Contribution(other, self.trace, self.needing, self.foreign)
        exact = {k: e.exact for k, e in contribution.expected.items()}
        return {
            variable: np.asarray(sum(exact[k] for k in places if k in exact))
            for variable, places in contribution.places.items()
            if any(k in exact for k in places)
        }

    def given(self, variable: int) -> list[Array]:
        """What doesn't come from consumers: cotangents where the variable is a root, and what a leaf held before."""
        statement = self.program.statements[self.at]
        assert isinstance(statement, Backward)
        found = []
        for root, cotangent in zip(statement.roots, statement.cotangents, strict=True):
            if root == variable:
                values = self.trace.values
                found.append(np.ones_like(values[variable]) if cotangent is None else values[cotangent])
        held = before(self.program, self.trace, self.at, variable)
        return found if held is None else [*found, held]

    def native(self, variable: int) -> tuple[Array, Array]:
        """The gradient of a variable as torch computes it in the subject's dtype, and what size its terms have."""
        consumed = [(c, k) for c in self.consumed(variable) for k in c.places[variable] if k in c.native]
        parts = [(c.native[k], c.sizes.get(k, c.native[k])) for c, k in consumed]
        parts += [(array, array) for array in self.given(variable)]
        if not parts:
            zero = np.zeros_like(self.trace.values[variable])
            return zero, zero
        total, size = parts[0][0], np.abs(parts[0][1])
        with np.errstate(all="ignore"):
            for part, terms in parts[1:]:
                total, size = total + part, size + np.abs(terms)
        return total, size

    def expected(self, variable: int) -> Expected:
        """The gradient of a variable with its bound: of m parts in any order, (m-1)·u·Σ|parts| beside their own."""
        like = self.trace.values[variable]
        parts = [c.expected[k] for c in self.consumed(variable) for k in c.places[variable] if k in c.expected]
        parts += [exactly(array) for array in self.given(variable)]
        if not parts:
            return exactly(np.zeros_like(like))
        with np.errstate(all="ignore"):
            exact = sum((p.exact for p in parts[1:]), parts[0].exact)
            native = sum((p.torch for p in parts[1:]), parts[0].torch)
            sizes = np.asarray(sum(np.where(np.isfinite(p.exact), np.abs(p.exact), 0.0) for p in parts))
            # One rounding an addition; twice that in float64, where the expected sum is rounded as well.
            unit = UNIT[dtypes.as_dtype(like.dtype)] * (2 if like.dtype == np.float64 else 1)
            bound = sum((p.bound for p in parts[1:]), parts[0].bound)
            if len(parts) > 1:
                bound = bound + (len(parts) - 1) * unit * sizes
            lanes = max(len(p.elsewhere) for p in parts)
            elsewhere = [sum(p.elsewhere[k] if p.elsewhere else p.torch for p in parts) for k in range(lanes)]
        return Expected(np.asarray(exact), np.asarray(native), np.asarray(bound), tuple(map(np.asarray, elsewhere)))


def has_hidden(program: Program) -> bool:
    """Whether gradients pass through a stretch that no Trace shows: the inside of a recorded backward."""
    return any(isinstance(s, Grad) or (isinstance(s, Backward) and s.create_graph) for s in program.statements)
