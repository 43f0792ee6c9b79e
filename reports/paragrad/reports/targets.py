"""TARGET of the command line: a file, a notebook or a module, and the class after the last colon."""

from __future__ import annotations

from pathlib import Path

from paragrad.fuzz.checking.nearest import hint
from paragrad.fuzz.engines.worker.protocol import Target
from paragrad.reports.cli import UsageError

SUFFIXES = (".py", ".ipynb")


def split(text: str) -> tuple[str, str]:
    """Where the engine is, and the class that is named, "" for none."""
    where, _, name = text.rpartition(":")
    return (where, name) if where and name.isidentifier() else (text, "")


def is_path(text: str) -> bool:
    """Whether a target is there as a file, or a folder that is no package, or written like one."""
    where = split(text)[0]
    there = Path(where).is_file() or (Path(where).is_dir() and not (Path(where) / "__init__.py").is_file())
    return there or where.endswith(SUFFIXES) or "/" in where or "\\" in where


def target_of(text: str, names: dict[str, str], base: Path) -> Target:
    """The target that a text names, relative to a folder. Raises UsageError where no such file is there."""
    where, name = split(text)
    chosen = name or None
    if not is_path(text):
        return Target(module=where, class_name=chosen, root=base, names=names)
    path = (base / Path(where).expanduser()).absolute()
    if path.is_dir():
        inside = sorted(p.name for p in path.iterdir() if p.suffix in SUFFIXES)
        told = f"in it are {', '.join(inside[:8])}" if inside else "there is no Python file in it"
        raise UsageError(f"{where}: this is a folder; name the file with the class ({told})")
    if not path.is_file():
        beside = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        told = hint(path.name, beside)
        raise UsageError(f"{where}: there is no such file (looked for {path})" + (f"; {told}" if told else ""))
    if path.suffix not in SUFFIXES:
        raise UsageError(f"{where}: expected a Python file (.py) or a notebook (.ipynb); for anything else see --exec")
    return Target(path=path, class_name=chosen, root=path.parent, names=names)
