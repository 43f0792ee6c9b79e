"""Plain: an array as dtype, shape and flat list, and how numbers of all kinds become one.

Subjects hold numbers as Python numbers, lists, arrays of NumPy (or of what behaves like it), or one inside another.
"""

from __future__ import annotations

import math
import sys
from typing import Any, Iterator

DEEP = 3
"""How many objects may lie one in another before the number: a Tensor holds a Tensor that holds an array."""
CAP = 200
"""Characters of a repr that are sent."""


class Plain:
    """Numbers in C order; dtype is NumPy's name of it, "float64" for Python's numbers."""

    __slots__ = ("data", "dtype", "shape")

    def __init__(self, data: list[Any], shape: tuple[int, ...] = (), dtype: str = "float64") -> None:
        self.data = data
        self.shape = shape
        self.dtype = dtype

    def nested(self) -> Any:
        """As nested lists, a number where there is no dimension."""
        return _nested(iter(self.data), self.shape)

    def zero(self) -> bool:
        """Whether every element is 0."""
        return all(x == 0 for x in self.data)


def _nested(data: Iterator[Any], shape: tuple[int, ...]) -> Any:
    if not shape:
        return next(data)
    return [_nested(data, shape[1:]) for _ in range(shape[0])]


def numpy() -> Any:
    """NumPy if the subject has imported it, else None."""
    found = sys.modules.get("numpy")
    return found if hasattr(found, "ndarray") else None


def plain(value: Any) -> Plain | None:
    """The numbers that `value` itself is, None for anything else."""
    kind = type(value)
    if kind is float:
        return Plain([value])
    if kind is int or kind is bool:
        return Plain([_float(value)])
    if kind in (list, tuple):
        return _listed(value)
    if hasattr(value, "dtype") and hasattr(value, "shape") and hasattr(value, "tolist"):
        return _array(value)
    if isinstance(value, (int, float)) or (hasattr(kind, "__float__") and hasattr(kind, "__round__")):
        return Plain([float(value)])  # Fraction, Decimal
    return None


def _float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:  # a whole number that no float can hold
        return math.inf if value > 0 else -math.inf


def _array(value: Any) -> Plain | None:
    if not hasattr(value.dtype, "kind") and callable(getattr(value, "detach", None)):
        value = value.detach().cpu().numpy()  # an engine may keep its numbers in torch's tensors
    kind = getattr(value.dtype, "kind", None)
    if kind not in ("f", "i", "u", "b", "O"):
        return None
    shape = tuple(int(n) for n in value.shape)
    data = value.reshape(-1).tolist()
    if kind != "O":
        return Plain(data, shape, value.dtype.name)
    inner = [within(x, DATA_NAMES) for x in data]
    if any(x is None or x.shape for x in inner):
        return None
    return Plain([x.data[0] for x in inner if x is not None], shape)


def _listed(value: Any) -> Plain | None:
    parts = [within(x, DATA_NAMES) for x in value]
    shapes = {None if x is None else x.shape for x in parts}
    if None in shapes or len(shapes) > 1:
        return None
    inner = parts[0].shape if parts and parts[0] is not None else ()
    return Plain([x for part in parts if part is not None for x in part.data], (len(parts), *inner))


DATA_NAMES = (
    "data",
    "value",
    "val",
    "v",
    "x",
    "_data",
    "_value",
    "_val",
    "array",
    "_array",
    "arr",
    "tensor",
    "primal",
    "num",
    "number",
    "scalar",
)
"""Attributes that usually hold the number."""


def within(value: Any, names: tuple[str, ...], deep: int = DEEP) -> Plain | None:
    """The numbers that `value` is, or that lie in one of its attributes, or in one of that one's."""
    found = plain(value)
    if found is not None or value is None or deep == 0 or callable(value) or isinstance(value, str):
        return found
    for name in names:
        inner = getattr(value, name, None)
        if inner is not None and inner is not value:
            found = within(inner, names, deep - 1)
            if found is not None:
                return found
    return None


def describe(value: Any) -> str:
    """repr of anything, capped; for an object whose repr fails, its type."""
    try:
        text = repr(value)
    except BaseException as error:
        return "a " + type(value).__name__ + " whose repr raises " + type(error).__name__
    return text if len(text) <= CAP else text[:CAP] + " ..."


def message(error: BaseException) -> str:
    """An exception's text, capped, even where asking for it fails."""
    try:
        return str(error)[: 5 * CAP]
    except BaseException:
        return "its message can't be read"


def bare(number: float) -> Any:
    """A float64 without dimensions as the protocol has it: a number, or a string where JSON has none."""
    return number if number - number == 0 and (number != 0 or math.copysign(1, number) > 0) else repr(number)


def encode(found: Plain) -> dict[str, Any]:
    """As the protocol's ARRAY."""
    if found.dtype.startswith("float"):
        data = [bare(x) for x in found.data]
    elif found.dtype == "bool":
        data = found.data
    else:
        data = [str(x) for x in found.data]
    return {"dtype": found.dtype, "shape": list(found.shape), "data": data}


def decode(data: list[Any], dtype: str) -> list[Any]:
    """The elements that `encode` wrote."""
    if dtype == "bool":
        return [bool(x) for x in data]
    return [int(x) for x in data] if dtype.startswith("int") else [float(x) for x in data]


def viewed(data: list[Any], shape: tuple[int, ...], strides: list[int], offset: int) -> list[Any]:
    """The elements that a view of this shape, strides and offset (in elements) shows, in C order."""
    places = [offset]
    for size, step in zip(shape, strides):
        places = [place + k * step for place in places for k in range(size)]
    return [data[place] for place in places]
