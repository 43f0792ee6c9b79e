"""An engine that is not ours: it runs in a child process, and nothing that it does there can end a campaign.

The child starts at once, and is asked nothing before it is needed, so that it loads while torch is imported. Batches
of programs are under way while earlier answers are judged. A child that hangs, dies or takes too much memory is
replaced; the program that did it is run once more alone, because an earlier one may have been to blame.
"""

from __future__ import annotations

import shlex
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import TracebackType

from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.engines.worker import interpreter
from paragrad.fuzz.engines.worker.errors import Lost, SubjectError
from paragrad.fuzz.engines.worker.limits import Limits
from paragrad.fuzz.engines.worker.protocol import VERSION, Hello, Target, read_hello
from paragrad.fuzz.engines.worker.session import Session
from paragrad.fuzz.program import Program
from paragrad.fuzz.trace import Failure, Trace

BATCH = 32
"""Programs in a request."""
AHEAD = 2
"""Requests under way at once: the child runs one while the answers to the other are judged."""
LOUD = 1 << 20
"""Bytes printed by a child that are worth a note."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where the subject defines an op: file, first line, and the lines themselves."""

    file: str
    line: int
    text: str


@dataclass(slots=True)
class Batch:
    """A request under way in a session, and how many of its programs are answered."""

    session: Session
    number: int
    programs: list[Program]
    answered: int = 0


