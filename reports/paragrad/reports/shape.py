"""Plain data held against a type: the TypedDicts of `bodies/` and `record.py` state the schema once, this checks it.

Known are TypedDict, list[T], dict[str, T], unions, Literal, Any and the types that JSON has. A key that the type does
not name is a problem too: it is a misspelling, or was written by somebody else.
"""

from __future__ import annotations

import functools
import math
import types
from collections.abc import Iterator
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict


def problems(value: Any, kind: Any, place: str = "") -> Iterator[str]:
    """One line for each thing in `value` that is not as the type `kind` says; none where all is well."""
    origin = get_origin(kind)
    if kind is Any:
        return
    if is_typeddict(kind):
        yield from _of_mapping(value, kind, place)
    elif origin is list:
        if not isinstance(value, list):
            yield _expected(place, "a list", value)
            return
        for index, element in enumerate(value):
            yield from problems(element, get_args(kind)[0], f"{place}[{index}]")
    elif origin is dict:
        if not isinstance(value, dict):
            yield _expected(place, "an object", value)
            return
        for key, element in value.items():
            yield from problems(element, get_args(kind)[1], f"{place}.{key}")
    elif origin is Literal:
        if value not in get_args(kind):
            yield _expected(place, " or ".join(map(repr, get_args(kind))), value)
    elif origin in (Union, types.UnionType):
        found = [list(problems(value, option, place)) for option in get_args(kind)]
        if all(found):
            # The option that gets furthest is the one that was meant: null beside an object explains nothing.
            yield from max(found, key=lambda lines: len(lines[0]))
    elif not _is(value, kind):
        yield _expected(place, _NAMES[kind], value)


@functools.cache
def _hints(kind: Any) -> dict[str, Any]:
    """The types of a TypedDict's keys; they are evaluated once, for a record has the same thousands of times."""
    return get_type_hints(kind)


def _of_mapping(value: Any, kind: Any, place: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield _expected(place, "an object", value)
        return
    hints = _hints(kind)
    at = f"{place}." if place else ""
    for key in sorted(kind.__required_keys__ - value.keys()):
        yield f"{at}{key} is missing"
    for key, element in value.items():
        if key in hints:
            yield from problems(element, hints[key], at + key)
        else:
            yield f"{at}{key} is not part of the schema"


_NAMES = {str: "a string", int: "a whole number", float: "a number", bool: "true or false", type(None): "null"}


def _is(value: Any, kind: type) -> bool:
    if kind in (int, float) and isinstance(value, bool):
        return False
    if isinstance(value, float) and not math.isfinite(value):  # Python's JSON takes what JSON has no word for
        return False
    return isinstance(value, int | float if kind is float else kind)


def _expected(place: str, what: str, value: Any) -> str:
    text = repr(value)
    return f"{place or 'the document'} should be {what}, is {text if len(text) <= 60 else text[:57] + '...'}"
