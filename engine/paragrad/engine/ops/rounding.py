"""How an op rounds: what each op of the table declares and the judge turns into bounds.

u is half the spacing at 1 (2^-24 in float32, 2^-53 in float64). Sources: Higham, Accuracy and Stability of Numerical
Algorithms, ch. 2-4 (u·|result| an operation, n·u·Σ|terms| for a sum of n terms in any order).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True)
class Rounding:
    """Base of the kinds below. `sums`: the op adds up products of its operands, each with a coefficient ≥ 0, so that on
    magnitudes it and its rules give the sum of the magnitudes."""

    sums: bool = field(default=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Elementwise(Rounding):
    """Each element is computed alone and lies within `ulps` ULP of the truth; errors of operands pass by the rules.

    `lost` counts twice the smallest normal number: what is lost besides where a result that could still be told from 0
    is made of an exponential that overflows or vanishes.
    """

    ulps: float
    lost: float = 0.0


@dataclass(frozen=True, slots=True)
class Linear(Rounding):
    """Linear in every operand with coefficients ≥ 0: a sum of `terms(*args)` products, added in any order.

    Errors pass through the op itself, applied to magnitudes. Moving data about is the case of no terms at all.
    """

    terms: Callable[..., float]
    sums: bool = field(default=True, kw_only=True)


@dataclass(frozen=True, slots=True)
class Composite(Rounding):
    """Written with other ops of the table, which declare their own rounding."""


@dataclass(frozen=True, slots=True)
class Analysed(Rounding):
    """The op states its own bound: `error(u, errors, *args, out)`, an array of the shape of `out`.

    `args` are float64 arrays, `errors` the bound on each array argument in their order (0.0 where exact).
    `open(*args)` says where inf, NaN and any number are right alike, for nobody knows all that the op was given.
    """

    error: Callable[..., Any]
    open: Callable[..., Any] = lambda *args: False


def ulps(count: float, lost: float = 0.0) -> Elementwise:
    """Elementwise, within `count` ULP. 0 is exact, 0.5 is correctly rounded."""
    return Elementwise(count, lost)


EXACT = Elementwise(0.0)
MOVES = Linear(lambda *args: 0.0)
COMPOSITE = Composite()
SELECTS = Analysed(lambda u, errors, *args: np.broadcast_to(np.max(errors[0], initial=0.0), np.shape(args[-1])))
"""Picks elements of the first operand by their values: any of their errors may come along."""


def smallest(u: float) -> float:
    """The smallest subnormal of the dtype whose unit is u: what an underflow may lose."""
    return 2.0**-149 if u > 2.0**-30 else 2.0**-1074


def largest(u: float) -> float:
    """The largest finite number of the dtype whose unit is u."""
    return 3.4028234663852886e38 if u > 2.0**-30 else 1.7976931348623157e308
