"""The facts that a number is worth nothing without: machine, library versions, commit, threads."""

from __future__ import annotations

import functools
import importlib.metadata
import os
import platform
import re
import subprocess
import sys
from pathlib import Path
from typing import TypedDict


class Machine(TypedDict):
    """Where a run took place. `threads` are those of each library; None: it chose for itself.

    `settings` are the environment variables that steer allocators, SIMD code and hashing, as far as they are set.
    """

    cpu: str
    cores: int
    os: str
    blas: dict[str, str]
    threads: dict[str, int | None]
    settings: dict[str, str]


class Versions(TypedDict):
    """What ran; torch is None where it is not installed."""

    paragrad: str
    python: str
    numpy: str
    torch: str | None


class Commit(TypedDict):
    """The commit of the checkout that ran; dirty where tracked files differ from it."""

    id: str
    dirty: bool


SETTINGS = re.compile(r"(MALLOC|GLIBC_TUNABLES|PYTHONMALLOC|PYTHONHASHSEED|LD_PRELOAD|NPY_|OPENBLAS_CORETYPE|ATEN_CPU)")
"""Names of environment variables without which a time, or a last digit, can't be told again."""


def machine() -> Machine:
    """The facts of this machine."""
    return {
        "cpu": cpu(),
        "cores": _cores(),
        "os": _os(),
        "blas": _blas(),
        "threads": _threads(),
        "settings": _settings(),
    }


def versions() -> Versions:
    """The versions of what runs here."""
    return {
        "paragrad": importlib.metadata.version("paragrad"),
        "python": platform.python_version(),
        "numpy": importlib.metadata.version("numpy"),
        "torch": _installed("torch"),
    }


@functools.cache
def cpu() -> str:
    """The CPU's own name."""
    if sys.platform == "darwin":
        return _output("sysctl", "-n", "machdep.cpu.brand_string") or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        found = re.search(r"^(?:model name|Model|cpu)\s*:\s*(.+)$", info.read_text(encoding="utf-8"), re.MULTILINE)
        if found:
            return found[1].strip()
    return platform.processor() or platform.machine() or "unknown"


def commit() -> Commit | None:
    """The commit of the checkout that this file is a tracked part of; None for an installed copy, or without git."""
    here = Path(__file__).resolve()
    if _output("git", "-C", str(here.parent), "ls-files", "--error-unmatch", here.name) is None:
        return None
    head = _output("git", "-C", str(here.parent), "rev-parse", "HEAD")
    changes = _output("git", "-C", str(here.parent), "status", "--porcelain", "--untracked-files=no")
    return None if head is None else {"id": head, "dirty": bool(changes)}


def _output(*command: str) -> str | None:
    """What a command prints; None where it fails or does not exist."""
    try:
        done = subprocess.run(command, capture_output=True, encoding="utf-8", check=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _installed(name: str) -> str | None:
    """The version of a distribution that may be absent."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _os() -> str:
    return f"{platform.system()} {platform.release()} {platform.machine()}"


def _cores() -> int:
    """The cores that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)  # Linux has it
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


def _blas() -> dict[str, str]:
    """The BLAS of NumPy and of torch."""
    import numpy as np

    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    found = {"numpy": f"{blas['name']} {blas['version']}"}
    torch = sys.modules.get("torch")
    if torch is not None:
        info = re.search(r"BLAS_INFO=(\w+)", torch.__config__.show())
        found["torch"] = info[1] if info else "unknown"
    return found


def _threads() -> dict[str, int | None]:
    """The threads of NumPy's BLAS, by the variable that it read, and of torch."""
    named = os.environ.get("OPENBLAS_NUM_THREADS") or os.environ.get("OMP_NUM_THREADS") or ""
    found: dict[str, int | None] = {"blas": int(named) if named.isdecimal() else None}
    torch = sys.modules.get("torch")
    if torch is not None:
        found["torch"] = int(torch.get_num_threads())
    return found


def _settings() -> dict[str, str]:
    """What is set of SETTINGS."""
    return {name: value for name, value in sorted(os.environ.items()) if SETTINGS.match(name)}
