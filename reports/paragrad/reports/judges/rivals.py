"""Four other ways to judge gradients, as they are in use: each looks at the gradients of the leaves, and at no others.

NaN beside NaN is let pass by each, which is kinder than torch.testing's default.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from paragrad.engine import dtypes
from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.engines.own import Own
from paragrad.fuzz.program import Apply, Array, Backward, Dtype, Program, Statement, refs, replace_refs
from paragrad.fuzz.trace import Trace

UNIT = {"float32": 2.0**-24, "float64": 2.0**-53}
ULPS = 16
NORM = 32
DIFFERENCES = {"float32": (1e-3, 1e-2, 1e-2), "float64": (1e-6, 1e-5, 1e-3)}
"""Step, atol and rtol of gradcheck: its defaults in float64. It names none for float32 and warns that the defaults
fail there; these are what hand-written tests commonly use."""

Gradients = Mapping[int, Array | None]
Leaves = list[tuple[Array, Array]]
"""For each leaf the subject's gradient, and what it is compared with."""


def leaves(program: Program, trace: Trace, expected: Gradients) -> Leaves:
    """The leaves' gradients after the program's only backward."""
    (shown,) = trace.gradients.values()
    pairs = [(shown.get(k), expected.get(k)) for k in range(len(program.inputs))]
    return [(a, b) for a, b in pairs if a is not None and b is not None]


def torch_testing(found: Array, expected: Array) -> bool:
    """Whether torch.testing.assert_close passes, with its default tolerances."""
    try:
        torch.testing.assert_close(torch.tensor(found), torch.tensor(expected), equal_nan=True)
    except AssertionError:
        return False
    return True


def within_ulps(found: Array, expected: Array) -> bool:
    """Whether every element is within 16 ULP."""
    with np.errstate(all="ignore"):
        spacing = np.spacing(np.maximum(np.abs(found), np.abs(expected)))
        near = np.abs(found - expected) <= ULPS * spacing
    return bool((near | _same(found, expected)).all())


def within_norm(found: Array, expected: Array) -> bool:
    """Whether no element is off by more than 32 u of the largest."""
    with np.errstate(all="ignore"):
        limit = NORM * UNIT[expected.dtype.name] * np.max(np.abs(expected), initial=0.0)
        near = (np.abs(found - expected) <= limit) & np.isfinite(limit)
    return bool((near | _same(found, expected)).all())


def _same(a: Array, b: Array) -> Array:
    return np.asarray((a == b) | (np.isnan(a) & np.isnan(b)))


def gradcheck(found: Array, expected: Array) -> bool:
    """Whether the gradient agrees with differences, as torch.autograd.gradcheck asks."""
    _, atol, rtol = DIFFERENCES[found.dtype.name]
    return bool(np.allclose(found, expected, rtol=rtol, atol=atol, equal_nan=True))


RIVALS: dict[str, Callable[[Array, Array], bool]] = {
    "torch.testing": torch_testing,
    "gradcheck": gradcheck,
    "16 ULP": within_ulps,
    "32 u norm-wise": within_norm,
}


def differences(program: Program, dtype: str) -> Gradients:
    """What gradcheck compares with: central differences of the subject's own forward, element by element.

    The roots, weighted by their cotangents, are summed up in float64; those that an input does not reach are left out.
    """
    *applied, walk = program.statements
    assert isinstance(walk, Backward)
    step = DIFFERENCES[dtype][0]
    values = Own().run(program).values
    found: dict[int, Array | None] = {}
    for variable, spec in enumerate(program.inputs):
        if not spec.requires_grad:
            continue
        later, reached = downstream(applied, variable)
        ends = [
            (r, values[c]) for r, c in zip(walk.roots, walk.cotangents, strict=True) if r in reached and c is not None
        ]
        gradient = np.empty(spec.shape, spec.dtype)
        for place in np.ndindex(spec.shape):
            sides = []
            for signed in (step, -step):
                moved = spec.array().copy()
                moved[place] += signed
                sides.append(total(later, {**values, variable: moved}, ends))
            gradient[place] = (sides[0] - sides[1]) / (2 * step)
        found[variable] = gradient
    return found


def downstream(applied: Sequence[Statement], variable: int) -> tuple[list[Apply], set[int]]:
    """The ops that depend on a variable, and the variables that do."""
    reached, later = {variable}, []
    for statement in applied:
        if isinstance(statement, Apply) and reached.intersection((*refs(statement.args), *refs(statement.kwargs))):
            later.append(statement)
            reached.update(statement.outputs)
    return later, reached


def total(later: Sequence[Apply], values: dict[int, Array], ends: Sequence[tuple[int, Array]]) -> float:
    """Σ ⟨cotangent, root⟩, `later` computed anew. NaN where an op refuses its operand: gradcheck fails."""

    def resolve(argument: Any) -> Any:
        if isinstance(argument, Dtype):
            return dtypes.as_dtype(argument.name)
        return replace_refs(argument, values.__getitem__)

    try:
        with np.errstate(all="ignore"):
            for statement in later:
                kwargs = {name: resolve(a) for name, a in statement.kwargs.items()}
                result = TABLE[statement.op](*[resolve(a) for a in statement.args], **kwargs)
                results = result if isinstance(result, tuple | list) else (result,)
                values.update(zip(statement.outputs, map(np.asarray, results), strict=True))
            return float(sum([(values[root] * cotangent).sum(dtype=np.float64) for root, cotangent in ends]))
    except (RuntimeError, ValueError, IndexError):
        return math.nan
