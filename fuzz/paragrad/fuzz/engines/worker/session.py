"""One conversation with one child: requests go out, answers come back in order, or the child is Lost."""

from __future__ import annotations

import queue
import secrets
import signal
import time
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from paragrad.fuzz.engines.worker import process, protocol
from paragrad.fuzz.engines.worker.errors import AnswerError, Lost
from paragrad.fuzz.engines.worker.limits import Limits
from paragrad.fuzz.program import Program
from paragrad.fuzz.trace import Failure, Trace

PATIENCE = 4.0
"""Times the limit that a program gets on the wall clock where the child does not compute."""
PAUSE = 0.1
"""Seconds between two looks at a child that is over its time but may not have had the processor."""
CRASH_STACK = "(most recent call first):"
MOST_WORDS = 5
"""Lines of what a child printed last that a message repeats."""


class Session:
    """A child that runs. Whatever ends it is raised as Lost, then and by each later call."""

    def __init__(
        self, command: Sequence[str], folder: Path | None, environment: Mapping[str, str], limits: Limits
    ) -> None:
        self.strays = 0
        """Lines that answered nothing we asked."""
        self.reached: int | None = None
        """The statement that the child last said it came to, where it was asked to tell."""
        self._process = process.Process(command, folder, environment, limits)
        self._nonce = secrets.token_hex(8)
        self._number = 0
        self._since = time.monotonic()
        self._open: dict[int, deque[dict[str, Any]]] = {}
        self._lost: Lost | None = None
        self._closed = False

    @property
    def printed(self) -> int:
        """Bytes that the child has printed."""
        return self._process.printed

    def ask(self, method: str, **rest: Any) -> int:
        """Send a request; return its number."""
        return self._send(protocol.request(self._number + 1, self._nonce, method, **rest))

    def run(self, programs: Sequence[Program], progress: bool = False) -> int:
        """Ask for programs to be run; return the request's number."""
        return self._send(protocol.run_request(self._number + 1, self._nonce, programs, progress))

    def _send(self, line: bytes) -> int:
        self._number += 1
        self._open[self._number] = deque()
        self.reached = None
        self._since = time.monotonic()
        self._process.send(line)
        return self._number

    def is_working_at(self, number: int) -> bool:
        """Whether what ended the child happened in this request: no earlier one was open, and we didn't end it."""
        return number == min(self._open) and not self._closed

    def finish(self, number: int) -> None:
        """Expect no more answers to a request."""
        del self._open[number]

    def answer(self, number: int, seconds: float, patience: float = 1.0) -> dict[str, Any]:
        """The next answer to an open request. Raises Lost where the child ends, or is silent for so many seconds.

        A child that seems to wait for a busy machine gets `patience` times as many.
        """
        answers = self._open[number]
        while not answers:
            if self._lost is not None:
                raise self._lost
            remaining = self._since + seconds - time.monotonic()
            if remaining <= 0 and self._process.watch.hangs(self._since, seconds, patience):
                self._process.kill()
                self._lost = Lost("Hang", f"no answer within {seconds:g} s, the time limit; it was ended")
            else:
                self._receive(PAUSE if remaining <= 0 else remaining)
        return answers.popleft()

    def trace(self, number: int, index: int, program: Program, seconds: float) -> Trace:
        """The answer to the program at `index` of a request to run. Raises Lost.

        An answer that is not what the protocol says becomes the Trace's failure, an AnswerError.
        """
        while True:
            answer = self.answer(number, seconds, PATIENCE)
            shown = whole(answer, "index")
            if "at" in answer:
                self.reached = whole(answer, "at")
            elif shown == index:
                break
            elif shown is not None and shown < index:  # answered twice
                self.strays += 1
            else:
                given = f"program {shown}" if shown is not None else answer.get("error", answer.get("index"))
                self._lost = Lost("AnswerError", f"it answered {given} where program {index} of a request was due")
                raise self._lost
        try:
            return protocol.read_trace(answer.get("trace"), program)
        except AnswerError as error:
            return Trace(failure=Failure(len(program.statements) - 1, "AnswerError", str(error)))

    def _receive(self, seconds: float) -> None:
        """Take up the next lines. What answers another open request waits there for whoever asked."""
        try:
            received = self._process.receive(seconds)
        except queue.Empty:
            return
        if received is None:
            self._lost = self._ending()
            return
        arrival, lines = received
        for line in lines:
            message = protocol.read(line)
            if (
                message is None
                or message.get("nonce") != self._nonce
                or (number := whole(message, "id")) not in self._open
            ):
                self.strays += 1
            else:
                self._since = max(self._since, arrival)
                self._open[number].append(message)

    def _ending(self) -> Lost:
        """What the end of the child means."""
        if self._process.overlong:
            self._process.kill()
            return Lost("AnswerError", f"an answer of more than {process.MOST_LINE >> 20} MiB; it was ended")
        code = self._process.exit_code()
        if (held := self._process.watch.exceeded) is not None:
            limit = self._process.watch.limits.memory
            return Lost("MemoryLimit", f"it held {held >> 20:,} MiB of memory, limit {limit >> 20:,} MiB; it was ended")
        if code is None:
            self._process.kill()
            return Lost("Died", "it closed the channel on which it answers")
        words = last_words(self._process.last_words())
        return Lost("Died", "\n  ".join([f"the process ended with {exit_text(code)}", *words]))

    def close(self) -> None:
        """End the child. Whoever still waits for an answer finds it Lost."""
        idle = self._lost is None and not self._open
        if self._lost is None:
            self._closed = True
            self._lost = Lost("Died", "it was ended before it answered")
        self._process.close(protocol.request(self._number + 1, self._nonce, "bye") if idle else None)


def whole(message: Mapping[str, Any], key: str) -> int | None:
    """The whole number under a key, None where there is none."""
    number = message.get(key)
    return number if type(number) is int else None


def last_words(printed: str) -> list[str]:
    """The lines of what a child printed that tell of its end: the top of Python's stack in a crash, else the last."""
    lines = printed.splitlines()
    for k, line in enumerate(lines):
        if line.endswith(CRASH_STACK):
            return [place.strip() for place in lines[k + 1 : k + 1 + MOST_WORDS]]
    return lines[-MOST_WORDS:]


def exit_text(code: int) -> str:
    """An exit code in words."""
    if code < 0:
        try:
            name = signal.Signals(-code).name
        except ValueError:
            return f"signal {-code}"
        return f"signal {-code} ({name}{', perhaps for want of memory' if name == 'SIGKILL' else ''})"
    return f"exit code {code if code < 1 << 31 else hex(code)}"
