"""What a workload is: the same work prepared twice, for the engine and for what it is measured against.

A workload that torch's names can state is written once, as a function of a Library: torch, or the engine under the
same names. Both sides hand out their results, which are compared before anything is timed: a side that is quick
because it does something else is no side.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Goal = Literal["at most", "at least"]
Collector = Literal["python", "frozen", "off"]
"""Python's garbage collector as it is; blind for what was there before; or off."""


class Unlike(RuntimeError):
    """The two sides of a workload don't compute the same."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """One side, ready: `step` is what is timed, `results` gives the numbers of the last step."""

    step: Callable[[], Any]
    results: Callable[[], list[Array]]


@dataclass(frozen=True, slots=True)
class Workload:
    """A piece of work and its target. `prepare` gives engine and reference."""

    name: str
    title: str
    prepare: Callable[[], tuple[Prepared, Prepared]]
    reference: str
    goal: Goal = "at most"
    target: float | None = None
    collector: Collector = "frozen"

    def ratio(self, subject: float, reference: float) -> float:
        """As the goal reads it: a share of the reference's time, or a multiple of its speed."""
        return subject / reference if self.goal == "at most" else reference / subject

    def met(self, ratio: float) -> bool | None:
        """Whether a ratio reaches the target."""
        if self.target is None:
            return None
        return ratio <= self.target if self.goal == "at most" else ratio >= self.target


class Library:
    """torch, or the engine under torch's names."""

    def __init__(self, name: str, package: str, function: Callable[[str], Callable[..., Any]]) -> None:
        self.name = name
        self.package = package
        self.op = function

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.import_module(self.package), name)

    @property
    def nn(self) -> Any:
        """Layers and losses."""
        return importlib.import_module(f"{self.package}.nn")

    @property
    def optim(self) -> Any:
        """Optimizers."""
        return importlib.import_module(f"{self.package}.optim")

    def leaf(self, array: Array, requires_grad: bool = True) -> Any:
        """A tensor that holds a copy of `array`."""
        return self.tensor(array, requires_grad=requires_grad)


@functools.cache
def engine() -> Library:
    """The subject."""
    from paragrad.engine import functional

    return Library("engine", "paragrad.engine", functional.functions.__getitem__)


@functools.cache
def torch() -> Library:
    """The reference."""
    from paragrad.fuzz.engines.pytorch import resolve

    return Library("torch", "torch", resolve)


Build = Callable[[Library], Prepared]


def against_torch(name: str, title: str, build: Build, target: float | None) -> Workload:
    """A workload written once for both libraries, measured as engine / torch."""
    return Workload(name, title, lambda: (build(engine()), build(torch())), "torch", "at most", target)


def arrays(*tensors: Any) -> list[Array]:
    """The numbers of tensors of either library, or of whatever NumPy can read."""
    return [np.array(tensor.detach().numpy() if hasattr(tensor, "detach") else tensor) for tensor in tensors]


def check_same_work(workload: Workload, subject: Prepared, reference: Prepared) -> None:
    """Run each side once and compare. Raises Unlike."""
    subject.step()
    reference.step()
    compare(subject.results(), reference.results(), workload.reference)


def compare(ours: list[Array], theirs: list[Array], reference: str) -> None:
    """Raises Unlike where two sides' results are not the same work; `reference` names theirs.

    Parity itself is the judge's business: this asks for half the digits only.
    """
    for k, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        if a.shape != b.shape or a.dtype != b.dtype:
            raise Unlike(f"result {k} is {a.dtype}{a.shape}, {reference}'s is {b.dtype}{b.shape}")
        size = float(np.abs(b).max(initial=0.0))
        off = float(np.abs(a - b).max(initial=0.0))
        if not off <= float(np.sqrt(np.finfo(a.dtype).eps)) * size:
            raise Unlike(f"result {k} differs from {reference}'s by {off:.3g} where numbers reach {size:.3g}")
