"""How often the speed gate cries wolf, and how often it misses one: `python parity_tests/benchmarks/trial_gate.py -h`.

Nothing collects this with the tests: it takes minutes. Each trial is a whole measurement of the gate in a clone
of this checkout, whose engine is the base's (`--same`), or one in which some ops are slowed down by a share of their
benchmark's time (`--slower`): a loop in front of the op, whose length is measured, so that it grows with the
processor's mood as the op does. One run slows down all of SLOWED, each of which is a trial.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import gc
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from paragrad.reports.bodies.gate import SpeedGate
from paragrad.reports.gate.speed import base as bases
from paragrad.reports.gate.speed.benchmarks import BENCHMARKS
from paragrad.reports.gate.speed.run import compare
from paragrad.reports.speed.workload import engine

ROOT = Path(__file__).parents[2]
SLOWED = {
    "exp-16": "exp",
    "tanh-10000": "tanh",
    "softmax-10000": "softmax",
    "sum-16": "sum",
    "conv2d": "conv2d",
    "attention": "scaled_dot_product_attention",
    "layer_norm": "layer_norm",
    "cat": "cat",
}
"""Benchmarks of one op each, and the op."""
PLANTED = """

def _planted(function: Any, turns: int) -> Any:
    def slow(*args: Any, **kwargs: Any) -> Any:
        for _ in range(turns):
            pass
        return function(*args, **kwargs)

    return slow


for _name, _turns in {turns}.items():
    functions[_name] = _planted(functions[_name], _turns)
"""
NEIGHBOUR = (
    "import numpy as np\na = np.ones((300, 300))\nwhile True:\n    a = np.tanh(a @ a) + sum(range(1000)) * 1e-9\n"
)


@contextlib.contextmanager
def clone() -> Iterator[Path]:
    """A clone of this checkout, which is the current folder meanwhile."""
    with tempfile.TemporaryDirectory() as folder:
        there = Path(folder) / "clone"
        subprocess.run(["git", "clone", "--quiet", "--shared", str(ROOT), str(there)], check=True)
        with contextlib.chdir(there):
            yield there


@contextlib.contextmanager
def neighbours(count: int) -> Iterator[None]:
    """So many processes that compute without end."""
    busy = [subprocess.Popen([sys.executable, "-c", NEIGHBOUR]) for _ in range(count)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


def quickest(step: Callable[[], Any], steps: int) -> float:
    """Seconds a step, by the quickest of many blocks."""
    taken = []
    for _ in range(1000):
        start = time.perf_counter()
        for _ in range(steps):
            step()
        taken.append(time.perf_counter() - start)
    return min(taken) / steps


def loop(turns: int) -> None:
    """What is planted: turns of an empty loop."""
    for _ in range(turns):
        pass


def turns(share: float) -> dict[str, int]:
    """Turns of the loop that take this share of each benchmark's step, less what it costs to come to the loop."""
    gc.collect()
    gc.disable()
    call = 2 * quickest(lambda: loop(0), 100)  # with any arguments, and on to the op
    turn = (quickest(lambda: loop(2000), 10) - quickest(lambda: loop(1000), 10)) / 1000
    steps = {op: quickest(BENCHMARKS[name].build(engine()).step, 1) for name, op in SLOWED.items()}
    gc.enable()
    return {op: max(0, round((share * seconds - call) / turn)) for op, seconds in steps.items()}


def slow_down(there: Path, planted: dict[str, int]) -> None:
    """Plant the loops in a clone's engine."""
    module = there / "engine/paragrad/engine/functional.py"
    with module.open("a", encoding="utf-8") as file:
        file.write(PLANTED.replace("{turns}", repr(planted)))


def calibrated(share: float) -> dict[str, int]:
    """Turns that make each benchmark so much slower, corrected twice by what they did in the gate's own workers: there
    the loop and the op find other caches than here."""
    planted = turns(share)
    for _ in range(2):
        gate = trial([], planted)
        for row in gate["rows"]:
            seen = statistics.median(e["ratio"] for e in (row["estimate"], row["confirmed"]) if e is not None) - 1
            op = SLOWED[row["name"]]
            planted[op] = round(planted[op] * min(2.0, max(0.5, share / max(seen, share / 4))))
    return planted


def trial(only: list[str], planted: dict[str, int] | None) -> SpeedGate:
    """One run of the gate, on the engine as it is or with these loops planted."""
    with clone() as there:
        if planted is None:
            return compare(bases.find("HEAD"), only)
        slow_down(there, planted)
        return compare(bases.find("HEAD"), list(SLOWED))


def main() -> None:
    """Run the trials and count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--same", action="store_true", help="the same engine on both sides: every fail is a false alarm")
    what.add_argument("--slower", type=float, metavar="PERCENT", help=f"slow down {', '.join(SLOWED)}")
    parser.add_argument("--runs", type=int, default=10, metavar="N", help="runs of the gate (10)")
    parser.add_argument("--neighbours", type=int, default=0, metavar="N", help="busy processes beside (0)")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="a benchmark, with --same")
    parser.add_argument("--json", metavar="FILE", help="append each run's answer, a line each")
    options = parser.parse_args()
    runs: collections.Counter[str] = collections.Counter()
    rows: collections.Counter[str] = collections.Counter()
    seconds = []
    ratios: dict[str, list[float]] = {}
    beside: list[bool] = []
    planted = None if options.slower is None else calibrated(options.slower / 100)
    with neighbours(options.neighbours):
        for number in range(options.runs):
            start = time.perf_counter()
            gate = trial(options.only, planted)
            seconds.append(time.perf_counter() - start)
            runs[gate["verdict"]] += 1
            rows.update(row["verdict"] for row in gate["rows"])
            for row in gate["rows"]:
                ratios.setdefault(row["name"], []).append(row["estimate"]["ratio"])
                beside.append(not row["control"]["low"] <= 1 <= row["control"]["high"])
            odd = [
                f"{r['name']} {r['verdict']} {r['estimate']['ratio']:.3f}" for r in gate["rows"] if is_odd(r, options)
            ]
            print(f"{number + 1}: {gate['verdict']}, {seconds[-1]:.1f} s; {'; '.join(odd)}", flush=True)
            if options.json:
                with Path(options.json).open("a", encoding="utf-8") as file:
                    file.write(json.dumps({**gate, "seconds": seconds[-1], "slower": options.slower}) + "\n")
    if options.slower is not None:
        print("ratios " + ", ".join(f"{name} {statistics.median(found):.3f}" for name, found in ratios.items()))
    print(f"intervals of the control that leave out 1: {sum(beside)} of {len(beside)}")
    print(
        f"runs {dict(runs)}, rows {dict(rows)}, {sum(seconds) / len(seconds):.1f} s a run, at most {max(seconds):.1f}"
    )


def is_odd(row: Any, options: argparse.Namespace) -> bool:
    """Whether a row's answer is not the one that is due."""
    return bool(row["verdict"] != ("pass" if options.slower is None else "fail"))


if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    main()
