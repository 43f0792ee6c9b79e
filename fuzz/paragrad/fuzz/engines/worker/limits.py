"""Limits on a child, held by its parent through psutil: a thread that watches memory and processor time.

Time is judged by two clocks. A child that has computed for the limit hangs; one that waited for a busy machine gets
some times the limit on the wall clock, so that a loaded machine makes no finding.
"""

from __future__ import annotations

import contextlib
import importlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import psutil

MARK = "PARAGRAD_WORKER"
"""The environment variable by which the processes of a child are known."""
TICK = 0.05
"""Seconds between two looks at the child itself."""
FAMILY_TICKS = 8
"""Looks at the child a look at its children: finding them means going through every process of the machine."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds a program may take, bytes the child and its children may hold, seconds until hello is answered.

    With `confirm`, a program that ended the child is run again, alone in a fresh one, before it is blamed.
    """

    seconds: float = 3.0
    memory: int = 2 << 30
    hello: float = 20.0
    confirm: bool = True


class Watch:
    """A thread that looks at a process tree until `ended` is set: its memory, its time, its members."""

    def __init__(
        self, pid: int, limits: Limits, ended: threading.Event, answered: Callable[[], float], kill: Callable[[], None]
    ) -> None:
        self.limits = limits
        self.family: frozenset[psutil.Process] = frozenset()
        """What came from the child, whether its parent still runs or not."""
        self.exceeded: int | None = None
        """The bytes held when the limit was passed."""
        self._ended = ended
        self._answered = answered
        self._kill = kill
        self._mark = (0.0, 0.0)
        self._spent = 0.0
        try:
            self._root = psutil.Process(pid)
        except psutil.NoSuchProcess:  # over already
            return
        _cap(pid, limits.memory)
        threading.Thread(target=self._watch, name="paragrad watch", daemon=True).start()

    def hangs(self, since: float, limit: float, patience: float) -> bool:
        """Whether a child that has been silent since `since` (monotonic seconds) has had its time."""
        silent = time.monotonic() - since
        computed = self._spent - self._mark[1] if self._mark[0] <= since else 0.0
        return silent >= patience * limit or (silent >= limit and computed >= limit / 2)

    def _watch(self) -> None:
        ticks = 0
        while not self._ended.wait(TICK):
            if ticks % FAMILY_TICKS == 0:
                self.gather()
            ticks += 1
            held, spent = self._measure()
            answered = self._answered()
            if answered != self._mark[0]:
                self._mark = (answered, spent)
            self._spent = spent
            if held > self.limits.memory and self.exceeded is None:
                self.exceeded = held
                self._kill()

    def gather(self) -> None:
        """Remember the tree's members: one whose parent has ended is found no more."""
        self.family = descendants(self._root, self.family)

    def _measure(self) -> tuple[int, float]:
        """The bytes that the tree holds and the processor seconds that it has used."""
        held, spent = 0, 0.0
        for member in [self._root, *self.family]:
            with contextlib.suppress(psutil.Error), member.oneshot():
                times = member.cpu_times()
                held += member.memory_info().rss
                spent += times.user + times.system
        return held, spent


def _cap(pid: int, memory: int) -> None:
    """The kernel's own cap, where there is one. A system without it is watched all the same."""
    try:
        posix = importlib.import_module("paragrad.fuzz.engines.worker.posix")
    except ImportError:
        return
    posix.cap(pid, memory)


def descendants(root: psutil.Process, known: frozenset[psutil.Process]) -> frozenset[psutil.Process]:
    """What came from a process or from those `known` to have come from it, and still runs."""
    found = {member for member in known if member.is_running()}
    for member in (root, *known):
        with contextlib.suppress(psutil.Error):
            found.update(member.children(recursive=True))
    return frozenset(found)


def kill_marked(mark: str, since: float) -> None:
    """Kill what was started since then (seconds of the epoch) with MARK set to `mark`: the orphans of a dead child."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.create_time() >= since and process.environ().get(MARK) == mark:
                process.kill()


def kill_tree(root: psutil.Process, known: frozenset[psutil.Process]) -> None:
    """Kill a process, all that came from it, and those that once did."""
    for member in (root, *descendants(root, known)):
        with contextlib.suppress(psutil.Error):
            member.kill()
