"""Faults of the walk: in how the contributions of one rule are added up, and in the walk itself."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import replace
from types import FunctionType
from typing import Any, cast

import numpy as np

from paragrad.engine import autograd, graph
from paragrad.engine.graph import Walk
from paragrad.engine.ops.rounding import Elementwise
from paragrad.fuzz.mutants import plant
from paragrad.fuzz.mutants.families_code import of_function
from paragrad.fuzz.mutants.mutant import Mutant, gives_zeros, planted, rules
from paragrad.fuzz.mutants.plant import ADD, Add

BROADCAST_TOO = ("lerp", "where", "matmul", "logaddexp")
"""Ops that broadcast and are no elementwise ones. Internal ops are given operands of one shape."""


def doubles(self: Walk, parent: Any, contribution: Any, incoming: Any) -> None:
    """What comes to an operand that has collected something is counted twice."""
    if parent in self.pending:
        ADD(self, parent, contribution, incoming)
    ADD(self, parent, contribution, incoming)


def broadcast_undone_by(reduce: Any) -> Add:
    """A wrong way to bring a contribution to its operand's shape."""

    def add(self: Walk, parent: Any, contribution: Any, incoming: Any) -> None:
        if isinstance(contribution, np.ndarray) and contribution.shape != parent.shape and contribution.size:
            lead = contribution.ndim - len(parent.shape)
            shape = (1,) * lead + tuple(parent.shape)
            axes = tuple(k for k, n in enumerate(shape) if n == 1 and contribution.shape[k] != 1)
            contribution = np.array(reduce(contribution, axes)).reshape(parent.shape)
        ADD(self, parent, contribution, incoming)

    return add


def averaged(contribution: Any, axes: tuple[int, ...]) -> Any:
    """The mean in the place of the sum."""
    return contribution.mean(axes, keepdims=True)


def first_slice(contribution: Any, axes: tuple[int, ...]) -> Any:
    """The first of those that should be summed."""
    return contribution[tuple(slice(0, 1) if k in axes else slice(None) for k in range(contribution.ndim))]


def in_place(rule: plant.Rule) -> plant.Rule:
    """A rule that computes into the array in which the gradient came in, which others may hold."""

    def bad(g: Any, *saved: Any) -> Any:
        result = rule(g, *saved)
        if type(result) is not np.ndarray or type(g) is not np.ndarray:
            return result
        if result.shape == g.shape and result.dtype == g.dtype and result is not g and g.flags.writeable:
            np.copyto(g, result)
            return g
        return result

    return functools.wraps(rule)(bad)


def sharing(self: Walk, parent: Any, contribution: Any, incoming: Any) -> None:
    """What a rule gives is added to in place although somebody else holds it."""
    ADD(self, parent, contribution, incoming)
    self.shared.discard(parent)


ADDED = (
    ("overwrite", "", "replaces what its operand had collected", plant.overwrite, ("walk", "")),
    ("twice", "", "is counted twice where its operand had collected something", doubles, ("walk", "")),
)
UNBROADCAST = (
    ("unbroadcast", "averaged", "is averaged where it should be summed", broadcast_undone_by(averaged), ("", "")),
    ("unbroadcast", "first", "is cut where it should be summed", broadcast_undone_by(first_slice), ("", "")),
)


def of_rules() -> Iterator[Mutant]:
    """Each rule, its contributions added up in a wrong way."""
    for op, parameter in rules():
        several = isinstance(op.rounding, Elementwise) and len(op.operands) > 1 and not op.internal
        broadcasts = several or op.name in BROADCAST_TOO
        for family, variant, words, add, blamed in ADDED + (UNBROADCAST if broadcasts else ()):
            if not gives_zeros(op, parameter) or add is plant.overwrite:
                how = functools.partial(plant.adding, op, parameter, add)
                yield replace(planted(family, op, parameter, variant, words, how), blamed=blamed)
        if not op.listed and not gives_zeros(op, parameter):
            how = functools.partial(
                plant.many,
                functools.partial(plant.pullback, op, parameter, in_place),
                functools.partial(plant.adding, op, parameter, sharing),
            )
            made = planted("aliasing", op, parameter, "", "computes into, or gives away, what others hold", how)
            yield replace(made, blamed=("*", "*"))


def of_everything() -> Iterator[Mutant]:
    """The walk wrong for all rules at once, by hand, and each line of its code in turn."""
    for name, words, add in (
        ("overwrite", "every contribution replaces what was collected", plant.overwrite),
        ("twice", "every contribution after the first is counted twice", doubles),
        ("averaged", "broadcasting is undone by a mean", broadcast_undone_by(averaged)),
        ("first", "broadcasting is undone by cutting", broadcast_undone_by(first_slice)),
        ("sharing", "arrays that others hold are added to in place", sharing),
    ):
        how = functools.partial(plant.walk, add)
        yield Mutant(f"walk:{name}", "walk", "walk", "", f"walk: {words}", how, ("graph", "op"), ("walk", "*"))
    first_in = functools.partial(plant.attribute, graph, "heappop", lambda queue: queue.pop(0))
    words = "nodes are taken in another order than by age"
    order = functools.partial(plant.attribute, graph, "heappush", lambda queue, entry: queue.append(entry))
    yield Mutant(
        "walk:first-in-first-out", "walk", "walk", "", f"walk: {words}", functools.partial(plant.many, first_in, order),
        ("graph", "op"), ("walk", "*"),
    )  # fmt: skip
    functions = (Walk.add, Walk.run, graph.leading_to, graph.as_tensors, graph.each_parent, autograd.accumulate)
    for function in (*functions, autograd.backward, autograd.grad, autograd._walk, autograd.seed, autograd._wrap):
        yield from of_function(cast(FunctionType, function), "walk", "walk", ("op", "graph", "training"), ("*", "*"))


def mutants() -> Iterator[Mutant]:
    """All of this file."""
    yield from of_rules()
    yield from of_everything()
