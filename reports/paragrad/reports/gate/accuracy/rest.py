"""What a baseline takes up that is neither worse nor better, so that nothing is accepted in silence."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from paragrad.reports.bodies.gate import What
from paragrad.reports.gate.accuracy.rows import KEYS, Key, Row, Rows, by_key


def rest(before: Rows, after: Rows, told: Collection[tuple[What, Key]]) -> Iterator[str]:
    """A line for each row that is not as it was, and is not among those of which a change was told."""
    for kind in KEYS:
        old, new = by_key(kind, before), by_key(kind, after)
        for name in sorted(old.keys() | new.keys()):
            if (kind, name) not in told and repr(old.get(name)) != repr(new.get(name)):
                yield f"{kind}: {' '.join(name)}: {fields(old.get(name), new.get(name))}"


def fields(old: Row | None, new: Row | None) -> str:
    """What of a row moved."""
    if old is None or new is None:
        return "new" if old is None else "gone"
    pairs = {name: (old.get(name), new.get(name)) for name in dict.fromkeys([*old, *new])}
    return ", ".join(f"{name} {_told(a)} -> {_told(b)}" for name, (a, b) in pairs.items() if repr(a) != repr(b))


def _told(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
