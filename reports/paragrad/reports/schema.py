"""docs/record.md, made of the TypedDicts that records are held to and of their docstrings."""

from __future__ import annotations

import sys
import types
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict

from paragrad.reports import record
from paragrad.reports.bodies import BODIES, check
from paragrad.reports.render.markdown import table

HEAD = (
    "Each run leaves one JSON document, the record: who ran what where, how much of what was asked for was judged, "
    "and, by kind, what came out. Pages and gates are made of records and of nothing else. A record is held to this "
    "schema when it is written and when it is read. A key that is missing or is not listed here, a number that is not "
    "finite, counts that don't add up, or another version: it is refused with a line for each problem.",
    f"`{record.SCHEMA}` is the schema of records, `{check.SCHEMA}` that of `paragrad check --json`.",
    "This page is made of the types in `reports/paragrad/reports/bodies/` and their docstrings, by "
    "`paragrad report --schema --output docs/record.md`.",
)

NAMES = {str: "text", int: "whole number", float: "number", bool: "true or false", type(None): "null", Any: "any JSON"}


def markdown() -> str:
    """The page."""
    seen: set[Any] = set()
    blocks = ["# Records", *HEAD, "## The record", *_section(record.Record, seen)]
    for kind, body in BODIES.items():
        blocks += [f"## The body of kind `{kind}`", *_module(body), *_section(body, seen)]
    blocks += ["## The JSON of `paragrad check`", *_module(check.Check), *_section(check.Check, seen)]
    blocks += _section(check.CheckError, seen)
    return "\n\n".join(blocks) + "\n"


def _module(kind: Any) -> list[str]:
    """What the module of a type says."""
    return [" ".join((sys.modules[kind.__module__].__doc__ or "").split())]


def _section(kind: Any, seen: set[Any]) -> list[str]:
    """A type with its keys, and then the types that it names and that were not shown yet."""
    seen.add(kind)
    hints = get_type_hints(kind)
    rows = [(f"`{name}`", _told(hint)) for name, hint in hints.items()]
    blocks = [f"### {kind.__name__}", " ".join(kind.__doc__.split()), table(("key", "is"), rows, left=2)]
    for hint in hints.values():
        for named in _named(hint):
            if named not in seen:
                blocks += _section(named, seen)
    return blocks


def _named(hint: Any) -> list[Any]:
    if is_typeddict(hint):
        return [hint]
    return [found for part in get_args(hint) for found in _named(part)] if get_origin(hint) is not Literal else []


def _told(hint: Any) -> str:
    """A type in words, with links to the types that it names."""
    origin, parts = get_origin(hint), get_args(hint)
    if is_typeddict(hint):
        return f"[{hint.__name__}](#{hint.__name__.lower()})"
    if origin is list:
        return f"list of {_told(parts[0])}"
    if origin is dict:
        return f"object: {_told(parts[1])} by name"
    if origin is Literal:
        return ", ".join(f'`"{value}"`' for value in parts)
    if origin in (Union, types.UnionType):
        return " or ".join(_told(part) for part in parts)
    return NAMES[hint]
