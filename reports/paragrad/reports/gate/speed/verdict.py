"""An answer for each benchmark, from as many attempts as it takes, and one for all of them.

An attempt is void where its control, the base against itself, leaves the threshold on either side: then the machine
made the difference. It says slower where the interval lies above the threshold as a whole, not slower where the ratio
does not, and is unclear between. Each of an answer's attempts has processes of its own:

- two that say slower are a fail, wherever they come;
- one that says not slower ends it: a pass, or inconclusive where that attempt would have missed a slow-down;
- void and unclear ones ask for another, until there were ATTEMPTS: then it is inconclusive.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from paragrad.reports.bodies.gate import Answer, Estimate
from paragrad.reports.gate.speed.measure import Measured
from paragrad.reports.gate.speed.statistics import SURE, Spread

ATTEMPTS = 3
"""The first, its confirmation, and one in place of an attempt that is void or unclear."""
Outcome = Literal["slower", "not slower", "unclear", "void"]


def outcome(attempt: Measured, threshold: float) -> Outcome:
    """What one attempt says."""
    if attempt.control.low > threshold or attempt.control.high < 1 / threshold:
        return "void"
    if attempt.change.low > threshold:
        return "slower"
    return "unclear" if attempt.change.ratio > threshold else "not slower"


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
    """The attempt that is shown, and the one that decided after it: of a fail those that say slower, else the first and
    the last that are not void."""
    said = [outcome(attempt, threshold) for attempt in attempts]
    good = [attempt for attempt, found in zip(attempts, said, strict=True) if found != "void"]
    slower = [attempt for attempt, found in zip(attempts, said, strict=True) if found == "slower"]
    pick = slower if len(slower) >= 2 else good or attempts[:1]
    return pick[0], pick[-1] if len(pick) > 1 else None


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
