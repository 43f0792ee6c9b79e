"""An engine that can't be imported is the subject's fault, and told as one line: file, line, and what was raised."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import traceback
from pathlib import Path

ENGINE = "paragrad.engine"


def fault(error: BaseException, here: Path | None = None) -> str:
    """Where in the engine, or for want of what in it, an import failed: `engine/.../relu.py:7: SyntaxError: invalid
    syntax`, a path below `here` (None: the current folder) without it. Nothing where it was not the engine's fault."""
    folder = root()
    frames = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError) and error.filename is not None:
        frames.append((error.filename, error.lineno))
    inside = [place for place in frames if folder is not None and Path(place[0]).resolve().is_relative_to(folder)]
    if not inside and (not isinstance(error, ImportError) or not (error.name or "").startswith(ENGINE)):
        return ""
    name, line = (inside or frames)[-1]
    said = error.msg if isinstance(error, SyntaxError) else (str(error).splitlines() or [""])[0]
    return f"{shown(name, Path.cwd() if here is None else here)}:{line}: {type(error).__name__}: {said}"


def root() -> Path | None:
    """The folder of the engine, without importing it."""
    spec = importlib.util.find_spec(ENGINE)
    return Path(spec.origin).resolve().parent if spec is not None and spec.origin is not None else None


def shown(path: str, here: Path) -> str:
    """A path as people type it: from here, where it lies below."""
    with contextlib.suppress(ValueError):
        return str(Path(path).resolve().relative_to(here.resolve()))
    return os.fspath(path)
