"""The op table as functions and as Tensor's methods: `exp(x)`, `x.exp()`, `x + y`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from paragrad.engine import ops  # noqa: F401 - it fills the table
from paragrad.engine.dtypes import DType, bool_, float32, float64, int64
from paragrad.engine.ops.indexing import getitem
from paragrad.engine.ops.positions import as_tuple
from paragrad.engine.ops.table import TABLE, Op
from paragrad.engine.recording import record
from paragrad.engine.tensor import Tensor


class Overloads:
    """A name that stands for several ops: `max.dim` is meant where a dim is given, as torch.max has it."""

    def __init__(self, name: str, plain: Any, overloads: dict[str, Op], other: Op | None) -> None:
        self.__name__ = name
        self._plain, self._overloads, self._other = plain, overloads, other

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        for parameter, entry in self._overloads.items():
            if parameter in kwargs:
                if kwargs[parameter] is not None:
                    return entry(*args, **kwargs)
                del kwargs[parameter]
        if "other" in kwargs or (self._other is not None and len(args) > 1 and isinstance(args[1], Tensor)):
            return (self._other or self._plain)(*args, **kwargs)
        if len(args) > 1 and "dim" in self._overloads:
            return self._overloads["dim"](*args, **kwargs)
        return self._plain(*args, **kwargs)


def one_by_one(entry: Op) -> Callable[..., Any]:
    """An op of a list of operands that takes them one by one, too, as torch.einsum does."""
    count = len(entry.parameters) - 1

    @functools.wraps(entry.compute)
    def function(*args: Any, **kwargs: Any) -> Any:
        if len(args) > count and isinstance(args[count], Tensor):
            args = (*args[:count], args[count:])
        return entry(*args, **kwargs)

    return function


def by_name() -> dict[str, Callable[..., Any]]:
    """Every public function that the table gives, by torch's name."""
    found: dict[str, Callable[..., Any]] = {}
    overloads: dict[str, dict[str, Op]] = {}
    for name, entry in TABLE.items():
        base, dot, parameter = name.partition(".")
        if dot:
            overloads.setdefault(base, {})[parameter] = entry
        elif not entry.internal:
            found[name] = one_by_one(entry) if entry.parameters[-1] == "operands" else entry
    pairs = {"max": "maximum", "min": "minimum"}
    for base, entries in overloads.items():
        found[base] = Overloads(base, TABLE.get(base), entries, TABLE.get(pairs.get(base, "")))
    return found


functions = by_name()


def _method(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    entry = TABLE.get(name)
    second = entry.parameters[1] if entry is not None and len(entry.parameters) > 1 else ""
    variadic = second in ("shape", "size", "dims", "repeats") or name == "squeeze"

    if entry is not None and entry is function and 1 in entry.tails and not variadic:
        alone, tail = entry, entry.tails[1]

        def method(self: Tensor, *args: Any, **kwargs: Any) -> Any:
            return function(self, *args, **kwargs) if args or kwargs else record(alone, (self, *tail))

    else:

        def method(self: Tensor, *args: Any, **kwargs: Any) -> Any:
            if variadic and args and not isinstance(args[0], tuple | list):
                args = (args,)
            return function(self, *args, **kwargs)

    method.__name__ = name
    method.__doc__ = getattr(function, "__doc__", None) if entry is None else entry.compute.__doc__
    return method


_OPERATORS = {
    "__add__": "add",
    "__sub__": "sub",
    "__mul__": "mul",
    "__truediv__": "div",
    "__pow__": "pow",
    "__mod__": "remainder",
    "__matmul__": "matmul",
    "__lt__": "lt",
    "__le__": "le",
    "__gt__": "gt",
    "__ge__": "ge",
    "__eq__": "eq",
    "__ne__": "ne",
    "__and__": "bitwise_and",
    "__or__": "bitwise_or",
    "__xor__": "bitwise_xor",
}


def _operator(entry: Op, reflected: bool) -> Callable[..., Any]:
    tail = entry.tails[2]

    def forward(self: Tensor, other: Any) -> Any:
        return record(entry, (self, other, *tail) if tail else (self, other))

    def backward(self: Tensor, other: Any) -> Any:
        return record(entry, (other, self, *tail))

    return backward if reflected else forward


def _subscript(self: Tensor, index: Any) -> Any:
    """self[index], with every form of index that torch allows."""
    return record(getitem, (self, as_tuple(index) if type(index) is list else index))


def install() -> None:
    """Give Tensor a method for each op whose first parameter is `input`, and its operators."""
    for name, function in functions.items():
        entry = TABLE.get(name, TABLE.get(name + ".dim"))
        if entry is not None and entry.parameters[0] in ("input", "tensor") and name not in vars(Tensor):
            setattr(Tensor, name, _method(name, function))
    for special, name in _OPERATORS.items():
        setattr(Tensor, special, _operator(TABLE[name], False))
        if special not in ("__lt__", "__le__", "__gt__", "__ge__", "__eq__", "__ne__"):
            setattr(Tensor, special.replace("__", "__r", 1), _operator(TABLE[name], True))
    for special, name in {"__neg__": "neg", "__abs__": "abs", "__invert__": "bitwise_not"}.items():
        setattr(Tensor, special, _method(name, TABLE[name]))
    setattr(Tensor, "__getitem__", _subscript)  # noqa: B010 - as all others are given
    for name, dtype in {"float": float32, "double": float64, "long": int64, "bool": bool_}.items():
        setattr(Tensor, name, _cast(dtype))


def _cast(dtype: DType) -> Callable[[Tensor], Tensor]:
    def method(self: Tensor) -> Tensor:
        result: Tensor = self.to(dtype)
        return result

    method.__doc__ = f"`self` as {dtype}; itself where it is that already."
    return method


install()
