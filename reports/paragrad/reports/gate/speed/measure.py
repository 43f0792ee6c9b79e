"""Three workers side by side: the base commit's engine twice, the second as a control, and the working tree's.

They take turns in rounds, A B A' and B A A' alternately, with a block of about a millisecond each, so a drift of the
machine meets all, and each block comes after another process's. A block's time is that of its quickest part: what a
neighbour takes out of a part is none of the engine's. Then all three are started anew, because a process keeps its
memory layout for life: launches are what is counted, rounds within one only sharpen it.

How many launches a benchmark gets depends on the width of its interval, never on where it lies: stopping when the
answer pleases would make false alarms.
"""

from __future__ import annotations

import contextlib
import os
import random
import statistics as plain
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from paragrad.reports.gate.speed.base import Trees
from paragrad.reports.gate.speed.errors import GateError
from paragrad.reports.gate.speed.process import Lost, Process, Refused
from paragrad.reports.gate.speed.statistics import Spread, spread

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
    """Rounds a launch; launches at least and at most; the half width of an interval that is narrow enough."""

    rounds: int = 8
    fewest: int = 5
    most: int = 16
    width: float = 0.012


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
    """Why a benchmark can't be measured: the error on either side, where there is one."""

    base: str | None
    working: str | None


class Unmeasured(Exception):
    """A benchmark has trouble; `over`: a worker is gone."""

    def __init__(self, trouble: Trouble, over: bool) -> None:
        super().__init__()
        self.trouble = trouble
        self.over = over


def measure(
    trees: Trees, names: Sequence[str], plan: Plan, tell: Tell, attempt: int = 0
) -> tuple[dict[str, Measured], dict[str, Trouble]]:
    """What came out of the benchmarks, and why others could not be measured. `attempt` seeds what is drawn.

    Raises GateError where an engine can't be loaded at all.
    """
    times = {name: Times() for name in names}
    measured: dict[str, Measured] = {}
    troubles: dict[str, Trouble] = {}
    left = list(names)
    for number in range(plan.most):
        if not left:
            break
        tell(f"speed: launch {number + 1}, {len(left)} of {len(names)} benchmarks")
        _launch(trees, left, times, troubles, plan, f"{attempt}/{number}", number)
        left = [name for name in left if name not in troubles]
        if number + 1 >= plan.fewest:
            for name in left:
                found = times[name]
                measured[name] = Measured(plain.median(found.base), spread(found.changes), spread(found.controls))
            left = [name for name in left if measured[name].change.width > plan.width]
    return {name: measured[name] for name in names if name in measured and name not in troubles}, troubles


def _launch(
    trees: Trees,
    names: Sequence[str],
    times: Mapping[str, Times],
    troubles: dict[str, Trouble],
    plan: Plan,
    seed: str,
    number: int,
) -> None:
    """A launch's rounds of each benchmark, in an order of its own; workers that one ended are started again."""
    todo = list(names)
    random.Random(seed).shuffle(todo)
    while todo:
        with _workers(trees) as workers:
            while todo:
                name = todo.pop()
                try:
                    _rounds(workers, name, times[name], plan.rounds, f"{seed}/{name}", _processor(number))
                except Unmeasured as error:
                    troubles[name] = error.trouble
                    if error.over:
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
            raise GateError(f"{error}; nothing can be measured until that is mended") from error
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
        raise Unmeasured(Trouble(errors.get(BASE, errors.get(CONTROL)), errors.get(WORKING)), over)


def _ask(workers: list[Process], side: int, **question: Any) -> dict[str, Any]:
    """A worker's answer. Raises Unmeasured where there is none."""
    try:
        return workers[side].ask(**question)
    except (Refused, Lost) as error:
        told = str(error)
        trouble = Trouble(None, told) if side == WORKING else Trouble(told, None)
        raise Unmeasured(trouble, isinstance(error, Lost)) from error
