"""A Program whose nodes have names and places in a source."""

from __future__ import annotations

from dataclasses import dataclass, field

from paragrad.fuzz.program import Program


class DiffError(ValueError):
    """A computation that can't be read or run; the message says what and how to mend it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Columns `column` (from 0) up to `end` of a line (from 1) of the source, and the text there."""

    line: int
    column: int
    end: int
    text: str


@dataclass(slots=True)
class Labelled(Program):
    """A Program that calls its variables by labels wherever it is asked for a name."""

    labels: dict[int, str] = field(default_factory=dict)

    def name(self, variable: int) -> str:
        """The label of a variable; v<number> of one that has none."""
        return self.labels.get(variable) or Program.name(self, variable)


@dataclass(slots=True)
class Computation:
    """What is compared: the Program with its labels, where each node is written, and the source itself.

    `form` is expression, file, program or corpus; `name` the path or the entry, "" of an expression; `text` the source
    that places point into. `notes` say what was added or assumed.
    """

    program: Labelled
    form: str
    name: str
    text: str
    places: dict[int, Place] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
