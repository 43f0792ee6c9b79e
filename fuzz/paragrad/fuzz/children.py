"""Processes that work for us: how they end is the parent's affair alone.

Ctrl-C and a terminal that closes reach every process of a terminal at once. A child that took them would print a
traceback, or look to its parent as if its work had killed it; so it takes neither, and the parent ends it.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from multiprocessing import resource_tracker
from multiprocessing.connection import wait

NAMES = ("SIGINT", "SIGHUP")
SIGNALS = [getattr(signal, name) for name in NAMES if hasattr(signal, name)]


@contextlib.contextmanager
def sheltered() -> Iterator[None]:
    """Processes started in the block don't take SIGNALS from their first moment, before any Python of theirs runs.

    What is blocked is inherited, and reaches the parent when the block ends. Windows inherits nothing, and there
    `settle` comes a little late.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # its start would unblock them
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def settle() -> None:
    """What a child does first: ignore SIGNALS, and end at once when its parent is gone, killed without a word."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_outlive_nobody, name="parent", daemon=True).start()


def _outlive_nobody() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)
