"""Modules beside the subject's own that hold its ops: `functional.py` beside `tensor.py`."""

from __future__ import annotations

import ast
import importlib
import sys

from . import packages
from .choose import Loaded
from .interrupt import Interrupt
from .plain import message

NAMES = ("functional", "functions", "function", "ops", "operations", "operators", "activations", "losses", "loss",
         "math_ops", "F")  # fmt: skip
SECONDS = 2.0


def full_name(place: packages.Place, name: str) -> str:
    """The name under which a module beside the subject's is imported."""
    return ".".join((*place.package, name))


def load(loaded: Loaded) -> list[str]:
    """Import those that import the subject's module; what became of them, as notes."""
    place = loaded.place
    told = []
    for name in NAMES:
        file = place.file.with_name(name + ".py")
        full = full_name(place, name)
        if file == place.file or full in sys.modules or not file.is_file():
            continue
        try:
            used = {n.rpartition(".")[2] for n, _ in packages.imports(ast.parse(file.read_bytes()))}
            if place.stem not in used:
                continue
            with Interrupt(SECONDS):
                importlib.import_module(full)
            told.append(file.name + " beside it was loaded, too")
        except BaseException as error:
            sys.modules.pop(full, None)
            told.append(file.name + " beside it was left out: " + type(error).__name__ + ": " + message(error))
            if isinstance(error, ImportError):
                loaded.missing.append(told[-1])
    return told
