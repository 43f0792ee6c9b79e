"""The protocol: JSON lines on descriptors that the subject does not know.

Descriptors 0 and 1 are taken away before the subject is imported: it reads nothing, and what it prints goes where its
errors go, which the parent caps. An answer is written by the process that was started and by no fork of it, and repeats
the parent's nonce.
"""

from __future__ import annotations

import faulthandler
import gc
import inspect
import io
import json
import os
import signal
import sys
import threading
import time
from functools import partial
from typing import Any, Callable

from . import adapted, adapter, execute, load, probe, spelling
from .choose import LoadError
from .plain import describe, message

PROTOCOL = 1
HIGH = 200
"""Private descriptors are made from this number on where the system can: loops close the low ones."""
SOURCE_LINES = 80
ORPHAN_TICK = 1.0
"""Seconds between two looks at whether the parent is there. On Windows its number stays when it ends."""


class Channel:
    """The pipe to the parent. Holds its own references: a subject may patch `json` or `os`."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self.pid, self.send, self.encode = (
            os.getpid,
            os.write,
            json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode,
        )
        source, self.sink = _private(0), _private(1)
        self.lines = io.BufferedReader(io.FileIO(source, "r"))
        self.decode = json.JSONDecoder().decode
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        os.dup2(2, 1)
        self.nonce: Any = None

    def receive(self) -> dict[str, Any] | None:
        """The next request; None when the parent has gone."""
        line = self.lines.readline()
        if not line:
            return None
        request = self.decode(line.decode("utf-8"))
        if not isinstance(request, dict):
            raise ValueError("a request must be an object")
        return request

    def answer(self, request: dict[str, Any], **content: Any) -> None:
        """Answer a request. A forked child of the subject ends here."""
        if self.pid() != self.process:
            os._exit(0)
        line = (self.encode({"id": request.get("id"), "nonce": self.nonce, **content}) + "\n").encode("utf-8")
        while line:
            line = line[self.send(self.sink, line) :]


def _private(descriptor: int) -> int:
    """A copy of a descriptor with a high number."""
    try:
        import fcntl

        return int(fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, HIGH))
    except (ImportError, OSError, AttributeError):
        return os.dup(descriptor)


def watch_parent() -> None:
    """End this process, whatever the subject is at, when the parent has gone without ending it."""
    parent, look, wait, leave = os.getppid(), os.getppid, time.sleep, os._exit

    def watch() -> None:
        while look() == parent:
            wait(ORPHAN_TICK)
        leave(1)

    threading.Thread(target=watch, name="paragrad watch", daemon=True).start()


def serve() -> int:
    """Answer until `bye` or the end of the input."""
    faulthandler.enable(all_threads=False)  # where the subject was, and not where we watch
    watch_parent()
    channel = Channel()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's
    sys.stdin = io.TextIOWrapper(io.FileIO(0, "r", closefd=False), encoding="utf-8")
    printed = io.BufferedWriter(io.FileIO(1, "w", closefd=False))
    sys.stdout = io.TextIOWrapper(printed, encoding="utf-8", errors="backslashreplace", line_buffering=True)
    subject: probe.Subject | adapter.Adapter | None = None
    while True:
        request = channel.receive()
        if request is None or request.get("method") == "bye":
            return 0
        method = request.get("method")
        if method == "hello":
            channel.nonce = request.get("nonce")
            subject = hello(channel, request)
            gc.freeze()  # what is loaded stays: the collector need not go through it with every few programs
        elif subject is None:
            channel.answer(request, error={"kind": "protocol", "message": "say hello first"})
        elif method == "run":
            for index, program in enumerate(request["programs"]):
                tell = partial(progress, channel, request, index) if request.get("progress") else None
                channel.answer(request, index=index, trace=started(subject, program, tell).run())
        elif method == "source":
            channel.answer(request, result=source(subject, request.get("op"), bool(request.get("gradient"))))
        else:
            channel.answer(request, error={"kind": "protocol", "message": "unknown method " + describe(method)})


def started(
    subject: probe.Subject | adapter.Adapter, program: dict[str, Any], tell: Callable[[int], None] | None
) -> execute.Run:
    """The run of a program on a class, or through an adapter."""
    if isinstance(subject, adapter.Adapter):
        return adapted.Run(subject, program, tell)
    return execute.Run(subject, program, tell)


def progress(channel: Channel, request: dict[str, Any], index: int, position: int) -> None:
    """Say which statement comes next, so that the parent knows where a program died."""
    channel.answer(request, index=index, at=position)


def hello(channel: Channel, request: dict[str, Any]) -> probe.Subject | adapter.Adapter | None:
    """Load and probe the target; answer with what was found, or with what went wrong."""
    if request.get("protocol") != PROTOCOL:
        told = "this child speaks protocol " + str(PROTOCOL) + ", not " + describe(request.get("protocol"))
        channel.answer(request, error={"kind": "protocol", "message": told})
        return None
    try:
        file = load.find(request["target"])
        subject = adapter.load(file) if adapter.is_adapter(file) else probe.probe(request["target"])
        content = {"protocol": PROTOCOL, **subject.hello()}
    except LoadError as error:
        channel.answer(request, error={"kind": error.kind, "message": str(error)})
        return None
    except BaseException as error:
        told = "while it was probed, " + type(error).__name__ + ": " + message(error)
        channel.answer(request, error={"kind": "probe", "message": told})
        return None
    channel.answer(request, result=content)
    return subject


def source(subject: probe.Subject | adapter.Adapter, op: Any, gradient: bool = False) -> dict[str, Any] | None:
    """Where the subject's file defines an op, and the lines; with `gradient`, its backward where that stands apart."""
    function = defined(subject, op)
    if op != "backward" and isinstance(subject, probe.Subject):
        function = spelling.counterpart(function, gradient, subject.maker.cls)
    try:
        lines, first = inspect.getsourcelines(function)
        file = inspect.getsourcefile(function)
    except (TypeError, OSError):
        return None
    return {"file": file, "line": first, "text": "".join(lines[:SOURCE_LINES])}


def defined(subject: probe.Subject | adapter.Adapter, op: Any) -> Any:
    """The function that an op is."""
    if isinstance(subject, adapter.Adapter):
        return subject.defined(op)
    bound = subject.bound.get(op)
    if bound is not None:
        return bound.candidate.source
    if str(op).startswith("__"):  # such as __rsub__, which no op is bound to
        return getattr(subject.maker.cls, str(op), None)
    start = subject.gradients.start.name
    found = getattr(subject.maker.cls, start, None) or getattr(subject.loaded.module, start, None)
    return found if op == "backward" else None
