"""How the subject is written, as Python: what a stand-alone script needs to load it and to use it."""

from __future__ import annotations

import sys
from typing import Any

from . import packages
from .plain import Plain


def spelling(subject: Any) -> dict[str, Any]:
    """The object `spelling` of hello. `docs/protocol.md` says what its keys mean."""
    maker, gradients, loaded = subject.maker, subject.gradients, subject.loaded
    place = loaded.place
    leaf = maker.constructor.make(_raw(maker, subject.kind), True)
    start, seeding = gradients.start, gradients.seeding
    return {
        "file": str(place.file),
        "root": str(place.root),
        "module": place.name,
        "package": list(place.package),
        "complete": completed(place),
        "definitions": any(note.startswith("loaded definitions only") for note in loaded.notes),
        "class": maker.cls.__name__,
        "make": maker.constructor.code,
        "listed": maker.listed,
        "switches": maker.switches(leaf),
        "data": "{}" + maker.where,
        "gradient": gradients.access.code,
        "left": gradients.access.left,
        "backward": start.code,
        "seeded": None if seeding is None else seeding.code,
        "retain": gradients.retain,
        "single": gradients.single,
        "functions": functions(loaded.module, [start, seeding], maker.constructor.code),
    }


def _raw(maker: Any, kind: str) -> Any:
    from .construct import raw

    return raw(Plain([1.0], (1, 1) if kind == "tensor" else ()), maker.listed)


def completed(place: packages.Place) -> bool:
    """Whether the `__init__.py` of a package around the file has run."""
    names = [".".join(place.package[: depth + 1]) for depth in range(len(place.package))]
    return any(getattr(sys.modules.get(name), "_ran", False) for name in names)


def functions(module: Any, starts: list[Any], make: str) -> dict[str, str]:
    """Functions that the constructor and the backward are written with, each with its module."""
    found = {}
    for name in [make.partition("(")[0], *[s.name for s in starts if s is not None]]:
        value = getattr(module, name, None)
        if value is not None and not isinstance(value, type):
            found[name] = module.__name__
    return found


BACKWARD = ("backward", "_backward", "grad")
FORWARD = ("forward",)


def counterpart(function: Any, gradient: bool, own: Any) -> Any:
    """The backward of the class whose forward a function is; of a function that does no more than call one class of an
    op, that class's backward or forward. The function itself where there is none; `own` is the class of values."""
    owner, _, name = getattr(function, "__qualname__", "").rpartition(".")
    space, code = getattr(function, "__globals__", {}), getattr(function, "__code__", None)
    holder = space.get(owner)
    if isinstance(holder, type) and name in ("forward", "__call__", "apply"):
        return _first(holder, BACKWARD, function) if gradient else function
    if code is None or any(isinstance(constant, type(code)) for constant in code.co_consts):
        return function
    classes = [space[n] for n in code.co_names if isinstance(space.get(n), type) and space[n] is not own]
    made = [c for c in classes if _first(c, BACKWARD, None) is not None]
    return _first(made[0], BACKWARD if gradient else FORWARD, function) if len(made) == 1 else function


def _first(holder: type, names: tuple[str, ...], otherwise: Any) -> Any:
    """The first of these methods that a class defines."""
    return next((vars(holder)[n] for n in names if n in vars(holder)), otherwise)
