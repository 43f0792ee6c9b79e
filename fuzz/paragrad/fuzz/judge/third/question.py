"""A statement as a question to mpmath: its definition, and its operands as exact numbers.

What is settled before an op computes is settled here, as torch's documentation has it: operands and Python numbers are
rounded to the dtype in which they meet, or to the one asked for. Of an elementwise op only those elements are looked at
that matter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from mpmath import mp

from paragrad.engine.ops.table import TABLE, Op
from paragrad.fuzz.judge.meeting import meeting_dtype, rounded
from paragrad.fuzz.judge.third import (
    definitions_contraction,
    definitions_moves,
    definitions_picking,
    definitions_reductions,
    definitions_softmax,
)
from paragrad.fuzz.judge.third.functions import FUNCTIONS
from paragrad.fuzz.judge.third.predicates import PREDICATES
from paragrad.fuzz.judge.third.registry import DEFINITIONS, DIFFERENTIATED, each
from paragrad.fuzz.program import Apply, Array, Dtype, Ref, refs, replace_refs

FAMILIES = (
    definitions_contraction,
    definitions_moves,
    definitions_picking,
    definitions_reductions,
    definitions_softmax,
)
"""The modules that fill DEFINITIONS."""

ELEMENTWISE = FUNCTIONS | PREDICATES
LARGEST = 20_000
"""Elements among the operands of an op that is not elementwise, beyond which an opinion would take minutes."""

PICKED = frozenset(("embedding", "gather", "getitem", "index_select", "take_along_dim"))
MOVES = PICKED | {name for name, function in DEFINITIONS.items() if function.__module__ == definitions_moves.__name__}
"""Ops without arithmetic or comparison: what isn't finite stays where it is put."""

ABOUT_THE_SIGN_OF_ZERO = frozenset(("atan2", "copysign"))
"""Functions that tell -0 from 0, as mpmath doesn't."""


@dataclass(slots=True)
class Question:
    """`function` of the op's bound `arguments`, in which Refs stand for `arrays`: floats, exact, or NumPy's own.

    `lines` holds, for an elementwise op, which elements of the flattened result are looked at; None means all.
    """

    name: str
    function: Callable[..., Any]
    arguments: dict[str, Any]
    arrays: dict[int, Array]
    shape: tuple[int, ...]
    lines: Array | None = None

    def outputs(self) -> list[Array]:
        """The outputs to as many digits as `mp` is set to. Raises ArithmeticError, ValueError where there are none."""
        given = {name: _exactly(replace_refs(a, self.arrays.__getitem__)) for name, a in self.arguments.items()}
        if self.name in ELEMENTWISE:
            return [each(lambda *row: self.function(**dict(zip(given, row, strict=True))), *given.values())]
        result = self.function(**given)
        return [np.asarray(r) for r in result] if isinstance(result, tuple) else [np.asarray(result)]

    def numbers(self) -> Array:
        """All the floats among the operands, in a row."""
        floats = [a.reshape(-1) for a in self.arrays.values() if a.dtype == object]
        return np.concatenate(floats) if floats else np.empty(0, object)

    def is_settled(self) -> bool:
        """Whether the operands are numbers, few enough, and say all that the function asks."""
        if self.name in PREDICATES:
            return True
        if self.lines is None and sum(a.size for a in self.arrays.values()) > LARGEST:
            return False
        return self.name in MOVES or all(mp.isfinite(x) for x in self.numbers().tolist())

    def at(self, lines: Array) -> Question:
        """An elementwise question about these elements of the flattened result."""

        def picked(argument: Any) -> Any:
            if isinstance(argument, np.ndarray):
                return np.broadcast_to(argument, self.shape).reshape(-1)[lines]
            return argument

        arguments = {name: picked(a) for name, a in self.arguments.items()}
        arrays = {k: picked(a) for k, a in self.arrays.items()}
        return Question(self.name, self.function, arguments, arrays, self.shape, lines)


