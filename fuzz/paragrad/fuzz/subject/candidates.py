"""Everything of a subject that could be an op: operators, methods, properties, functions and callable classes."""

from __future__ import annotations

import inspect
import operator
import sys
from types import ModuleType
from typing import Any, Callable, Iterator

from . import names, neighbours, packages
from .construct import Maker, Unsupported

UNCALLED = frozenset(
    "exp exponential log ln sqrt square sin cos tan sinh cosh tanh sigmoid relu leakyrelu elu gelu softplus softmax "
    "sum mean".split()
)
"""Normal names of special methods that people write and Python never calls: math.exp(a) looks for no `__exp__`."""


def uncalled(name: str) -> bool:
    """Whether a method is named as a special one, and only who writes its name calls it."""
    return name.startswith("__") and name.endswith("__") and names.normal(name) in UNCALLED


class Candidate:
    """Something to call: how it is written, what calls it with the operands, where its source is."""

    def __init__(self, name: str, spelled: str, call: Callable[..., Any], source: Any, strong: bool) -> None:
        self.name = name
        self.spelled = spelled
        self.call = call
        self.source = source
        self.strong = strong
        """Whether the name alone says that it is the engine's op: a method is, a function may work on plain numbers."""

    @property
    def home(self) -> str | None:
        """The module in which a function or class of this name is found; None for what the class itself has."""
        if self.strong:
            return None
        name = getattr(self.source, "__module__", None)
        found = getattr(sys.modules.get(name or ""), self.name, None)
        return name if found is not None else None

    def written(self, arity: int) -> str:
        """How it is written with so many operands."""
        if arity < 2 or not self.spelled.endswith((")", "(a)")):
            return self.spelled
        inside = "b" if self.spelled.endswith("()") else "a, b"
        return self.spelled.rpartition("(")[0] + "(" + inside + ")"


class Candidates:
    """The candidates of a subject, by normal name."""

    def __init__(self, maker: Maker, module: ModuleType, place: packages.Place) -> None:
        self.maker = maker
        self.cls = maker.cls
        self.methods: dict[str, list[str]] = {}
        for name in dir(self.cls):
            if not name.startswith("_") or uncalled(name):
                self.methods.setdefault(names.normal(name), []).append(name)
        self.functions: dict[str, list[tuple[str, Any]]] = {}
        for space in self.spaces(module, place):
            for name, value in list(vars(space).items()):
                if callable(value) and not name.startswith("_") and self.own(value, place):
                    listed = self.functions.setdefault(names.normal(name), [])
                    if all(value is not other for _, other in listed):
                        listed.append((name, value))

    def own(self, value: Any, place: packages.Place) -> bool:
        """Whether a function or class is the subject's, and no class of values."""
        if isinstance(value, type) and (value is self.cls or issubclass(self.cls, value)):
            return False
        owner = sys.modules.get(getattr(value, "__module__", "") or "")
        return packages.under(place.root, owner) or getattr(value, "__module__", "") == place.name

    def spaces(self, module: ModuleType, place: packages.Place) -> Iterator[ModuleType]:
        """The subject's module, its package where that was loaded, and neighbours that hold ops."""
        yield module
        package = ".".join(place.package)
        for name in neighbours.NAMES:
            full = neighbours.full_name(place, name)
            if full in sys.modules and packages.under(place.root, sys.modules[full]):
                yield sys.modules[full]
        if package in sys.modules:
            yield sys.modules[package]

    def named(self, wanted: str) -> Iterator[Candidate]:
        """What goes by one of the names, which are separated by spaces: methods first."""
        for name in wanted.split():
            for method in self.methods.get(name, ()):
                yield self.method(method)
        for name in wanted.split():
            for function, value in self.functions.get(name, ()):
                yield from self.function(function, value)

    def method(self, name: str) -> Candidate:
        """A method or property of the class."""
        found = inspect.getattr_static(self.cls, name)
        if isinstance(found, property):
            return Candidate(name, "a." + name, operator.attrgetter(name), found.fget, True)
        if isinstance(found, (staticmethod, classmethod)):
            bound = getattr(self.cls, name)
            return Candidate(name, self.cls.__name__ + "." + name + "(a)", bound, found.__func__, True)

        def call(first: Any, *rest: Any, **options: Any) -> Any:
            if isinstance(first, (int, float)):
                raise Unsupported("a number has no method " + name)
            return getattr(first, name)(*rest, **options)

        return Candidate(name, "a." + name + "()", call, found, True)

    def function(self, name: str, value: Any) -> Iterator[Candidate]:
        """A function, or a class that is called in one of the usual ways."""
        if not isinstance(value, type):
            yield Candidate(name, name + "(a)", value, value, False)
            return
        apply, call, forward = (getattr(value, n, None) for n in ("apply", "__call__", "forward"))
        if callable(apply):
            yield Candidate(name, name + ".apply(a)", apply, forward or apply, False)
        if "__call__" in dir(value):
            yield Candidate(name, name + "()(a)", lambda *a, **k: value()(*a, **k), call, False)
        if callable(forward):
            yield Candidate(name, name + "().forward(a)", lambda *a, **k: value().forward(*a, **k), forward, False)
        if issubclass(value, self.maker.base):
            yield Candidate(name, name + "(a)", value, value, False)

    def operator(self, op: str) -> Iterator[Candidate]:
        """The operator of an op, where the class has it."""
        if op in names.OPERATORS:
            dunder, spelled, call = names.OPERATORS[op]
            if getattr(self.cls, dunder, None) is not None:
                yield Candidate(dunder, spelled, call, getattr(self.cls, dunder), True)

    def in_place(self, op: str) -> Candidate | None:
        """The operator in place of an op, where the class defines one itself."""
        if op in names.IN_PLACE:
            dunder, spelled, call = names.IN_PLACE[op]
            if getattr(self.cls, dunder, None) is not None:
                return Candidate(dunder, spelled, call, getattr(self.cls, dunder), True)
        return None

    def mapped(self, op: str, wanted: str) -> list[Candidate]:
        """What the user says an op is: an operator as it is written, a method, a function. May be none."""
        wanted = wanted.strip()
        place = self.in_place(op)
        if place is not None and wanted in (place.spelled, place.name, place.spelled[2:4].strip()):
            return [place]
        usual = [c for c in self.operator(op) if wanted in (c.spelled, c.name)]
        if usual:
            return usual
        bare = wanted.partition("(")[0]
        bare = bare[2:] if bare.startswith("a.") else bare
        methods = [self.method(bare)] if hasattr(self.cls, bare) else []
        if wanted.startswith("a."):
            return methods
        found = [c for entries in self.functions.values() for n, v in entries for c in self.function(n, v)]
        functions = [c for c in found if c.written(2) == wanted] or [c for c in found if c.name == bare]
        return functions + methods if "(" in wanted else methods + functions
