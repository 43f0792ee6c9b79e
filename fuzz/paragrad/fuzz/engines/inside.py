"""A class of the caller's own session, such as one defined in a notebook's cell: run here, in this process.

The prober and the runner are the child's own (`paragrad.fuzz.subject`); what they tell is read as if it had come from
a child, without text in between. Nothing protects this process: an endless loop in Python code is interrupted; what
hangs, crashes or eats memory elsewhere takes the session with it.
"""

from __future__ import annotations

import inspect
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.encoding import to_json
from paragrad.fuzz.engines.foreign import Source
from paragrad.fuzz.engines.worker.errors import AnswerError, SubjectError
from paragrad.fuzz.engines.worker.limits import Limits
from paragrad.fuzz.engines.worker.protocol import VERSION, read_hello, read_trace
from paragrad.fuzz.program import Program
from paragrad.fuzz.subject import execute, guard, packages, probe, serve
from paragrad.fuzz.subject.choose import Loaded, LoadError
from paragrad.fuzz.subject.interrupt import Interrupt
from paragrad.fuzz.trace import Failure, Trace

DEEPEST = 3_000
"""The recursion limit while the subject runs: a session that has raised it far would end in a crash of Python."""


class Inside:
    """An engine in this process: a class, with the functions and classes defined beside it.

    `names` maps ops of the table, and `backward`, to the subject's methods. Raises SubjectError where the class can't
    be used, TypeError where it is no class.
    """

    foreign = True
    restarts = 0

    def __init__(self, cls: type, names: Mapping[str, str] | None = None, limits: Limits | None = None) -> None:
        if not isinstance(cls, type):
            raise TypeError(f"expected a class, got {type(cls).__name__}: check(Value), without parentheses after it")
        self.limits = limits or Limits()
        with _guarded():
            try:
                self._subject = probe.found(_loaded(cls), dict(names or {}))
                told = {"protocol": VERSION, **self._subject.hello(), "engine": cls.__name__}
            except LoadError as error:
                raise SubjectError(error.kind, str(error)) from error
        self.hello = read_hello({"result": told})
        self.name = cls.__name__
        self.notes = list(self.hello.notes)

    def ops(self) -> frozenset[str]:
        """The ops of our table that the subject has."""
        return frozenset(self.hello.ops).intersection(TABLE)

    def run(self, program: Program) -> Trace:
        """Run a program. What the subject does is in the Trace; Ctrl-C is the user's and goes through."""
        told: dict[str, Any] = {}
        with _guarded():
            watch = Interrupt(self.limits.seconds)
            try:
                with watch:
                    told = execute.Run(self._subject, to_json(program)).run()
            except KeyboardInterrupt:
                if not watch.late:
                    raise
        failure = told.get("failure") or {}
        if watch.late:
            last = len(program.statements) - 1
            message = f"no answer within {self.limits.seconds:g} s, the time limit; it was interrupted"
            return Trace(failure=Failure(failure.get("statement", last), "Hang", message))
        if failure.get("type") == "KeyboardInterrupt":
            raise KeyboardInterrupt
        try:
            return read_trace(told, program)
        except AnswerError as error:
            return Trace(failure=Failure(len(program.statements) - 1, "AnswerError", str(error)))

    def source(self, op: str, gradient: bool = False) -> Source | None:
        """Where the subject defines an op (or its backward, apart from it); a cell's lines are known to IPython."""
        found = serve.source(self._subject, op, gradient)
        return None if found is None else Source(str(found["file"]), found["line"], found["text"])


@contextmanager
def _guarded() -> Iterator[None]:
    """Run the subject with a recursion limit that this process survives, and leave its own as it was."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(min(before, DEEPEST))
    guard.start()
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def _loaded(cls: type) -> Loaded:
    """The class as if it had been loaded: with what is defined beside it, and where its source is."""
    try:
        file = Path(inspect.getsourcefile(cls) or "")
    except (TypeError, OSError):
        file = Path()
    folder = file.resolve().parent if file.is_file() else Path.cwd()
    place = packages.Place(file if file.name else Path(f"{cls.__name__}.py"), folder, ())
    place.name = cls.__module__
    loaded = Loaded(place)
    loaded.module = _beside(cls)
    loaded.cls = cls
    if threading.current_thread() is not threading.main_thread():
        loaded.notes.append("not in the main thread: an endless loop can't be interrupted")
    return loaded


def _beside(cls: type) -> ModuleType:
    """What the class's own namespace defines: functions and classes, not what it imports, nor a session's variables."""
    module = ModuleType(cls.__module__)
    spaces = [value.__globals__ for value in vars(cls).values() if isinstance(value, FunctionType)]
    for name, value in spaces[0].items() if spaces else ():
        function = isinstance(value, FunctionType) and value.__globals__ is spaces[0]
        if (function or isinstance(value, type)) and value.__module__ == cls.__module__:
            setattr(module, name, value)
    return module
