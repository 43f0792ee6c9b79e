"""What `paragrad diff` is asked about: an expression, a file that builds one, a saved Program, or a corpus entry."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from paragrad.fuzz.checking.nearest import hint
from paragrad.fuzz.corpus import COMMITTED, FRESH, CorpusError, Entry, load
from paragrad.fuzz.corpus import SCHEMA as CORPUS
from paragrad.fuzz.diffing import language, literals
from paragrad.fuzz.diffing.computation import Computation, DiffError, Labelled
from paragrad.fuzz.diffing.lettering import labelled
from paragrad.fuzz.encoding import ProgramError, loads
from paragrad.fuzz.program import Backward, Program
from paragrad.reports.targets import split

ENTRY = re.compile(r"[a-z0-9_]+(-[a-z0-9_]+){2,}$")
"""What looks like the name of a corpus entry."""
LONGEST = 200
"""Characters of what may be the name of a file."""
ENGINES = {"tensor": "own", "scalar": "own.Value"}
"""Our engines by the name that a corpus entry has for them."""


def computation(options: argparse.Namespace) -> tuple[Computation, str | None]:
    """The computation that is asked about, and the engine of ours it was found in, None where any will do.

    Raises DiffError.
    """
    asked = options.what.removesuffix(":") if options.what.endswith(".py:") else options.what
    where, _ = split(asked)
    entry = corpus_file(asked)
    is_file = entry is not None or where.endswith(".py") or asked.endswith(".json")
    if is_file and options.values:
        raise DiffError(f"{options.values[0]}: values are for expressions; {asked} has its own")
    if entry is not None or asked.endswith(".json"):
        return saved(entry or Path(asked), "program" if entry is None else "corpus")
    if where.endswith(".py"):
        from paragrad.fuzz.diffing.recorded import read

        built, own = read(asked, options.timeout)
        return built, own or None
    if "/" in asked and len(asked) < LONGEST and Path(asked).is_file():
        raise DiffError(f"{asked}: expected a Python file (.py), or a Program or a finding (.json)")
    try:
        return language.read(asked, literals.values(options.values, options.dtype), options.dtype), None
    except DiffError as error:
        entries = {p.stem for folder in (COMMITTED, FRESH) for p in folder.glob("*.json")} if ENTRY.match(asked) else ()
        near = hint(asked, entries)
        if not near:
            raise
        raise DiffError(f"{asked}: there is no corpus entry of this name; {near}") from error


def corpus_file(name: str) -> Path | None:
    """The file of a corpus entry or a fresh finding of this name; None where there is none."""
    if "/" in name or "\\" in name or "\0" in name or len(name) > LONGEST:
        return None
    for folder in (COMMITTED, FRESH):
        path = folder / f"{name.removesuffix('.json')}.json"
        if name and path.is_file():
            return path
    return None


def saved(path: Path, form: str) -> tuple[Computation, str | None]:
    """A Program, or a corpus entry or a finding with one, from a file. Raises DiffError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        beside = [p.name for p in path.parent.glob("*.json")] if path.parent.is_dir() and not path.exists() else []
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        told = hint(path.name, beside)
        raise DiffError(f"{path}: can't be read ({reason})" + (f"; {told}" if told else "")) from error
    if CORPUS in text[:1000]:
        try:
            entry: Entry = load(path)
        except CorpusError as error:
            raise DiffError(str(error)) from error
        return named(entry.program, form, path.stem, entry.title), ENGINES.get(entry.engine)
    try:
        program = loads(text)
    except ProgramError as error:
        raise DiffError(f"{path}: {error}; name a Program, a corpus entry or a finding") from error
    return named(program, form, str(path), ""), None


def named(program: Program, form: str, name: str, title: str) -> Computation:
    """A saved Program with labels."""
    made = Labelled(program.inputs, program.statements, program.optimizer)
    made.labels = labelled(made, {})
    walks = [s for s in program.statements if isinstance(s, Backward)]
    notes = [title] if title else []
    if not walks:
        notes.append("it goes back nowhere: values are compared, and there are no gradients")
    elif len(walks) > 1:
        notes.append(f"it goes back {len(walks)} times: gradients are those after the last")
    return Computation(made, form, name, "", {}, notes)
