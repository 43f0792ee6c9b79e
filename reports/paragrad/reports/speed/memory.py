"""Peak memory of a chain of 1,000,000 Values, forward and backward, measured in a process of its own.

Run as a module, this is that process: it prints JSON.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from paragrad.reports.bodies.speed import MemoryRow

NODES = 1_000_000
MEBI = 2.0**20


def chain() -> dict[str, float]:
    """Build the chain and carry a gradient back; bytes a Value, and the peak above what was there before."""
    import psutil

    from paragrad.engine.scalar import Value

    process = psutil.Process()
    before = process.memory_info().rss
    x = Value(0.5)
    y = x
    for _ in range(NODES // 2):
        y = y * x + x
    built = process.memory_info().rss
    y.backward()
    return {"value": (built - before) / NODES, "peak": (peak() - before) / MEBI}


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


def measure() -> list[MemoryRow]:
    """The rows of the record."""
    done = subprocess.run([sys.executable, "-m", __name__], capture_output=True, encoding="utf-8", check=False)
    if done.returncode:
        raise RuntimeError(f"the measuring process failed: {(done.stderr.strip().splitlines() or ['no message'])[-1]}")
    found = json.loads(done.stdout)
    return [
        _row("value-bytes", "a Value with its edges", found["value"], "bytes", 200.0),
        _row("chain-peak", f"peak of a chain of {NODES:,} Values, forward and backward", found["peak"], "MiB", 400.0),
    ]


def _row(name: str, title: str, measured: float, unit: str, target: float) -> MemoryRow:
    measured = round(measured, 1)
    return {
        "name": name,
        "title": title,
        "side": "engine",
        "measured": measured,
        "unit": unit,
        "target": target,
        "met": measured <= target,
    }


if __name__ == "__main__":
    print(json.dumps(chain()))
