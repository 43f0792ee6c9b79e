"""Load the subject: a file, a module or a notebook becomes a module, the module gives a class.

A full import comes first, with a time limit; where it fails, trains or is slow, definitions only. Each such step is a
note: nothing is done in silence.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import os
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

from . import definitions, packages, stubs
from .choose import Loaded, LoadError, choose
from .interrupt import Interrupt

SECONDS = 3.0
RETRIES = 12
"""How many libraries may be missing, one found out at a time."""


def find(target: dict[str, Any]) -> Path:
    """The file that a target names. Raises LoadError."""
    if target.get("path"):
        file = Path(target["path"])
        if not file.is_file():
            raise LoadError("no such file", "There is no file " + str(file) + ".")
        return file.resolve()
    name = target.get("module") or ""
    root = Path(target.get("root") or ".").resolve()
    base = root.joinpath(*name.split("."))
    tried = [base.with_suffix(".py"), base / "__init__.py"]
    for file in tried:
        if name and file.is_file():
            return file
    message = "There is no module " + name + " under " + str(root) + " (tried " + ", ".join(map(str, tried)) + ")."
    try:
        elsewhere = importlib.util.find_spec(name.partition(".")[0]) if name else None
    except (ImportError, ValueError):
        elsewhere = None
    if elsewhere is not None and elsewhere.origin:
        message += " An installed one is at " + str(elsewhere.origin) + "; it was not taken for yours."
    raise LoadError("no such file", message)


def load(target: dict[str, Any], stand_ins: stubs.StandIns) -> Loaded:
    """Load what a target names and choose its class. Raises LoadError."""
    os.environ.setdefault("MPLBACKEND", "Agg")
    file = find(target)
    stand_ins.install()
    if file.suffix == ".ipynb":
        loaded = load_notebook(file)
    else:
        loaded = load_file(file, target, stand_ins)
    loaded.notes += stand_ins.notes()
    loaded.notes += stand_ins.done_without(loaded.place.root)
    for name, origin in packages.strangers(loaded.place.root):
        raise LoadError(
            "elsewhere",
            "The module " + name + " came from " + origin + ", although " + str(loaded.place.root)
            + " has one of that name: what would be checked is not yours.",
        )  # fmt: skip
    loaded.cls = choose(loaded, target.get("class"))
    return loaded


def load_notebook(file: Path) -> Loaded:
    """A notebook: definitions only."""
    place = packages.Place(file, file.parent, ())
    loaded = Loaded(place)
    sys.path.insert(0, str(place.root))
    loaded.module.__file__ = str(file)
    sys.modules.setdefault(place.name, loaded.module)
    try:
        loaded.notes += definitions.notebook(str(file), loaded.module, loaded.missing)
    except (ValueError, KeyError, AttributeError, UnicodeDecodeError) as error:
        raise LoadError("syntax", file.name + " can't be read as a notebook: " + str(error) + ".") from error
    loaded.notes.insert(0, "a notebook: loaded definitions only")
    return loaded


def load_file(file: Path, target: dict[str, Any], stand_ins: stubs.StandIns) -> Loaded:
    """A source file: a full import within its time, else definitions only."""
    source = file.read_bytes()
    try:
        tree = ast.parse(source, str(file))
    except (SyntaxError, ValueError) as error:
        raise LoadError("syntax", file.name + syntax(error)) from error
    place = packages.locate(file, tree)
    if target.get("module"):
        parts = tuple(target["module"].split("."))
        place = packages.Place(
            file, Path(target["root"] or ".").resolve(), parts if file.stem == "__init__" else parts[:-1]
        )
    loaded = Loaded(place)
    loaded.notes += stubs.newer_typing(tree)
    sys.path.insert(0, str(place.root))
    packages.make_way(place.root)
    seconds = SECONDS if target.get("seconds") is None else target["seconds"]
    reason = full_import(loaded, 0 if target.get("definitions") else seconds, tree, stand_ins)
    if reason is not None:
        if not target.get("definitions"):  # else the parent says why
            loaded.notes.append("loaded definitions only: " + reason)
        fresh(loaded)
        loaded.notes += definitions.execute(tree.body, loaded.module, str(file), loaded.missing)
    return loaded


def syntax(error: Exception) -> str:
    """Where a source is no Python, and why; the line itself with a caret below."""
    told = str(getattr(error, "msg", error))
    if not isinstance(error, SyntaxError) or not error.lineno:
        return " is no Python source: " + told + "."
    text = (error.text or "").rstrip()
    bare = text.lstrip()
    column = max(0, (error.offset or 1) - 1 - (len(text) - len(bare)))
    return " line " + str(error.lineno) + ": " + told + "\n    " + bare + "\n    " + " " * column + "^"


def fresh(loaded: Loaded) -> None:
    """An empty module in an empty package."""
    place = loaded.place
    packages.forget(place, loaded.libraries)
    packages.open_shells(place)
    module = ModuleType(place.name)
    module.__file__ = str(place.file)
    own = place.file.stem == "__init__"
    if own:
        module.__path__ = [str(place.file.parent)]
    module.__package__ = ".".join(place.package) if place.package else ""
    module.__spec__ = importlib.util.spec_from_file_location(
        place.name, place.file, submodule_search_locations=[str(place.file.parent)] if own else None
    )
    loaded.module = module
    sys.modules[place.name] = module
    if str(place.file.parent) in sys.path:
        sys.modules.setdefault(place.file.stem, module)  # or the class would exist twice
    if place.package and not own:
        setattr(sys.modules[".".join(place.package)], place.file.stem, module)


def full_import(loaded: Loaded, seconds: float, tree: ast.Module, stand_ins: stubs.StandIns) -> str | None:
    """Run the whole file; None, or why that did not do."""
    file = loaded.place.file
    if seconds <= 0:
        return "a full import was not asked for"
    libraries(loaded.place, tree)
    loaded.libraries = set(sys.modules)
    code = compile(file.read_bytes(), str(file), "exec", 0, True)
    for _ in range(RETRIES):
        fresh(loaded)
        watch = Interrupt(seconds)
        started = time.monotonic()
        try:
            try:
                with watch:
                    exec(code, loaded.module.__dict__)
            finally:
                watch.done.set()
            if not watch.late:
                return None
            return "the import takes over " + str(seconds) + " s"
        except ModuleNotFoundError as error:
            top = (error.name or "").partition(".")[0]
            folder = file.parent
            if packages.local(folder, top) and str(folder) not in sys.path:
                sys.path.insert(1, str(folder))  # modules beside it are imported as by a script
                continue
            if (nearer := packages.nearer(loaded.place, top)) is not None:
                loaded.place = nearer  # an __init__.py above the folder that the imports start from
                sys.path.insert(0, str(nearer.root))
                continue
            if top and not packages.local(loaded.place.root, top) and top not in stand_ins.missing:
                stand_ins.missing.add(top)
                continue
            loaded.failure = failed(error, file)
        except BaseException as error:
            if watch.late and time.monotonic() - started >= seconds:
                return "the import takes over " + str(seconds) + " s (it trains, or waits)"
            loaded.failure = failed(error, file)
        return f"the import fails, {loaded.failure['type']}: {loaded.failure['message']}"
    return "too many libraries are missing"


def libraries(place: packages.Place, tree: ast.Module) -> None:
    """Import the libraries that the file's first level imports, so that their time is not the subject's."""
    for node in tree.body:
        names = (
            [n for n, level in packages.imports(node) if level == 0] if isinstance(node, definitions.KEPT[:2]) else []
        )
        for name in names:
            top = name.partition(".")[0]
            if not packages.local(place.root, top) and not packages.local(place.file.parent, top):
                try:
                    importlib.import_module(top)
                except BaseException:
                    continue  # the import itself will tell


def failed(error: BaseException, file: Path) -> dict[str, Any]:
    """An exception as the protocol has it, with the line of the subject's file."""
    line, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(file):
            line = trace.tb_lineno
        trace = trace.tb_next
    return {"type": type(error).__name__, "message": str(error)[:500], "line": line}
