"""The op table in long double: a higher truth for the ops of float64 that are no elementwise functions.

Arithmetic, sums, products and moves are as right in long double as NumPy is; elementwise functions are evaluated in
mpmath, for a polynomial made for doubles gains nothing by longer numbers. The rules run,
never their fused forms, through the same door as the judge's error analysis: a payload class with a handler.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from mpmath import mp

import paragrad.engine as pg
from paragrad.engine import dtypes
from paragrad.engine.ops.table import Op, handlers
from paragrad.fuzz.engines.own import Own
from paragrad.fuzz.judge.third.functions import DIGITS, FUNCTIONS
from paragrad.fuzz.program import Array, Input

LONG = float(np.finfo(np.longdouble).eps) < 2.0**-60
"""Whether long double is longer than a double: not on Windows, nor on Apple silicon."""


ARITHMETIC = frozenset(("abs", "add", "div", "mul", "neg", "sub", "where"))
"""Elementwise ops that NumPy computes in long double as it does in float64."""


class Long:
    """A long double array in the place of a float64 one."""

    __slots__ = ("value",)
    dtype = dtypes.float64

    def __init__(self, value: Array) -> None:
        self.value = value

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape."""
        return self.value.shape

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return self.value.ndim

    @property
    def size(self) -> int:
        """The number of elements."""
        return self.value.size

    def copy(self) -> Long:
        """Itself: nothing writes to a Long."""
        return self


def compute(op: Op, args: tuple[Any, ...]) -> Any:
    """Apply an op to Longs; outputs of integer or bool dtype come out as plain arrays."""
    values = [_plain(a) for a in args]
    with np.errstate(all="ignore"):
        function = op.name in FUNCTIONS and op.name not in ARITHMETIC
        result = _by_mpmath(op, values) if function else op.compute(*values)
    if len(op.outputs) == 1:
        return _long(op, result)
    return tuple([_long(op, r) for r in result])


class Widest(np.ndarray[Any, Any]):
    """A long double array that stays one where an op goes on in float64 to have digits to spare."""

    def astype(self, dtype: Any, *args: Any, **kwargs: Any) -> Any:
        """The conversion, unless it is one to float64."""
        return self if np.dtype(dtype) == np.float64 else super().astype(dtype, *args, **kwargs)


def _plain(argument: Any) -> Any:
    if isinstance(argument, Long):
        return argument.value.view(Widest)
    return [_plain(a) for a in argument] if isinstance(argument, list) else argument


def _long(op: Op, result: Any) -> Any:
    array = np.asarray(result)  # no Widest any more
    if array.dtype.kind != "f":
        return array
    if array.dtype != np.longdouble:
        raise TypeError(f"{op.name} computes in {array.dtype} even where it is given long doubles")
    return Long(array)


def _by_mpmath(op: Op, values: list[Any]) -> Array:
    """An elementwise function with all the digits of a long double."""
    function = FUNCTIONS[op.name]
    arrays = np.broadcast_arrays(*(v for v in values if isinstance(v, np.ndarray)))
    shape = arrays[0].shape
    columns = [
        np.broadcast_to(v, shape).reshape(-1) if isinstance(v, np.ndarray) else [v] * arrays[0].size for v in values
    ]
    out = np.empty(arrays[0].size, np.longdouble)
    with mp.workdps(DIGITS):
        for k, row in enumerate(zip(*columns, strict=True)):
            value = function(**dict(zip(op.parameters, [_exact(x) for x in row], strict=True)))
            high = float(value)
            out[k] = np.longdouble(high) + np.longdouble(float(value - high))
    return out.reshape(shape)


def _exact(x: Any) -> Any:
    """A number with all its digits."""
    if isinstance(x, np.longdouble):
        high = float(x)
        return mp.mpf(high) + mp.mpf(float(x - np.longdouble(high))) if np.isfinite(high) else mp.mpf(high)
    return mp.mpf(x) if type(x) is float else x


class LongDouble(Own):
    """The engine on Longs; always with create_graph, so that the rules run."""

    name = "long double"

    def leaf(self, spec: Input) -> Any:
        """The input, its floats widened."""
        array = spec.array()
        payload: Any = Long(array.astype(np.longdouble)) if array.dtype.kind == "f" else array
        return pg.Tensor(payload, spec.requires_grad)

    def read(self, tensor: Any) -> Any:
        """The long doubles."""
        array = tensor.array
        return array.value if isinstance(array, Long) else array

    def backward(self, roots: list[Any], cotangents: list[Any], retain_graph: bool, create_graph: bool) -> None:
        """Through the rules."""
        pg.backward(roots, cotangents, True, True)


handlers[Long] = compute
