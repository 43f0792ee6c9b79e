"""How much of what is planted each judge finds: the same dense graphs, the same faults, five judges.

In each graph one rule that it uses is chosen, and planted with each fault in turn. A graph contains a fault if at least
one gradient in it comes out otherwise than without; only such graphs count.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

import numpy as np

from paragrad.engine.ops.table import TABLE, Op
from paragrad.fuzz.engines.own import Own
from paragrad.fuzz.engines.own_scalar import OwnScalar
from paragrad.fuzz.judge import judge, reference
from paragrad.fuzz.mutants import plant
from paragrad.fuzz.program import Array, Program, Ref
from paragrad.fuzz.strategies.builder import sampled_ops
from paragrad.fuzz.strategies.dense import dense_graph
from paragrad.fuzz.trace import Trace
from paragrad.reports.judges.rivals import RIVALS, UNIT, differences, leaves

OURS = "paragrad"
JUDGES = (OURS, *RIVALS)
SIZE = 80
KINDS = ("scalar", "tensor")
FAULTS = {
    "float32": [float(f"{digit}e-{power}") for power in range(8, 0, -1) for digit in (1, 3)],
    "float64": [float(f"{digit}e-{power}") for power in range(16, 0, -1) for digit in (1, 3)],
}
"""The ε of a rule that is multiplied by 1 + ε."""
ROUNDING = 8
"""A change of no gradient by more than so many u is below rounding: an op or two may be off by as much."""

Rule = tuple[Op, str]
"""An op and the parameter whose pullback it is."""


@dataclass(slots=True)
class Tally:
    """Graphs that contain a fault, those of them in which each judge found it, and why ours missed some."""

    contained: int = 0
    found: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)


def ops_for(kind: str) -> list[Op]:
    """The ops of which graphs of a kind are made: those of a scalar engine, or all; none that draws random numbers."""
    scalar = OwnScalar().ops()
    return [op for op in sampled_ops() if op.recover is None and (kind == "tensor" or op.name in scalar)]


def scaled(rule: Rule, epsilon: float) -> AbstractContextManager[None]:
    """The rule times 1 + ε, in the subject: the judge's own error analysis, which runs it on Tensors, is spared."""
    op, parameter = rule
    return plant.pullback(
        op, parameter, plant.result_of(lambda g: g * (1 + epsilon) if isinstance(g, np.ndarray | np.generic) else g)
    )


def overwriting(rule: Rule) -> AbstractContextManager[None]:
    """`=` for `+=` in the rule."""
    return plant.overwriting(*rule)


class Subject:
    """One graph, with what does not depend on the fault: torch's trace, the sound one, and the differences."""

    def __init__(self, program: Program, dtype: str) -> None:
        self.program = program
        self.dtype = dtype
        self.own = Own()
        self.sound = self.own.run(program)
        self.reference = reference(program, self.sound)
        (expected,) = self.reference.gradients.values()
        self.expected = {name: expected for name in RIVALS} | {"gradcheck": differences(program, dtype)}

    def alarmed(self, trace: Trace) -> Iterator[str]:
        """The judges that say that something is wrong."""
        if judge(self.program, trace, self.reference, self.own).findings:
            yield OURS
        for name, passes in RIVALS.items():
            if not all(passes(*pair) for pair in leaves(self.program, trace, self.expected[name])):
                yield name

    def try_fault(self, tally: Tally, fault: AbstractContextManager[None]) -> None:
        """Plant a fault, and count who finds it."""
        with fault:
            trace = self.own.run(self.program)
            size = change(self.sound, trace)
            if size == 0:
                return
            tally.contained += 1
            found = list(self.alarmed(trace))
        tally.found.update(found)
        if OURS not in found:
            unit = UNIT[self.dtype]
            tally.missed["below rounding" if size <= ROUNDING * unit else "beyond rounding"] += 1

    def rules(self) -> list[Rule]:
        """The rules that the backward used."""
        (shown,) = self.sound.gradients.values()
        found: dict[tuple[str, str], Rule] = {}
        for _, statement in self.program.applications():
            op = TABLE[statement.op]
            if not any(shown.get(output) is not None for output in statement.outputs):
                continue
            for parameter, argument in (*zip(op.parameters, statement.args, strict=False), *statement.kwargs.items()):
                parts = argument if isinstance(argument, tuple) else (argument,)
                if parameter in op.pullbacks and any(isinstance(p, Ref) and p.index in shown for p in parts):
                    found[op.name, parameter] = (op, parameter)
        return list(found.values())


def change(sound: Trace, faulty: Trace) -> float:
    """The largest relative change of an element of a gradient; 0 where not a bit is different."""
    (before,), (after,) = sound.gradients.values(), faulty.gradients.values()
    largest = 0.0
    for variable, a in before.items():
        b = after.get(variable)
        if a is None or b is None or np.array_equal(a, b, equal_nan=True):
            continue
        with np.errstate(all="ignore"):
            relative = np.abs(a - b) / np.maximum(np.abs(a), np.abs(b))
        off = relative[~((a == b) | (np.isnan(a) & np.isnan(b)))]
        largest = max(largest, float(np.max(np.nan_to_num(off, nan=np.inf))))
    return largest
