"""What the chapters check their numbers with: equal to the last bit, or within a bound that is said aloud.

Every check prints what it compared, and raises AssertionError where it does not hold, which ends the build of the page.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def numbers(given: Any) -> np.ndarray:
    """A number, a Value, a tensor (the engine's or torch's) or a list of these as an array of floats."""
    if isinstance(given, list | tuple):
        return np.array([numbers(part) for part in given])
    if hasattr(given, "detach"):
        given = given.detach().numpy()
    array = np.asarray(given if isinstance(given, np.ndarray) else float(given))
    return array if array.dtype.kind == "f" else array.astype(np.float64)


def distance(mine: Any, theirs: Any, of_largest: bool = False) -> float:
    """How far apart they are: the largest difference, in units in the last place (ULP) of the larger number.

    With `of_largest` in those of the largest of all numbers: what a sum of many terms can be held to.
    """
    a, b = numbers(mine), numbers(theirs)
    if a.shape != b.shape:
        raise AssertionError(f"there are {a.shape} numbers on one side and {b.shape} on the other")
    if a.size == 0 or np.isnan(a).any() or np.isnan(b).any():
        raise AssertionError(f"no numbers to compare: {a} and {b}")
    size = np.maximum(np.abs(a), np.abs(b))
    return float(np.max(np.abs(a - b) / np.spacing(size.max() if of_largest else size)))


def told(array: np.ndarray) -> str:
    """A few numbers for people."""
    if array.size > 4:
        return ", ".join(f"{x:.5g}" for x in array.reshape(-1)[:3]) + f", ... ({array.size} numbers)"
    return ", ".join(f"{x:.10g}" for x in array.reshape(-1))


def agree(name: str, mine: Any, theirs: Any, ulps: float = 0, of_largest: bool = False) -> None:
    """Two results are the same: to the last bit, or at most `ulps` units in the last place apart."""
    apart = distance(mine, theirs, of_largest)
    if not apart <= ulps:
        much = f"{apart:.3g} ULP apart, {ulps:g} allowed" if apart < 1e6 else "not the same number"
        raise AssertionError(f"{name}: {told(numbers(mine))} against {told(numbers(theirs))}: {much}")
    print(f"✓ {name}: {told(numbers(mine))}: {f'{apart:.3g} ULP apart' if apart else 'identical'}")


def within(name: str, found: Any, exact: Any, bound: float) -> None:
    """An estimate is no further from what it estimates than theory says."""
    off = float(np.max(np.abs(numbers(found) - numbers(exact))))
    if not off <= bound:
        raise AssertionError(f"{name}: {told(numbers(found))} is {off:.3g} off {told(numbers(exact))}, not {bound:.3g}")
    print(f"✓ {name}: {told(numbers(found))}, off by {off:.2g}, at most {bound:.2g}")
