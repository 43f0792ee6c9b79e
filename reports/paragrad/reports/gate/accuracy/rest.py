"""What a baseline takes up that is neither worse nor better, so that nothing is accepted in silence."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any

from paragrad.reports.bodies.gate import What
from paragrad.reports.gate.accuracy.rows import KEYS, Key, Row, Rows, by_key
from paragrad.reports.render.markdown import plural


def rest(
    before: Rows,
    after: Rows,
    told: Collection[tuple[What, Key]],
    redrawn: Callable[[What, Row | None, Row | None], bool],
) -> Iterator[str]:
    """A line for each row that is not as it was, and is not among those of which a change was told; first one for all
    that are `redrawn`, of programs that the baseline did not have."""
    lines, count = [], 0
    for kind in KEYS:
        old, new = by_key(kind, before), by_key(kind, after)
        for name in sorted(old.keys() | new.keys()):
            was, row = old.get(name), new.get(name)
            if (kind, name) in told or repr(was) == repr(row):
                continue
            if redrawn(kind, was, row):
                count += 1
            else:
                lines.append(f"{kind}: {' '.join(name)}: {fields(was, row)}")
    if count:
        yield f"{plural(count, 'row')} measured on other programs, see `git diff`"
    yield from lines


def fields(old: Row | None, new: Row | None) -> str:
    """What of a row moved."""
    if old is None or new is None:
        return "new" if old is None else "gone"
    pairs = {name: (old.get(name), new.get(name)) for name in dict.fromkeys([*old, *new])}
    return ", ".join(f"{name} {_told(a)} -> {_told(b)}" for name, (a, b) in pairs.items() if repr(a) != repr(b))


def _told(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
