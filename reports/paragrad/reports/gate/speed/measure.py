"""Three workers side by side: the base commit's engine twice, the second as a control, and the working tree's.

They take turns in rounds, A B A' and B A A' alternately, with a block of about a millisecond each, so a drift of the
machine meets all, and each block comes after another process's. A block's time is that of its quickest part: what a
neighbour takes out of a part is none of the engine's. Then all three are started anew, because a process keeps its
memory layout for life: launches are what is counted, rounds within one only sharpen it.

A benchmark gets launches until its interval is narrow, or lies below its threshold as a whole. That it lies above ends
nothing: whoever stops as soon as something looks slow sees it where it is not.
"""

from __future__ import annotations

import contextlib
import os
import random
import statistics as plain
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from paragrad.reports.gate.speed.base import Trees
from paragrad.reports.gate.speed.errors import GateError
from paragrad.reports.gate.speed.process import Lost, Process, Refused
from paragrad.reports.gate.speed.statistics import SURE, Spread, spread
from paragrad.reports.gate.speed.thresholds import Thresholds

PART = 1e-4
"""Seconds of a part, or a step where that is longer."""
BLOCK = 1e-3
"""Seconds of a block."""
FEWEST_PARTS = 4
"""A step that is longer than a part has at least so many in a block."""
BASE, CONTROL, WORKING = range(3)
"""The workers, by index."""
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """Rounds a launch; launches at least and at most; the half width of an interval that is narrow enough.

    After so many `seconds` there are no launches beyond the least: what is not clear by then is said to be unclear.

    40 pairs are the least: with fewer launches their bootstrap means nothing, with fewer pairs each launch says little.
    """

    rounds: int = 8
    fewest: int = 5
    most: int = 20
    width: float = 0.008
    seconds: float = 100.0

    def rounds_of(self, benchmarks: int) -> int:
        """Rounds a launch for so many benchmarks: with few, starting the processes takes longer than their rounds."""
        return self.rounds * (1 if benchmarks > 20 else 2 if benchmarks > 8 else 4)


@dataclass(slots=True)
class Times:
    """What one benchmark took so far: a list a launch, and steps and parts of a block."""

    changes: list[list[float]] = field(default_factory=list)
    controls: list[list[float]] = field(default_factory=list)
    base: list[float] = field(default_factory=list)
    steps: int = 0
    parts: int = 0


@dataclass(frozen=True, slots=True)
class Measured:
    """One benchmark: seconds a step of the base, working tree ÷ base, and base ÷ base."""

    seconds: float
    change: Spread
    control: Spread


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a benchmark can't be measured: the error on either side, where there is one; `over`: a worker is gone."""

    base: str | None
    working: str | None
    over: bool = False


class Unmeasured(Exception):
    """A benchmark has trouble."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__()
        self.trouble = trouble


def measure(
    trees: Trees, names: Sequence[str], limits: Thresholds, plan: Plan, tell: Tell, seed: str
) -> tuple[dict[str, Measured], dict[str, Trouble]]:
    """What came out of the benchmarks, and why others could not be measured.

    `seed` is of this attempt alone: of it come the order of the benchmarks and the layouts of the heap.

    Raises GateError where an engine can't be loaded at all.
    """
    times = {name: Times() for name in names}
    measured: dict[str, Measured] = {}
    troubles: dict[str, Trouble] = {}
    left = list(names)
    rounds = plan.rounds_of(len(names))
    end = time.monotonic() + plan.seconds
    for number in range(plan.most):
        if not left or (number >= plan.fewest and time.monotonic() > end):
            break
        tell(f"speed: launch {number + 1}, {len(left)} of {len(names)} benchmarks")
        _launch(trees, left, times, troubles, rounds, f"{seed}/{number}", _processor(number))
        left = [name for name in left if name not in troubles]
        if number + 1 >= plan.fewest:
            for name in left:
                found = times[name]
                measured[name] = Measured(plain.median(found.base), spread(found.changes), spread(found.controls))
            left = [name for name in left if not settled(measured[name].change, limits.of(name), plan)]
    return {name: measured[name] for name in names if name in measured and name not in troubles}, troubles


def settled(change: Spread, threshold: float, plan: Plan) -> bool:
    """Whether further launches would tell no more: the interval is narrow, or below the threshold and seen clearly."""
    return change.width <= plan.width or (change.high < threshold and change.power(threshold) >= SURE)


def _launch(
    trees: Trees,
    names: Sequence[str],
    times: Mapping[str, Times],
    troubles: dict[str, Trouble],
    rounds: int,
    seed: str,
    processor: int | None,
) -> None:
    """A launch's rounds of each benchmark, in an order of its own; workers that one ended are started again."""
    todo = list(names)
    random.Random(seed).shuffle(todo)
    while todo:
        with _workers(trees) as workers:
            while todo:
                name = todo.pop()
                try:
                    _rounds(workers, name, times[name], rounds, f"{seed}/{name}", processor)
                except Unmeasured as error:
                    troubles[name] = error.trouble
                    if error.trouble.over:
                        break


