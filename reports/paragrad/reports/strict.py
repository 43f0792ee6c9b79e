"""JSON as records have it: UTF-8 of a bounded size, no key twice, no number that a float or 64 bits can't hold."""

from __future__ import annotations

import json
import math
import os
import stat
from pathlib import Path
from typing import Any

MOST = 256 << 20
"""Bytes of a document; the largest that a run writes has a hundredth of that."""
SHOWN = 40
"""Characters of what is refused that are shown."""


class TooLargeError(ValueError):
    """A file of more bytes than are read."""


def text_of(path: str | os.PathLike[str], most: int = MOST) -> str:
    """The text of a file of at most so many bytes. Raises OSError, UnicodeDecodeError, TooLargeError."""
    with Path(path).open("rb") as file:
        about = os.fstat(file.fileno())
        # A pipe or a device has no size that can be asked for; it is read up to the same bound.
        known = stat.S_ISREG(about.st_mode) and about.st_size > most
        content = b"" if known else file.read(most + 1)
    if known or len(content) > most:
        raise TooLargeError(f"has over {most >> 20} MiB")
    return content.decode("utf-8")


def loads(text: str) -> Any:
    """The document in a text. Raises json.JSONDecodeError, ValueError, RecursionError."""
    return json.loads(text, object_pairs_hook=_once, parse_int=_int, parse_float=_float, parse_constant=_constant)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise ValueError(f"the key {_short(key)} is there twice")
            seen.add(key)
    return found


def _int(text: str) -> int:
    if len(text) > 20 or not -(1 << 63) <= int(text) < 1 << 64:
        raise ValueError(f"the whole number {_short(text)} has more than 64 bits")
    return int(text)


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"the number {_short(text)} is more than a float64 holds")
    return value


def _constant(text: str) -> float:
    raise ValueError(f"{text} is no number of JSON")


def _short(text: str) -> str:
    return repr(text if len(text) <= SHOWN else text[: SHOWN - 3] + "...")
