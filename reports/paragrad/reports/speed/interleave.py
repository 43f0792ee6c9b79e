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

from paragrad.reports.bodies.speed import Side
from paragrad.reports.speed.workload import Collector

BLOCK = 0.005
"""Seconds that a block of steps should take: short enough to fall between a neighbour's. A longer step is a block."""
BUDGET = 1.0
"""Seconds for which short blocks go on; the more rounds, the likelier that each side has had a quiet one."""
LEAST_ROUNDS, MOST_ROUNDS = 5, 100


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


def block(step: Callable[[], object], steps: int, warm: bool = False) -> float:
    """Seconds a step, over `steps` of them. Garbage of what ran before is collected first, off the clock; `warm`: so
    is a first step, which finds the other side's numbers in the caches and its blocks in the allocator."""
    gc.collect()
    if warm:
        step()
    start = time.perf_counter()
    for _ in range(steps):
        step()
    return (time.perf_counter() - start) / steps


def steps_for(step: Callable[[], object]) -> tuple[int, float]:
    """How many steps fill a block, and the seconds that this took a step. Finding out warms up, too."""
    start = time.perf_counter()
    steps, spent = 0, 0.0
    while spent < 2 * BLOCK:
        step()
        steps += 1
        spent = time.perf_counter() - start
    return max(1, round(steps * BLOCK / spent)), spent / steps


def enough(rounds: int, pair: float, mode: Collector) -> int:
    """The number of rounds, given the seconds of one: what was asked for, more where they are short, 5 where long."""
    if pair > BUDGET:
        return LEAST_ROUNDS
    # With all of Python's objects in sight, the collection before each block takes far longer than the block.
    return rounds if mode == "python" else max(rounds, min(MOST_ROUNDS, int(BUDGET / pair)))


def interleave(
    subject: Callable[[], object], reference: Callable[[], object], rounds: int, mode: Collector = "frozen"
) -> Clocked:
    """At least 5 blocks of each side, in the order AB BA AB ... Raises ValueError where fewer than 5 are asked for."""
    if rounds < LEAST_ROUNDS:
        raise ValueError(f"{rounds} rounds say little: at least {LEAST_ROUNDS}")
    with collector(mode):
        (ours, our_seconds), (theirs, their_seconds) = steps_for(subject), steps_for(reference)
        clocked = Clocked([], [], (ours, theirs))
        turns = [(subject, ours, clocked.subject), (reference, theirs, clocked.reference)]
        pair = ours * our_seconds + theirs * their_seconds
        for _ in range(enough(rounds, pair, mode)):
            for step, steps, times in turns:
                times.append(block(step, steps, warm=pair <= BUDGET))
            turns.reverse()
    return clocked


def side(name: str, times: list[float], steps: int) -> Side:
    """One side as the record has it."""
    return {"name": name, "minimum": min(times), "median": statistics.median(times), "steps": steps}
