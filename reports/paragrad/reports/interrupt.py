"""An end that comes from outside: whatever is saved and cleaned up on Ctrl-C is on SIGTERM and SIGHUP as well."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import NoReturn

NAMES = ("SIGTERM", "SIGHUP", "SIGBREAK")
"""A stop that was asked for, a terminal that was closed, and Ctrl-Break on Windows, as far as the system has them."""


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


@contextlib.contextmanager
def as_ctrl_c() -> Iterator[None]:
    """In the block these signals raise KeyboardInterrupt. One that is handled otherwise already stays so: nohup ignores
    SIGHUP. Only the main thread gets signals; in another one the block changes nothing."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [getattr(signal, name) for name in NAMES if hasattr(signal, name)]
    taken = [number for number in numbers if signal.getsignal(number) == signal.SIG_DFL]
    for number in taken:
        signal.signal(number, _interrupt)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)
