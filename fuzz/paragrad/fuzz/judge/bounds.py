"""Running error analysis: an array together with a bound on its rounding error.

A Bounded takes the place of an array inside the engine. Ops of the table applied to it compute in float64 and propagate
the bound by what the table declares: `ulps` ULP of the result for an elementwise op, n·u·Σ|terms| for a sum of n terms
in any order, and one smallest subnormal an operation, plus what the operands' errors become. Because pullbacks are
written with ops of the table, running the engine on Bounded arrays bounds gradients too, through any stretch of forward
and backward. Source: Higham, Accuracy and Stability of Numerical Algorithms, section 3.3 (running error analysis);
first order in u.

`dtype` is the dtype whose rounding is modelled, not that of the float64 arrays inside.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from paragrad.engine import dtypes
from paragrad.engine.ops.rounding import Analysed, Elementwise, Linear
from paragrad.engine.ops.table import Op, handlers
from paragrad.fuzz.program import Array

UNIT = {dtypes.float32: 2.0**-24, dtypes.float64: 2.0**-53}
"""Half the spacing of floats at 1."""
TINY = {dtypes.float32: 2.0**-149, dtypes.float64: 2.0**-1074}
"""The smallest subnormal."""
NEAR = 4
"""Differences of up to this many u pass without a bound."""


FINEST: ContextVar[bool] = ContextVar("FINEST", default=False)
"""Set while nothing but float64 takes part: a cast to less is then a fault of the rule, and excuses nothing."""


ANY_ORDER: ContextVar[bool] = ContextVar("ANY_ORDER", default=False)
"""Set for engines whose walk may add contributions in another order: an addition is then bounded by its terms."""


@contextmanager
def modelling(*, finest: bool = False, any_order: bool = False) -> Iterator[None]:
    """Within the block bounds are made as FINEST and ANY_ORDER say."""
    tokens = FINEST.set(finest), ANY_ORDER.set(any_order)
    try:
        yield
    finally:
        FINEST.reset(tokens[0])
        ANY_ORDER.reset(tokens[1])


class Bounded:
    """`value` (float64) and `error` ≥ 0, of the same shape, for a computation in `dtype`."""

    __slots__ = ("dtype", "error", "value")

    def __init__(self, value: Array, error: Array, dtype: dtypes.DType) -> None:
        self.value = value
        self.error = error
        self.dtype = dtype

    @staticmethod
    def exact(array: Array) -> Bounded:
        """A float array taken as it is."""
        value = np.asarray(array, np.float64)
        return Bounded(value, np.zeros(value.shape), dtypes.as_dtype(array.dtype))

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of both arrays."""
        return self.value.shape

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return self.value.ndim

    def copy(self) -> Bounded:
        """Itself: nothing writes to a Bounded."""
        return self

    @property
    def size(self) -> int:
        """The number of elements."""
        return self.value.size


def propagate(op: Op, args: tuple[Any, ...]) -> Any:
    """Apply an op to Bounded operands; outputs of integer or bool dtype come out as plain arrays."""
    values = [_values(a) for a in args]
    dtype = _computing_dtype(op, args)
    with np.errstate(all="ignore"):
        result = op.compute(*values)
        first, *rest = [np.asarray(r) for r in (result if len(op.outputs) > 1 else [result])]
        if first.dtype.kind != "f":
            return (first, *rest) if rest else first
        error = _error(op, args, values, first, UNIT[dtype], TINY[dtype])
        if not np.isfinite(error).all():
            error = np.where(np.isnan(error), np.inf, error)
        finite = np.isfinite(first)
        if not finite.all():
            undecided = _unsettled(op, args, values, first) | _overflows(op, values, first, dtype)
            if isinstance(op.rounding, Analysed):
                undecided |= op.rounding.open(*values)
            error = np.where(finite, error, np.where(undecided, np.inf, 0.0))
    bounded = Bounded(first, error, dtype)
    return (bounded, *rest) if rest else bounded


def _values(argument: Any) -> Any:
    if isinstance(argument, Bounded):
        return argument.value
    return [_values(a) for a in argument] if isinstance(argument, list) else argument


def _computing_dtype(op: Op, args: tuple[Any, ...]) -> dtypes.DType:
    if FINEST.get():
        return dtypes.float64
    if "dtype" in op.parameters and isinstance(args[op.parameters.index("dtype")], np.dtype):
        wanted: dtypes.DType = args[op.parameters.index("dtype")]
        return wanted
    found = [a.dtype for a in _flat(args) if isinstance(a, Bounded)]
    return found[0] if len(set(found)) == 1 else dtypes.float64


def _flat(args: Any) -> list[Any]:
    return [a for arg in args for a in (arg if isinstance(arg, list) else [arg])]


