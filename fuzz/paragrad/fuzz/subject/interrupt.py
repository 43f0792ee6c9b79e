"""A time limit inside the process: the main thread is interrupted, again and again until the block is left.

It stops Python code only; what hangs elsewhere is the parent's to kill.
"""

from __future__ import annotations

import signal
import threading
from typing import Any

AGAIN = 0.3
"""Seconds to the next interrupt, for a subject that swallowed the first."""
TRIAL = 1.0
"""Seconds that one call has while a subject is probed; the first that hang have it, later ones less."""
PATIENCE = 3
SHORT = 0.1

_hung = [0]


class Interrupt:
    """After some seconds a KeyboardInterrupt is raised in the block; `late` is then true."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.done = threading.Event()
        self.late = False

    def __enter__(self) -> Interrupt:
        self.handler: Any = None
        if threading.current_thread() is not threading.main_thread():
            return self  # only the main thread can be interrupted
        self.main = threading.get_ident()
        self.handler = signal.signal(signal.SIGINT, signal.default_int_handler)
        threading.Thread(target=self.watch, daemon=True).start()
        return self

    def watch(self) -> None:
        """Wait, then interrupt: by a signal where threads can be sent one, for it ends a sleep, too."""
        wait = self.seconds
        while not self.done.wait(wait):
            self.late = True
            wait = AGAIN
            if hasattr(signal, "pthread_kill"):
                signal.pthread_kill(self.main, signal.SIGINT)
            else:
                import _thread

                _thread.interrupt_main()

    def __exit__(self, *error: object) -> None:
        self.done.set()
        if self.handler is not None:
            signal.signal(signal.SIGINT, self.handler)


class Trial(Interrupt):
    """The time of one call while a subject is probed."""

    def __init__(self) -> None:
        super().__init__(TRIAL if _hung[0] < PATIENCE else SHORT)

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        _hung[0] += self.late
