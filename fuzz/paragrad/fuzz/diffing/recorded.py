"""`model.py:loss`: the computation that a file builds. The file runs in a child process and never in ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from paragrad.fuzz.checking.nearest import hint
from paragrad.fuzz.diffing.computation import Computation, DiffError, Labelled, Place
from paragrad.fuzz.diffing.lettering import labelled
from paragrad.fuzz.encoding import ProgramError, from_json

MODULE = "paragrad.fuzz.diffing.recording"
LAST = 300
"""Characters of what a child said at its end."""


def read(target: str, seconds: float) -> tuple[Computation, str]:
    """The computation behind `path/to/model.py:name`, and the file:Class of a class of the file's own, "" of ours.

    Raises DiffError.
    """
    where, colon, name = target.rpartition(":")
    if not (colon and where.endswith(".py")):
        where, name = target, ""
    path = Path(where).expanduser().absolute()
    if not path.is_file():
        beside = [p.name for p in path.parent.glob("*.py")] if path.parent.is_dir() else []
        told = hint(path.name, beside)
        raise DiffError(f"{where}: there is no such file" + (f"; {told}" if told else ""))
    document = ask(path, name, seconds, where)
    if "error" in document:
        raise DiffError(explained(document["error"], where))
    try:
        program = from_json(document["program"])
    except (ProgramError, KeyError) as error:
        raise DiffError(f"{where}: what it builds can't be run again: {error}") from error
    made = Labelled(program.inputs, program.statements)
    made.labels = labelled(made, {int(k): v for k, v in document["labels"].items()})
    text = path.read_text(encoding="utf-8", errors="replace")
    lines = text.splitlines()
    places = {int(k): _place(lines, line) for k, line in document["lines"].items() if 0 < line <= len(lines)}
    shown = f"{where}:{name}" if name else where
    return Computation(made, "file", shown, text, places, list(document["notes"])), str(document["engine"])


def ask(path: Path, name: str, seconds: float, where: str) -> dict[str, Any]:
    """What the child writes down. Raises DiffError where it ends without."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "graph.json"
        command = [sys.executable, "-m", MODULE, str(path), name, str(out)]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
        try:
            done = subprocess.run(
                command, env=environment, capture_output=True, timeout=seconds, stdin=subprocess.DEVNULL, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise DiffError(f"{where}: not done within {seconds:g} s; --timeout S gives it longer") from error
        if not out.is_file():
            said = " ".join(done.stderr.decode(errors="replace").split())[-LAST:]
            raise DiffError(f"{where}: its process ended (code {done.returncode}) before the graph was read: {said}")
        document: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    return document


def explained(error: str, where: str) -> str:
    """The child's error, with the nearest name where one was missing."""
    message, *names = error.split("|")
    if not names:
        return f"{where}: {message}"
    name, *held = names
    return f"{where}: {message}; {hint(name, held, 'it has ' + (', '.join(held[:12]) or 'no names'))}"


def _place(lines: list[str], number: int) -> Place:
    line = lines[number - 1]
    text = line.strip()
    start = len(line) - len(line.lstrip())
    return Place(number, start, start + len(text), text)