class Foreign:
    """An engine in a child process: a Python class, or any program that speaks the protocol (`command`).

    `python` is the interpreter for a Python class; see `interpreter.choose`. Raises SubjectError, here or when it is
    first asked, where the subject can't be used.
    """

    foreign = True

    def __init__(
        self,
        target: Target | None = None,
        *,
        command: str | None = None,
        python: Path | None = None,
        limits: Limits | None = None,
    ) -> None:
        if (target is None) == (command is None):
            raise ValueError("name a target or a command")
        self.limits = limits or Limits()
        """May be replaced on the way: time at once, memory for the next child."""
        self.notes: list[str] = []
        """What was noticed on the way and is no finding: an import that failed, lines that answered nothing."""
        self.avoid: Callable[[Program], bool] = lambda program: False
        """Of programs that were already sent when another one hung, those that are not to be sent again."""
        self.restarts = 0
        self._target = target
        self._folder = None if target is None else target.root
        if command is not None:
            self.name = command
            self._why = f"--exec {command!r}"
            self._command = split(command)
        else:
            assert target is not None
            self.name = str(target.path or target.module)
            beside = None if target.path is None else target.path.parent
            chosen = interpreter.choose(python, [beside, target.root])
            self._why = f"{chosen.path} ({chosen.why})"
            self._command = chosen.command()
        self._definitions = False
        self._hello: Hello | None = None
        self._session: Session | None = None
        self._greeting = 0
        self._start()

    @property
    def hello(self) -> Hello:
        """What the child told about the subject. Raises SubjectError."""
        if self._hello is None:
            self._ready()
        assert self._hello is not None
        return self._hello

    def ops(self) -> frozenset[str]:
        """The ops of our table that the subject has."""
        return frozenset(self.hello.ops).intersection(TABLE)

    def run(self, program: Program) -> Trace:
        """Run a program. What the subject does is in the Trace; raises SubjectError where it can't be started again."""
        (trace,) = self.run_many([program])
        return trace

    def run_many(self, programs: Iterable[Program]) -> Iterator[Trace]:
        """The Traces of the programs, one by one; the child is ahead of the caller by a batch or two."""
        coming = iter(programs)
        again: deque[Program] = deque()
        flight: deque[Batch] = deque()
        try:
            while True:
                if not flight or flight[0].session is self._session:
                    while len(flight) < AHEAD and (drawn := self._drawn(again, coming)):
                        session = self._ready()
                        flight.append(Batch(session, session.run(drawn), drawn))
                if not flight and not again:
                    return
                if not flight:
                    again.popleft()
                    yield Trace(failure=Failure(0, "Unsupported", "not run, for it has a form that hung before"))
                    continue
                batch = flight[0]
                program = batch.programs[batch.answered]
                try:
                    trace = batch.session.trace(batch.number, batch.answered, program, self.limits.seconds)
                except Lost as lost:
                    again.extendleft(_unanswered(flight))
                    flight.clear()
                    if batch.session is self._session:
                        self._drop()
                    if not batch.session.is_working_at(batch.number):
                        continue
                    trace = self._blamed(again.popleft(), lost)
                else:
                    batch.answered += 1
                    if batch.answered == len(batch.programs):
                        batch.session.finish(batch.number)
                        flight.popleft()
                yield trace
        finally:
            if flight and flight[0].session is self._session:
                # Nobody waits for these answers any more, and one of them may hang.
                self._drop()

    def source(self, op: str, gradient: bool = False) -> Source | None:
        """Where the subject defines an op (or its backward, where that stands apart), where the child knows."""
        session = self._ready()
        number = session.ask("source", op=op, gradient=gradient)
        try:
            found = session.answer(number, self.limits.seconds).get("result")
        except Lost:
            self._drop()
            return None
        session.finish(number)
        if not isinstance(found, dict) or not isinstance(found.get("line"), int):
            return None
        return Source(str(found.get("file")), found["line"], str(found.get("text", "")))

    def close(self) -> None:
        """End the child."""
        self._drop()

    def __enter__(self) -> Foreign:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _start(self) -> None:
        self._session = Session(self._command, self._folder, interpreter.environment(), self.limits)
        target = None if self._target is None else self._target.message(self._definitions)
        self._greeting = self._session.ask("hello", protocol=VERSION, target=target)

    def _ready(self) -> Session:
        """A child that has answered hello: the one there is, or a fresh one. Raises SubjectError."""
        if self._session is None:
            self.restarts += 1
            self._start()
        while self._greeting:
            self._greet()
        assert self._session is not None
        return self._session

    def _greet(self) -> None:
        """Take the answer to hello; where the import ended the child, start one that is not to run the module."""
        assert self._session is not None
        try:
            hello = read_hello(self._session.answer(self._greeting, self.limits.hello))
        except SubjectError:
            self._drop()
            raise
        except Lost as lost:
            self._drop()
            if self._target is None or self._definitions:
                mend = "" if self._target is None else "\nName another Python, 3.8 or newer, with --python"
                raise SubjectError("start", f"{self._why} does not answer: {lost}{mend}") from lost
            self._note(f"loaded definitions only, because the import did not end well: {lost}")
            self._definitions = True
            self._start()
            return
        self._session.finish(self._greeting)
        self._greeting = 0
        self._hello = hello
        self.name = hello.engine
        for note in hello.notes:
            self._note(note)
        if unknown := sorted(set(hello.ops).difference(TABLE)):
            self._note(f"ops that paragrad does not know: {', '.join(unknown)}")

    def _blamed(self, program: Program, lost: Lost) -> Trace:
        """The Trace of a program that seems to have ended the child; it is run again to be sure, and to see where."""
        reached = None
        if self.limits.confirm:
            session = self._ready()
            number = session.run([program], progress=True)
            try:
                trace = session.trace(number, 0, program, self.limits.seconds)
            except Lost as once_more:
                lost, reached = once_more, session.reached
                self._drop()
            else:
                session.finish(number)
                self._note(f"{lost.type} after other programs, not alone: {lost}")
                return trace
        return Trace(failure=Failure(len(program.statements) - 1 if reached is None else reached, lost.type, str(lost)))

    def _drawn(self, again: deque[Program], coming: Iterator[Program]) -> list[Program]:
        """A batch: first what has to be sent again, up to one to be avoided, then what is still to come."""
        drawn: list[Program] = []
        while again and len(drawn) < BATCH and not self.avoid(again[0]):
            drawn.append(again.popleft())
        if not again:
            drawn.extend(islice(coming, BATCH - len(drawn)))
        return drawn

    def _note(self, note: str) -> None:
        if note not in self.notes:
            self.notes.append(note)

    def _notice(self, session: Session) -> None:
        """Note what a child did beside answering."""
        if session.strays:
            self._note("lines that answered nothing were ignored: the subject's, or those of a process that it forked")
        if session.printed > LOUD:
            self._note("it printed more than a megabyte; all but the end was dropped")

    def _drop(self) -> None:
        if self._session is not None:
            self._session.close()
            self._notice(self._session)
        self._session = None
        self._greeting = 0


def _unanswered(flight: Iterable[Batch]) -> list[Program]:
    """The programs without an answer, the last first."""
    return [program for batch in flight for program in batch.programs[batch.answered :]][::-1]


def split(command: str) -> list[str]:
    """A command line as a list; a backslash is part of a path on Windows."""
    if sys.platform == "win32":
        words = [word.strip('"') for word in shlex.split(command, posix=False)]
    else:
        words = shlex.split(command)
    if not words:
        raise SubjectError("start", "--exec needs a command")
    return words