def _error(op: Op, args: tuple[Any, ...], values: list[Any], out: Array, unit: float, tiny: float) -> Array:
    """The bound on `out`: the op's own rounding, and the errors that its operands bring."""
    rounding = op.rounding
    if isinstance(rounding, Analysed):
        errors = [a.error if isinstance(a, Bounded) else 0.0 for k, a in enumerate(args) if op_takes(op, k)]
        return np.asarray(rounding.error(unit, errors, *values, out)) + tiny
    if isinstance(rounding, Linear):
        magnitudes = sizes(op, values)
        terms = rounding.terms(*values)
        # Each product may lose the smallest subnormal, as each operation does.
        lost = max(terms, 1.0) * tiny
        total = terms * unit * first_output(op.compute(*magnitudes)) + lost if terms else np.zeros(out.shape)
        for _, position in op.operands:
            if any(isinstance(a, Bounded) and a.error.any() for a in _flat([args[position]])):
                total = total + first_output(op.compute(*with_errors(args, magnitudes, position)))
        return np.asarray(total)
    assert isinstance(rounding, Elementwise), f"{op.name} declares no rounding"
    total = 2 * rounding.ulps * unit * np.abs(out) + (tiny if rounding.ulps else 0.0) + tiny / unit * rounding.lost
    if ANY_ORDER.get() and op.name == "add":
        total = total + 2 * unit * sum(np.abs(v) for v in values[:2])
    if rounding.ulps and not out.all():
        # 0 made of an operand that is 0, as by sqrt or mul, is exact: nothing underflowed.
        nothing = [a.value == 0 for a in args if isinstance(a, Bounded)]
        if nothing:
            total = np.where((out == 0) & functools.reduce(np.logical_or, nothing), 0.0, total)
    for _, position in op.operands:
        error = _operand_error(args[position], unit) if op.parameters[position] in op.pullbacks else np.zeros(())
        if error.any():
            carried = np.broadcast_to(error, out.shape)
            moved = np.abs(_pull(op, position, values, out, carried))
            total = total + np.where(carried == 0, 0.0, moved)
    return np.asarray(total)


def _operand_error(operand: Any, unit: float) -> Array:
    """The error of an operand; a Python number is rounded to the dtype in which the op computes."""
    if isinstance(operand, Bounded):
        return operand.error
    inexact = type(operand) is float and unit == UNIT[dtypes.float32] and float(np.float32(operand)) != operand
    return np.asarray(unit * abs(operand) if inexact and np.isfinite(operand) else 0.0)


def _unsettled(op: Op, args: tuple[Any, ...], values: list[Any], out: Array) -> Array:
    """Where the errors of the operands decide between inf, -inf and NaN, as when 0 ± 1e-8 is multiplied by inf."""
    found = np.zeros(out.shape, np.bool_)
    for _, position in op.operands:
        if any(isinstance(a, Bounded) and a.error.any() for a in _flat([args[position]])):
            for sign in (-1, 1):
                shifted = [_shifted(args[k], sign) if k == position else v for k, v in enumerate(values)]
                moved = first_output(op.compute(*shifted))
                found |= ~((moved == out) | (np.isnan(moved) & np.isnan(out)))
    return found


def _overflows(op: Op, values: list[Any], out: Array, dtype: dtypes.DType) -> Array:
    """Where the finite terms of a sum may overflow by themselves, so that their order decides what comes out."""
    sizes = [_map(_finite_size, v) if op_takes(op, k) else v for k, v in enumerate(values)]
    if isinstance(op.rounding, Linear) and op.rounding.terms(*values):
        size = first_output(op.compute(*sizes))
    elif isinstance(op.rounding, Analysed):
        unit = UNIT[dtype]
        size = op.rounding.error(unit, [0.0] * len(op.operands), *sizes, first_output(op.compute(*sizes))) / unit
    else:
        return np.zeros(out.shape, np.bool_)
    return np.asarray(~(size < np.finfo(dtype).max))


def _finite_size(number: Any) -> Any:
    """Magnitudes, and 0 for what has none; indices stay as they are."""
    integral = isinstance(number, int) or (isinstance(number, np.ndarray) and number.dtype.kind != "f")
    return number if integral else np.where(np.isfinite(number), np.abs(number), 0.0)


def op_takes(op: Op, position: int) -> bool:
    """Whether the parameter at `position` is an operand: a tensor or a number in its place."""
    return any(position == k for _, k in op.operands)


def first_output(result: Any) -> Array:
    """The differentiable output of an op."""
    return np.asarray(result[0] if isinstance(result, tuple) else result)


def sizes(op: Op, values: list[Any]) -> list[Any]:
    """An op's arguments with magnitudes in place of its operands."""
    return [_map(np.abs, v) if op_takes(op, k) else v for k, v in enumerate(values)]


def with_errors(args: tuple[Any, ...], sizes: list[Any], position: int) -> list[Any]:
    """Magnitudes of the operands, with the errors of the one at `position` in its place."""
    operand = args[position]
    errors: Any = operand.error if isinstance(operand, Bounded) else None
    if isinstance(operand, list):
        errors = [a.error if isinstance(a, Bounded) else np.zeros(np.shape(a)) for a in operand]
    return [errors if k == position else size for k, size in enumerate(sizes)]


def _shifted(argument: Any, sign: int) -> Any:
    """An operand moved by its error."""
    if isinstance(argument, list):
        return [_shifted(a, sign) for a in argument]
    return argument.value + sign * argument.error if isinstance(argument, Bounded) else argument


def _map(function: Any, value: Any) -> Any:
    if isinstance(value, list):
        return [_map(function, v) for v in value]
    return function(value) if isinstance(value, np.ndarray | float | int) and not isinstance(value, bool) else value


def _pull(op: Op, position: int, values: list[Any], out: Array, gradient: Array) -> Array:
    """The op's own rule, on arrays, for one operand."""
    plan = op.plan(next(bit for bit, k in op.operands if k == position))
    (rule,) = plan.rules
    return np.asarray(rule(gradient, plan.save([*values, out])))


handlers[Bounded] = propagate
