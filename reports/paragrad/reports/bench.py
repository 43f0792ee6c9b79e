"""`paragrad bench`: every workload measured in turn with its reference, and the speed record made of it.

Beside the ratios stand the parts of a training step, memory, graphs over numbers of nodes, and the fuzz loop's parts.

A workload that can't run is in the record with its error, and counts as crashed; nothing is skipped. Sizes come from
pytest-benchmark's JSON, which `pytest parity_tests/benchmarks/bench_sizes.py --benchmark-json=FILE` writes.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from paragrad.reports import record
from paragrad.reports.bodies.speed import Failed, SizeRow, SpeedBody, SpeedRow
from paragrad.reports.bootstrap import around_median, interval
from paragrad.reports.machine import cpu
from paragrad.reports.record import Record, RecordError

ROUNDS = 7
Progress = Callable[[int, int, str], None]
"""Called with workloads done, workloads in all, and what comes next."""
Job = Callable[[SpeedBody], None]
"""Measures something and puts it into the record's body."""


def jobs(rounds: int = ROUNDS) -> dict[str, Job]:
    """Everything that can be measured, by name, in the order in which it runs."""
    from paragrad.reports.speed import WORKLOADS, fuzz_loop, memory, scaling, splits
    from paragrad.reports.speed.models import MODELS

    def ratio(name: str) -> Job:
        return lambda body: body["rows"].append(measure(name, rounds))

    def split(name: str) -> Job:
        return lambda body: body["splits"].extend(splits.measure(name))

    def scaled(name: str) -> Job:
        return lambda body: body["scaling"].extend(scaling.measure(name))

    def remembered(name: str) -> Job:
        return lambda body: body["memory"].extend(memory.measure(name))

    def loop(body: SpeedBody) -> None:
        body["loop"] = fuzz_loop.parts()

    found = {name: ratio(name) for name in WORKLOADS}
    found |= {f"split-{name}": split(name) for name in MODELS}
    found |= {f"scaling-{name}": scaled(name) for name in scaling.WORKS}
    found |= {f"memory-{name}": remembered(name) for name in memory.names()}
    return {**found, "fuzz-loop-parts": loop}


def names() -> list[str]:
    """What can be measured, in the order in which it runs."""
    return list(jobs())


def one_thread() -> None:
    """Hold torch to one thread. Raises RuntimeError where NumPy's BLAS may have started with more."""
    import torch

    if os.environ.get("OPENBLAS_NUM_THREADS", os.environ.get("OMP_NUM_THREADS")) != "1":
        raise RuntimeError("NumPy's BLAS may use several threads here: set OPENBLAS_NUM_THREADS=1 before Python starts")
    torch.set_num_threads(1)


def run(
    only: Sequence[str] = (),
    rounds: int = ROUNDS,
    progress: Progress | None = None,
    sizes: str | os.PathLike[str] | None = None,
) -> Record:
    """Measure the workloads named (none: all) and return the record; `sizes` names pytest-benchmark's JSON.

    Raises ValueError for an unknown name or too few rounds, RecordError where nothing could be measured.
    """
    from paragrad.reports.speed.peers import absent, versions

    known = jobs(rounds)
    chosen = [name for name in known if not only or name in only]
    if unknown := set(only) - set(chosen):
        raise ValueError(f"no workload is called {', '.join(sorted(unknown))}; there are: {', '.join(known)}")
    one_thread()
    body: SpeedBody = {
        "rows": [],
        "memory": [],
        "failed": [],
        "sizes": [] if sizes is None else read_sizes(sizes),
        "splits": [],
        "scaling": [],
        "loop": None,
        "peers": versions(),
        "absent": absent(),
    }
    for done, name in enumerate(chosen):
        if progress is not None:
            progress(done, len(chosen), name)
        try:
            known[name](body)
        except Exception as error:  # noqa: BLE001 - it is in the record, and one workload must not end the others
            body["failed"].append(failure(name, error))
    if progress is not None:
        progress(len(chosen), len(chosen), "")
    failed = len(body["failed"])
    counts: record.Counts = {
        "requested": len(chosen),
        "judged": len(chosen) - failed,
        "filtered": {},
        "crashed": failed,
        "not_run": 0,
    }
    if failed == len(chosen):
        lines = [f"{f['name']}: {f['error']}" for f in body["failed"]]
        raise RecordError("the speed record", lines, "nothing could be measured")
    return record.new("speed", None, {"only": list(only), "rounds": rounds}, counts, body)


def measure(name: str, rounds: int) -> SpeedRow:
    """One workload: prepared, compared, then timed."""
    from paragrad.reports.speed import WORKLOADS
    from paragrad.reports.speed.interleave import interleave, side
    from paragrad.reports.speed.workload import check_same_work

    workload = WORKLOADS[name]
    subject, reference = workload.prepare()
    check_same_work(workload, subject, reference)
    clocked = interleave(subject.step, reference.step, rounds, workload.collector)
    ratio = workload.ratio(min(clocked.subject), min(clocked.reference))
    return {
        "name": name,
        "title": workload.title,
        "subject": side("engine", clocked.subject, clocked.steps[0]),
        "reference": side(workload.reference, clocked.reference, clocked.steps[1]),
        "rounds": len(clocked.subject),
        "ratio": ratio,
        "paired": interval([workload.ratio(*pair) for pair in zip(clocked.subject, clocked.reference, strict=True)]),
        "goal": workload.goal,
        "target": workload.target,
        "met": workload.met(ratio),
    }


def failure(name: str, error: Exception) -> Failed:
    """A workload that could not run, in one line."""
    lines = str(error).splitlines() or [""]
    return {"name": name, "error": f"{type(error).__name__}: {lines[0]}"}


def read_sizes(path: str | os.PathLike[str]) -> list[SizeRow]:
    """The rows in pytest-benchmark's JSON.

    Raises RecordError for a file that is none, that has none of ours, or that was measured on another CPU.
    """
    where, mend = os.fspath(path), "write it with `pytest parity_tests/benchmarks/bench_sizes.py --benchmark-json=FILE`"
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
        rows = [_size(entry) for entry in document["benchmarks"]]
        cpus = {str(entry["extra_info"]["cpu"]) for entry in document["benchmarks"]}
    except OSError as error:
        raise RecordError(where, [f"can't be read ({error.strerror})"], mend) from error
    except (ValueError, KeyError, TypeError) as error:
        raise RecordError(where, [f"is no pytest-benchmark JSON of ours ({error})"], mend) from error
    if not rows:
        raise RecordError(where, ["holds no benchmark"], mend)
    if elsewhere := cpus - {cpu()}:
        raise RecordError(where, [f"was measured on {', '.join(sorted(elsewhere))}, and this is {cpu()}"], mend)
    return rows


def _size(entry: dict[str, Any]) -> SizeRow:
    about, stats = entry["extra_info"], entry["stats"]
    if not 0 < stats["min"] <= stats["median"] < math.inf:
        raise ValueError(f"{stats['min']} and {stats['median']} are no least and median time")
    low, high = around_median([float(seconds) for seconds in stats["data"]])
    if not 0 < low <= high < math.inf:
        raise ValueError(f"{low} and {high} are no times")
    return {
        "work": str(about["work"]),
        "size": int(about["size"]),
        "side": str(about["side"]),
        "minimum": float(stats["min"]),
        "median": float(stats["median"]),
        "low": low,
        "high": high,
        "rounds": int(stats["rounds"]),
    }
