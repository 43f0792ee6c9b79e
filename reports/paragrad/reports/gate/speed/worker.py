"""The process that runs one tree's engine: it answers each line on stdin, a JSON object, with one on stdout.

At its start it says {"engine": the folder that paragrad.engine came from}. Then it is asked for
- {"build": name, "seed": n, "cpu": n or null}: {} once the benchmark's step has run twice;
- {"calibrate": seconds}: {"steps": how many take so long};
- {"block": parts, "steps": n}: {"seconds": a step's, in the quickest of so many parts of n steps}.
What it can't do it answers with {"error": one line}. What the engine prints goes to stderr. It is started as a script,
with PYTHONPATH naming the tree's engine and our reports, and nothing that it imports loads torch.

Where arrays lie in memory decides some per cent of a small op's time, and code that has nothing to do with the op
moves them. So before each build the heap is shifted by blocks of random sizes, after Curtsinger and Berger's Stabilizer
(2013): what the layout does is then noise, which several launches average, and not a bias of one tree.
"""

from __future__ import annotations

import gc
import json
import os
import random
import sys
import time
import types
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

REPORTS = Path(__file__).parents[2]
SHIFTS, LARGEST = 40, 4096
"""The heap is shifted by fewer blocks than this, each of fewer bytes than this."""


def without_init(name: str, folder: Path) -> None:
    """Let modules of a package be imported without its `__init__`, which would load torch."""
    package = types.ModuleType(name)
    package.__path__ = [str(folder)]
    sys.modules[name] = package


class Worker:
    """What is built, and what shifts it."""

    def __init__(self) -> None:
        self._step: Callable[[], Any] = lambda: None
        self._shift: list[bytearray] = []

    def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        """What the module's docstring says."""
        if "build" in asked:
            self._build(asked["build"], asked["seed"], asked["cpu"])
            return {}
        if "calibrate" in asked:
            return {"steps": self._calibrate(asked["calibrate"])}
        return {"seconds": self._block(asked["block"], asked["steps"])}

    def _build(self, name: str, seed: int, cpu: int | None) -> None:
        """Make a benchmark's step in place of the one before, on one processor."""
        from paragrad.reports.gate.speed.benchmarks import BENCHMARKS
        from paragrad.reports.speed.workload import engine

        if cpu is not None:
            os.sched_setaffinity(0, {cpu})
        self._step = lambda: None
        self._shift.clear()
        gc.collect()
        draw = random.Random(seed)
        self._shift = [bytearray(draw.randrange(1, LARGEST)) for _ in range(draw.randrange(SHIFTS))]
        self._step = BENCHMARKS[name].build(engine()).step
        for _ in range(2):
            self._step()
        gc.collect()
        gc.freeze()

    def _calibrate(self, seconds: float) -> int:
        """Steps, at least one, by the quickest of three tries."""
        steps = 1
        while (taken := min(self._timed(steps) for _ in range(3))) < seconds / 4:
            steps *= 2
        return max(1, round(steps * seconds / taken))

    def _block(self, parts: int, steps: int) -> float:
        """Seconds a step, after one that is not timed: another process has had the caches."""
        gc.collect()
        self._step()
        return min(self._timed(steps) for _ in range(parts)) / steps

    def _timed(self, steps: int) -> float:
        step, again = self._step, range(steps)
        start = time.perf_counter()
        for _ in again:
            step()
        return time.perf_counter() - start


def serve(questions: IO[str], answers: IO[str]) -> None:
    """Load the engine and answer until there are no more questions."""

    def say(**answer: Any) -> None:
        answers.write(json.dumps(answer) + "\n")
        answers.flush()

    without_init("paragrad.reports.speed", REPORTS / "speed")
    gc.disable()
    try:
        import paragrad.engine
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever the tree's engine raises is told
        from paragrad.reports.importing import fault, root

        folder = root()
        say(error=fault(error, folder and folder.parents[2]) or told(error))
        return
    gc.freeze()
    say(engine=str(Path(paragrad.engine.__file__).parent))
    worker = Worker()
    for line in questions:
        try:
            say(**worker.answer(json.loads(line)))
        except Exception as error:  # noqa: BLE001 - whatever a step raises is told
            say(error=told(error))


def told(error: BaseException) -> str:
    """An error in one line."""
    return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"


if __name__ == "__main__":
    private = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    serve(sys.stdin, private)
