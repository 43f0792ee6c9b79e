"""One step of SGD on a parameter, as a learner writes it: `p.data += -lr * p.grad`."""

from __future__ import annotations

import contextlib
from typing import Any, Iterator

from . import plain
from .construct import Maker, Unsupported, raw
from .plain import DATA_NAMES, DEEP, Plain

CLOSE = 1e-5
"""How far what is read back may be from what was written: float32 rounds it."""


def step(maker: Maker, node: Any, gradient: Plain, rate: float) -> None:
    """Write data - rate * gradient to where the node's data lies. Raises Unsupported where that can't be written."""
    before = maker.read(node)
    if before is None:
        raise Unsupported("no data to write to")
    if len(gradient.data) != len(before.data):
        raise ValueError("a gradient of shape " + str(gradient.shape) + " for data of shape " + str(before.shape))
    change = Plain([-rate * g for g in gradient.data], before.shape, before.dtype)
    after = [x + d for x, d in zip(before.data, change.data)]
    for holder, name in places(maker, node):
        held: Any = getattr(holder, name)
        # An array that can't be replaced may have been written to all the same.
        with contextlib.suppress(AttributeError, TypeError, ValueError):
            setattr(holder, name, added(held, change, after))
        found = maker.read(node)
        if found is not None and all(map(close, found.data, after, before.data)):
            return
    raise Unsupported("its data can't be written")


def places(maker: Maker, node: Any) -> Iterator[tuple[Any, str]]:
    """The objects and attributes in which a node's numbers may lie: first where they are read."""
    yield from within(node, (maker.where.strip(".()"), *DATA_NAMES), DEEP)


def within(holder: Any, names: tuple[str, ...], deep: int) -> Iterator[tuple[Any, str]]:
    """The attributes of an object that are numbers, and those of the objects in it."""
    tried: set[str] = set()
    for name in names:
        held = getattr(holder, name, None)
        if held is None or callable(held) or name in tried or "grad" in name:
            continue
        tried.add(name)
        if plain.plain(held) is not None:
            yield holder, name
        elif deep and hasattr(held, "__dict__"):
            yield from within(held, DATA_NAMES, deep - 1)


def added(held: Any, change: Plain, after: list[Any]) -> Any:
    """The held numbers with the change added: in place where they are an array, as the subject holds them."""
    shape = getattr(held, "shape", None)
    if shape and hasattr(held, "dtype"):
        held += raw(change).reshape(shape)
        return held
    if isinstance(held, (list, tuple)):
        numbers = plain.plain(held)
        return Plain(after, numbers.shape if numbers is not None else change.shape).nested()
    return held + change.data[0]


def close(found: Any, wanted: Any, before: Any) -> bool:
    """Whether a number is the one that was written, and not the one that was there."""
    if found == wanted or found != found:
        return True
    return bool(found != before and abs(found - wanted) <= CLOSE * max(1.0, abs(wanted)))
