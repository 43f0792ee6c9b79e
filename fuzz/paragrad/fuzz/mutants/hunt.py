"""The hunt for one mutant: programs as a campaign draws them, until the judge finds something in one.

The programs are made of the mutated op, or of the ops whose rules use it where it is internal: a campaign draws them,
too, only more rarely. So `programs` counts programs that contain the place of the fault, not all that a campaign needs.
"""

from __future__ import annotations

import functools
import itertools
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from paragrad.engine.ops.table import TABLE, Op
from paragrad.fuzz.engines.own import Own
from paragrad.fuzz.engines.own_scalar import OwnScalar
from paragrad.fuzz.judge import Finding
from paragrad.fuzz.mutants.mutant import Mutant
from paragrad.fuzz.program import Array, Program
from paragrad.fuzz.shrink import examine
from paragrad.fuzz.strategies.builder import sampled_ops
from paragrad.fuzz.strategies.families import FAMILIES, batch
from paragrad.fuzz.strategies.single import single
from paragrad.fuzz.trace import Engine, Trace

BESIDE = ("mul", "sin")
"""In a graph, a third of the ops are these, so that operands collect gradients from elsewhere, too."""
EACH = 8
"""Programs of one batch: its profile may be one in which the fault does not show."""
LOOKS = 100
"""Programs that are run with and without a fault that survived, to say why it did."""


@dataclass(slots=True)
class Result:
    """What became of one mutant. `outcome` is "killed", "survived", "hung", or "failed" where the judge itself did.

    `programs` were drawn, the last one being that of the kill; `said` is the finding's title, or why there is none.
    `blame` is "argument" where the finding names op and argument as it should, "op" where it names the op only or
    another argument, "other" where it names another op, "" where there is no finding.
    """

    id: str
    outcome: str
    programs: int
    seconds: float
    said: str = ""
    blame: str = ""


@functools.cache
def users() -> dict[str, tuple[str, ...]]:
    """By internal op: the public ops in whose programs it is recorded, or, if it never is, computed."""
    internal = [op for op in TABLE.values() if op.internal]
    recorded: dict[str, list[str]] = {op.name: [] for op in internal}
    computed: dict[str, list[str]] = {op.name: [] for op in internal}
    met: set[str] = set()
    good = {op.name: op.compute for op in internal}

    def telling(op: Op) -> Any:
        def compute(*args: Any) -> Any:
            met.add(op.name)
            return good[op.name](*args)

        return functools.wraps(good[op.name])(compute)

    own = Own()
    try:
        for op in internal:
            op.compute = telling(op)
        for op in sampled_ops():
            met.clear()
            for entry in internal:
                entry.plans.clear()
            programs = (single(op, dtype, second, 4) for dtype in ("float32", "mixed") for second in (False, True))
            for program in itertools.chain.from_iterable(programs):
                own.run(program)
            for entry in internal:
                if entry.plans:
                    recorded[entry.name].append(op.name)
                if entry.name in met:
                    computed[entry.name].append(op.name)
    finally:
        for op in internal:
            op.compute = good[op.name]
    return {name: tuple(recorded[name] or computed[name]) for name in recorded}


def ops_for(mutant: Mutant) -> tuple[Op, ...] | None:
    """The ops to draw programs of; None for all."""
    if mutant.op not in TABLE:
        return None
    shown: list[str] = []
    for name in mutant.users or (mutant.op,):
        shown += users()[name] if TABLE[name].internal else (name,)
    return tuple(TABLE[name] for name in dict.fromkeys(shown))


def programs(mutant: Mutant, seed: int) -> Iterator[tuple[Program, Engine]]:
    """Programs in which the fault may show, each with the engine that runs it, without end."""
    rng = random.Random(f"{mutant.id} {seed}")
    engines: dict[str, Engine] = {"tensor": Own(), "scalar": OwnScalar()}
    ops = ops_for(mutant)
    beside = None if ops is None else tuple((ops * 4)[: max(len(ops), 4)]) + tuple(TABLE[name] for name in BESIDE)
    for family in itertools.cycle(mutant.draws):
        engine = engines[FAMILIES[family].engine]
        chosen = beside if family == "graph" else ops
        for program in itertools.islice(batch(family, rng, chosen).programs(), EACH):
            yield program, engine


def blame(mutant: Mutant, finding: Finding) -> str:
    """How well a finding names the place of the fault. Of an internal op nobody knows: its users are named instead."""
    op, argument = mutant.expected
    named = op.split("|")
    if any(name in TABLE and TABLE[name].internal for name in named):
        return "argument" if finding.op in [shown.name for shown in ops_for(mutant) or ()] else "other"
    if op != "*" and finding.op not in named:
        return "other"
    return "argument" if argument in ("*", finding.argument) else "op"


def hunt(mutant: Mutant, seed: int, most: int) -> Result:
    """Draw up to `most` programs, until one has a finding."""
    ops_for(mutant)  # which runs programs of its own, on the sound engine
    started = time.perf_counter()
    count = 0
    drawn = programs(mutant, seed)
    with mutant.plant():
        for count, (program, engine) in enumerate(itertools.islice(drawn, most), 1):
            try:
                finding = examine(program, engine).first
            except Exception as error:  # noqa: BLE001 - a judge that can't judge is what we came to see
                said = f"{type(error).__name__}: {error}"
                return Result(mutant.id, "failed", count, time.perf_counter() - started, said)
            if finding is not None:
                named = blame(mutant, finding)
                return Result(mutant.id, "killed", count, time.perf_counter() - started, finding.title, named)
    return Result(mutant.id, "survived", count, time.perf_counter() - started, why(mutant, seed, most))


def why(mutant: Mutant, seed: int, most: int) -> str:
    """What can be said of a fault that no program showed: how many it touched, and by how much."""
    touched, largest, looked = 0, 0.0, min(most, LOOKS)
    for program, engine in itertools.islice(programs(mutant, seed), looked):
        sound = engine.run(program)
        with mutant.plant():
            faulty = engine.run(program)
        difference = apart(sound, faulty)
        touched += difference > 0
        largest = max(largest, difference)
    if not touched:
        return f"changed no bit in {looked} programs: equivalent, or its case is never drawn"
    return (
        f"changed {touched} of {looked} programs, by up to {largest:.2g} of the number: taken for rounding or unclear"
    )


def apart(sound: Trace, faulty: Trace) -> float:
    """The largest relative difference between two traces; infinite where they differ in kind."""
    if (sound.failure is None) != (faulty.failure is None) or sound.gradients.keys() != faulty.gradients.keys():
        return float("inf")
    pairs: list[tuple[Array | None, Array | None]] = [(a, faulty.values.get(k)) for k, a in sound.values.items()]
    for position, shown in sound.gradients.items():
        pairs += [(gradient, faulty.gradients[position].get(k)) for k, gradient in shown.items()]
    for position, reached in sound.parameters.items():
        pairs += [(a, faulty.parameters.get(position, {}).get(k)) for k, a in reached.items()]
    largest = 0.0
    for here, there in pairs:
        if here is None or there is None:
            largest = max(largest, 0.0 if here is there else float("inf"))
        elif here.shape != there.shape or here.dtype != there.dtype:
            return float("inf")
        else:
            with np.errstate(all="ignore"):
                a, b = here.astype(np.float64), there.astype(np.float64)
                same = (a == b) | (np.isnan(a) & np.isnan(b))
                gap = np.where(same, 0.0, np.abs(a - b) / np.maximum(np.abs(a), np.abs(b)))
            if gap.size:
                largest = max(largest, float(np.max(np.nan_to_num(gap, nan=np.inf))))
    return largest
