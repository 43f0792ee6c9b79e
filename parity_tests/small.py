"""Small programs for the tests of what is told about a finding."""

from __future__ import annotations

from typing import Any

import numpy as np

from paragrad.fuzz.program import Apply, Backward, Input, Program


def program(*calls: Apply, inputs: list[Any], root: int | None = None, seed: Any = None) -> Program:
    """Calls on inputs, and backward from the last result; its seed is an input of its own."""
    specs = [Input.of(f"x{k}", np.array(v), np.array(v).dtype.kind == "f") for k, v in enumerate(inputs)]
    last = calls[-1].outputs[0] if root is None else root
    if seed is None:
        return Program(specs, [*calls, Backward((last,), (None,))])
    specs.append(Input.of("c", np.array(seed)))
    return Program(specs, [*calls, Backward((last,), (len(specs) - 1,))])


def call(op: str, output: int, *args: Any, **kwargs: Any) -> Apply:
    return Apply(op, args, kwargs, (output,))
