"""`a=2 b=[[1,2],[3,4]]`: the values of names, read by Python's grammar and never evaluated."""

from __future__ import annotations

import ast
import keyword
from collections.abc import Sequence
from typing import Any

import numpy as np

from paragrad.fuzz.diffing.computation import DiffError
from paragrad.fuzz.program import Array

NUMBERS = {"inf": float("inf"), "nan": float("nan")}
"""Names that are numbers."""
EXPECTED = "expected a number (-0.5, 1e-3, inf, nan) or nested lists of them ([[1, 2], [3, 4]])"
LONGEST = 40
"""Characters of a value that an error shows."""


def values(words: Sequence[str], dtype: str = "float64") -> dict[str, Array]:
    """The arrays by name, in the order given. Raises DiffError for what is no name=value."""
    found: dict[str, Array] = {}
    for word in words:
        name, equals, text = word.partition("=")
        name = name.strip()
        if not equals:
            told = "a value is written name=value, and an expression with spaces stands in quotes"
            raise DiffError(f"{shown(word)}: {told}")
        if not name.isidentifier():
            raise DiffError(f"{shown(word)}: {name or 'nothing'} is no name; a value is written name=value")
        if keyword.iskeyword(name):
            raise DiffError(f"{shown(word)}: {name} is a word of Python; choose another name")
        if name in NUMBERS:
            raise DiffError(f"{shown(word)}: {name} is a number already; choose another name")
        if name in found:
            raise DiffError(f"{name} has two values, the second is {shown(text)}; leave one out")
        found[name] = value(text, dtype, f"{name}={shown(text)}")
    return found


def value(text: str, dtype: str, what: str) -> Array:
    """One number or array. Raises DiffError."""
    try:
        tree = ast.parse(text.strip(), mode="eval").body
        return array(tree, dtype, what)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        if isinstance(error, DiffError):
            raise
        raise DiffError(f"{what}: {EXPECTED}") from error


def array(tree: ast.expr, dtype: str, what: str) -> Array:
    """The array that a syntax tree of numbers and lists is. Raises DiffError."""
    made = plain(tree, what)
    try:
        with np.errstate(all="ignore"):
            found = np.array(made, dtype)
    except (ValueError, OverflowError) as error:
        same = "the lists inside one another must have equal lengths"
        raise DiffError(f"{what}: {same if isinstance(made, list) else 'the number is out of range'}") from error
    return found


def plain(tree: ast.expr, what: str) -> Any:
    """A number, or lists of them. Raises DiffError."""
    match tree:
        case ast.List(elts) | ast.Tuple(elts):
            return [plain(part, what) for part in elts]
    found = signed(tree)
    if found is None:
        raise DiffError(f"{what}: {EXPECTED}")
    try:
        return float(found)
    except OverflowError as error:
        raise DiffError(f"{what}: the number is out of range") from error


def signed(tree: ast.expr) -> int | float | None:
    """The number that a tree is, with its sign; None where it is none."""
    match tree:
        case ast.Constant(bool()):
            return None
        case ast.Constant(int() | float() as number):
            return number
        case ast.Name(name):
            return NUMBERS.get(name)
        case ast.UnaryOp(ast.USub(), operand):
            found = signed(operand)
            return None if found is None else -float(found) if found == 0 else -found
        case ast.UnaryOp(ast.UAdd(), operand):
            return signed(operand)
    return None


def shown(text: str) -> str:
    """A text short enough for an error."""
    flat = " ".join(text.split())
    return flat if len(flat) <= LONGEST else flat[: LONGEST - 3] + "..."
