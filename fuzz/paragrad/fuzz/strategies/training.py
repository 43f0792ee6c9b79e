"""Random training runs: an MLP, an optimizer, and a few steps of forward, zero_grad, backward and step, unrolled."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from paragrad.fuzz.program import Backward, Optimizer, OptimizerStep, Program, Statement, ZeroGrad
from paragrad.fuzz.strategies.builder import Builder, Variable
from paragrad.fuzz.strategies.mlp import PROBABILITIES, Network
from paragrad.fuzz.strategies.profile import Profile
from paragrad.fuzz.strategies.values import Values

RATES = (1e-3, 1e-2, 0.1, 0.1, 0.5, 1.0)


def _sgd(draw: Builder) -> dict[str, Any]:
    options: dict[str, Any] = {"lr": draw.pick(RATES)}
    if draw.flag(0.6):
        options["momentum"] = draw.pick((0.9, 0.5, 0.99))
        if draw.flag(0.4):
            options["nesterov"] = True
        elif draw.flag(0.4):
            options["dampening"] = draw.pick((0.1, 0.5, 1.0))
    return options | _decay(draw, (0.01, 0.1))


def _adam(draw: Builder) -> dict[str, Any]:
    options: dict[str, Any] = {"lr": draw.pick(RATES)}
    if draw.flag(0.4):
        options["betas"] = draw.pick(((0.5, 0.9), (0.0, 0.99), (0.9, 0.0), (0.3, 0.5)))
    if draw.flag(0.3):
        options["eps"] = draw.pick((1e-4, 0.1, 1e-12))
    if draw.flag(0.3):
        options["amsgrad"] = True
    return options | _decay(draw, (0.01, 0.5))


def _decay(draw: Builder, choices: tuple[float, ...]) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if draw.flag(0.3):
        options["weight_decay"] = draw.pick(choices)
    if draw.flag(0.2):
        options["maximize"] = True
    return options


OPTIMIZERS: dict[str, Callable[[Builder], dict[str, Any]]] = {"SGD": _sgd, "Adam": _adam, "AdamW": _adam}


def training(rng: random.Random, values: Values, profile: Profile) -> Program:
    """Two to eight steps of one optimizer on one MLP; now and then gradients of several passes add up."""
    network = Network(rng, values, profile, widest=32, deepest=4)
    name = network.pick(tuple(OPTIMIZERS))
    if network.loss is PROBABILITIES and name == "SGD":
        name = "Adam"  # whose steps are no longer than lr: a network that blows up has no probabilities left
    options = OPTIMIZERS[name](network)
    if network.loss is PROBABILITIES:
        options["lr"] = min(options["lr"], 0.01)
    ends: list[tuple[int, Variable, Variable | None]] = []
    data = network.data()
    for _ in range(2 + network.below(7)):
        loss = network.forward(data)
        implicit = not loss.shape and network.flag()
        ends.append((len(network.calls), loss, None if implicit else network.cotangent(loss, f"c{len(ends)}")))
        if network.flag(0.5):
            data = network.data()
    calls = network.numbered()
    statements: list[Statement] = []
    start = 0
    for end, loss, cotangent in ends:
        statements.extend(calls[start:end])
        start = end
        if network.flag(0.85):
            statements.append(ZeroGrad())
        statements.append(Backward((loss.index,), (None if cotangent is None else cotangent.index,)))
        if network.flag(0.9):
            statements.append(OptimizerStep())
    parameters = tuple([v.index for v in network.weights if v.differentiable])
    return Program(network.specs(), statements, Optimizer(name, parameters, options))
