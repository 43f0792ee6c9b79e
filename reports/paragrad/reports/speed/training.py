"""A training step in its three parts, so that it can be timed whole and part by part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from paragrad.reports.speed.workload import Array, Library, Prepared, arrays


@dataclass(frozen=True, slots=True)
class Training:
    """One side's training step; `results` gives the last loss and the parameters.

    The optimizer's part is its step and zero_grad.
    """

    forward: Callable[[], Any]
    backward: Callable[[], Any]
    optimizer: Callable[[], Any]
    results: Callable[[], list[Array]]

    def prepared(self) -> Prepared:
        """The step as a whole."""
        forward, backward, optimizer = self.forward, self.backward, self.optimizer

        def step() -> None:
            forward()
            backward()
            optimizer()

        return Prepared(step, self.results)


Trained = Callable[[Library, int], Training]
"""Makes the training step of one library, for a batch of so many examples."""


def training(loss: Callable[[], Any], parameters: Sequence[Any], optimizer: Any) -> Training:
    """The step that `loss` and an optimizer of the same library make."""
    last: list[Any] = [None]

    def forward() -> None:
        last[0] = loss()

    def backward() -> None:
        last[0].backward()

    def update() -> None:
        optimizer.step()
        optimizer.zero_grad()

    return Training(forward, backward, update, lambda: arrays(last[0], *parameters))
