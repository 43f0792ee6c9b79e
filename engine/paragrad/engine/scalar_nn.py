"""Neurons, layers and networks of `Value`s, and SGD: micrograd's `nn`, with the formulas of torch.nn and torch.optim.

>>> model = MLP(2, [16, 16, 1], activation=Value.tanh)
>>> optimizer = SGD(model.parameters(), lr=0.1, momentum=0.9)
>>> for _ in range(3):
...     loss = sum((model(x) - y) ** 2 for x, y in [([0.0, 1.0], 1.0), ([1.0, 1.0], -1.0)])
...     optimizer.zero_grad()
...     loss.backward()
...     optimizer.step()
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Sequence

from paragrad.engine.scalar import Op, Value, make_result

__all__ = ["MLP", "SGD", "Layer", "Module", "Neuron", "linear"]

Activation = Callable[[Value], Value]


def linear(input: Sequence[Value | float], weight: Sequence[Value | float], bias: Value | float = 0.0) -> Value:
    """bias + the sum of input[i] * weight[i], as one node: `*` and `+` would make two for every i.

    Raises ValueError where `input` and `weight` differ in length.
    """
    total = float(bias)
    edges = [(bias, 1.0)] if isinstance(bias, Value) else []
    for x, w in zip(input, weight, strict=True):
        x_data, w_data = float(x), float(w)
        total += x_data * w_data
        if isinstance(x, Value):
            edges.append((x, w_data))
        if isinstance(w, Value):
            edges.append((w, x_data))
    if not edges:
        return Value(total)
    (first, derivative), *wide = edges
    return make_result(total, Op("linear", wide=tuple(wide)), first, derivative)


class Module:
    """Something with parameters."""

    def parameters(self) -> list[Value]:
        """The Values that training changes."""
        return []

    def zero_grad(self) -> None:
        """Set the gradients of all parameters to 0, as before every `backward()` of a training loop."""
        for parameter in self.parameters():
            parameter.grad = 0.0


class Neuron(Module):
    """activation(w . x + b), or without an activation the sum itself."""

    def __init__(self, nin: int, activation: Activation | None = None, rng: random.Random | None = None) -> None:
        rng = rng or random.Random(0)
        bound = 1.0 / math.sqrt(nin)  # torch.nn.Linear's
        self.w = [Value(rng.uniform(-bound, bound)) for _ in range(nin)]
        self.b = Value(rng.uniform(-bound, bound))
        self.activation = activation

    def __call__(self, x: Sequence[Value | float]) -> Value:
        z = linear(x, self.w, self.b)
        return z if self.activation is None else self.activation(z)

    def parameters(self) -> list[Value]:
        """The weights, then the bias."""
        return [*self.w, self.b]

    def __repr__(self) -> str:
        return f"Neuron({len(self.w)}, {getattr(self.activation, '__name__', 'linear')})"


class Layer(Module):
    """`nout` neurons that read the same input."""

    def __init__(
        self, nin: int, nout: int, activation: Activation | None = None, rng: random.Random | None = None
    ) -> None:
        rng = rng or random.Random(0)
        self.neurons = [Neuron(nin, activation, rng) for _ in range(nout)]

    def __call__(self, x: Sequence[Value | float]) -> list[Value]:
        return [neuron(x) for neuron in self.neurons]

    def parameters(self) -> list[Value]:
        """Those of the neurons, one after the other."""
        return [parameter for neuron in self.neurons for parameter in neuron.parameters()]

    def __repr__(self) -> str:
        return f"Layer([{', '.join(map(repr, self.neurons))}])"


class MLP(Module):
    """Layers of `nouts` neurons on `nin` inputs, with an activation after each layer but the last."""

    def __init__(
        self, nin: int, nouts: Sequence[int], activation: Activation | None = Value.relu, seed: int = 0
    ) -> None:
        rng = random.Random(seed)
        self.layers: list[Layer] = []
        for i, nout in enumerate(nouts, start=1):
            self.layers.append(Layer(nin, nout, activation if i < len(nouts) else None, rng))
            nin = nout

    def __call__(self, x: Sequence[Value | float]) -> Value | list[Value]:
        """The outputs; if there is only one, it and no list."""
        values: Sequence[Value | float] = x
        for layer in self.layers:
            outputs = values = layer(values)
        return outputs[0] if len(outputs) == 1 else outputs

    def parameters(self) -> list[Value]:
        """Those of the layers, one after the other."""
        return [parameter for layer in self.layers for parameter in layer.parameters()]

    def __repr__(self) -> str:
        return f"MLP([{', '.join(map(repr, self.layers))}])"


class SGD:
    """parameter -= lr · step, where step is d = gradient + weight_decay · parameter, or with momentum made of its sum.

    v = momentum · v + (1 - dampening) · d, the first time v = d; step = v, with nesterov d + momentum · v. Source:
    torch/optim/sgd.py. Raises ValueError, as torch does, for nesterov without a momentum or with dampening.
    """

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        self.parameters = list(parameters)
        self.lr, self.momentum, self.dampening = lr, momentum, dampening
        self.weight_decay, self.nesterov = weight_decay, nesterov
        self.velocity: list[float] = []

    def zero_grad(self) -> None:
        """Set the gradients of the parameters to 0."""
        for parameter in self.parameters:
            parameter.grad = 0.0

    def step(self) -> None:
        """Move every parameter against its gradient."""
        steps = [p.grad + self.weight_decay * p.data if self.weight_decay else p.grad for p in self.parameters]
        if self.momentum:
            if self.velocity:
                keep, add = self.momentum, 1.0 - self.dampening
                self.velocity = [keep * v + add * d for v, d in zip(self.velocity, steps, strict=True)]
            else:
                self.velocity = steps  # torch's first step is not dampened
            if self.nesterov:
                steps = [d + self.momentum * v for d, v in zip(steps, self.velocity, strict=True)]
            else:
                steps = self.velocity
        for parameter, d in zip(self.parameters, steps, strict=True):
            parameter.data -= self.lr * d
