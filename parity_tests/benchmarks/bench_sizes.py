"""Engine, torch and every installed peer over sizes, for pytest-benchmark. Not collected with the tests; by name:

    pytest parity_tests/benchmarks/bench_sizes.py --benchmark-json=build/sizes.json

`paragrad bench --sizes build/sizes.json` puts the result into the speed report. Times of one side come after the
other's, so ratios that matter are measured by `paragrad bench` itself, in turn.
"""

from __future__ import annotations

import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture

from paragrad.reports.machine import cpu
from paragrad.reports.speed.sizes import SIDES, SIZED, prepared
from paragrad.reports.speed.workload import Unlike

CASES = [(work, size) for work, (_, sizes) in SIZED.items() for size in sizes]


@pytest.mark.benchmark(max_time=0.05, min_rounds=5, warmup=False)
@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize(("work", "size"), CASES, ids=[f"{work}-{size}" for work, size in CASES])
def test_size(work: str, size: int, side: str, benchmark: BenchmarkFixture) -> None:
    """Forward and backward of one op."""
    torch.set_num_threads(1)
    try:
        made = prepared(work, size, side)
    except NotImplementedError as error:
        pytest.skip(str(error))
    except Unlike as error:
        if side == "engine":
            raise
        pytest.skip(f"{side} computes something else: {error}")
    benchmark.group = f"{work} {size}"
    benchmark.extra_info.update(work=work, size=size, side=side, cpu=cpu())
    benchmark(made.step)
