"""What a number should be, how far it may be from that, and where a found one agrees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from paragrad.engine import dtypes
from paragrad.fuzz.judge.bounds import NEAR, TINY, UNIT, Bounded
from paragrad.fuzz.program import Array


@dataclass(slots=True)
class Expected:
    """What a number should be: `exact` in float64, `torch` in the subject's dtype, and the bound on the difference.

    `elsewhere` is what torch gives where the same elements lie otherwise in memory, and it doesn't agree with itself;
    `unclear` says where rounding decides about a branch, so that nobody can tell.
    """

    exact: Array
    torch: Array
    bound: Array
    elsewhere: tuple[Array, ...] = ()
    unclear: Array | bool = False

    def accepts(self, found: Array) -> Array:
        """Where `found` is right, or what torch gives elsewhere."""
        return self.agrees(found) | self.conventional(found)

    def agrees(self, found: Array) -> Array:
        """Where `found` is within the bound of the truth, or of the same non-finite class as torch's own result.

        That is torch's in either precision: with inf among its operands a convolution in float32 multiplies zeros
        that one in float64 passes over, or the other way round.

        Where the bound says that partial results may overflow (their magnitude is about bound / u), their order
        decides between inf, -inf and NaN, and any of them is right; so it is where the bound is infinite, because
        rounding has decided already.
        """
        if found.dtype.kind != "f":
            return np.asarray(found == self.torch)
        with np.errstate(all="ignore"):
            close = np.abs(found.astype(np.float64) - self.exact) <= self.bound
            same = (found == self.torch) | (np.isnan(found) & (np.isnan(self.torch) | np.isnan(self.exact)))
            same |= close | (found == self.exact)
            finite = np.isfinite(found) & np.isfinite(self.torch)
            magnitude = np.maximum(np.abs(self.exact), self.bound / UNIT[dtypes.as_dtype(found.dtype)])
            partial = np.isfinite(self.exact) & ~(magnitude < np.finfo(found.dtype).max)
            overflows = partial & ~np.isfinite(found)
            overflows |= np.isinf(self.bound) & ~(np.isfinite(found) & np.isnan(self.exact) & np.isnan(self.torch))
        return np.where(finite, close, same | overflows)

    def singular(self) -> Array:
        """Where the derivative or value has no finite number in either precision: any engine may choose."""
        return ~np.isfinite(self.torch) & ~np.isfinite(self.exact)

    def largest(self, found: Array, agreeing: Array) -> float:
        """The largest error ÷ bound among the numbers that agree; 0.0 where none was held against a bound."""
        if found.dtype.kind != "f":
            return 0.0
        with np.errstate(all="ignore"):
            ratio = np.abs(found - self.exact) / self.bound
        held = agreeing & np.isfinite(ratio) & np.isfinite(self.bound)
        return float(np.max(ratio, where=held, initial=0.0))

    def conventional(self, found: Array) -> Array:
        """Where `found` is what torch gives elsewhere."""
        accepted = np.zeros(found.shape, np.bool_)
        with np.errstate(all="ignore"):
            for other in self.elsewhere:
                rounding = NEAR * UNIT[dtypes.as_dtype(found.dtype)] * np.abs(other)
                near = np.isfinite(other) & (np.abs(found - other) <= np.maximum(rounding, self.bound))
                accepted |= near | (found == other) | (np.isnan(found) & np.isnan(other))
        return accepted


def exactly(array: Array) -> Expected:
    """These numbers and no others."""
    return Expected(array.astype(np.float64), array, np.zeros(array.shape))


def bound_on(payload: Bounded, native: Array, exact: Array) -> Array:
    """The bound, doubled where the expected value is itself only as precise as the subject (float64).

    It comes from the engine's own rules. Where these don't even come near torch's `exact` result they are wrong, and
    so may be the bound: there it is a few u.
    """
    dtype = dtypes.as_dtype(native.dtype)
    rounded = UNIT[dtype] * np.abs(payload.value) if payload.dtype is not dtype else 0.0
    total = np.asarray(payload.error) + rounded + TINY[dtype]
    with np.errstate(all="ignore"):
        strange = np.isfinite(exact) & ~(np.abs(payload.value - exact) <= 8 * np.abs(exact) + 2 * payload.error)
        strange |= np.isfinite(exact) & ~np.isfinite(payload.value)
        total = np.where(strange, NEAR * UNIT[dtype] * np.abs(exact) + TINY[dtype], total)
        total = np.where(np.isinf(exact) & np.isfinite(payload.value), TINY[dtype], total)
    return 2 * total if dtype is dtypes.float64 else np.asarray(total * (1 + 1e-6))


def apart(exact: Array, other: Array) -> Array:
    """How far two results are apart, where both are numbers."""
    with np.errstate(all="ignore"):
        return np.asarray(np.nan_to_num(np.abs(exact - other), nan=0.0, posinf=0.0))
