"""A subject whose import fails: a finding of its own, for nobody can use it as it is."""

from __future__ import annotations

from paragrad.fuzz.checking.identity import identity
from paragrad.fuzz.checking.run import Checked
from paragrad.fuzz.engines.worker.protocol import Hello, ImportFailure
from paragrad.fuzz.judge import Finding
from paragrad.fuzz.program import Program

SURROUNDINGS = frozenset(
    ("ModuleNotFoundError", "MissingDependency", "SystemExit", "EOFError", "KeyboardInterrupt", "FileNotFoundError",
     "PermissionError", "ConnectionError", "URLError", "HTTPError", "TimeoutError")
)  # fmt: skip
"""Exceptions that tell of what is missing around the engine (a library, a data file, an argument), not of a fault."""


def import_crash(hello: Hello) -> list[Checked]:
    """The finding that the import fails, where it does for a fault of the engine's own."""
    failure = hello.import_failure
    if failure is None or failure.type in SURROUNDINGS:
        return []
    finding = Finding("crash", 0, "import", None, f"{failure.type}: {failure.message}{_line(failure)}")
    finding.diagnosis = (
        "the import of the file fails; definitions only were loaded, and the rest was checked with those"
    )
    return [Checked("crash", finding, Program([]), "", id=identity(("crash", "import", failure.type)))]


def _line(failure: ImportFailure) -> str:
    return "" if failure.line is None else f" (line {failure.line})"
