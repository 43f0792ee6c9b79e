"""The child's side of `model.py:loss`: it runs the file, and writes down the graph that the file has built.

    python -m paragrad.fuzz.diffing.recording FILE NAME OUT

A Value tells its own graph; what is done to Tensors is noted while the file runs. OUT gets a JSON document with the
Program, labels and lines by variable, or an error. The file is a module here and no script: what it guards with
`if __name__ == "__main__"` does not run.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

from paragrad.engine import Tensor, scalar
from paragrad.engine.scalar import Value
from paragrad.fuzz.diffing import record_learners, record_tensors, record_values
from paragrad.fuzz.diffing.written import Unreadable, Written
from paragrad.fuzz.encoding import ProgramError, to_json

USUAL = ("loss", "L", "out", "output", "y", "result", "root")
"""Names that are taken for the root where none is given, in this order."""


class Watch:
    """What is seen while the file runs: the line at which each result was made, and the names of locals."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        self.lines: dict[int, int] = {}
        self.names: dict[int, str] = {}
        self.wrapped: set[int] = set()
        self.kept: list[Any] = []

    def line(self, kind: type) -> int | None:
        """The line of the file that is running, outside of the methods of a class."""
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            if frame.f_code.co_filename == self.path and not isinstance(frame.f_locals.get("self"), kind):
                return frame.f_lineno
            frame = frame.f_back
        return None

    def made(self, thing: Any) -> None:
        """Note where a result was made, the first time that it is seen."""
        if id(thing) not in self.lines:
            self.kept.append(thing)  # its id must not be given to another
            line = self.line(type(thing))
            if line is not None:
                self.lines[id(thing)] = line

    def named(self, names: dict[str, Any]) -> None:
        """Note what things are called."""
        for name, thing in names.items():
            if not name.startswith("__") and not isinstance(thing, type | ModuleType | int | float | str):
                self.names.setdefault(id(thing), name)
                self.kept.append(thing)

    def profile(self, frame: FrameType, event: str, argument: Any) -> None:
        """Called at each return: what is returned was made there, and the locals of the file's functions are names."""
        if event != "return":
            return
        if frame.f_code.co_name == "__init__":
            self.constructed(frame)
        if type(argument).__module__ != "builtins" and any(hasattr(argument, f) for f in record_learners.OPERANDS[:4]):
            self.made(argument)
        function = frame.f_code.co_filename == self.path and frame.f_code.co_name != "<module>"
        if function and "self" not in frame.f_locals:  # a method's names are those of every node
            self.named(frame.f_locals)

    def constructed(self, frame: FrameType) -> None:
        """Note what a method of a class makes of that class: of a plain number beside it."""
        made, caller = frame.f_locals.get("self"), frame.f_back
        beside = None if caller is None or caller.f_code.co_name == "__init__" else caller.f_locals.get("self")
        if made is not None and type(made) is type(beside):
            self.wrapped.add(id(made))
            self.kept.append(made)


def watched(function: Callable[..., Any], watch: Watch) -> Callable[..., Any]:
    """A method of Value that tells of what it made."""

    def method(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        watch.made(args[0] if result is None else result)
        return result

    return method


def run(path: Path, name: str) -> Written:
    """Run the file; the graph behind the name. Raises Unreadable."""
    watch = Watch(path)
    ledger = record_tensors.Ledger(watch.made)
    ledger.install()
    skipped = ("backward", "label", "__repr__", "__str__", "__hash__", "__float__")
    for method, function in list(vars(scalar.Value).items()):
        if callable(function) and method not in skipped and not method.startswith("_reach"):
            setattr(scalar.Value, method, watched(function, watch))
    sys.argv = [str(path)]
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    sys.setprofile(watch.profile)
    try:
        spec.loader.exec_module(module)
        watch.names.update({id(thing): name for name, thing in vars(module).items() if not name.startswith("__")})
        root = chosen(module, name)
        if callable(root) and not isinstance(root, Value | Tensor | type):
            root = root()
    except (Exception, SystemExit) as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable(told(error, path)) from error
    finally:
        sys.setprofile(None)
    if isinstance(root, Value):
        return record_values.read(root, watch.names, watch.lines)
    if isinstance(root, Tensor):
        return ledger.read(root, watch.names, watch.lines)
    return record_learners.read(root, watch.names, watch.lines, path, watch.wrapped)


def chosen(module: ModuleType, name: str) -> Any:
    """The variable or function that is meant. Raises Unreadable."""
    held = {k: v for k, v in vars(module).items() if not k.startswith("__")}
    if name:
        if name not in held:
            raise Unreadable(f"there is no {name} in it|{name}|" + "|".join(held))
        return held[name]
    for usual in USUAL:
        if usual in held:
            return held[usual]
    values = [k for k, v in held.items() if isinstance(v, Value | Tensor)]
    names = ", ".join(values[:12]) or "no variable in it is a Value or a Tensor"
    raise Unreadable(f"name the variable or the function that is differentiated, as in file.py:loss ({names})")


def told(error: BaseException, path: Path) -> str:
    """An exception of the file in a line, with the place in it."""
    at = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    if isinstance(error, SyntaxError) and error.filename == str(path):
        at = [error.lineno]
    where = f"line {at[-1]}: " if at else ""
    return f"{where}{type(error).__name__}: {' '.join(str(error).split())[:300]}"


def main(argv: list[str]) -> int:
    """Run, and write the document."""
    path, name, out = Path(argv[1]), argv[2], Path(argv[3])
    try:
        written = run(path, name)
        document: dict[str, Any] = {
            "program": to_json(written.program),
            "labels": {str(k): v for k, v in written.labels.items()},
            "lines": {str(k): v for k, v in written.lines.items()},
            "engine": written.engine,
            "notes": written.notes,
        }
    except (Unreadable, ProgramError) as error:
        document = {"error": str(error)}
    out.write_text(json.dumps(document), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
