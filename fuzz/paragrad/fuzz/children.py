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
from multiprocessing.connection import wait
from typing import Any

NAMES = ("SIGINT", "SIGHUP")
SIGNALS = [getattr(signal, name) for name in NAMES if hasattr(signal, name)]


@contextlib.contextmanager
def sheltered() -> Iterator[None]:
    """Processes started in the block ignore SIGNALS from their first moment, before any Python of theirs runs.

    What is ignored is inherited; Windows inherits nothing, and there `settle` comes a little late. The parent ignores
    them for the same milliseconds. Only the main thread can do this; in another one the block changes nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before: dict[Any, Any] = {number: signal.signal(number, signal.SIG_IGN) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            if handler is not None:  # one that was not installed from Python can't be put back
                signal.signal(number, handler)


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
