"""Modules made of modules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from paragrad.engine.nn.module import Module


class Sequential(Module):
    """Modules one after the other. Made from modules, which are then called 0, 1, ..., or from a dict of names."""

    def __init__(self, *args: Module | Mapping[str, Module]) -> None:
        named = args[0].items() if len(args) == 1 and isinstance(args[0], Mapping) else enumerate(args)
        for name, module in named:
            if not isinstance(module, Module):
                raise TypeError(f"{type(module).__name__} is not a Module")
            self.add_module(str(name), module)

    def _all(self) -> dict[str, Module]:
        """Every step by name, one that is used twice both times."""
        return {name: part for name, part in vars(self).items() if isinstance(part, Module)}

    def forward(self, input: Any) -> Any:
        """Each module on what the one before it gave."""
        for module in self._all().values():
            input = module(input)
        return input

    def append(self, module: Module) -> Sequential:
        """Add a module at the end."""
        self.add_module(str(len(self)), module)
        return self

    def __len__(self) -> int:
        return len(self._all())

    def __iter__(self) -> Iterator[Module]:
        return iter(self._all().values())

    def __getitem__(self, index: int | slice) -> Module:
        if isinstance(index, slice):
            return type(self)(dict(list(self._all().items())[index]))
        return list(self._all().values())[index]
