"""How much of what is planted each judge finds: the same graphs of 80 ops, the same faults, five judges.

In each graph one rule that its backward uses is chosen, and each fault planted in it in turn. A graph contains a fault
if not every bit of its gradients is the same with and without; only such graphs count. A judge has found the fault if
it says that something is wrong, and did not say so of the same graph without the fault.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from paragrad.engine.ops.table import TABLE, Op
from paragrad.fuzz.engines.own import Own
from paragrad.fuzz.judge import judge, reference
from paragrad.fuzz.mutants import plant
from paragrad.fuzz.program import Program, Ref
from paragrad.fuzz.strategies.builder import Builder, sampled_ops
from paragrad.fuzz.strategies.deep import deep_graph
from paragrad.fuzz.strategies.profile import Profile
from paragrad.fuzz.strategies.values import Values
from paragrad.fuzz.trace import Trace
from paragrad.reports.bodies.judges import DetectionRow
from paragrad.reports.judges.rivals import RIVALS, UNIT, differences, leaves

OURS = "paragrad"
JUDGES = (OURS, *RIVALS)
SIZE = 80
GRAPHS = ("scalar", "tensor")
DTYPES = ("float32", "float64")
EPSILONS = {
    "float32": (1e-8, 3e-8, 1e-7, 2e-7, 3e-7, 5e-7, 1e-6, 3e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1),
    "float64": (1e-16, 3e-16, 5e-16, 1e-15, 3e-15, *(10.0**-k for k in range(14, 0, -1))),
}
"""The ε of a rule that is multiplied by 1 + ε."""
ROUNDING = 8
"""A change of no gradient by more than so many u is below rounding: an op or two may be off by as much."""

Rule = tuple[Op, str]
"""An op and the parameter whose pullback it is."""


def small_ops() -> list[Op]:
    """The ops of which tensor graphs are made: all but those that draw random numbers."""
    return [op for op in sampled_ops() if op.recover is None]


def tensor_graph(rng: random.Random, dtype: str, size: int) -> Program:
    """A graph of exactly `size` ops on small tensors, each operand any earlier variable that fits."""
    builder = Builder(rng, Values(rng.getrandbits(32), rng), Profile(dtype, growth="any"))
    ops = small_ops()
    for _ in range(size):
        builder.apply(builder.pick(ops))
    return builder.finish()


def scaled(rule: Rule, epsilon: float, dtype: str) -> AbstractContextManager[None]:
    """The rule times 1 + ε where it gives this dtype, and in the subject only: the judge's error analysis runs the same
    rule, on Tensors."""

    def fault(gradient: Any) -> Any:
        faulty = isinstance(gradient, np.ndarray | np.generic) and gradient.dtype.name == dtype
        return gradient * (1 + epsilon) if faulty else gradient

    return plant.pullback(*rule, plant.result_of(fault))


def rules(program: Program, sound: Trace) -> list[Rule]:
    """The rules that the program's backward uses."""
    (shown,) = sound.gradients.values()
    found: dict[tuple[str, str], Rule] = {}
    for _, statement in program.applications():
        op = TABLE[statement.op]
        if all(shown.get(output) is None for output in statement.outputs):
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


@dataclass(slots=True)
class Tally:
    """Graphs that contain a fault, those of them in which each judge found it, and why ours missed some."""

    contained: int = 0
    found: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)


class Subject:
    """One graph, with what does not depend on the fault: torch's trace, the sound one, and the differences.

    `refused` says that torch or the engine can't run it.
    """

    def __init__(self, program: Program, dtype: str) -> None:
        self.program = program
        self.unit = UNIT[dtype]
        self.own = Own()
        self.sound = self.own.run(program)
        self.reference = reference(program, self.sound)
        failed = self.sound.failure or self.reference.failure
        self.refused = bool(failed) or not self.reference.gradients
        if not self.refused:
            (expected,) = self.reference.gradients.values()
            self.expected = dict.fromkeys(RIVALS, expected) | {"gradcheck": differences(program, dtype)}
            self.without = frozenset(self.alarmed(self.sound))

    def alarmed(self, trace: Trace) -> Iterator[str]:
        """The judges that call something wrong."""
        if judge(self.program, trace, self.reference, self.own).findings:
            yield OURS
        for name, passes in RIVALS.items():
            if not all(passes(*pair) for pair in leaves(self.program, trace, self.expected[name])):
                yield name

    def by_the_rule(self, rule: Rule) -> Trace:
        """The sound trace, with this rule's pullback in place of its fused form, as where a fault is planted in it."""
        with plant.pullback(*rule, lambda pullback: pullback):
            return self.own.run(self.program)

    def try_fault(self, tally: Tally, sound: Trace, fault: AbstractContextManager[None]) -> bool:
        """Plant a fault, and count who finds it; whether the graph contains it: whether it differs from `sound`."""
        with fault:
            trace = self.own.run(self.program)
            size = change(sound, trace)
            if size == 0:
                return False
            found = set(self.alarmed(trace)) - self.without
        tally.contained += 1
        tally.found.update(found)
        if OURS not in found:
            (shown,) = trace.gradients.values()
            finite = all(g is None or bool(np.isfinite(g).all()) for g in shown.values())
            beyond = "beyond rounding" if finite else "not finite"
            tally.missed["below rounding" if size <= ROUNDING * self.unit else beyond] += 1
        return True


class Detection:
    """The measurement on one kind of graphs in one dtype."""

    def __init__(self, graphs: str, dtype: str) -> None:
        self.graphs = graphs
        self.dtype = dtype
        self.scaled = {epsilon: Tally() for epsilon in EPSILONS[dtype]}
        self.lost = Tally()
        self.alarms: Counter[str] = Counter()
        self.judged = 0
        self.refused = 0

    def graph(self, seed: int, number: int) -> None:
        """Try every fault in one graph, after none."""
        rng = random.Random(f"{self.graphs} {seed} {number}")
        make = deep_graph if self.graphs == "scalar" else tensor_graph
        subject = Subject(make(rng, self.dtype, SIZE), self.dtype)
        if subject.refused:
            self.refused += 1
            return
        self.judged += 1
        self.alarms.update(subject.without)
        used = rules(subject.program, subject.sound)
        rng.shuffle(used)
        sound = subject.by_the_rule(used[0])
        for epsilon, tally in self.scaled.items():
            subject.try_fault(tally, sound, scaled(used[0], epsilon, self.dtype))
        # Where an operand is used once there is nothing to lose: the first rule in which there is.
        any(subject.try_fault(self.lost, subject.by_the_rule(rule), plant.overwriting(*rule)) for rule in used)

    def rows(self) -> list[DetectionRow]:
        """What was counted: a row for each fault."""
        tallies = [(epsilon, tally) for epsilon, tally in self.scaled.items()] + [(None, self.lost)]
        return [
            {
                "graphs": self.graphs,
                "dtype": self.dtype,
                "epsilon": epsilon,
                "contained": tally.contained,
                "found": {name: tally.found[name] for name in JUDGES},
                "missed": dict(tally.missed),
            }
            for epsilon, tally in tallies
        ]
