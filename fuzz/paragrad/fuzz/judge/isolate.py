"""One statement of a Program as a Program of its own, at the values and gradients that the subject showed for it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.program import Apply, Array, Backward, Input, Program, Ref, refs, replace_refs


def isolate(
    statement: Apply,
    values: Mapping[int, Array],
    needing: frozenset[int],
    incoming: list[Array | None] | None = None,
) -> tuple[Program, dict[int, tuple[str, int]]]:
    """The one-op Program, and for each of its inputs that stands for an operand (parameter name, original variable).

    An operand used twice becomes two inputs, so that each argument's gradient can be told from the other's.
    """
    inputs: list[Input] = []
    origin: dict[int, tuple[str, int]] = {}

    def take(parameter: str, variable: int) -> Ref:
        index = len(inputs)
        inputs.append(Input.of(f"x{index}", values[variable], variable in needing))
        origin[index] = (parameter, variable)
        return Ref(index)

    names = TABLE[statement.op].parameters
    args = tuple(replace_refs(a, lambda v, k=k: take(names[k], v)) for k, a in enumerate(statement.args))
    kwargs = {n: replace_refs(a, lambda v, n=n: take(n, v)) for n, a in statement.kwargs.items()}
    seeds = [(k, g) for k, g in enumerate(incoming or []) if g is not None]
    cotangents = []
    for k, gradient in seeds:
        cotangents.append(len(inputs))
        inputs.append(Input.of(f"c{k}", np.array(gradient)))
    first = len(inputs)
    outputs = tuple(range(first, first + len(statement.outputs)))
    program = Program(inputs, [Apply(statement.op, args, kwargs, outputs)])
    if seeds:
        program.statements.append(Backward(tuple(first + k for k, _ in seeds), tuple(cotangents)))
    return program, origin


def shows(values: Mapping[int, Array], statement: Apply) -> bool:
    """Whether every operand of a statement is shown."""
    return all(k in values for k in (*refs(statement.args), *refs(statement.kwargs)))
