"""For an engine's author: `paragrad check` as a test of their own.

    from paragrad.reports.testing import assert_parity

    def test_gradients():
        assert_parity("my_engine.py:Value")

The check runs in a process of its own, in the folder of their pyproject.toml, and so with its `[tool.paragrad]` and its
`.paragrad/baseline.json`. Imported here is the standard library only: torch is that process's affair.
"""

from __future__ import annotations

import inspect
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from paragrad.reports import checked
from paragrad.reports.bodies.check import SCHEMA, Check

PARITY, FINDING, USAGE, INTERRUPTED = 0, 1, 2, 130
"""Exit codes of `paragrad check`."""
VERDICTS = {PARITY: "parity", FINDING: "findings"}
"""What its JSON says with each."""
LAST = 20
"""Lines of a crash that are shown."""


class CheckNotPossibleError(Exception):
    """Nothing was judged: no such file, a wrong option, no torch, or a failure of paragrad's own."""


def assert_parity(
    target: str | None = None,
    *,
    folder: str | os.PathLike[str] | None = None,
    command: str | None = None,
    programs: int | None = None,
    seconds: float | None = None,
    seed: int | None = None,
    only: Sequence[str] = (),
    names: Mapping[str, str] | None = None,
    strict: bool | None = None,
    baseline: str | os.PathLike[str] | None = None,
    python: str | os.PathLike[str] | None = None,
    timeout: float = 900.0,
) -> Check:
    """Check an engine, and fail with what is wrong; return the check as `--json` has it.

    `target` is what `paragrad check` takes: file.py:Class, package.module:Class; without it `[tool.paragrad]` names it.
    `folder` is the working directory, the nearest one above the calling file that has a pyproject.toml. `command` is
    --exec, `names` is --map, by op; the others are the options that are called so. `timeout`, in seconds, ends what
    does not end by itself.

    Raises AssertionError for findings, with the smallest expression of each, and CheckNotPossibleError.
    """
    __tracebackhide__ = True
    where = Path(folder) if folder is not None else _folder_of(_caller())
    if not where.is_dir():
        raise CheckNotPossibleError(f"{where}: there is no such folder, name that of your pyproject.toml")
    given: dict[str, Any] = {
        "--exec": command,
        "--programs": programs,
        "--seconds": seconds,
        "--seed": seed,
        "--baseline": baseline,
        "--python": python,
    }
    options = [] if target is None else [target]
    options += [f"{name}={value}" for name, value in given.items() if value is not None]
    options += [f"--only={op}" for op in only]
    options += [f"--map={op}={method}" for op, method in (names or {}).items()]
    if strict is not None:
        options.append("--strict" if strict else "--no-strict")
    document = _run(options, where, timeout)
    if document["verdict"] == "findings":
        raise AssertionError(told(document, where))
    return document


def told(document: Check, where: Path) -> str:
    """The findings that fail, each in full, and what is known and gone; files are named from the folder `where`."""
    here = f"{where.resolve()}{os.sep}"
    failing = [row for row in document["findings"] if row["fails"]]
    others = len(document["findings"]) - len(failing)
    head = f"{len(failing)} findings" if len(failing) != 1 else "1 finding"
    beside = f" (and {others} that may stay)" if others else ""
    lines = [f"{document['engine']} differs from torch: {head}{beside}"]
    for row in failing:
        row["source_line"] = (row["source_line"] or "").removeprefix(here) or None
        lines += ["", checked.title(row), *checked.lines(row, document["command"])]
    for name in document["gone"]:
        lines += ["", f"gone: {name}: known, and not found; take it out, it is needed no more"]
    if document["gone"]:
        lines.append(f"  next   {document['command']} --accept")
    return "\n".join(lines)


def _run(options: Sequence[str], where: Path, timeout: float) -> Check:
    """The document of `paragrad check` with these options. Raises CheckNotPossibleError."""
    __tracebackhide__ = True
    with tempfile.TemporaryDirectory(prefix="paragrad-", ignore_cleanup_errors=True) as scratch:
        file = Path(scratch) / "check.json"
        # -P: a file of theirs called random.py must not stand in for the library's.
        words = [sys.executable, "-P", "-m", "paragrad", "check", *options, f"--json={file}"]
        environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "NO_COLOR": "1"}
        try:
            done = subprocess.run(
                words,
                cwd=where,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            told = f"paragrad check did not end in {timeout:g} s; assert_parity(timeout=...) gives it more"
            raise CheckNotPossibleError(told) from error
        if done.returncode in (PARITY, FINDING) and file.is_file():
            document: Check = json.loads(file.read_text(encoding="utf-8"))
            if document["schema"] == SCHEMA and document["verdict"] == VERDICTS[done.returncode]:
                return document
    said = "\n".join(done.stderr.strip().splitlines()[-LAST:]) or "it said nothing"
    if done.returncode == USAGE:
        raise CheckNotPossibleError(said)
    if done.returncode == INTERRUPTED:
        raise CheckNotPossibleError(f"paragrad check was interrupted in {where}, and says neither parity nor findings")
    how = f"exit code {done.returncode}"
    if done.returncode < 0:
        how = f"signal {signal.Signals(-done.returncode).name}"
    raise CheckNotPossibleError(f"paragrad itself failed in {where} ({how}); this says nothing of the engine:\n{said}")


def _caller() -> Path | None:
    """The file that called assert_parity; None where there is none, as in an interpreter."""
    frame = inspect.currentframe()
    while frame is not None and frame.f_globals.get("__name__") == __name__:
        frame = frame.f_back
    path = None if frame is None else frame.f_globals.get("__file__")
    return None if path is None else Path(path).absolute()


def _folder_of(file: Path | None) -> Path:
    """The nearest folder with a pyproject.toml, above a file, else the working directory."""
    for folder in () if file is None else file.parents:
        if (folder / "pyproject.toml").is_file():
            return folder
    return Path.cwd()
