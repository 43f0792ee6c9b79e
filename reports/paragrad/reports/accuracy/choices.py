"""Where mathematics leaves a choice and our engine chooses otherwise than the installed torch, with the reason."""

from __future__ import annotations

from paragrad.fuzz.judge.conventions import Moved, probe
from paragrad.fuzz.judge.conventions.ours import DIFFERENT, differing
from paragrad.fuzz.judge.conventions.table import parts, same, told
from paragrad.reports.bodies.accuracy import ChoiceRow, ConventionsBody


def measure() -> ConventionsBody:
    """Ask both sides at every point, in both dtypes. Takes half a second."""
    torch = probe()
    return {
        "points": sum(len(answers) for answers in torch.values()),
        "differing": [row(moved) for moved in differing(torch)],
    }


def row(moved: Moved) -> ChoiceRow:
    """One point, with those parts of the two answers that differ."""
    torch, own = (parts(answer) if answer else {} for answer in (moved.expected, moved.found))
    names = [name for name in {**torch, **own} if not same(torch.get(name), own.get(name), moved.dtype)]
    return {
        "point": f"{moved.point} in {moved.dtype}",
        "torch": "; ".join(f"{name} {told(torch.get(name))}" for name in names),
        "engine": "; ".join(f"{name} {told(own.get(name))}" for name in names),
        "reason": DIFFERENT.get(moved.point, ""),
    }
