"""The rows of `scalar_nn`: linear, MLP and SGD on Values, against torch in float64 on the same numbers."""

from __future__ import annotations

import functools
import random
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import numpy as np
import torch

from paragrad.engine.scalar import Value
from paragrad.engine.scalar_nn import MLP, SGD, linear
from paragrad.reports.accuracy.ulp import Errors, Truth
from paragrad.reports.gate.accuracy.rows import UlpRow, ulp_row
from paragrad.reports.gate.accuracy.scalars import DTYPE
from paragrad.reports.gate.accuracy.scalars import PREFIX as VALUE

PREFIX = "scalar_nn."
SGDS: tuple[dict[str, Any], ...] = (
    {},
    {"weight_decay": 0.1},
    {"momentum": 0.9},
    {"momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1},
    {"momentum": 0.9, "nesterov": True},
)
"""Options of an optimizer, each tried over STEPS steps."""
STEPS = 4
SHAPE = (3, [4, 3, 2])
"""Inputs and layers of the network."""
Numbers = dict[str, list[float]]


def numbers(count: int, seed: int) -> list[float]:
    """Moderate numbers, the same every time."""
    rng = random.Random(seed)
    return [rng.uniform(-1.5, 1.5) for _ in range(count)]


def tensor(values: Sequence[float] | Sequence[Sequence[float]]) -> torch.Tensor:
    """A leaf of torch."""
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)


def of_linear() -> tuple[Numbers, Numbers]:
    """One neuron's sum with all its gradients, ours and torch's."""
    given = [numbers(5, seed) for seed in (1, 2)]
    x, w = ([Value(v) for v in part] for part in given)
    b = Value(0.3)
    y = linear(x, w, b)
    y.backward(0.7)
    inputs, weights, bias = tensor(given[0]), tensor(given[1]), tensor([0.3])
    out = torch.nn.functional.linear(inputs, weights[None], bias)
    torch.autograd.backward(out, torch.tensor([0.7], dtype=torch.float64))
    return (
        {"value": [y.data], "gradient": [v.grad for v in (*x, *w, b)]},
        {"value": out.tolist(), "gradient": [v for part in (inputs, weights, bias) for v in listed(part.grad)]},
    )


def listed(array: torch.Tensor | None) -> list[float]:
    """The numbers of a gradient."""
    return [] if array is None else array.reshape(-1).tolist()


def of_mlp() -> tuple[Numbers, Numbers]:
    """A network with tanh, its outputs and the gradients of its parameters after two inputs."""
    nin, nouts = SHAPE
    model = MLP(nin, nouts, Value.tanh)
    layers: list[torch.nn.Module] = []
    affines: list[torch.nn.Linear] = []
    for layer in model.layers:
        affine = torch.nn.Linear(len(layer.neurons[0].w), len(layer.neurons), dtype=torch.float64)
        with torch.no_grad():
            affine.weight.copy_(tensor([[w.data for w in neuron.w] for neuron in layer.neurons]))
            affine.bias.copy_(tensor([neuron.b.data for neuron in layer.neurons]))
        layers += [affine, torch.nn.Tanh()]
        affines.append(affine)
    network = torch.nn.Sequential(*layers[:-1])
    ours: Numbers = {"value": [], "gradient": []}
    torchs: Numbers = {"value": [], "gradient": []}
    for seed in (3, 4):
        x = numbers(nin, seed)
        outputs, theirs = model(x), network(torch.tensor(x, dtype=torch.float64))
        assert isinstance(outputs, list)
        ours["value"] += [y.data for y in outputs]
        torchs["value"] += theirs.tolist()
        total = outputs[0] * 0.5 + outputs[1] * 2.0
        total.backward()
        torch.autograd.backward(theirs[0] * 0.5 + theirs[1] * 2.0)
    ours["gradient"] = [p.grad for p in model.parameters()]
    for affine in affines:
        assert affine.weight.grad is not None
        assert affine.bias.grad is not None
        for weights, bias in zip(affine.weight.grad.tolist(), affine.bias.grad.tolist(), strict=True):
            torchs["gradient"] += [*weights, bias]
    return ours, torchs


def of_sgd(options: dict[str, Any]) -> tuple[Numbers, Numbers]:
    """Two parameters after a few steps with given gradients."""
    start = numbers(2, 5)
    ours, theirs = [Value(v) for v in start], tensor(start)
    steps = SGD(ours, lr=0.1, **options), torch.optim.SGD([theirs], lr=0.1, **options)
    for step in range(STEPS):
        gradients = numbers(2, 6 + step)
        steps[0].zero_grad()
        for parameter, gradient in zip(ours, gradients, strict=True):
            parameter.grad += gradient
        theirs.grad = torch.tensor(gradients, dtype=torch.float64)
        steps[0].step()
        steps[1].step()
    words = ", ".join(f"{name} {value}" for name, value in options.items()) or "plain"
    return {f"parameters, {words}": [p.data for p in ours]}, {f"parameters, {words}": theirs.tolist()}


UNITS: dict[str, list[Callable[[], tuple[Numbers, Numbers]]]] = {
    f"{PREFIX}linear": [of_linear],
    f"{PREFIX}MLP": [of_mlp],
    f"{PREFIX}SGD": [functools.partial(of_sgd, options) for options in SGDS],
}
PARTS: dict[str, set[str]] = {
    f"{PREFIX}linear": {f"{VALUE}backward"},
    f"{PREFIX}MLP": {f"{VALUE}{name}" for name in ("backward", "tanh", "add", "mul")} | {f"{PREFIX}linear"},
}
"""What each is made of."""


def measure(only: Collection[str] = ()) -> Iterator[UlpRow]:
    """The rows of all, or of those in `only`; what fails has none."""
    for name, cases in UNITS.items():
        for case in cases if not only or name in only else ():
            try:
                ours, torchs = case()
            except Exception:  # noqa: BLE001 - whatever the engine raises, it has no numbers to measure
                continue
            for what, expected in torchs.items():
                yield row(name, what, ours[what], expected)


def row(op: str, of: str, ours: list[float], torchs: list[float]) -> UlpRow:
    """Errors of some numbers against torch's, which count as the truth."""
    errors, exact = Errors(), np.array(torchs)
    found = np.array(ours)
    if found.shape == exact.shape:
        errors.add(found, exact, Truth.of(exact))
    else:
        errors.fail(exact)
    return ulp_row(op, DTYPE, of, errors.quantity(), (errors.unlike["engine"], errors.unlike["torch"]))


def show(op: str) -> None:
    """Print torch's numbers and ours."""
    for case in UNITS[op]:
        ours, torchs = case()
        for what, expected in torchs.items():
            print(f"{what}\n  torch    {expected}\n  paragrad {ours[what]}")


if __name__ == "__main__":
    show(sys.argv[1])
