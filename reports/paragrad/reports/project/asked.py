"""What a check is asked for: the command line, then the project's settings, then the defaults."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.checking.nearest import hint
from paragrad.fuzz.engines.known import OWN, PEERS
from paragrad.fuzz.engines.worker.protocol import Hello, Target
from paragrad.reports.cli import UsageError
from paragrad.reports.project import baseline, settings
from paragrad.reports.project.known import Known
from paragrad.reports.targets import is_path, split, target_of

DEFAULTS: dict[str, Any] = {"programs": 2000, "seconds": 30.0, "seed": 0, "strict": False}
BACKWARD = "backward"
"""What may be mapped besides the ops: the method that goes back."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A check as it is to be run. `folder` is the project's, else the working directory; `notes` are told first."""

    target: Target | None
    peer: str | None
    """An engine that goes by a name."""
    command: str | None
    python: Path | None
    programs: int
    seconds: float
    seed: int
    strict: bool
    only: frozenset[str] | None
    names: dict[str, str]
    known: tuple[Known, ...]
    baseline: Path
    """Where the baseline is, or would be."""
    named: bool
    """Whether the command line names that file."""
    accept: bool
    json: Path | None
    notes: tuple[str, ...]


def asked(options: argparse.Namespace) -> Asked:
    """The check that the options ask for. Raises UsageError for what can't be."""
    text, where = _one(options.target), Path.cwd()
    if text is not None and options.exec is not None:
        raise UsageError(f"both a TARGET ({text}) and --exec: name one")
    start = Path(split(text)[0]).parent if text is not None and is_path(text) else where
    project = settings.find(start if start.is_dir() else where)
    folder = where if project.file is None else project.file.parent
    values, notes = dict(project.values), []
    if project.file is not None:
        notes.append(f"settings of {project.file}")
    configured, command = values.pop("target", None), values.pop("exec", None)
    base, known = where, project.known
    if text is None and options.exec is None:
        text, base = configured, folder
        if text is None and command is None:
            raise UsageError(NO_TARGET)
    elif (configured or command) and not _same(text, configured, where, folder):
        # Its names and findings are another engine's.
        known = ()
        values.pop("only", None)
        values.pop("map", None)
        notes.append("these are of another target: its only, map and known are left out")
    if options.exec is not None or text is not None:
        command = options.exec
    given = {key: getattr(options, key) for key in DEFAULTS if getattr(options, key) is not None}
    chosen = {**DEFAULTS, **values, **given}
    if chosen["programs"] == 0:
        raise UsageError("--programs 0: nothing would be judged")
    peer = text if text in OWN or text in PEERS else None
    names = {**_names(values.get("map", {}), f"{project.file} map."), **dict(map(_pair, options.map))}
    only = _ops(options.only, "--only ") or _ops(values.get("only", []), f"{project.file} only: ")
    python = options.python
    if python is None and "python" in values:
        python = folder / Path(values["python"]).expanduser()
    return Asked(
        target=None if text is None or peer is not None else target_of(text, names, base),
        peer=peer,
        command=command,
        python=None if python is None else Path(python),
        programs=chosen["programs"],
        seconds=float(chosen["seconds"]),
        seed=chosen["seed"],
        strict=chosen["strict"],
        only=only,
        names=names,
        known=known,
        baseline=folder / baseline.DEFAULT if options.baseline is None else _file(options.baseline, "--baseline"),
        named=options.baseline is not None,
        accept=options.accept,
        json=None if options.json in (None, "-") else _file(options.json, "--json"),
        notes=tuple(notes),
    )


NO_TARGET = (
    "name a TARGET (path/to/file.py:Class, notebook.ipynb, package.module:Class), an engine by name (own, micrograd, "
    "mygrad, autograd, jax, torch, torch.compile) or --exec COMMAND, "
    'or put target = "file.py:Class" under [tool.paragrad] into the pyproject.toml of your project'
)


def refuse_what_is_missing(hello: Hello, wanted: Asked) -> None:
    """Raise UsageError for an op that is mapped or asked for, and that the subject was not found to have."""
    for op in sorted(wanted.only or ()):
        if op not in hello.ops and op not in wanted.names:
            told = f"it has {', '.join(sorted(hello.ops)) or 'none'}; --map {op}=METHOD says how it calls one"
            raise UsageError(f"--only {op}: {hello.engine} was not found to have {op}; {told}")
    for op, name in wanted.names.items():
        if op != BACKWARD and op not in hello.ops:
            known = [n.partition(" ")[0] for n in hello.unmatched]
            told = f"{', '.join(known)} match no op so far" if known else "every method of it matches an op already"
            bare = name.partition("(")[0].rpartition(".")[2]
            raise UsageError(
                f"--map {op}={name}: {hello.engine} has no method or function {name} that can be called as {op}; "
                f"{hint(bare, known, told)}"
            )


def _one(targets: list[str]) -> str | None:
    if len(targets) > 1:
        raise UsageError(f"one TARGET at a time, got {', '.join(targets)}: run the command once for each")
    if targets and not targets[0].strip():
        raise UsageError(NO_TARGET)
    return targets[0] if targets else None


def _same(text: str | None, configured: str | None, here: Path, folder: Path) -> bool:
    """Whether the target on the command line is the configured one; a class that one of them leaves out is no other."""
    if text is None or configured is None:
        return False
    (mine, name), (theirs, other) = split(text), split(configured)
    return (here / mine).resolve() == (folder / theirs).resolve() and (not name or not other or name == other)


def _file(text: str, option: str) -> Path:
    path = Path(text)
    if path.is_dir():
        raise UsageError(f"{option} {text}: this is a folder; name a file in it")
    if not path.absolute().parent.is_dir() and path.parent.name != baseline.FOLDER:
        raise UsageError(f"{option} {text}: there is no folder {path.absolute().parent}")
    return path


def _names(table: dict[str, str], where: str) -> dict[str, str]:
    for op in table:
        if op not in TABLE and op != BACKWARD:
            told = hint(op, [*TABLE, BACKWARD], "ops have torch's names, and backward is the method that goes back")
            raise UsageError(f"{where}{op}: no op of the table is called so; {told}")
    return table


def _pair(text: str) -> tuple[str, str]:
    op, equals, method = text.partition("=")
    if not equals or not method or not op:
        raise UsageError(f"--map {text}: expected OP=METHOD with an op of the table, such as --map relu=rectify")
    _names({op: method}, "--map ")
    return op, method


def _ops(names: list[str], where: str) -> frozenset[str] | None:
    for name in names:
        if name not in TABLE:
            told = hint(name, TABLE, "ops have torch's names, such as add, mul, relu")
            raise UsageError(f"{where}{name}: no op of the table is called so; {told}")
    return frozenset(names) or None
