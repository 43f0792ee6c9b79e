"""Where a training step spends its time: forward, backward and optimizer of engine and torch, measured in turn."""

from __future__ import annotations

import gc
import statistics
import time

from paragrad.reports.bodies.speed import SplitRow
from paragrad.reports.speed import workload
from paragrad.reports.speed.interleave import collector, steps_for
from paragrad.reports.speed.models import MODELS
from paragrad.reports.speed.training import Training
from paragrad.reports.speed.workload import compare

DTYPE = "float32"
LEAST, BUDGET = 9, 1.0
"""The fewest rounds, and the seconds for which short ones go on."""
Parts = tuple[float, float, float]


def block(side: Training, steps: int) -> Parts:
    """Seconds a step of each part, over `steps` steps."""
    clock = time.perf_counter
    forward = backward = optimizer = 0.0
    gc.collect()
    for _ in range(steps):
        started = clock()
        side.forward()
        computed = clock()
        side.backward()
        carried = clock()
        side.optimizer()
        ended = clock()
        forward += computed - started
        backward += carried - computed
        optimizer += ended - carried
    return forward / steps, backward / steps, optimizer / steps


def split(sides: dict[str, Training]) -> dict[str, Parts]:
    """The medians over interleaved rounds of each side's parts."""
    blocks: dict[str, list[Parts]] = {name: [] for name in sides}
    with collector("frozen"):
        found = {name: steps_for(side.prepared().step) for name, side in sides.items()}
        seconds = sum(steps * one for steps, one in found.values())
        order = list(sides)
        for _ in range(max(LEAST, min(100, int(BUDGET / seconds)))):
            for name in order:
                blocks[name].append(block(sides[name], found[name][0]))
            order.reverse()
    return {name: _medians(rounds) for name, rounds in blocks.items()}


def _medians(rounds: list[Parts]) -> Parts:
    forward, backward, optimizer = zip(*rounds, strict=True)
    return statistics.median(forward), statistics.median(backward), statistics.median(optimizer)


def measure(name: str) -> list[SplitRow]:
    """A model's rows. Raises Unlike where the sides compute different numbers."""
    model = MODELS[name]
    made = model.trained(DTYPE)
    sides = {lib.name: made(lib, model.batch) for lib in (workload.engine(), workload.torch())}
    for side in sides.values():
        side.prepared().step()
    compare(sides["engine"].results(), sides["torch"].results(), "torch")
    return [
        {
            "name": name,
            "title": f"{model.titled(model.batch)}, {DTYPE}",
            "side": side,
            "forward": forward,
            "backward": backward,
            "optimizer": optimizer,
        }
        for side, (forward, backward, optimizer) in split(sides).items()
    ]
