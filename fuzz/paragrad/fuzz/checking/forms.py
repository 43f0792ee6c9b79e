"""Forms in which an op is called: on two tensors, on a tensor and a number, on a number and a tensor.

Many engines lack some: `2 ** a`, or an exponent that is a Value. Each form is tried once at harmless numbers; one that
fails is told, and not tried again, so that it doesn't hide what else is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from paragrad.engine.ops.samples import Call
from paragrad.engine.ops.table import Op
from paragrad.fuzz.program import Apply, Input, Program, Ref

Form = tuple[str, str]
"""An op, and a letter for each of its operands: t for a tensor, n for a Python number."""


def form(op: Op, call: Call) -> Form:
    """The form of a call."""
    given = {**dict(zip(op.parameters, call.args, strict=False)), **call.kwargs}
    operands = [given.get(op.parameters[k]) for _, k in op.operands]
    return op.name, "".join("n" if isinstance(a, int | float) else "t" for a in operands)


def forms(ops: Sequence[Op], scalar: bool) -> Iterator[tuple[Form, Program]]:
    """Each form of each op of two operands, as a program at 2 and 3."""
    shape = () if scalar else (2,)
    for op in ops:
        if op.arity != 2 or len(op.parameters) != 2:
            continue
        for letters in ("tt", "tn", "nt"):
            numbers: list[Any] = []
            inputs: list[Input] = []
            for letter, number in zip(letters, (2.0, 3.0), strict=True):
                if letter == "t":
                    inputs.append(Input.of(f"x{len(inputs)}", np.full(shape, number), True))
                    numbers.append(Ref(len(inputs) - 1))
                else:
                    numbers.append(number)
            yield (op.name, letters), Program(inputs, [Apply(op.name, tuple(numbers), {}, (len(inputs),))])
