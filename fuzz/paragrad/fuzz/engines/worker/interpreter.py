"""Which Python runs the subject, and what it finds in its environment."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from paragrad.fuzz.engines.worker.errors import SubjectError

CHILD = Path(__file__).parents[2] / "subject" / "__main__.py"
"""The script that the subject's Python runs."""

SETTINGS = {
    "PYTHONFAULTHANDLER": "1",  # a crash tells its stack
    "PYTHONHASHSEED": "0",  # the same graph is walked in the same order
    "PYTHONUTF8": "1",
    "MPLBACKEND": "Agg",  # a plot opens no window
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"),
}


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python and why it was chosen."""

    path: Path
    why: str

    def command(self) -> list[str]:
        """The command line of the child."""
        return [str(self.path), "-B", str(CHILD)]


def choose(asked: Path | None, folders: Iterable[Path | None]) -> Interpreter:
    """The Python that was asked for, of the active virtual environment, of a `.venv` in one of the folders, or ours.

    `asked` may also be the folder of a virtual environment. Raises SubjectError where there is none.
    """
    if asked is not None:
        why = f"--python {asked}"
        if asked.is_dir():
            return _within(asked.absolute(), why)
        # A child runs in its own folder. Links stay: that of a virtual environment is what makes it one.
        found = shutil.which(asked if asked.exists() else str(asked))
        if found is None:
            told = "it is no program that can be run" if asked.exists() else "no such file, and no command of this name"
            raise SubjectError("start", f"{why}: {told}; name a Python or the folder of a virtual environment")
        return Interpreter(Path(found).absolute(), why)
    if active := os.environ.get("VIRTUAL_ENV"):
        return _within(Path(active), "the active virtual environment")
    for folder in folders:
        if folder is not None and (folder / ".venv").is_dir():
            return _within(folder / ".venv", "the .venv beside the target")
    return Interpreter(Path(sys.executable), "the Python that paragrad runs in")


def _within(environment: Path, why: str) -> Interpreter:
    for place in ("bin/python", "Scripts/python.exe", "bin/python3"):
        if (environment / place).exists():
            return Interpreter(environment / place, why)
    raise SubjectError("start", f"{why}: {environment} holds no Python; name another one with --python")


def environment() -> dict[str, str]:
    """The environment variables of a child."""
    return {**os.environ, **SETTINGS}
