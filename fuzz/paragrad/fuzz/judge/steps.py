"""The local check of optimizer steps: torch's optimizer in float64, fed the subject's own parameters and gradients.

Before each step it is set to the parameters that the subject showed, and it is given the gradients that the subject
showed, so only what an optimizer remembers between steps is carried along: its exact values in float64, and beside them
`drift`, how far rounding may have carried a correct implementation's own. A step's bound follows from that by running
error analysis of the update, element by element.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from paragrad.engine import dtypes
from paragrad.fuzz.judge.bounds import TINY, UNIT
from paragrad.fuzz.judge.expected import Expected
from paragrad.fuzz.program import Array, Backward, Optimizer, OptimizerStep, Program, ZeroGrad
from paragrad.fuzz.trace import Trace

State = dict[str, Array]


class Steps:
    """Every optimizer step of a trace, replayed; `expected` tells what a parameter should be after one."""

    def __init__(self, program: Program, trace: Trace) -> None:
        assert program.optimizer is not None
        self.optimizer = program.optimizer
        self.found: dict[tuple[int, int], Expected] = {}
        values = {k: trace.values[k] for k in self.optimizer.parameters if k in trace.values}
        self.exact = Torch(self.optimizer, values, np.float64)
        self.native = Torch(self.optimizer, values, None)
        self.drift: dict[int, State] = {k: {} for k in values}
        gradients: dict[int, Array | None] = dict.fromkeys(values)
        with np.errstate(all="ignore"):
            for position, statement in enumerate(program.statements):
                if isinstance(statement, Backward) and position in trace.gradients:
                    gradients = {k: trace.gradients[position].get(k) for k in values}
                elif isinstance(statement, ZeroGrad):
                    gradients = dict.fromkeys(values)
                elif isinstance(statement, OptimizerStep):
                    before = trace.at(position)
                    if position not in trace.parameters or not _fit(values, before, gradients):
                        break
                    self.step(position, {k: before[k] for k in values}, gradients)

    def expected(self, position: int, variable: int) -> Expected | None:
        """What a parameter should be after the step at `position`; None where what the subject showed before does not
        fit the parameters: that is a finding of its own."""
        return self.found.get((position, variable))

    def step(self, position: int, values: dict[int, Array], gradients: dict[int, Array | None]) -> None:
        """Replay one step from the subject's `values` and `gradients`."""
        before = {k: self.exact.state(k) for k in values}
        exact, native = self.exact.step(values, gradients), self.native.step(values, gradients)
        for k, value in values.items():
            gradient = gradients[k]
            bound = np.zeros(value.shape)
            if gradient is not None:
                dtype = dtypes.as_dtype(value.dtype)
                update = RULES[self.optimizer.name](self.optimizer.options, dtype)
                wide = value.astype(np.float64), gradient.astype(np.float64), exact[k]
                bound = update(*wide, before[k], self.exact.state(k), self.drift[k])
                # Doubled where the expected value is itself only as precise as the subject.
                bound = bound * (2 if dtype is dtypes.float64 else 1 + 1e-6)
                bound = np.where(np.isfinite(exact[k]), bound, 0.0)
            self.found[position, k] = Expected(exact[k], native[k], bound)


def _fit(values: Mapping[int, Array], before: Mapping[int, Array], gradients: Mapping[int, Array | None]) -> bool:
    """Whether parameters and gradients are there in the parameters' shapes and dtypes."""
    shown = [before, {k: g for k, g in gradients.items() if g is not None}]
    held = [(values[k], part.get(k)) for part in shown for k in part if k in values]
    right = all(b is not None and a.shape == b.shape and a.dtype == b.dtype for a, b in held)
    return right and all(k in before for k in values)


class Torch:
    """torch's optimizer on parameters of its own, in one dtype (None: the subject's)."""

    def __init__(self, optimizer: Optimizer, values: Mapping[int, Array], dtype: Any) -> None:
        self.dtype = dtype
        self.parameters = {k: torch.tensor(self.convert(v), requires_grad=True) for k, v in values.items()}
        make = getattr(torch.optim, optimizer.name)
        self.optimizer = make(list(self.parameters.values()), **optimizer.options)

    def convert(self, array: Array) -> Array:
        """The array in our dtype."""
        return array if self.dtype is None else array.astype(self.dtype)

    def state(self, variable: int) -> State:
        """What is remembered of a parameter; empty before its first step."""
        held = self.optimizer.state.get(self.parameters[variable], {})
        return {name: tensor.numpy(force=True).copy() for name, tensor in held.items() if tensor is not None}

    def step(self, values: Mapping[int, Array], gradients: Mapping[int, Array | None]) -> dict[int, Array]:
        """One step from these parameters with these gradients."""
        with torch.no_grad():
            for k, parameter in self.parameters.items():
                gradient = gradients[k]
                parameter.copy_(torch.from_numpy(np.array(values[k])))
                parameter.grad = None if gradient is None else torch.tensor(self.convert(gradient))
        self.optimizer.step()
        return {k: np.array(parameter.detach().numpy()) for k, parameter in self.parameters.items()}


