"""Two sides measured in turn, in one process.

Machines drift by a factor of two, and caches and allocators have moods: so the sides alternate, each in blocks of many
steps, and each is judged by its minimum over the rounds, the only statistic that a busy neighbour can't improve.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

from paragrad.reports.bodies import Side

BLOCK = 0.02
"""Seconds that a block of steps should take; a step that takes longer is a block."""
LEAST_ROUNDS = 5


@dataclass(slots=True)
class Clocked:
    """Seconds a step of each side, a number a round."""

    subject: list[float]
    reference: list[float]
    steps: tuple[int, int]


def block(step: Callable[[], object], steps: int, collect: bool) -> float:
    """Seconds a step, over `steps` of them. Garbage of what ran before is collected first, off the clock."""
    gc.collect()
    if not collect:
        gc.disable()
    try:
        start = time.perf_counter()
        for _ in range(steps):
            step()
        return (time.perf_counter() - start) / steps
    finally:
        gc.enable()


def steps_for(step: Callable[[], object], collect: bool) -> int:
    """How many steps fill a block. The first ones also warm up."""
    steps = 1
    while True:
        spent = block(step, steps, collect) * steps
        if spent >= BLOCK / 4:
            return max(1, round(steps * BLOCK / spent))
        steps *= 4


def interleave(
    subject: Callable[[], object], reference: Callable[[], object], rounds: int, collect: bool = True
) -> Clocked:
    """`rounds` blocks of each side, in the order AB BA AB ..."""
    if rounds < LEAST_ROUNDS:
        raise ValueError(f"{rounds} rounds say little: at least {LEAST_ROUNDS}")
    counts = (steps_for(subject, collect), steps_for(reference, collect))
    sides = ((subject, counts[0], []), (reference, counts[1], []))  # type: ignore[var-annotated]
    for round_ in range(rounds):
        for step, steps, times in sides if round_ % 2 == 0 else sides[::-1]:
            times.append(block(step, steps, collect))
    return Clocked(sides[0][2], sides[1][2], counts)


def side(name: str, times: list[float], steps: int) -> Side:
    """One side as the record has it."""
    return {"name": name, "minimum": min(times), "median": statistics.median(times), "steps": steps}