def readings(statement: Apply, values: Mapping[int, Array], differentiated: bool) -> list[Question]:
    """The questions that a statement may be; none of an op that has no definition.

    There are two where it matters whether its Python numbers are rounded to the dtype of the tensors before the op
    computes with them: torch rounds some early and some late, and its documentation does not say which.
    """
    name = statement.op
    op = TABLE[name]
    function = ELEMENTWISE.get(name) or DEFINITIONS.get(name)
    if differentiated:
        function = DIFFERENTIATED.get(name, function)
    if function is None:
        return []
    arguments = dict(zip(op.parameters, op.bind(statement.args, dict(statement.kwargs)), strict=True))
    operands = [arguments[op.parameters[k]] for _, k in op.operands]
    floats = {k for a in operands for k in refs(a)}
    meeting = _cast(statement, values, operands, arguments.get("dtype"))
    if name == "pow" and meeting is None:
        function = _whole_power
    arrays = {}
    for k in {k for a in arguments.values() for k in refs(a)}:
        array = values[k] if meeting is None or k not in floats else _converted(values[k], meeting)
        arrays[k] = _lifted(array, op)
    given = [a.shape for a in arrays.values()] + [a.shape for a in arguments.values() if isinstance(a, np.ndarray)]
    shape = np.broadcast_shapes(*given) if name in ELEMENTWISE else ()
    found = [Question(name, function, arguments, arrays, shape)]
    numbers = meeting if meeting is not None and meeting.kind == "f" else _widest(floats, values)
    if numbers is not None and any(type(a) is float and rounded(a, numbers) != a for a in arguments.values()):
        early = {n: rounded(a, numbers) for n, a in arguments.items()}
        found.append(Question(name, function, early, arrays, shape))
    return found


def _cast(statement: Apply, values: Mapping[int, Array], operands: list[Any], wanted: Any) -> np.dtype[Any] | None:
    """The dtype to which operands are brought before the op computes: the one asked for, or that in which they meet."""
    if isinstance(wanted, Dtype):
        return np.dtype(wanted.name)
    floating = any(values[k].dtype.kind == "f" for a in operands for k in refs(a))
    floating = floating or any(type(a) is float for a in operands)
    if floating or TABLE[statement.op].promote in ("float", "floats"):
        return meeting_dtype(statement, values)
    return None


def _whole_power(input: Any, exponent: Any) -> Any:
    """A power of integers, which is cut off where the exponent is less than 0."""
    power = mp.power(input, exponent)
    return mp.sign(power) * mp.floor(abs(power))


def _converted(array: Array, dtype: np.dtype[Any]) -> Array:
    """An array in another dtype; whole numbers made of floats stay floats, NaN where int64 holds no such number."""
    if array.dtype.kind == "f" and dtype.kind == "i":
        return np.where(np.abs(array) < 2.0**63, np.trunc(array), np.nan)
    with np.errstate(over="ignore"):
        return array.astype(dtype)


def _widest(floats: set[int], values: Mapping[int, Array]) -> np.dtype[Any] | None:
    found = [values[k].dtype for k in floats if values[k].dtype.kind == "f"]
    return max(found, key=lambda dtype: dtype.itemsize, default=None)


def _lifted(array: Array, op: Op) -> Array:
    """Floats as mpmath numbers; so are the integers of an elementwise function, which may divide them."""
    if array.dtype.kind == "f" or (array.dtype.kind == "i" and op.name in FUNCTIONS):
        found = np.empty(array.shape, object)
        found.reshape(-1)[:] = [mp.mpf(x) for x in array.reshape(-1).tolist()]
        return found
    return array


def _exactly(argument: Any) -> Any:
    """Python floats as mpmath numbers."""
    if isinstance(argument, tuple) and not any(isinstance(a, Ref) for a in argument):
        return tuple([_exactly(a) for a in argument])
    return mp.mpf(argument) if type(argument) is float else argument


def has_negative_zero(statement: Apply, values: Mapping[int, Array]) -> bool:
    """Whether an operand of a function that tells them apart holds a -0."""
    if statement.op not in ABOUT_THE_SIGN_OF_ZERO:
        return False
    return any(np.any((values[k] == 0) & np.signbit(values[k])) for a in statement.args for k in refs(a))
