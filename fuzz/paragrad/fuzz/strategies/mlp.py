"""Random MLPs: layers with shared weights, residuals, layer norm and dropout, every activation and every loss.

Activations and losses are those that `paragrad.engine.nn` wraps. Their own samples choose their options: the Builder
here hands them the network's last variable where they ask for a tensor.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from paragrad.engine.dtypes import DType
from paragrad.engine.nn import activations, losses
from paragrad.engine.nn.wrapping import OpModule
from paragrad.engine.ops.samples import MODERATE, Call, Interval, Output
from paragrad.engine.ops.table import TABLE, Op
from paragrad.fuzz.program import Program
from paragrad.fuzz.strategies.builder import Builder, Variable
from paragrad.fuzz.strategies.profile import Profile
from paragrad.fuzz.strategies.values import Values

WIDTHS = (1, 2, 3, 4, 5, 8, 8, 16, 17, 32, 64)
BATCHES = (1, 2, 3, 4, 4, 5, 8, 16, 32)
DEPTHS = (1, 2, 2, 3, 3, 4, 5, 6)


def wrapped(module: Any) -> tuple[Op, ...]:
    """The ops that the classes of a module of nn wrap."""
    classes = [c for c in vars(module).values() if isinstance(c, type) and issubclass(c, OpModule)]
    return tuple([c.op for c in classes if "op" in vars(c)])


ACTIVATIONS = wrapped(activations)
LOSSES = wrapped(losses)
BETWEEN = (TABLE["layer_norm"], TABLE["dropout"])
PROBABILITIES = TABLE["binary_cross_entropy"]
"""It refuses whatever lies outside [0, 1]."""


class Network(Builder):
    """A Builder that knows the shape of a network; `forward` adds one pass through it."""

    def __init__(self, rng: random.Random, values: Values, profile: Profile, widest: int, deepest: int) -> None:
        dtype = profile.dtype if profile.dtype != "mixed" else rng.choice(("float32", "float64"))
        super().__init__(rng, values, replace(profile, dtype=dtype, empty=False))
        self.offered: Variable | None = None
        self.dtype: DType = self.float_dtype()
        self.weights: list[Variable] = []
        self.layers: list[tuple[Any, ...]] = []
        tame = [op for op in LOSSES if op is not PROBABILITIES]
        self.loss = self.pick(LOSSES if profile.values in ("normal", "lattice") else tame)
        self.batch = self.pick(((), (2, 3))) if self.flag(0.1) else (self.pick(BATCHES),)
        widths = [w for w in WIDTHS if w <= widest]
        depth = self.pick([d for d in DEPTHS if d <= deepest])
        self.width = width = self.pick(widths)
        for k in range(depth):
            out = width if self.flag(0.3) else self.pick(widths)
            self.layers.append(self.layer(width, out, last=k == depth - 1))
            width = out

    def layer(self, width: int, out: int, last: bool) -> tuple[Any, ...]:
        """One layer: whether it is a linear or a matmul, its weight and bias, what follows, and whether it skips."""
        linear = self.flag(0.8)
        shape = (out, width) if linear else (width, out)
        weight = self.parameter("w", shape, width, last, self.flag(0.15))
        bias = self.parameter("b", (out,), width, False, False) if self.flag(0.8) else None
        after = [self.pick(BETWEEN)] if self.flag(0.12) else []
        if not last or self.flag(0.3):
            after.append(self.pick(ACTIVATIONS))
        return linear, weight, bias, after, width == out and self.flag(0.4)

    def parameter(self, letter: str, shape: tuple[int, ...], fan_in: int, trained: bool, shared: bool) -> Variable:
        """A parameter within ±1/√fan_in, or one of this shape that there is already; a few are frozen."""
        for held in self.weights if shared else ():
            if held.shape == shape and (held.differentiable or not trained):
                return held
        bound = 1 / math.sqrt(fan_in)
        variable = self.new(shape, (-bound, bound), self.dtype, requires_grad=trained or self.flag(0.95))
        self.inputs[-1][1].name = f"{letter}{len(self.weights)}"
        self.weights.append(variable)
        return variable

    def tensor(self, interval: Interval = MODERATE, rank: tuple[int, int] = (0, 4), nonempty: bool = False) -> Variable:
        """What is on offer, else what any Builder gives."""
        offered, self.offered = self.offered, None
        return offered or super().tensor(interval, rank, nonempty)

    def through(self, op: Op, x: Variable) -> Variable:
        """`op` of `x`, with options as its sample chooses, but in the network's dtype."""
        while True:
            self.offered = x
            call = op.sample(self)
            if "dtype" not in call.kwargs:
                return self.add(op, call)[0]

    def call(self, name: str, args: Iterable[Any], shape: tuple[int, ...]) -> Variable:
        """An op with these arguments, whose output has this shape."""
        return self.add(TABLE[name], Call(tuple(args), {}, (Output(shape, self.dtype),)))[0]

    def data(self) -> Variable:
        """A batch to put in."""
        return self.new((*self.batch, self.width), MODERATE, self.dtype)

    def forward(self, x: Variable) -> Variable:
        """The loss of one pass through the network. Nothing of an earlier pass takes part: its graph may be gone."""
        self.pool = [v for v, spec in self.inputs if v.dtype is self.dtype]
        for linear, weight, bias, after, skips in self.layers:
            before = x
            shape = (*x.shape[:-1], weight.shape[0 if linear else 1])
            if linear:
                x = self.call("linear", (x, weight) if bias is None else (x, weight, bias), shape)
            else:
                x = self.call("matmul", (x, weight), shape)
                if bias is not None:
                    x = self.call("add", (x, bias), shape)
            for op in after:
                x = self.through(op, x)
            if skips:
                x = self.call("add", (x, before), shape)
        if self.loss is PROBABILITIES:
            x = self.through(TABLE["sigmoid"], x)
            target = self.confined(x.shape, (0.0, 1.0), self.dtype)
            reduction = self.pick(("mean", "sum", "none"))
            shape = x.shape if reduction == "none" else ()
            call = Call((x, target), {"reduction": reduction}, (Output(shape, self.dtype),))
            return self.add(self.loss, call)[0]
        return self.through(self.loss, x)


def mlp(rng: random.Random, values: Values, profile: Profile) -> Program:
    """One MLP with its loss, ending in a backward from 1 or from a random cotangent."""
    network = Network(rng, values, profile, widest=64, deepest=6)
    network.forward(network.data())
    second = profile.second and profile.values == "normal" and all(op.twice for op, _, _, _ in network.calls)
    return network.finish(second, implicit=not second and network.flag())
