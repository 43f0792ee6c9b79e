"""The reference for what the local check can't see into: whole Programs in float64, with bounds carried through.

Used where a Trace hides what lies between two numbers, as a gradient of a gradient does. The bound grows along the
path, so here, and only here, nobody may be able to tell: where torch's own float32 result is beyond the bound too.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

import paragrad.engine as pg
from paragrad.fuzz.engines.own import Own
from paragrad.fuzz.engines.pytorch import PyTorch
from paragrad.fuzz.judge.bounds import Bounded, modelling
from paragrad.fuzz.judge.expected import Expected, bound_on
from paragrad.fuzz.judge.local import RefusedError
from paragrad.fuzz.program import Array, Dtype, Input, Program
from paragrad.fuzz.trace import Trace

JITTERS = 8
"""One side of a kink is missed by all with a chance of 1 in 128."""
JUMP = 1e-3
"""What moves by more than this, relative to its size, when its operands move by rounding, jumps."""


def casts(program: Program) -> bool:
    """Whether a dtype is among the arguments of some op."""
    given = (a for _, s in program.applications() for a in (*s.args, *s.kwargs.values()))
    return any(isinstance(a, Dtype) for a in given)


class Float64(PyTorch):
    """torch with every float raised to float64."""

    name = "torch in float64"

    def leaf(self, spec: Input) -> Any:
        """The input, its floats widened."""
        array = spec.array().copy(order="C")
        if array.dtype.kind == "f":
            array = array.astype(np.float64)
        return torch.from_numpy(array).requires_grad_(spec.requires_grad)

    def dtype(self, name: str) -> Any:
        """The dtype argument, raised likewise."""
        return torch.float64 if name == "float32" else super().dtype(name)


class BoundedEngine(Own):
    """The engine on Bounded arrays; always with create_graph, so that the rules run and not their fused forms."""

    name = "error analysis"

    def leaf(self, spec: Input) -> Any:
        """The input as an exact Bounded."""
        array = spec.array()
        payload: Any = Bounded.exact(array) if array.dtype.kind == "f" else array
        return pg.Tensor(payload, spec.requires_grad)

    def backward(self, roots: list[Any], cotangents: list[Any], retain_graph: bool, create_graph: bool) -> None:
        """Through the rules."""
        pg.backward(roots, cotangents, True, True)


class Jittered(Float64):
    """torch in float64 with every number moved at random by about as much as rounding moves it."""

    name = "torch, jittered"

    def __init__(self, seed: int, dtype: Any) -> None:
        self.rng = np.random.default_rng(seed)
        self.reach = 4 * float(np.finfo(dtype).eps)

    def leaf(self, spec: Input) -> Any:
        """The input, moved."""
        if spec.dtype.kind != "f":
            return super().leaf(spec)
        return self.moved(torch.from_numpy(spec.array().astype(np.float64))).requires_grad_(spec.requires_grad)

    def callee(self, op: str) -> Callable[..., Any]:
        """torch's function, its result moved."""
        function = super().callee(op)

        def jittered(*args: Any, **kwargs: Any) -> Any:
            result = function(*args, **kwargs)
            if isinstance(result, torch.Tensor) and result.is_floating_point():
                return self.moved(result)
            return result

        return jittered

    def moved(self, tensor: torch.Tensor) -> torch.Tensor:
        """A few roundings aside; from 0, a few roundings of 1."""
        array = tensor.detach().numpy()
        size = self.reach * np.where(array == 0, 1.0, np.abs(array))
        return tensor + torch.from_numpy(np.asarray(size * self.rng.uniform(-1, 1, array.shape)))


class EndToEnd:
    """Expected numbers for every variable and gradient of a program, given what torch's own trace says."""

    def __init__(self, program: Program, reference: Trace, any_order: bool) -> None:
        self.program = program
        self.reference = reference
        self.exact = Float64().run(program)
        finest = not any(spec.dtype == np.float32 for spec in program.inputs) and not casts(program)
        with modelling(finest=finest, any_order=any_order):
            self.bounded = BoundedEngine().run(program)
        failed = self.exact.failure or self.bounded.failure
        if failed is not None:
            raise RefusedError(f"the whole can't be recomputed by recorded rules: {failed.type}: {failed.message}")

    def value(self, variable: int) -> Expected:
        """What a variable should be."""
        return self._expected(
            self.exact.values[variable], self.reference.values[variable], self.bounded.values[variable]
        )

    def gradient(self, position: int, variable: int) -> Expected:
        """What the gradient of a variable should be after the backward at `position`."""
        torchs = self.reference.gradients[position][variable]
        exact = self.exact.gradients[position][variable]
        bounded = self.bounded.gradients[position].get(variable)
        assert torchs is not None and exact is not None
        return self._expected(exact, torchs, bounded)

    @functools.cached_property
    def jittered(self) -> list[Trace]:
        """The program with every number moved at random, several times."""
        narrow = any(spec.dtype == np.float32 for spec in self.program.inputs)
        dtype = np.float32 if narrow else np.float64
        return [Jittered(seed, dtype).run(self.program) for seed in range(JITTERS)]

    def jumps(self, pick: Callable[[Trace], Array | None]) -> Array | bool:
        """Where a result depends on which side of a kink, a tie or a step rounding takes; True where torch fails."""
        found = [pick(trace) for trace in self.jittered if trace.failure is None]
        arrays = [a for a in found if a is not None]
        if len(arrays) < JITTERS:
            return True
        with np.errstate(all="ignore"):
            stacked = np.array(arrays)
            spread = stacked.max(axis=0) - stacked.min(axis=0)
            return np.asarray(~(spread <= JUMP * np.abs(stacked).max(axis=0)))

    def _expected(self, exact: Array, torchs: Array, payload: Any) -> Expected:
        if not isinstance(payload, Bounded):
            return Expected(exact.astype(np.float64), torchs, np.zeros(torchs.shape))
        return Expected(exact.astype(np.float64), torchs, bound_on(payload, torchs, exact))
