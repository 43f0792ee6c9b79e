"""Git as the gate asks it: what is printed, and why it is not."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from paragrad.reports.gate.speed.errors import GateError

OLDEST = (2, 24)
"""The first git that knows all options that are used here, of November 2019."""


def require() -> None:
    """Raise GateError where there is no git, or one that is too old."""
    if shutil.which("git") is None:
        raise GateError("git is not installed, or not on PATH: the base commit is read with it; install it")
    told = asked(Path.cwd(), "--version")
    found = re.search(r"(\d+)\.(\d+)", told)
    if found is not None and (int(found[1]), int(found[2])) < OLDEST:
        raise GateError(f"{told} is too old, the base commit is read with {OLDEST[0]}.{OLDEST[1]} or later; update git")


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run git in a folder. What a hook that started us has set (GIT_DIR and the like) would point elsewhere."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return subprocess.run(
        ["git", "-C", str(folder), *arguments],
        env={**environment, "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",
        check=False,
    )


def asked(folder: Path, *arguments: str) -> str:
    """What git prints; nothing where it fails."""
    done = run(folder, *arguments)
    return done.stdout.removesuffix("\n") if done.returncode == 0 else ""


def why(done: subprocess.CompletedProcess[str]) -> str:
    """The line in which git says why it failed: where it follows it with advice, the one that calls itself an error."""
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()] or ["no message"]
    errors = [line for line in lines if line.startswith(("fatal: ", "error: "))]
    return (errors or lines)[-1]