@contextlib.contextmanager
def _workers(trees: Trees) -> Iterator[list[Process]]:
    """Base, control and working tree, started together."""
    with contextlib.ExitStack() as stack:
        sides = (("the base commit", trees.base), ("the control", trees.base), ("the working tree", trees.working))
        workers = [stack.enter_context(Process(name, tree, trees.cache)) for name, tree in sides]
        try:
            for worker in workers:
                worker.greet()
        except Lost as error:
            mend = "mend that first" if worker is workers[-1] else "name another commit with --base"
            raise GateError(f"{error}; nothing can be measured: {mend}") from error
        yield workers


def _processor(number: int) -> int | None:
    """The processor of a launch's workers, all on one: they have the same neighbours. None where it can't be set."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    here = sorted(os.sched_getaffinity(0))
    return here[number % len(here)]


def _rounds(workers: list[Process], name: str, times: Times, rounds: int, seed: str, processor: int | None) -> None:
    """Build a benchmark in each worker and time it in turn. Raises Unmeasured; `times` then takes up nothing."""
    _build(workers, name, seed, processor)
    if not times.steps:
        times.steps = _ask(workers, 0, calibrate=PART)["steps"]
        times.parts = max(FEWEST_PARTS, round(_ask(workers, 0, calibrate=BLOCK)["steps"] / times.steps))
    taken: list[dict[int, float]] = []
    for number in range(rounds):
        order = (BASE, WORKING, CONTROL) if number % 2 else (WORKING, BASE, CONTROL)
        taken.append({side: _ask(workers, side, block=times.parts, steps=times.steps)["seconds"] for side in order})
    times.base += [seconds[BASE] for seconds in taken]
    times.changes.append([seconds[WORKING] / seconds[BASE] for seconds in taken])
    times.controls.append([seconds[CONTROL] / seconds[BASE] for seconds in taken])


def _build(workers: list[Process], name: str, seed: str, processor: int | None) -> None:
    """Build a benchmark in each worker, the heap shifted anew in each. Raises Unmeasured with all their errors."""
    errors: dict[int, str] = {}
    over = False
    for side in (BASE, CONTROL, WORKING):
        shift = zlib.crc32(f"{seed}/{side}".encode())
        try:
            workers[side].ask(build=name, seed=shift, cpu=processor)
        except (Refused, Lost) as error:
            errors[side] = str(error)
            over = over or isinstance(error, Lost)
    if errors:
        raise Unmeasured(Trouble(errors.get(BASE, errors.get(CONTROL)), errors.get(WORKING), over))


def _ask(workers: list[Process], side: int, **question: Any) -> dict[str, Any]:
    """A worker's answer. Raises Unmeasured where there is none."""
    try:
        return workers[side].ask(**question)
    except (Refused, Lost) as error:
        told, over = str(error), isinstance(error, Lost)
        trouble = Trouble(None, told, over) if side == WORKING else Trouble(told, None, over)
        raise Unmeasured(trouble) from error
