"""An adapter: a Python file that says how an engine is spoken to, for one that can't be found out (docs/adapter.md).

It assigns `paragrad_adapter = 1` and defines `ops`, functions by paragrad's names, and one of two sets of functions:
`leaf`, `backward` and `gradient`, for an engine whose values remember their gradients, or `vjp`, for one that
differentiates functions. An adapter is executed as it is: no time limit but the parent's, and no stand-ins for what
is missing.
"""

from __future__ import annotations

import ast
import inspect
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, Callable

from . import packages, plain
from .choose import LoadError
from .load import failed

MARK = "paragrad_adapter"
VERSION = 1
BY_NODE = ("leaf", "backward", "gradient")
"""What an adapter defines of an engine whose values remember their gradients."""
OPTIONAL = ("leaf", "value", "vjp", "zero")


class Adapter:
    """A loaded adapter. `vjp` is None where gradients are asked for node by node."""

    def __init__(self, module: ModuleType, file: Path) -> None:
        self.module = module
        self.file = file
        self.ops: dict[str, Callable[..., Any]] = module.__dict__.get("ops", {})
        self.kind: str = module.__dict__.get("kind", "tensor")
        self.name = str(module.__dict__.get("name", file.stem))
        self.vjp = self.function("vjp")
        self.backward_once = bool(module.__dict__.get("backward_once", False))
        self.fits: dict[tuple[Any, ...], bool] = {}
        self.signatures = {op: _signature(function) for op, function in self.ops.items()}

    def function(self, name: str) -> Any:
        """The adapter's function of a name, None where it defines none."""
        return self.module.__dict__.get(name)

    def takes(self, op: str, args: list[Any], options: dict[str, Any]) -> bool:
        """Whether the function of an op can be called like this: what it has no parameter for is not asked of it."""
        signature = self.signatures[op]
        if signature is None:
            return True
        key = (op, len(args), *options)
        if key not in self.fits:
            try:
                signature.bind(*args, **options)
                self.fits[key] = True
            except TypeError:
                self.fits[key] = False
        return self.fits[key]

    def hello(self) -> dict[str, Any]:
        """The answer to hello, without the protocol's number."""
        form = "vjp of a function: of leaves only" if self.vjp is not None else "gradient(x), after backward"
        return {
            "engine": self.name,
            "kind": self.kind,
            "requires_grad": True,
            "ops": sorted(self.ops),
            "probe": [{"what": "adapter", "found": self.file.name}, {"what": "gradient", "found": form}],
        }

    def defined(self, op: Any) -> Any:
        """The function to quote for an op."""
        return self.function("backward") or self.vjp if op == "backward" else self.ops.get(op)


def is_adapter(file: Path) -> bool:
    """Whether a file assigns MARK at its first level. One that can't be parsed is somebody else's to tell."""
    if file.suffix != ".py":
        return False
    try:
        tree = ast.parse(file.read_bytes(), str(file))
    except (SyntaxError, ValueError, OSError):
        return False
    targets = [t for node in tree.body if isinstance(node, ast.Assign) for t in node.targets]
    targets += [node.target for node in tree.body if isinstance(node, ast.AnnAssign)]
    return any(isinstance(t, ast.Name) and t.id == MARK for t in targets)


def load(file: Path) -> Adapter:
    """Execute an adapter and check what it defines. Raises LoadError."""
    root = file.parent
    sys.path.insert(0, str(root))
    packages.make_way(root)
    module = ModuleType("_" + MARK)
    module.__file__ = str(file)
    sys.modules[module.__name__] = module
    try:
        exec(compile(file.read_bytes(), str(file), "exec", 0, True), module.__dict__)
    except BaseException as error:
        told = failed(error, file)
        where = " line " + str(told["line"]) if told["line"] else ""
        raise LoadError("import", f"{file.name}{where}: {told['type']}: {told['message']}") from error
    for name, origin in packages.strangers(root):
        raise LoadError("elsewhere", f"The module {name} came from {origin}, although {root} has one of that name.")
    complaint = complaints(module)
    if complaint is not None:
        raise LoadError("adapter", file.name + ": " + complaint + " (see docs/adapter.md)")
    return Adapter(module, file)


def complaints(module: ModuleType) -> str | None:
    """What is wrong with what an adapter defines; None where nothing is."""
    defined = module.__dict__
    if defined[MARK] != VERSION:
        return f"{MARK} is {plain.describe(defined[MARK])}, and this paragrad knows {VERSION}"
    ops = defined.get("ops")
    if not isinstance(ops, dict) or not ops:
        return 'it needs ops, a dict such as {"add": ..., "tanh": ...}'
    for name, function in ops.items():
        if not isinstance(name, str) or not callable(function):
            return f"ops[{plain.describe(name)}] is {plain.describe(function)}, expected a function"
    if defined.get("kind", "tensor") not in ("scalar", "tensor"):
        return f'kind is {plain.describe(defined["kind"])}, expected "scalar" or "tensor"'
    for name in (*BY_NODE, *OPTIONAL):
        if name in defined and not callable(defined[name]):
            return f"{name} is {plain.describe(defined[name])}, expected a function"
    missing = [name for name in BY_NODE if name not in defined]
    if "vjp" not in defined and missing:
        return "it needs vjp, or leaf, backward and gradient; not defined: " + ", ".join(missing)
    return None


def _signature(function: Any) -> inspect.Signature | None:
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):  # what is written in C often has none
        return None
