"""Two sides measured in turn, in one process.

Machines drift by a factor of two, and caches and allocators have moods: so the sides alternate, each in blocks of many
steps, and each is judged by its minimum over the rounds, the only statistic that a busy neighbour can't improve.
"""

from __future__ import annotations

import contextlib
import gc
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from paragrad.reports.bodies import Side
from paragrad.reports.speed.workload import Collector

BLOCK = 0.02
"""Seconds that a block of steps should take; a step that takes longer is a block."""
LEAST_ROUNDS = 5


@dataclass(slots=True)
class Clocked:
    """Seconds a step of each side, a number a round."""

    subject: list[float]
    reference: list[float]
    steps: tuple[int, int]


@contextlib.contextmanager
def collector(mode: Collector) -> Iterator[None]:
    """Python's garbage collector as a workload wants it; afterwards it is on."""
    gc.collect()
    if mode != "python":
        gc.freeze()
    if mode == "off":
        gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()


def block(step: Callable[[], object], steps: int) -> float:
    """Seconds a step, over `steps` of them. Garbage of what ran before is collected first, off the clock."""
    gc.collect()
    start = time.perf_counter()
    for _ in range(steps):
        step()
    return (time.perf_counter() - start) / steps


def steps_for(step: Callable[[], object]) -> int:
    """How many steps fill a block. Finding out warms up, too."""
    start = time.perf_counter()
    steps, spent = 0, 0.0
    while spent < BLOCK / 2:
        step()
        steps += 1
        spent = time.perf_counter() - start
    return max(1, round(steps * BLOCK / spent))


def interleave(
    subject: Callable[[], object], reference: Callable[[], object], rounds: int, mode: Collector = "frozen"
) -> Clocked:
    """`rounds` blocks of each side, in the order AB BA AB ... Raises ValueError for too few rounds."""
    if rounds < LEAST_ROUNDS:
        raise ValueError(f"{rounds} rounds say little: at least {LEAST_ROUNDS}")
    with collector(mode):
        counts = (steps_for(subject), steps_for(reference))
        if counts == (1, 1):  # both are slow: what short steps need many rounds for, long ones average out
            rounds = LEAST_ROUNDS
        clocked = Clocked([], [], counts)
        turns = [(subject, counts[0], clocked.subject), (reference, counts[1], clocked.reference)]
        for _ in range(rounds):
            for step, steps, times in turns:
                times.append(block(step, steps))
            turns.reverse()
    return clocked


def side(name: str, times: list[float], steps: int) -> Side:
    """One side as the record has it."""
    return {"name": name, "minimum": min(times), "median": statistics.median(times), "steps": steps}
