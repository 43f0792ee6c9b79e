"""Choose the class that is checked, among those of a loaded module."""

from __future__ import annotations

import inspect
import sys
from types import ModuleType
from typing import Any, Callable

from . import names, packages
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
        self.missing: list[str] = []
        """Notes on what was left out for want of a module."""
        self.failure: dict[str, Any] | None = None
        self.libraries: set[str] = set()


def takes(function: Any) -> int:
    """How many arguments a method needs besides self; 99 where that can't be told."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return 99
    return sum(p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters) - 1


def goes_back(cls: Any) -> bool:
    """Whether a class has a backward that is called on an instance."""
    for name in dir(cls):
        found = inspect.getattr_static(cls, name)
        plainly = names.normal(name)
        named = "back" in plainly or plainly in names.BACKWARD
        if named and inspect.isfunction(found) and not name.startswith("_") and takes(found) <= 1:
            return True
    return False


def counts(cls: Any) -> bool:
    """Whether a class has arithmetic."""
    return hasattr(cls, "__add__") or hasattr(cls, "__mul__")


def acts(cls: Any) -> bool:
    """Whether a class is a layer or an op, not a number."""
    return any(hasattr(cls, n) for n in ("forward", "apply", "parameters")) or "__call__" in dir(cls)


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
        told = file.name + " has no class " + wanted + " (its classes: " + listed + "). " + notes
        raise LoadError("no class", told.rstrip())
    able: dict[str, Any] = {}
    outside = any(names.normal(n) in names.BACKWARD and callable(f) for n, f in vars(module).items())
    likely: list[Callable[[Any], bool]] = [
        lambda c: goes_back(c) and counts(c),
        counts,
        lambda c: goes_back(c) and not acts(c),
        lambda c: outside and not acts(c),
    ]
    for suits in likely:
        able = able or {n: c for n, c in own.items() if suits(c)}
    able = {n: c for n, c in able.items() if not any(b in able.values() for b in c.__mro__[1:])}
    if len(able) == 1:
        return next(iter(able.values()))
    if able:
        all_able = ", ".join(file.name + ":" + n for n in able)
        raise LoadError("several classes", "Several classes could be the engine; name one: " + all_able + ".")
    listed = ", ".join(own) or "none"
    raise LoadError(
        "no class", (file.name + " has no class with a backward (its classes: " + listed + "). " + notes).rstrip()
    )
