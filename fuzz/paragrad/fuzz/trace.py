"""Trace: what an engine made of a Program.

Three things are kept apart in `gradients`: an array, None (the engine says there is none), and no entry (the engine
does not show it).
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from paragrad.fuzz.program import Array, Program


@dataclass(slots=True)
class Failure:
    """The statement at which an engine gave up, the exception it raised, and the line of its source where it says."""

    statement: int
    type: str
    message: str
    where: str = ""


@dataclass(slots=True)
class Trace:
    """Values by variable; for each statement that ran a backward, the gradients after it; parameters after each step.

    `inputs_after` holds the inputs as they were when the program had ended, to see whether an op wrote to them.
    """

    values: dict[int, Array] = field(default_factory=dict)
    gradients: dict[int, dict[int, Array | None]] = field(default_factory=dict)
    parameters: dict[int, dict[int, Array]] = field(default_factory=dict)
    inputs_after: dict[int, Array] = field(default_factory=dict)
    failure: Failure | None = None

    def at(self, position: int) -> Mapping[int, Array]:
        """The values as the statement at `position` saw them: parameters as the last optimizer step left them."""
        earlier = [step for step in self.parameters if step < position]
        return ChainMap(self.parameters[max(earlier)], self.values) if earlier else self.values


class Engine(Protocol):
    """An engine under test."""

    name: str
    foreign: bool
    """Whether it is somebody else's: it need not show every variable, and may choose otherwise than torch at a kink and
    where torch's result isn't finite."""

    def ops(self) -> frozenset[str]:
        """The ops it can run, by the op table's names."""

    def run(self, program: Program) -> Trace:
        """Run a program. Never raises for what the engine does: that is a Failure in the Trace."""
