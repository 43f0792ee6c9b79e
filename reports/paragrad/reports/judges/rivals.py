"""Four other ways to judge gradients, as they are in use: each looks at the gradients of the leaves, and at no others.

NaN beside NaN is let pass by each, which is kinder than torch.testing's default.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import torch

from paragrad.fuzz.engines.own import Own
from paragrad.fuzz.program import Array, Backward, Program
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
        size = np.max(np.abs(expected), initial=0.0)
        near = np.abs(found - expected) <= NORM * UNIT[expected.dtype.name] * size
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


def differences(program: Program, dtype: str) -> dict[int, Array | None]:
    """What gradcheck compares with: central differences of the subject's own forward, element by element.

    The roots, weighted by their cotangents, are summed up in float64.
    """
    *applied, walk = program.statements
    assert isinstance(walk, Backward)
    forward = replace(program, statements=applied)
    weights = [forward.inputs[c].array().astype(np.float64) for c in walk.cotangents if c is not None]
    own = Own()
    step = DIFFERENCES[dtype][0]

    def at(variable: int, storage: Array) -> float:
        inputs = list(forward.inputs)
        inputs[variable] = replace(inputs[variable], storage=storage)
        values = own.run(replace(forward, inputs=inputs)).values
        with np.errstate(all="ignore"):
            terms = [(values[r] * w).sum() for r, w in zip(walk.roots, weights, strict=True) if r in values]
            # Beside a point an op may refuse its operand; gradcheck raises there.
            return float(sum(terms)) if len(terms) == len(weights) else math.nan

    found: dict[int, Array | None] = {}
    for variable, spec in enumerate(program.inputs):
        if spec.requires_grad:
            gradient = np.empty_like(spec.storage)
            for k, x in enumerate(spec.storage):
                above, below = spec.storage.copy(), spec.storage.copy()
                above[k], below[k] = x + step, x - step
                gradient[k] = (at(variable, above) - at(variable, below)) / (2 * step)
            found[variable] = gradient.reshape(spec.shape)
    return found
