"""Programs of 13 ops through a check of a foreign scalar engine, a second. Not collected with the tests; by name:

    pytest parity_tests/benchmarks/bench_check.py

It takes two processors: the engine runs on one; drawing, torch and the judge on the other. What stands under OPS is the
inverse of the time of a round, in thousands of programs a round.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture

from paragrad.fuzz.checking.report import Report
from paragrad.fuzz.checking.run import Check
from paragrad.fuzz.checking.trials import STAGES, Choice, tried
from paragrad.fuzz.engines.foreign import Foreign
from paragrad.fuzz.engines.worker.protocol import Target
from paragrad.fuzz.program import Program

SUBJECTS = Path(__file__).parents[1] / "subjects"
OPS = frozenset(("add", "mul", "neg", "tanh"))
"""The ops of plain_value.py of which nothing is wrong or missing: each number then goes all the way."""
NODES = 13
PROGRAMS = 1_000


def graphs(choice: Choice) -> Iterator[Program]:
    """Graphs of NODES ops on ordinary numbers."""
    while True:
        builder = choice.builder("normal")
        choice.several(builder, NODES)
        yield builder.finish()


@pytest.mark.benchmark(disable_gc=False)
def test_programs_a_second(benchmark: BenchmarkFixture) -> None:
    """A thousand programs a round: drawn, run in the child, screened and judged."""
    torch.set_num_threads(1)
    choice = Choice(tried(OPS), True, random.Random(0))
    drawn = graphs(choice)
    target = Target(path=SUBJECTS / "plain_value.py", class_name="Value", root=SUBJECTS)
    with Foreign(target, python=Path(sys.executable)) as engine:

        def check() -> Check:
            return Check(engine, choice, Report(engine.name, sorted(OPS)), lambda report: None)

        def checked() -> Report:
            running = check()
            running.stage("graphs", islice(drawn, PROGRAMS))
            return running.report

        # Graphs are drawn from the forms of ops that are known to be right.
        check().stage("forms", STAGES["forms"][0](choice))
        report = benchmark.pedantic(checked, rounds=5, warmup_rounds=1)
    assert report.judged == PROGRAMS
    assert report.verdict() == "parity"
    benchmark.extra_info["programs a second"] = PROGRAMS / benchmark.stats["min"]
