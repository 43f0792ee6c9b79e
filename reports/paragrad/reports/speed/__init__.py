"""How fast: the workloads of the speed report, defined here once for `paragrad bench` and for pytest-benchmark.

Where to put a workload: scalar graphs against micrograd in `scalars.py`, tensor ops in `tensors.py`, models in
`models.py`, optimizers in `optimizers.py`; then into `WORKLOADS`. `interleave.py` measures them. What is no ratio has a
file of its own: `splits.py` (parts of a step), `scaling.py` (graphs of 100 to 1,000,000 nodes), `memory.py`, and the
other libraries over sizes in `peers.py`. `bench.py` (one folder up) makes the record.
"""

from __future__ import annotations

from paragrad.reports.speed import fuzz_loop, models, optimizers, scalars, tensors
from paragrad.reports.speed.workload import Workload

WORKLOADS: dict[str, Workload] = {
    workload.name: workload for part in (scalars, tensors, models, optimizers, fuzz_loop) for workload in part.WORKLOADS
}

__all__ = ["WORKLOADS", "Workload"]