class Rule:
    """The error analysis of one update. A call returns the bound on the new parameter and brings `drift` up to date.

    Each number that an option gives is itself rounded to the dtype: a product with it is off by 2u and not by u.
    """

    def __init__(self, options: dict[str, Any], dtype: dtypes.DType) -> None:
        self.options = options
        self.unit = UNIT[dtype]
        self.tiny = TINY[dtype]
        self.most = float(np.finfo(dtype).max)

    def __call__(self, value: Array, gradient: Array, after: Array, before: State, state: State, drift: State) -> Array:
        """`before` and `state` are what torch remembers before and after the step, `after` is the new parameter."""
        raise NotImplementedError

    def decayed(self, value: Array, gradient: Array, weight_decay: float) -> tuple[Array, Array]:
        """gradient + weight_decay · value, the sign turned under maximize, and its error."""
        if self.options.get("maximize"):
            gradient = -gradient
        if weight_decay == 0:
            return gradient, np.zeros(gradient.shape)
        total = gradient + weight_decay * value
        return total, self.unit * (2 * np.abs(weight_decay * value) + np.abs(total)) + self.tiny


class SGDRule(Rule):
    """torch.optim.SGD."""

    def __call__(self, value: Array, gradient: Array, after: Array, before: State, state: State, drift: State) -> Array:
        """See Rule."""
        options, u = self.options, self.unit
        step, error = self.decayed(value, gradient, options.get("weight_decay", 0))
        momentum = options.get("momentum", 0)
        if momentum:
            buffer = state["momentum_buffer"]
            if "momentum_buffer" in before:
                kept, share = momentum * before["momentum_buffer"], 1 - options.get("dampening", 0)
                error = np.abs(share) * error + momentum * drift["momentum_buffer"] + 2 * self.tiny
                error = error + u * (2 * np.abs(kept) + 2 * np.abs(share * step) + np.abs(buffer))
            drift["momentum_buffer"] = error
            if options.get("nesterov"):
                first, held = self.decayed(value, gradient, options.get("weight_decay", 0))
                step = first + momentum * buffer
                error = held + momentum * error + u * (2 * np.abs(momentum * buffer) + np.abs(step)) + self.tiny
            else:
                step = buffer
        lr = options.get("lr", 1e-3)
        return np.asarray(lr * error + u * (2 * np.abs(lr * step) + np.abs(after)) + self.tiny)


class AdamRule(Rule):
    """torch.optim.Adam, and with decoupled weight decay AdamW."""

    decoupled = False
    weight_decay = 0.0

    def __call__(self, value: Array, gradient: Array, after: Array, before: State, state: State, drift: State) -> Array:
        """See Rule."""
        options, u, tiny = self.options, self.unit, self.tiny
        lr, decay = options.get("lr", 1e-3), options.get("weight_decay", self.weight_decay)
        beta1, beta2 = options.get("betas", (0.9, 0.999))
        zero = np.zeros(value.shape)
        grad, error = self.decayed(value, gradient, 0 if self.decoupled else decay)

        mean, square = before.get("exp_avg", zero), before.get("exp_avg_sq", zero)
        drift["exp_avg"] = (
            beta1 * drift.get("exp_avg", zero) + (1 - beta1) * error + self.lerp(mean, grad, beta1, state["exp_avg"])
        )
        squared = (1 - beta2) * grad * grad
        off = (
            beta2 * drift.get("exp_avg_sq", zero)
            + (1 - beta2) * (2 * np.abs(grad) + error) * error
            + u * (2 * beta2 * square + 4 * squared + state["exp_avg_sq"])
            + 3 * tiny
        )
        # A square that overflows in the subject's dtype is remembered as inf.
        drift["exp_avg_sq"] = np.where(state["exp_avg_sq"] + off > self.most, np.inf, off)
        name = "exp_avg_sq"
        if options.get("amsgrad"):
            name = "max_exp_avg_sq"
            drift[name] = np.maximum(drift.get(name, zero), drift["exp_avg_sq"])

        count = float(state["step"])
        correction = (1 - beta2**count) ** 0.5
        root, off = np.sqrt(state[name]), drift[name]
        spread = np.maximum(np.sqrt(state[name] + off) - root, root - np.sqrt(np.maximum(state[name] - off, 0)))
        denominator = root / correction + options.get("eps", 1e-8)
        # A root within 1 ULP, a quotient (or a product with the reciprocal) and a sum.
        below = spread / correction + u * (5 * root / correction + options.get("eps", 1e-8) + denominator) + tiny
        size = lr / (1 - beta1**count)
        change = np.abs(size * state["exp_avg"]) / denominator
        least = np.maximum(denominator - below, 0)
        most = (size * (np.abs(state["exp_avg"]) + drift["exp_avg"]) + tiny) / least
        shrunk = 2 * u * np.abs(value) if self.decoupled and decay else zero
        return np.asarray(most - change + shrunk + u * (4 * most + np.abs(after)) + 2 * tiny)

    def lerp(self, mean: Array, grad: Array, beta: float, out: Array) -> Array:
        """How far rounding carries beta · mean + (1 - beta) · grad, in that form or as a step from one to the other."""
        gap = np.abs(grad - mean)
        # From the farther end 1 - weight is a difference, whose error is relative to 1.
        stepped = 3 * (1 - beta) * gap if beta > 0.5 else (3 * beta + 1) * gap
        summed = 2 * (beta * np.abs(mean) + (1 - beta) * np.abs(grad))
        return np.asarray(self.unit * (np.maximum(stepped, summed) + np.abs(out)) + 2 * self.tiny)


class AdamWRule(AdamRule):
    """torch.optim.AdamW."""

    decoupled = True
    weight_decay = 1e-2


RULES: dict[str, type[Rule]] = {"SGD": SGDRule, "Adam": AdamRule, "AdamW": AdamWRule}
