"""An answer for each benchmark, from as many attempts as it takes, and one for all of them.

An attempt is void where its control, the base against itself, leaves the threshold on either side: then the machine
made the difference. Slower is what two attempts call slower, the second in processes of its own, neither void. What
one calls slower and the next does not is not; what can't be told is inconclusive, and so is an attempt that would not
have seen a slow-down of 10 %.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from paragrad.reports.bodies.gate import Answer, Estimate
from paragrad.reports.gate.speed.measure import Measured
from paragrad.reports.gate.speed.statistics import Spread

ATTEMPTS = 3
"""The first, its confirmation, and one in place of an attempt that is void."""
SURE = 0.8
"""Power below which a pass says nothing."""
Outcome = Literal["slower", "not slower", "void"]


def outcome(attempt: Measured, threshold: float) -> Outcome:
    """What one attempt says."""
    if attempt.control.low > threshold or attempt.control.high < 1 / threshold:
        return "void"
    return "slower" if attempt.change.low > threshold else "not slower"


def answer(attempts: Sequence[Measured], threshold: float) -> Answer | None:
    """What the attempts so far say; None where there has to be another one. Raises ValueError where there is none."""
    if not attempts:
        raise ValueError("no attempt: nothing was measured")
    said = [outcome(attempt, threshold) for attempt in attempts]
    if said.count("slower") >= 2:
        return "fail"
    if "not slower" in said:
        decisive = attempts[said.index("not slower")]
        return "pass" if decisive.change.power(threshold) >= SURE else "inconclusive"
    return "inconclusive" if len(attempts) >= ATTEMPTS else None


def shown(attempts: Sequence[Measured], threshold: float) -> tuple[Measured, Measured | None]:
    """The attempt that is shown, and the one that was to confirm it: the first two that are not void."""
    good = [attempt for attempt in attempts if outcome(attempt, threshold) != "void"]
    first = (good or attempts)[0]
    return first, good[1] if len(good) > 1 else None


def estimate(spread: Spread) -> Estimate:
    """A spread as the record has it."""
    return {
        "ratio": spread.ratio,
        "low": spread.low,
        "high": spread.high,
        "launches": spread.launches,
        "pairs": spread.pairs,
    }


def worst(answers: Sequence[Answer]) -> Answer:
    """One answer for all: a fail is one whatever else there is, and what is inconclusive is no pass."""
    for found in ("fail", "inconclusive"):
        if found in answers:
            return found
    return "pass"
