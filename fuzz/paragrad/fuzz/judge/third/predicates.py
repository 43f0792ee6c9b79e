"""Elementwise ops that give bools, or bits of whole numbers: under the op table's names and torch's argument names.

They answer for infinities and NaN, too: mpmath compares these as IEEE 754 does.
"""

from __future__ import annotations

from typing import Any

from mpmath import mp

from paragrad.fuzz.judge.third.functions import Function


def _is_true(x: Any) -> bool:
    return bool(x != 0)


PREDICATES: dict[str, Function] = {
    "bitwise_and": lambda input, other: input & other,
    "bitwise_not": lambda input: not input if isinstance(input, bool) else ~input,
    "bitwise_or": lambda input, other: input | other,
    "bitwise_xor": lambda input, other: input ^ other,
    "eq": lambda input, other: bool(input == other),
    "ge": lambda input, other: bool(input >= other),
    "gt": lambda input, other: bool(input > other),
    "isfinite": lambda input: bool(mp.isfinite(input)),
    "isinf": lambda input: bool(mp.isinf(input)),
    "isnan": lambda input: bool(mp.isnan(input)),
    "le": lambda input, other: bool(input <= other),
    "logical_and": lambda input, other: _is_true(input) and _is_true(other),
    "logical_not": lambda input: not _is_true(input),
    "logical_or": lambda input, other: _is_true(input) or _is_true(other),
    "logical_xor": lambda input, other: _is_true(input) != _is_true(other),
    "lt": lambda input, other: bool(input < other),
    "ne": lambda input, other: bool(input != other),
}
