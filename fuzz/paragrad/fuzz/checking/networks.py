"""Networks and training runs with the subject's own ops, as a learner writes them, and what lies between two steps.

A neuron is w·x + b; a layer of tensors is X @ W + b. Inputs and targets are plain numbers where the op takes a number
on that side, and Values where not, in turn. Only forms of ops that the subject has are drawn.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from paragrad.engine.ops.samples import MODERATE, Call, Output
from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.checking.forms import MISSES
from paragrad.fuzz.program import Backward, Optimizer, OptimizerStep, Program, Statement, ZeroGrad
from paragrad.fuzz.strategies.builder import Variable

if TYPE_CHECKING:
    from paragrad.fuzz.checking.trials import Choice

ACTIVATIONS = ("tanh", "relu", "sigmoid", "silu", "softsign", "sin")
"""Ops of one operand and no options."""
RATES = (0.01, 0.05, 0.1, 0.5)
WIDTHS = (1, 2, 2, 3)
SAMPLES = (1, 1, 2)


class Lacking(Exception):
    """The subject has no form of an op that is needed."""


class Network:
    """A network under construction: `forward` adds one pass through it, up to the loss."""

    def __init__(self, choice: Choice) -> None:
        self.choice = choice
        self.builder = choice.builder("normal")
        self.names = frozenset(op.name for op in choice.ops)
        self.numbers = choice.rng.random() < 0.6
        self.parameters: list[Variable] = []
        self.widths = [self.pick(WIDTHS) for _ in range(self.pick((1, 2, 2, 3)))]
        self.widths.append(1 if choice.scalar else self.pick(WIDTHS))
        self.activation = self.pick([name for name in ACTIVATIONS if name in self.names] or [None])
        self.last = self.pick((True, False))
        self.samples = self.pick(SAMPLES)

    def pick(self, options: Sequence[Any]) -> Any:
        """One of the options."""
        return options[self.choice.rng.randrange(len(options))]

    def has(self, op: str, *args: Any) -> bool:
        """Whether the subject has an op in the form that these arguments make."""
        return op in self.names and self.choice.has(TABLE[op], *args)

    def call(self, op: str, *args: Any, shape: tuple[int, ...] = ()) -> Variable:
        """One use of an op. Raises Lacking."""
        if not self.has(op, *args):
            raise Lacking(op)
        return self.builder.add(TABLE[op], Call(args, {}, (Output(shape),)))[0]

    def parameter(self, letter: str, shape: tuple[int, ...], fan_in: int) -> Variable:
        """A new parameter within ±1/√fan_in."""
        bound = 1 / math.sqrt(fan_in)
        made = self.builder.new(shape, (-bound, bound), requires_grad=True)
        self.builder.inputs[-1][1].name = f"{letter}{len(self.parameters)}"
        self.parameters.append(made)
        return made

    def datum(self, op: str, other: Any, shape: tuple[int, ...] = ()) -> Any:
        """Something to put in beside `other`: a plain number where that is wanted and `op` takes one, else a leaf."""
        if self.numbers and not shape:
            number = float(self.pick((1.0, 2.0, -1.0, 0.5, 3.0, -0.25)))
            if self.has(op, other, number) or self.has(op, number, other):
                return number
        return self.builder.new(shape, (-2.0, 2.0), requires_grad=False)

    def either(self, op: str, a: Any, b: Any) -> Variable:
        """`op`, which is symmetric, of the two in an order that the subject takes."""
        orders = [pair for pair in ((a, b), (b, a)) if self.has(op, *pair)]
        return self.call(op, *self.pick(orders or [(a, b)]))

    def loss(self) -> Variable:
        """One pass over the data, up to one number."""
        raise NotImplementedError


class Neurons(Network):
    """A network of single numbers."""

    def __init__(self, choice: Choice) -> None:
        super().__init__(choice)
        self.layers = [
            [
                ([self.parameter("w", (), before) for _ in range(before)], self.parameter("b", (), before))
                for _ in range(after)
            ]
            for before, after in itertools.pairwise(self.widths)
        ]
        first = self.layers[0][0][0][0]
        self.data = [[self.datum("mul", first) for _ in range(self.widths[0])] for _ in range(self.samples)]
        self.targets = [self.datum(self.distance, first) for _ in range(self.samples)]

    @property
    def distance(self) -> str:
        """The op by which a prediction is compared."""
        return "sub" if "sub" in self.names else "add"

    def neuron(self, weights: list[Variable], bias: Variable, inputs: list[Any], active: bool) -> Variable:
        """w·x + b, through the activation."""
        total = bias
        for weight, x in zip(weights, inputs, strict=True):
            total = self.either("add", total, self.either("mul", weight, x))
        return self.call(self.activation, total) if active and self.activation is not None else total

    def loss(self) -> Variable:
        """The sum of squared differences; it starts from the number 0, as Python's sum does, where that is taken."""
        terms = []
        for inputs, target in zip(self.data, self.targets, strict=True):
            values = list(inputs)
            for k, layer in enumerate(self.layers):
                active = self.last or k < len(self.layers) - 1
                values = [self.neuron(weights, bias, values, active) for weights, bias in layer]
            pair = (values[0], target) if self.has(self.distance, values[0], target) else (target, values[0])
            difference = self.call(self.distance, *pair)
            squared = self.has("pow", difference, 2) and self.choice.rng.random() < 0.6
            terms.append(self.call("pow", difference, 2) if squared else self.call("mul", difference, difference))
        total = self.call("add", 0, terms[0]) if self.has("add", 0, terms[0]) else terms[0]
        for term in terms[1:]:
            total = self.call("add", total, term)
        return total


