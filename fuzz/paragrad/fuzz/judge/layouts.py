"""What torch gives where the same numbers lie otherwise in memory: where they aren't finite it disagrees with itself.

Any of its answers is right. hardtanh's gradient at NaN is 0 in a full vector register and g in the rest of an array,
remainder(1e30, 1e-30) is NaN in the one and a number in the other; a convolution multiplies a NaN of the kernel by the
zeros of the padding, or passes over them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from paragrad.engine.ops.rounding import Elementwise
from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.program import Array

if TYPE_CHECKING:
    from paragrad.fuzz.judge.local import LocalReference

Again = Callable[["LocalReference", "int | None", int], dict[int, Array]]
"""Results recomputed: of a reference, the element that stands there alone (None: all of them), and its copies."""


def elsewhere(
    reference: LocalReference, native: dict[int, Array], shape: tuple[int, ...], again: Again
) -> dict[int, tuple[Array, ...]]:
    """For each of the `native` results two that torch gives in other layouts; nothing where all numbers are finite."""
    arrays = {k: reference.values[k] for k in reference.operands}
    if not isinstance(TABLE[reference.statement.op].rounding, Elementwise):
        return _spaced(reference, native, arrays, again)
    if any(a.shape not in ((), shape) for a in arrays.values()):
        return {}
    return _alone(reference, native, shape, arrays, again)


def _spaced(
    reference: LocalReference, native: dict[int, Array], arrays: dict[int, Array], again: Again
) -> dict[int, tuple[Array, ...]]:
    """Where no operand is contiguous. Asked of operands and results that aren't finite."""
    asked = [*arrays.values(), *native.values()]
    if all(np.isfinite(a).all() for a in asked if a.dtype.kind == "f"):
        return {}
    other = type(reference)(reference.statement, reference.values, reference.needing)
    other.strided = True
    return {k: (result, result) for k, result in again(other, None, 1).items() if k in native}


def _alone(
    reference: LocalReference,
    native: dict[int, Array],
    shape: tuple[int, ...],
    arrays: dict[int, Array],
    again: Again,
) -> dict[int, tuple[Array, ...]]:
    """Where elements stand alone, and where each fills vector registers. Asked of NaNs, and of results inf or NaN."""
    spread = {k: np.broadcast_to(a, shape).reshape(-1) for k, a in arrays.items()}
    shaped = {k: result for k, result in native.items() if result.shape == shape}
    asked = [np.isnan(a) for a in spread.values() if a.dtype.kind == "f"]
    asked += [~np.isfinite(result.reshape(-1)) for result in shaped.values()]
    others: dict[int, tuple[Array, ...]]
    others = {k: (np.array(result, order="C"), np.array(result, order="C")) for k, result in shaped.items()}
    for spot in np.flatnonzero(np.any(asked, axis=0)).tolist():
        for lane, copies in enumerate((1, 64)):
            values = {k: np.repeat(a[spot], copies) for k, a in spread.items()}
            other = type(reference)(reference.statement, values, reference.needing)
            for k, result in again(other, spot, copies).items():
                if k in others:
                    others[k][lane].reshape(-1)[spot] = result[0]
    return others if np.any(asked) else {}
