"""Engine and torch over sizes, for pytest-benchmark. Not collected with the tests; by name:

    pytest parity_tests/benchmarks/bench_sizes.py --benchmark-json=build/sizes.json

`paragrad bench --sizes build/sizes.json` puts the result into the speed report. Times of one side come after the
other's, so ratios that matter are measured by `paragrad bench` itself, in turn.
"""

from __future__ import annotations

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from paragrad.reports.speed import workload
from paragrad.reports.speed.tensors import SIZED

LIBRARIES = {"engine": workload.engine, "torch": workload.torch}
CASES = [(work, size) for work, (_, sizes) in SIZED.items() for size in sizes]


@pytest.mark.benchmark(max_time=0.1, min_rounds=5, warmup=False)
@pytest.mark.parametrize("side", LIBRARIES)
@pytest.mark.parametrize(("work", "size"), CASES, ids=[f"{work}-{size}" for work, size in CASES])
def test_size(work: str, size: int, side: str, benchmark: BenchmarkFixture) -> None:
    """Forward and backward of one op."""
    build, _ = SIZED[work]
    prepared = build(size)(LIBRARIES[side]())
    benchmark.group = f"{work} {size}"
    benchmark.extra_info.update(work=work, size=size, side=side)
    benchmark(prepared.step)
