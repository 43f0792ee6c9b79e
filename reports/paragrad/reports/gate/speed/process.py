"""A worker as its parent sees it: started, asked, killed. One that dies, hangs or has another engine raises Lost."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).with_name("worker.py")
REPORTS = Path(__file__).parents[4]
"""The source root that holds the benchmarks' definitions."""
PATIENCE = 60.0
"""Seconds for an answer, where the longest takes one."""
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


class Lost(Exception):
    """A worker did not do what it is there for; the message says which, and what it did."""


class Refused(Exception):
    """The benchmark can't be run on this tree's engine; the message is the error, in one line."""


class Process:
    """A worker for the engine of `tree`, called `name` in messages; `cache` is where its bytecode goes.

    Use it as a context: what is left of the process is killed at the end.
    """

    def __init__(self, name: str, tree: Path, cache: Path, patience: float = PATIENCE, script: Path = SCRIPT) -> None:
        self.name = name
        self._expected = (tree / "engine" / "paragrad" / "engine").resolve()
        self._patience = patience
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._errors = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 - see __exit__
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(tree / "engine"), str(REPORTS)]),
            "PYTHONPYCACHEPREFIX": str(cache),
            "PYTHONHASHSEED": "0",
            "PYTHONUTF8": "1",
            **dict.fromkeys(THREADS, "1"),
        }
        self._child = subprocess.Popen(
            [sys.executable, "-P", str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=environment,
            encoding="utf-8",
            cwd=cache,
        )
        threading.Thread(target=self._read, name=f"paragrad gate {name}", daemon=True).start()

    def greet(self) -> None:
        """Wait until the engine is loaded. Raises Lost where it is another tree's, or can't be loaded."""
        try:
            answer = self._answer()
        except Refused as error:
            raise Lost(f"the engine of {self.name} can't be imported ({error})") from None
        found = Path(answer["engine"]).resolve()
        if found != self._expected:
            raise Lost(f"the worker for {self.name} has the engine of {found}, expected {self._expected}")

    def ask(self, **question: Any) -> dict[str, Any]:
        """The answer. Raises Refused where the worker says it can't, Lost where there is no answer."""
        assert self._child.stdin is not None
        try:
            self._child.stdin.write(json.dumps(question) + "\n")
            self._child.stdin.flush()
        except OSError:  # it is over; the answer says how
            pass
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        try:
            line = self._lines.get(timeout=self._patience)
        except queue.Empty:
            self._child.kill()
            raise Lost(f"the worker for {self.name} gave no answer in {self._patience:g} s, and was stopped") from None
        if not line:
            raise Lost(f"the worker for {self.name} died ({self._end()})")
        try:
            answer: dict[str, Any] = json.loads(line)
        except ValueError:
            raise Lost(f"the worker for {self.name} answered {line.strip()[:80]!r}, which is no JSON") from None
        if "error" in answer:
            raise Refused(answer["error"])
        return answer

    def _read(self) -> None:
        assert self._child.stdout is not None
        for line in self._child.stdout:
            self._lines.put(line)
        self._lines.put("")

    def _end(self) -> str:
        """How it ended, and the last line that it wrote to stderr."""
        code = self._child.wait()
        self._errors.seek(0)
        lines = [line.strip() for line in self._errors.read().splitlines() if line.strip()]
        return f"exit code {code}" + (f": {lines[-1]}" if lines else "")

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        self._child.kill()
        self._child.wait()
        for stream in (self._child.stdin, self._child.stdout, self._errors):
            if stream is not None:
                stream.close()