class Layers(Network):
    """A network of tensors."""

    def __init__(self, choice: Choice) -> None:
        super().__init__(choice)
        self.layers = []
        for before, after in itertools.pairwise(self.widths):
            bias = self.pick([(after,), (1, after)])
            self.layers.append((self.parameter("w", (before, after), before), self.parameter("b", bias, before)))
        self.data = self.builder.new((self.samples, self.widths[0]), MODERATE, requires_grad=False)
        self.target = self.builder.new((self.samples, self.widths[-1]), MODERATE, requires_grad=False)
        # Some engines have a sum that keeps its dims, and no other: the squares themselves are a loss for all.
        self.ending = self.pick([*(name for name in ("mse_loss", "sum", "mean") if name in self.names), None])

    def loss(self) -> Variable:
        """mse_loss, or the sum or mean of squared differences; these themselves where the subject has none."""
        x = self.data
        for k, (weight, bias) in enumerate(self.layers):
            shape = (self.samples, weight.shape[1])
            x = self.call("add", self.call("matmul", x, weight, shape=shape), bias, shape=shape)
            if self.activation is not None and (self.last or k < len(self.layers) - 1):
                x = self.call(self.activation, x, shape=shape)
        if self.ending == "mse_loss":
            return self.call("mse_loss", x, self.target)
        difference = self.call("sub" if "sub" in self.names else "add", x, self.target, shape=x.shape)
        squares = self.call("mul", difference, difference, shape=x.shape)
        return squares if self.ending is None else self.call(self.ending, squares)


def _network(choice: Choice) -> Network:
    return Neurons(choice) if choice.scalar else Layers(choice)


def networks(choice: Choice) -> Iterator[Program]:
    """One pass through a network and one backward each."""
    while True:
        try:
            network = _network(choice)
            network.loss()
        except Lacking:
            return
        yield network.builder.finish(implicit=True)


def training(choice: Choice) -> Iterator[Program]:
    """Two to five steps of forward, zero_grad, backward and SGD."""
    while True:
        try:
            network = _network(choice)
            losses = [_part(network, network.loss()) for _ in range(choice.rng.choice((2, 2, 3, 3, 5)))]
        except Lacking:
            return
        optimizer = (OptimizerStep(),)
        rate = {"lr": network.pick(RATES)}
        program = _joined(network.builder, losses, [(ZeroGrad(),)] * len(losses), optimizer)
        program.optimizer = Optimizer("SGD", tuple([v.index for v in network.parameters]), rate)
        yield program


Part = tuple[int, list[Variable], list[Variable | None]]
"""Where a part of a program ends among its calls; its roots, and their cotangents."""


def _part(network: Network, loss: Variable) -> Part:
    builder = network.builder
    seed = builder.cotangent(loss, f"c{len(builder.calls)}") if loss.shape else None
    return len(builder.calls), [loss], [seed]


def _joined(
    builder: Any, parts: list[Part], before: list[tuple[Statement, ...]], after: tuple[Statement, ...]
) -> Program:
    """Each part's calls, what comes before its backward, the backward, and what comes after."""
    calls = builder.numbered()
    statements: list[Statement] = []
    start = 0
    for (end, roots, seeds), first in zip(parts, before, strict=True):
        statements += [*calls[start:end], *first]
        cotangents = tuple([None if c is None else c.index for c in seeds])
        statements += [Backward(tuple([r.index for r in roots]), cotangents), *after]
        start = end
    return Program(builder.specs(), statements)


def between_backwards(choice: Choice) -> Iterator[Program]:
    """Two or three graphs over the same leaves, one after the other: with zero_grad in between, or adding up.

    No graph uses what another made, so what any backward leaves behind must be right.
    """
    missed = 0
    while True:
        builder = choice.builder("normal")
        size = choice.rng.choice((1, 1, 2, 3, 5, 8))
        zeroed = choice.rng.random() < 0.5
        parts: list[Part] = []
        for k in range(choice.rng.choice((2, 2, 3))):
            start = len(builder.calls)
            for _ in range(size):
                choice.apply(builder, choice.any())
            made = [o for _, _, _, outputs in builder.calls[start:] for o in outputs]
            roots = [o for o in made if o.differentiable and not o.consumed]
            if roots:
                parts.append(
                    (len(builder.calls), roots, [builder.cotangent(r, f"c{k}{n}") for n, r in enumerate(roots)])
                )
            leaves = {id(v) for v, _ in builder.inputs}
            builder.pool = [v for v in builder.pool if id(v) in leaves]
        missed = 0 if parts else missed + 1
        if missed > MISSES:
            return
        if parts:
            yield _joined(builder, parts, [(ZeroGrad(),) if zeroed and k else () for k in range(len(parts))], ())
