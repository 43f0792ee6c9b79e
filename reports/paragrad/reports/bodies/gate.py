"""The body of a gate record: what got worse since the baseline, and what got slower since the base commit."""

from __future__ import annotations

from typing import Literal, TypedDict

from paragrad.reports.bodies.speed import Failed

Answer = Literal["pass", "fail", "inconclusive"]
What = Literal["ulp", "verdict", "op", "convention", "dtype", "mutant", "exclusion", "program", "judge"]


class ChangeRow(TypedDict):
    """One thing that is no longer as the baseline has it, from what to what, and the command that shows it."""

    kind: What
    what: str
    before: str
    after: str
    repro: str


class Accepted(TypedDict, total=False):
    """What `--accept` took up: it is the baseline, and neither worse nor better any more."""

    accepted: list[ChangeRow]


class AccuracyGate(Accepted):
    """The working tree against the committed baseline. `rule` says how ULP were compared; `checked` counts, by kind,
    what the baseline or this run has; `accepted` is there after `--accept` only."""

    verdict: Answer
    why: str
    baseline: str
    rule: str
    checked: dict[str, int]
    worse: list[ChangeRow]
    better: list[ChangeRow]


class Estimate(TypedDict):
    """A median paired ratio, working tree ÷ base, with its hierarchical bootstrap interval (nominal 99 %).

    `pairs` are ABBA pairs in all, from so many `launches` of fresh processes.
    """

    ratio: float
    low: float
    high: float
    launches: int
    pairs: int


class SpeedGateRow(TypedDict):
    """One benchmark. It is slower where `low` > `threshold` twice; `control` is base ÷ base in the same run.

    `estimate` is the first attempt, `confirmed` the one that decided after it; of a fail the two that are slower.
    `power`: the chance that a slow-down of 10 % would have been seen in the noise of the attempt that decided; where
    the threshold is above 1.03, a slow-down of threshold × 1.10 / 1.03.
    """

    name: str
    title: str
    threshold: float
    verdict: Answer
    seconds: float
    estimate: Estimate
    confirmed: Estimate | None
    control: Estimate
    power: float


class SpeedGate(TypedDict):
    """The working tree against the base commit, on this machine, in one run.

    Of `seed` come the order of benchmarks and the layouts of the heap; None where nothing was measured, as where the
    base's engine is the working tree's: then nothing can be slower, and it is a pass.

    `failed` could not be measured: a fail where only the working tree can't run it, else inconclusive. `new` can't be
    run by the base's engine, and is not compared. Where none of these has anything, `why` says what kept all of it
    from being measured.
    """

    verdict: Answer
    why: str
    base: str
    seed: int | None
    rows: list[SpeedGateRow]
    failed: list[Failed]
    new: list[str]


class GateBody(TypedDict):
    """The gate's answer: the worst of its parts'. A part that was left out is None."""

    verdict: Answer
    accuracy: AccuracyGate | None
    speed: SpeedGate | None
    elapsed: float
