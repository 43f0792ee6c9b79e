"""One child process and its pipes. Threads write, read and wait, so that no side can ever block the other.

What the child prints goes to a sink that keeps only the last of it. What it answers is read at once, whether anyone
asks for it or not, up to MOST_WAITING chunks; then the pipe fills and the child waits.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import queue
import secrets
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

import psutil

from paragrad.fuzz.engines.worker.errors import SubjectError
from paragrad.fuzz.engines.worker.limits import MARK, Limits, Watch, kill_marked, kill_tree

CHUNK = 1 << 16
MOST_WAITING = 1024
MOST_LINE = 64 << 20
"""Bytes of one answer."""
KEPT = 1 << 14
"""Bytes of what the child printed last."""
GRACE = 0.5
"""Seconds that a process has to end, or a pipe to close, once the other one did."""

Lines = tuple[float, list[bytes]]
"""When some lines arrived, in monotonic seconds, and these."""


class Process:
    """A running child. `command` must be a list of arguments; its first is looked up on the PATH."""

    def __init__(self, command: Sequence[str], folder: Path | None, environment: Mapping[str, str], limits: Limits):
        self._mark = secrets.token_hex(8)
        try:
            self._child = subprocess.Popen(
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=folder,
                env={**environment, MARK: self._mark},
                start_new_session=True,  # Ctrl-C is for us; we then end the child
            )
            self._root = psutil.Process(self._child.pid)
        except (OSError, psutil.Error) as error:
            raise SubjectError("start", f"{command[0]} does not start: {error}") from error
        self.overlong = False
        """Whether the child sent more than MOST_LINE bytes without an end; it is read no further."""
        self.printed = 0
        """Bytes that the child has printed."""
        self._ended = threading.Event()
        self._closing = threading.Event()
        self._answered = time.monotonic()
        self._tail = b""
        self._outgoing: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._incoming: queue.Queue[Lines | None] = queue.Queue(MOST_WAITING)
        assert self._child.stdin and self._child.stdout and self._child.stderr
        pipes = (self._child.stdin, self._child.stdout, self._child.stderr)
        self._writer = self._thread(self._write, pipes[0])
        self._reader = self._thread(self._read, pipes[1])
        self._sink = self._thread(self._swallow, pipes[2])
        self._thread(self._wait)
        self.watch = Watch(self._child.pid, limits, self._ended, lambda: self._answered, self.kill)
        atexit.register(self.kill)

    @staticmethod
    def _thread(work: Callable[..., None], *arguments: object) -> threading.Thread:
        thread = threading.Thread(target=work, args=arguments, name="paragrad pipe", daemon=True)
        thread.start()
        return thread

    def send(self, line: bytes) -> None:
        """Send a line. Never blocks; that a child is gone shows in what it answers."""
        self._outgoing.put(line + b"\n")

    def receive(self, seconds: float) -> Lines | None:
        """The next lines, None at the child's end. Raises queue.Empty after so many seconds > 0."""
        return self._incoming.get(timeout=seconds)

    def kill(self) -> None:
        """Kill the child and all that came from it."""
        kill_tree(self._root, self.watch.family)

    def close(self, farewell: bytes | None = None) -> None:
        """Kill, and let go of pipes and threads. A child that is sent a `farewell` may end by itself first."""
        if farewell is not None:
            self.send(farewell)
            self._ended.wait(GRACE)
        self._closing.set()
        self.kill()
        with contextlib.suppress(psutil.Error):
            kill_marked(self._mark, self._root.create_time())
        self._outgoing.put(None)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(GRACE)
        for thread in (self._writer, self._reader, self._sink):
            thread.join(GRACE)
        atexit.unregister(self.kill)

    def exit_code(self) -> int | None:
        """What the child ended with, None while it runs; waits a moment for an end that is under way."""
        self._ended.wait(GRACE)
        return self._child.poll()

    def last_words(self) -> str:
        """The end of what the child printed."""
        if self._ended.is_set():
            self._sink.join(GRACE)
        return self._tail.decode("utf-8", "replace").strip()

    def _wait(self) -> None:
        self._child.wait()
        self._ended.set()
        # A child of the child may hold the pipe open for ever: its end is not then seen by the reader.
        self._reader.join(GRACE)
        self._put(None)

    def _write(self, pipe: IO[bytes]) -> None:
        with contextlib.suppress(OSError, ValueError):
            while (line := self._outgoing.get()) is not None:
                pipe.write(line)
                pipe.flush()
        with contextlib.suppress(OSError):
            pipe.close()

    def _read(self, pipe: IO[bytes]) -> None:
        parts: list[bytes] = []
        size = 0
        with contextlib.suppress(OSError, ValueError), pipe:
            while chunk := os.read(pipe.fileno(), CHUNK):
                parts.append(chunk)
                size += len(chunk)
                if b"\n" in chunk:
                    *lines, rest = b"".join(parts).split(b"\n")
                    parts, size = [rest], len(rest)
                    self._answered = time.monotonic()
                    self._put((self._answered, lines))
                elif size > MOST_LINE:
                    self.overlong = True
                    break
        self._put(None)

    def _put(self, lines: Lines | None) -> None:
        while not self._closing.is_set():
            with contextlib.suppress(queue.Full):
                self._incoming.put(lines, timeout=GRACE)
                return

    def _swallow(self, pipe: IO[bytes]) -> None:
        with contextlib.suppress(OSError, ValueError), pipe:
            while chunk := os.read(pipe.fileno(), CHUNK):
                self.printed += len(chunk)
                self._tail = (self._tail + chunk)[-KEPT:]
