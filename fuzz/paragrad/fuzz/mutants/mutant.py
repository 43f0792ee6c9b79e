"""A Mutant: one fault that can be put into the engine, and what the judge should say about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from paragrad.engine.ops.table import TABLE, Op
from paragrad.fuzz.mutants.plant import Planted

Plant = Callable[[], Planted]


@dataclass(frozen=True, slots=True)
class Mutant:
    """A fault of a family, planted in `op` and, where it is one of a pullback, in that of `argument`.

    `plant()` is a context manager, within which the engine has the fault. `draws` are the families of programs to hunt
    it with. `blamed` is the op and the argument that a finding should name, where these are others: "*" stands for any,
    and "Adam|AdamW" for either. `users` are the ops that have the fault, where these are more than `op`.
    """

    id: str
    family: str
    op: str
    argument: str
    description: str
    plant: Plant
    draws: tuple[str, ...] = ("op", "graph")
    blamed: tuple[str, str] = ("", "")
    users: tuple[str, ...] = ()

    @property
    def expected(self) -> tuple[str, str]:
        """The op and the argument that a finding should name."""
        return self.blamed if self.blamed[0] else (self.op, self.argument)


def planted(family: str, op: Op, argument: str, variant: str, description: str, plant: Plant) -> Mutant:
    """A mutant of the rule of `argument`, or of the whole of `op` where that is ""."""
    name = f"{op.name}({argument})" if argument else op.name
    ident = f"{family}:{name}" + (f":{variant}" if variant else "")
    return Mutant(ident, family, op.name, argument, f"{name}: {description}", plant)


def rules() -> list[tuple[Op, str]]:
    """Every op that has pullbacks, with each parameter that has one, in the order of the table."""
    return [(op, parameter) for op in TABLE.values() for parameter in op.pullbacks]


def gives_zeros(op: Op, parameter: str) -> bool:
    """Whether a rule gives zeros whatever comes in, as that of a step function: most faults can't change that."""
    return op.pullbacks[parameter].__code__.co_names == ("no_change",)
