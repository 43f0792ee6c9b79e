"""Definitions only: the imports, classes, functions and constants of a source, without what it does besides.

So a notebook, a script that trains, or a file of which one statement fails still gives its class.
"""

from __future__ import annotations
import __future__

import ast
import json
import linecache
from pathlib import Path
from types import ModuleType
from typing import Any

KEPT = (ast.Import, ast.ImportFrom, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
HARMLESS = frozenset(
    "TypeVar NewType namedtuple NamedTuple float int bool str set frozenset dict list tuple range len abs max min sum "
    "object property classmethod staticmethod finfo float32 float64 array zeros ones sqrt log exp getLogger".split()
)
"""Functions that a constant may be made with."""
ANNOTATIONS = __future__.annotations.compiler_flag
"""Annotations stay text: before Python 3.14 a class that names itself in one can't be defined."""


def constant(expression: ast.AST | None) -> bool:
    """Whether an expression may be evaluated: it calls nothing but what makes constants."""
    if expression is None:
        return False
    for node in ast.walk(expression):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", None) or getattr(node.func, "attr", None)
            if name not in HARMLESS:
                return False
        elif isinstance(node, (ast.Await, ast.Yield, ast.YieldFrom)):
            return False
    return True


def guarded(test: ast.AST) -> bool:
    """Whether a condition asks `__name__ == "__main__"`."""
    return any(isinstance(node, ast.Name) and node.id == "__name__" for node in ast.walk(test))


def kept(body: list[ast.stmt]) -> list[ast.stmt]:
    """The statements that define something."""
    found: list[ast.stmt] = []
    for statement in body:
        assigned = isinstance(statement, (ast.Assign, ast.AnnAssign)) and constant(statement.value)
        if assigned or isinstance(statement, KEPT):
            found.append(statement)
        elif isinstance(statement, ast.Try):
            inner = kept(statement.body)
            if inner:
                handlers = [
                    ast.copy_location(ast.ExceptHandler(h.type, h.name, kept(h.body) or [ast.Pass()]), h)
                    for h in statement.handlers
                ]
                whole = ast.Try(inner, handlers, kept(statement.orelse), kept(statement.finalbody))
                found.append(ast.copy_location(whole, statement))
        elif isinstance(statement, ast.If) and not guarded(statement.test) and constant(statement.test):
            inner, others = kept(statement.body), kept(statement.orelse)
            if inner or others:
                branch = ast.If(statement.test, inner or [ast.Pass()], others)
                found.append(ast.copy_location(branch, statement))
    return found


def first_line(statement: ast.stmt) -> str:
    """What a statement is, for a note."""
    name = getattr(statement, "name", None)
    kind = {"ClassDef": "class ", "FunctionDef": "def ", "AsyncFunctionDef": "def "}.get(type(statement).__name__, "")
    return kind + name if name else "line " + str(statement.lineno)


def execute(body: list[ast.stmt], module: ModuleType, filename: str, missing: list[str]) -> list[str]:
    """Run the definitions among `body` one by one in the module; notes on those that failed.

    Those that failed for want of a module are added to `missing`, too.
    """
    notes = []
    for statement in kept(body):
        if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
            continue
        tree = ast.fix_missing_locations(ast.Module([statement], []))
        try:
            code = compile(tree, filename, "exec", ANNOTATIONS, True)
            exec(code, module.__dict__)
        except BaseException as error:
            notes.append(
                "left out: " + first_line(statement) + " of " + filename.rpartition("/")[2] + " raises "
                + type(error).__name__ + ": " + str(error)
            )  # fmt: skip
            if isinstance(error, ImportError):
                missing.append(notes[-1])
    return notes


def cells(path: str) -> tuple[list[tuple[str, str]], list[str]]:
    """The code cells of a notebook, each with the name its lines go by, and notes. Raises ValueError."""
    document = json.loads(Path(path).read_text(encoding="utf-8"))
    if not isinstance(document, dict) or not isinstance(document.get("cells"), list):
        raise ValueError("it has no cells; notebooks of format 4 are read")
    found: list[tuple[str, str]] = []
    notes: list[str] = []
    number = 0
    for cell in document["cells"]:
        if cell.get("cell_type") != "code":
            continue
        number += 1
        source = cell.get("source", "")
        text = source if isinstance(source, str) else "".join(source)
        if text.lstrip().startswith("%%"):
            notes.append("cell " + str(number) + " left out: it is a magic")
            continue
        lines = ["pass" if line.lstrip()[:1] in ("%", "!") or line.rstrip().endswith("?") else line
                 for line in text.splitlines()]  # fmt: skip
        text = "\n".join(_indented(line, old) for line, old in zip(lines, text.splitlines())) + "\n"
        found.append((path + "#cell" + str(number), text))
    return found, notes


def _indented(line: str, old: str) -> str:
    return old[: len(old) - len(old.lstrip())] + "pass" if line == "pass" else line


def notebook(path: str, module: ModuleType, missing: list[str]) -> list[str]:
    """Run the definitions of a notebook, the later ones over the earlier ones; notes, and `missing` as in execute."""
    found, notes = cells(path)
    seen: dict[str, int] = {}
    for name, text in found:
        linecache.cache[name] = (len(text), None, text.splitlines(True), name)
        try:
            body: Any = ast.parse(text, name).body
        except SyntaxError as error:
            notes.append(name.rpartition("#")[2] + " left out: " + str(error.msg) + " in line " + str(error.lineno))
            continue
        for statement in body:
            if isinstance(statement, ast.ClassDef):
                seen[statement.name] = seen.get(statement.name, 0) + 1
        notes += execute(body, module, name, missing)
    notes += [
        "class " + name + " is defined in " + str(count) + " cells: the last one is taken"
        for name, count in seen.items()
        if count > 1
    ]
    return notes
