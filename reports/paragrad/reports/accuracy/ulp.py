"""Distances in ULP from a truth that is more precise than what is measured.

A truth is an unevaluated sum of two float64 arrays, hi + lo: enough for float64 (where lo is what hi lacks) on machines
whose long double is no longer than a double. The ULP at a truth is the spacing of the dtype in the truth's own binade,
the smallest subnormal at least; so a correctly rounded result is at most 0.5 away.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from paragrad.reports.bodies.accuracy import Exact, Quantity, Ulps

Array = NDArray[Any]

EDGES = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 4.0, 8.0, 16.0, 64.0, 1024.0)
"""The upper edges of the bins of a distribution; beyond the last there is one more bin."""
HALF_THE_DIGITS = 2.0**-26
"""Of float64."""


@dataclass(slots=True)
class Truth:
    """hi + lo, |lo| at most half a ULP of hi."""

    hi: Array
    lo: Array

    @staticmethod
    def of(array: Array) -> Truth:
        """A truth that float64 (or the integers) hold, or an array of long doubles split into its two parts."""
        if array.dtype.kind != "f":
            return Truth(array, np.zeros((), np.float64))
        with np.errstate(all="ignore"):
            hi = array.astype(np.float64)
            lo = (array - hi).astype(np.float64) if array.dtype.itemsize > 8 else np.zeros(hi.shape)
        return Truth(hi, np.where(np.isfinite(hi), lo, 0.0))


def spacing(truth: Array, dtype: np.dtype[Any]) -> Array:
    """The ULP of `dtype` at each element of a float64 array."""
    limits = np.finfo(dtype)
    _, exponent = np.frexp(truth)  # truth = m · 2^exponent, 0.5 <= |m| < 1
    found: Array = np.ldexp(1.0, np.maximum(exponent - 1, int(limits.minexp)) - int(limits.nmant))
    return found


def distance(found: Array, truth: Truth) -> Array:
    """|found - truth| in ULP of the dtype of `found`. Differences of floats this close are exact."""
    with np.errstate(all="ignore"):
        off = np.abs((found.astype(np.float64) - truth.hi) - truth.lo)
        # A ULP of tiny float64 numbers is subnormal, where dividing still gives the right count.
        result: Array = off / spacing(truth.hi, found.dtype)
    return result


def held(truth: Truth, dtype: np.dtype[Any]) -> Array:
    """Where a truth is a number that `dtype` can hold."""
    with np.errstate(all="ignore"):
        return np.asarray(np.isfinite(truth.hi) & (np.abs(truth.hi) <= np.finfo(dtype).max))


def comparable(found: Array, truth: Truth) -> Array:
    """Where both are numbers that have a distance."""
    return np.asarray(held(truth, found.dtype) & np.isfinite(found) & ((truth.hi != 0) | (found == 0)))


@dataclass(slots=True)
class Errors:
    """Errors of both sides at the same elements, collected array by array.

    Inf and NaN have no distance, and an exact zero has no binade: what is off there is counted as `unlike`.
    """

    engine: list[Array] = field(default_factory=list)
    torch: list[Array] = field(default_factory=list)
    count: int = 0
    beyond: int = 0
    unlike: dict[str, int] = field(default_factory=lambda: {"engine": 0, "torch": 0})

    def add(self, engine: Array, torch: Array, truth: Truth) -> None:
        """Take up an array of each side. Elements whose truth is no number of the dtype are counted apart."""
        self.count += truth.hi.size
        known = held(truth, engine.dtype)
        self.beyond += truth.hi.size - int(np.count_nonzero(known))
        for name, found, errors in (("engine", engine, self.engine), ("torch", torch, self.torch)):
            good = comparable(found, truth)
            self.unlike[name] += int(np.count_nonzero(known & ~good))
            errors.append(np.asarray(distance(found, truth))[good])

    def fail(self, torch: Array) -> None:
        """Take up an array that the engine does not give: each of its elements is unlike torch's."""
        self.count += torch.size
        self.unlike["engine"] += torch.size

    def dispute(self, engine: Array, torch: Array, size: float) -> None:
        """Take up an array of which no truth is known: the engine's is unlike torch's where they share less than half
        the digits of `size`."""
        self.count += torch.size
        with np.errstate(all="ignore"):
            apart = int(np.count_nonzero(~(np.abs(engine - torch) <= HALF_THE_DIGITS * size)))
        self.unlike["engine"] += apart
        self.beyond += torch.size - apart

    def quantity(self) -> Quantity | None:
        """The distributions; None where no element could be measured."""
        engine, torch = (np.concatenate(side) if side else np.zeros(0) for side in (self.engine, self.torch))
        if not engine.size or not torch.size:
            return None
        return {
            "count": self.count,
            "beyond": self.beyond,
            "engine": summary(engine, self.unlike["engine"]),
            "torch": summary(torch, self.unlike["torch"]),
        }


@dataclass(slots=True)
class Mismatches:
    """Elements of integer or bool outputs that are not the truth."""

    count: int = 0
    engine: int = 0
    torch: int = 0

    def add(self, engine: Array, torch: Array, truth: Truth) -> None:
        """Take up an array of each side."""
        self.count += truth.hi.size
        self.engine += int(np.count_nonzero(engine != truth.hi))
        self.torch += int(np.count_nonzero(torch != truth.hi))

    def exact(self) -> Exact | None:
        """The counts; None where there was no element."""
        return {"count": self.count, "engine": self.engine, "torch": self.torch} if self.count else None


def summary(errors: Array, unlike: int) -> Ulps:
    """Maximum, 99.9th percentile and median, to four digits, and counts by bin: the seed reproduces the rest."""
    top, p999, median = errors.max(), np.quantile(errors, 0.999), np.median(errors)
    bins = np.bincount(np.searchsorted(EDGES, errors), minlength=len(EDGES) + 1)
    rounded = [float(f"{x:.4g}") for x in (top, p999, median)]
    return {"max": rounded[0], "p999": rounded[1], "median": rounded[2], "unlike": unlike, "bins": bins.tolist()}
