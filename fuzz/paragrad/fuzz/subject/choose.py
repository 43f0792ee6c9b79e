"""Choose the class that is checked, among those of a loaded module."""

from __future__ import annotations

import inspect
import sys
from types import ModuleType
from typing import Any

from . import packages
from .plain import describe


class LoadError(Exception):
    """The subject can't be loaded: `kind` is a word of the protocol."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Loaded:
    """A class, the module that defines it, and what was done to get there."""

    def __init__(self, place: packages.Place) -> None:
        self.place = place
        self.module = ModuleType(place.name)
        self.cls: Any = None
        self.notes: list[str] = []
        self.failure: dict[str, Any] | None = None


def takes(function: Any) -> int:
    """How many arguments a method needs besides self; 99 where that can't be told."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return 99
    return sum(p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters) - 1


def goes_back(cls: Any) -> bool:
    """Whether a class looks like an engine's: it has a backward to be called on an instance, or arithmetic."""
    named = any("back" in n.lower() and not n.startswith("_") and callable(f) and takes(f) <= 1 and
                not isinstance(f, (staticmethod, classmethod)) for n, f in vars(cls).items())  # fmt: skip
    counts = any(n in vars(cls) for n in ("__add__", "__mul__"))
    layer = any(n in vars(cls) for n in ("forward", "__call__", "parameters"))
    return (named and not layer) or counts


def choose(loaded: Loaded, wanted: str | None) -> Any:
    """The class that was named, or the only one with a backward. Raises LoadError."""
    module, file = loaded.module, loaded.place.file
    classes = {n: c for n, c in vars(module).items() if isinstance(c, type) and n == c.__name__}
    own = {n: c for n, c in classes.items() if c.__module__ == module.__name__}
    notes = " ".join(n + "." for n in loaded.notes)
    if wanted:
        if wanted in own:
            return own[wanted]
        found = vars(module).get(wanted)
        if isinstance(found, type):
            source = sys.modules.get(found.__module__)
            if packages.under(loaded.place.root, source):
                return found
            origin = describe(getattr(source, "__file__", source))
            raise LoadError(
                "elsewhere", wanted + " in " + file.name + " comes from " + origin + ", not from this folder."
            )
        listed = ", ".join(own) or "none"
        raise LoadError("no class", file.name + " has no class " + wanted + " (its classes: " + listed + "). " + notes)
    able = {n: c for n, c in own.items() if goes_back(c)}
    both = {n: c for n, c in able.items() if any("back" in m.lower() for m in dir(c)) and hasattr(c, "__mul__")}
    able = both or able
    able = {n: c for n, c in able.items() if not any(b in able.values() for b in c.__mro__[1:])} or able
    if len(able) == 1:
        return next(iter(able.values()))
    if able:
        names = ", ".join(file.name + ":" + n for n in able)
        raise LoadError("several classes", "Several classes could be the engine; name one: " + names + ".")
    listed = ", ".join(own) or "none"
    raise LoadError("no class", file.name + " has no class with a backward (its classes: " + listed + "). " + notes)
