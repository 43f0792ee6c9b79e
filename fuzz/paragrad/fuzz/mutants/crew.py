"""Many hunts: in parallel, one mutant at a time in each process, and written down so that a run can be taken up again.

A process that takes too long over a mutant is ended, for its engine may hang, and another one goes on. What a mutant's
hunt gives depends on the mutant, the seed and the number of programs alone, so neither the number of processes nor an
interruption changes a result.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from paragrad.fuzz import children
from paragrad.fuzz.mutants.families import catalogue
from paragrad.fuzz.mutants.hunt import Result, hunt

LIMIT = 300.0
"""Seconds after which a mutant counts as hung."""

CONTEXT = multiprocessing.get_context("spawn")


@dataclass(frozen=True, slots=True)
class Task:
    """One mutant by id, and the most programs to draw for it."""

    id: str
    programs: int


class ResumeError(ValueError):
    """The file of an interrupted run belongs to another run, or can't be read."""


class Log:
    """Results as JSON lines; the first line says of which run they are."""

    def __init__(self, path: Path, seed: int) -> None:
        self.path = path
        self.seed = seed

    def start(self) -> None:
        """An empty log."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps({"mutants": 1, "seed": self.seed}) + "\n", encoding="utf-8")

    def add(self, task: Task, result: Result) -> None:
        """One more result."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"most": task.programs} | asdict(result)) + "\n")

    def read(self) -> dict[Task, Result]:
        """The results so far. A last line that was cut off is left out. Raises ResumeError for another run's."""
        try:
            head, *lines = self.path.read_text(encoding="utf-8").splitlines()
            if json.loads(head) != {"mutants": 1, "seed": self.seed}:
                raise ResumeError(f"{self.path} is of another run ({head}): leave out --resume, or give its --seed")
        except (OSError, ValueError) as error:
            if isinstance(error, ResumeError):
                raise
            raise ResumeError(f"{self.path} can't be taken up ({error}): leave out --resume") from error
        found: dict[Task, Result] = {}
        for line in lines:
            try:
                row: dict[str, Any] = json.loads(line)
            except ValueError:
                continue
            most = row.pop("most")
            found[Task(row["id"], most)] = Result(**row)
        return found


def serve(end: Connection, seed: int) -> None:
    """A worker: hunt what is sent for as long as somebody is there to send it."""
    children.settle()
    import torch

    torch.set_num_threads(1)
    mutants = catalogue()
    with contextlib.suppress(EOFError, BrokenPipeError):
        while True:
            task = end.recv()
            end.send(hunt(mutants[task.id], seed, task.programs))


class Worker:
    """A process that hunts, the task it has, and since when."""

    def __init__(self, seed: int) -> None:
        self.end, other = CONTEXT.Pipe()
        self.process = CONTEXT.Process(target=serve, args=(other, seed), daemon=True)
        with children.sheltered():
            self.process.start()
        other.close()
        self.task: Task | None = None
        self.since = 0.0

    def give(self, task: Task) -> None:
        """A task to work on."""
        self.end.send(task)
        self.task, self.since = task, time.monotonic()

    def stop(self) -> None:
        """End the process, whatever it does."""
        self.process.kill()
        self.process.join()
        self.end.close()


def run(tasks: Iterable[Task], seed: int, jobs: int, limit: float = LIMIT) -> Iterator[tuple[Task, Result]]:
    """Hunt all, `jobs` at a time; results come as they are made."""
    left = list(tasks)[::-1]
    workers = [Worker(seed) for _ in range(max(1, min(jobs, len(left))))]
    try:
        while left or any(worker.task for worker in workers):
            for k, worker in enumerate(workers):
                if worker.task is None and left:
                    worker.give(left.pop())
                elif worker.task and time.monotonic() - worker.since > limit:
                    worker.stop()
                    yield worker.task, Result(worker.task.id, "hung", 0, limit, f"no end within {limit:g} s")
                    workers[k] = Worker(seed)
            ready = wait([worker.end for worker in workers if worker.task], timeout=1.0)
            for k, worker in enumerate(workers):
                if worker.end in ready:
                    assert worker.task is not None
                    task, worker.task = worker.task, None
                    try:
                        yield task, worker.end.recv()
                    except EOFError:
                        worker.stop()
                        yield task, Result(task.id, "hung", 0, time.monotonic() - worker.since, "the process died")
                        workers[k] = Worker(seed)
    finally:
        for worker in workers:
            worker.stop()


def cores() -> int:
    """As many processes as there are cores to run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
