"""Small git checkouts for tests."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

NOBODY = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
WHO = ("-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "init.defaultBranch=main")


def asked(folder: Path, *arguments: str) -> str:
    """Run git as somebody, whatever this machine's settings are; return what it prints."""
    done = subprocess.run(
        ["git", "-C", str(folder), *WHO, *arguments],
        env={**os.environ, **NOBODY},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    return done.stdout.strip()


def commit(folder: Path, **files: str) -> str:
    """Write files (a double underscore is a slash), commit all, return the commit."""
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    asked(folder, "add", "-A")
    asked(folder, "commit", "-qm", "x")
    return asked(folder, "rev-parse", "HEAD")


def checkout(folder: Path) -> Path:
    """A checkout of three commits, the first without an engine."""
    folder.mkdir(parents=True)
    asked(folder, "init", "-q")
    commit(folder, readme="x")
    commit(folder, engine__a="1")
    commit(folder, engine__a="2")
    return folder
