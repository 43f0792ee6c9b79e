"""The op table under the name by which torch users know it: `F.relu`, `F.linear`, `F.cross_entropy`, ..."""

from __future__ import annotations

from typing import Any

from paragrad.engine.functional import functions


def __getattr__(name: str) -> Any:
    if name in functions:
        return functions[name]
    raise AttributeError(f"paragrad.engine.nn.functional has no {name!r}")


def __dir__() -> list[str]:
    return sorted(functions)
