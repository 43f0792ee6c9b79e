"""How fast: the workloads of the speed report, defined here once for `paragrad bench` and for pytest-benchmark.

Where to put a workload: scalar graphs against micrograd in `scalars.py`, tensor ops in `tensors.py`, models in
`models.py`; then into `WORKLOADS`. `interleave.py` measures, `bench.py` (one folder up) makes the record.
"""

from __future__ import annotations

from paragrad.reports.speed import fuzz_loop, models, scalars, tensors
from paragrad.reports.speed.workload import Workload

WORKLOADS: dict[str, Workload] = {
    workload.name: workload
    for workload in (*scalars.WORKLOADS, *tensors.WORKLOADS, *models.WORKLOADS, *fuzz_loop.WORKLOADS)
}

__all__ = ["WORKLOADS", "Workload"]
