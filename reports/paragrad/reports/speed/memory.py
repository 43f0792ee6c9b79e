"""Peak memory of engine and torch, each in a process of its own: a long chain, a scalar graph, and training steps.

Run as a module, with the names of what is measured and of the side, this is that process: it prints JSON.
"""

from __future__ import annotations

import gc
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from paragrad.reports.bodies.speed import MemoryRow

NODES = 1_000_000
MEBI = 2.0**20
DTYPE = "float32"
STEPS = 2
"""Training steps: the second meets what the first left behind."""


def resident() -> int:
    """What this process has in memory now, in bytes."""
    import psutil

    gc.collect()
    return int(psutil.Process().memory_info().rss)


def chain() -> dict[str, float]:
    """Build a chain of Values and carry a gradient back; bytes a Value, and the peak above what was there before."""
    from paragrad.engine.scalar import Value

    before = resident()
    x = Value(0.5)
    y = x
    for _ in range(NODES // 2):
        y = y * x + x
    built = resident()
    y.backward()
    return {"value": (built - before) / NODES, "peak": (peak() - before) / MEBI}


def graph(side: str) -> dict[str, float]:
    """The wide graph of `scaling`, forward and backward, with Values or with 0-d tensors; bytes a node."""
    from paragrad.reports.speed.interleave import collector
    from paragrad.reports.speed.scaling import prepare, scalar_sides, wide

    (chosen,) = (one for one in scalar_sides() if one.name == side)
    prepare(chosen, 100, wide).run()
    case = prepare(chosen, NODES, wide)
    before = resident()
    with collector("off"):  # torch's tensors would be looked through again and again
        case.run()
    if case.failed:
        raise RuntimeError(case.failed)
    return {"peak": (peak() - before) / MEBI}


def model(name: str, side: str) -> dict[str, float]:
    """Training steps of a model on its large batch, above what is there after a step on a batch of one.

    That first step loads what a library loads on first use, which is no part of the model's memory.
    """
    from paragrad.reports.speed import workload
    from paragrad.reports.speed.models import MODELS

    lib = {"engine": workload.engine, "torch": workload.torch}[side]()
    build = MODELS[name].trained(DTYPE)
    build(lib, 1).prepared().step()
    before = resident()
    step = build(lib, MODELS[name].large).prepared().step
    for _ in range(STEPS):
        step()
    return {"peak": (peak() - before) / MEBI}


def peak() -> int:
    """The largest resident size that this process has had, in bytes."""
    status = Path("/proc/self/status")
    if status.is_file():  # ru_maxrss would count what the parent had before exec
        found = re.search(r"^VmHWM:\s*(\d+) kB", status.read_text(encoding="utf-8"), re.MULTILINE)
        if found:
            return int(found[1]) * 1024
    if sys.platform == "win32":
        import psutil

        return int(psutil.Process().memory_info().peak_wset)
    import resource

    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return largest if sys.platform == "darwin" else largest * 1024


def names() -> list[str]:
    """What can be measured."""
    from paragrad.reports.speed.models import MODELS

    return ["chain", "graph", *MODELS]


def measured(name: str, side: str) -> dict[str, float]:
    """What this process measures."""
    if name == "chain":
        return chain()
    return graph(side) if name == "graph" else model(name, side)


def child(name: str, side: str) -> dict[str, float]:
    """The same in a process of its own. Raises RuntimeError with its last line where it fails."""
    command = [sys.executable, "-m", __name__, name, side]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    if done.returncode:
        raise RuntimeError(f"the measuring process failed: {(done.stderr.strip().splitlines() or ['no message'])[-1]}")
    found: dict[str, float] = json.loads(done.stdout)
    return found


def measure(name: str, run: Callable[[str, str], dict[str, float]] = child) -> list[MemoryRow]:
    """The rows of the record, of each side there is; `run` gives the numbers of one."""
    from paragrad.reports.speed.models import MODELS

    if name == "chain":
        found = run(name, "engine")
        title = f"peak of a chain of {NODES:,} Values, forward and backward"
        return [
            _row("value-bytes", "a Value with its edges", "engine", found["value"], "bytes", 200.0),
            _row("chain-peak", title, "engine", found["peak"], "MiB", 400.0),
        ]
    if name == "graph":
        title = f"peak of a wide graph of {NODES:,} scalars, forward and backward"
    else:
        title = f"peak of {MODELS[name].titled(MODELS[name].large)}, SGD steps, {DTYPE}"
    return [_row(f"{name}-peak", title, side, run(name, side)["peak"], "MiB", None) for side in ("engine", "torch")]


def _row(name: str, title: str, side: str, measured: float, unit: str, target: float | None) -> MemoryRow:
    measured = round(measured, 1)
    return {
        "name": name,
        "title": title,
        "side": side,
        "measured": measured,
        "unit": unit,
        "target": target,
        "met": None if target is None else measured <= target,
    }


if __name__ == "__main__":
    print(json.dumps(measured(*sys.argv[1:])))
