"""Our own engine at the points: it does what torch does, but where a reason is stated here."""

from __future__ import annotations

from paragrad.fuzz.engines.own import Own
from paragrad.fuzz.judge.conventions.probe import probe
from paragrad.fuzz.judge.conventions.table import Answers, Moved, differences

DIFFERENT: dict[str, str] = {
    "gelu([inf])": "inf, as torch gives for a single element; its vector code for float32 gives NaN",
    "topk([3, 3, 1, 3, 1], 2, largest=True)": "torch leaves open which of equals it picks; ours picks the first",
}
"""What ours does at a point in place of torch's choice, and why. One that is no longer needed fails the tests."""


def differing(torch: Answers) -> list[Moved]:
    """Where our engine differs from torch's answers, with a reason or without."""
    return differences(torch, probe(Own()))


def unexplained(torch: Answers) -> list[Moved]:
    """Where our engine differs from torch's answers and DIFFERENT says nothing."""
    return [moved for moved in differing(torch) if moved.point not in DIFFERENT]
