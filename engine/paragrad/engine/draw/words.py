"""How numbers, arrays and people's labels are written in a drawing."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from paragrad.engine.dtypes import Array, DType

DIGITS = 6
"""Significant digits of a number in a box; the title has them all."""
WHOLE = 28
"""Characters up to which an array is written in full."""
UNSAFE = re.compile(
    "[^\\t\\n\\r\\x20-\\x7e\\xa0-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]"
    "|[\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069]"
)
"""Control characters, halves of surrogate pairs, what else XML forbids, and what turns the direction of text."""


def plain(words: str, longest: int) -> str:
    """Words as one line of at most `longest` characters that no terminal, browser or file takes for a command."""
    line = UNSAFE.sub("\ufffd", " ".join(words[: 4 * longest].split()))
    return line if len(line) <= longest and len(words) <= 4 * longest else line[: longest - 1] + "…"


def number(x: float | int | bool) -> str:
    """A number as people read it: 3, 0.1, -0, nan."""
    return f"{x:.{DIGITS}g}" if isinstance(x, float) else str(x)


def kind_of(dtype: DType | None, shape: Sequence[int]) -> str:
    """The dtype, if it is known, and the shape: float32[2, 3]."""
    return f"{'' if dtype is None else dtype.name}{list(shape)}"


def summary(array: Array) -> str:
    """A small array in full, a larger one from its least to its greatest element, with a count of its NaNs."""
    if not array.size:
        return "empty"
    if array.ndim == 0:
        return number(array.item())
    if array.size <= WHOLE:
        whole = listed(array.tolist())
        if len(whole) <= WHOLE:
            return whole
    if array.dtype == bool:
        return f"{int(array.sum())} of {array.size} True"
    numbers = array[~np.isnan(array)]
    nans = array.size - numbers.size
    if not numbers.size:
        return "all nan"
    ends = f"{number(numbers.min().item())} .. {number(numbers.max().item())}"
    return f"{ends}, {nans} nan" if nans else ends


def listed(values: object) -> str:
    """Nested lists of numbers: [[1, 2], [3, 4]]."""
    if isinstance(values, list):
        return f"[{', '.join(map(listed, values))}]"
    assert isinstance(values, float | int)
    return number(values)
