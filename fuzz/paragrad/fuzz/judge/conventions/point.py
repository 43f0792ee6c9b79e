"""Point: one call of one op, at arguments where torch has to choose.

Lists are tensors, everything else is passed as it is: `clamp([1], max=1)` has a number for a bound, and
`clamp([1], max=[1])` a tensor. Floats in a tensor take the dtype under test; whole numbers are int64.

Elementwise ops are asked about many copies of the point at once. Torch computes most of them in vector registers and
those left over one by one, with other code, and at NaN the two disagree: elu's gradient is NaN here and 1 there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from paragrad.engine.dtypes import as_dtype
from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.program import Apply, Array, Backward, Input, Program, Ref

COPIES = 65
"""Fills the vector registers of any CPU several times over, and leaves one."""


@dataclass(frozen=True, slots=True)
class Point:
    """op(*args, **kwargs), carried back from the first output.

    `cotangent` is the gradient it starts from: nested floats of the output's shape, or None for 1 and a 0-d output.
    With `copies`, each tensor is one number, and stands there so many times.
    """

    op: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any] = field(default_factory=dict)
    cotangent: list[Any] | None = None
    copies: bool = False

    def __str__(self) -> str:
        """The call as one writes it, which is the point's name in the table."""
        words = [shown(a) for a in self.args] + [f"{name}={shown(a)}" for name, a in self.kwargs.items()]
        return f"{self.op}({', '.join(words)})"

    def program(self, dtype: str) -> Program:
        """The Program of this one op. Every float tensor requires a gradient, under the name of its parameter."""
        op = TABLE[self.op]
        inputs: list[Input] = []

        def given(name: str, argument: Any) -> Any:
            if not isinstance(argument, list):
                return argument
            array = tensor(argument * COPIES if self.copies else argument, dtype)
            inputs.append(Input.of(name, array, array.dtype.kind == "f"))
            return Ref(len(inputs) - 1)

        args = tuple([given(name, a) for name, a in zip(op.parameters, self.args, strict=False)])
        kwargs = {name: given(name, a) for name, a in self.kwargs.items()}
        start = None
        if self.cotangent is not None:
            start = len(inputs)
            inputs.append(Input.of("cotangent", tensor(self.cotangent, dtype)))
        first = len(inputs)
        program = Program(inputs, [Apply(self.op, args, kwargs, tuple(range(first, first + len(op.outputs))))])
        if op.pullbacks or (op.sample is not None and op.composite):
            program.statements.append(Backward((first,), (start,)))
        return program


def tensor(numbers: list[Any], dtype: str) -> Array:
    """Nested lists as an array; floats, and the empty list, in the dtype under test."""
    array = np.array(numbers)
    return array.astype(as_dtype(dtype)) if array.dtype.kind == "f" else array


def shown(argument: Any) -> str:
    """An argument as one writes it, whole floats without their point."""
    if isinstance(argument, list):
        return f"[{', '.join(map(shown, argument))}]"
    if isinstance(argument, float):
        return str(int(argument)) if argument.is_integer() and not _negative_zero(argument) else f"{argument:g}"
    return repr(argument)


def _negative_zero(number: float) -> bool:
    return number == 0 and math.copysign(1, number) < 0


def each(op: str, *args: Any, **kwargs: Any) -> Point:
    """A call of an elementwise op whose tensors hold one number each."""
    return Point(op, args, kwargs, [1.0] * COPIES, copies=True)


def whole(op: str, *args: Any, **kwargs: Any) -> Point:
    """A call whose output is one number without dimensions."""
    return Point(op, args, kwargs)


def weighted(cotangent: list[Any], op: str, *args: Any, **kwargs: Any) -> Point:
    """A call whose output starts from `cotangent`, which may tell its elements apart."""
    return Point(op, args, kwargs, cotangent)
