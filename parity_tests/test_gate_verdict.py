"""The speed gate's statistics and its rule: intervals, power, and what each sequence of attempts comes to."""

from __future__ import annotations

import numpy as np
import pytest

from paragrad.reports import bootstrap
from paragrad.reports.gate.speed import run as running
from paragrad.reports.gate.speed import verdict
from paragrad.reports.gate.speed.measure import Measured
from paragrad.reports.gate.speed.statistics import Spread, spread, to_be_seen


def drawn(
    seed: int, ratio: float = 1.0, within: float = 0.01, between: float = 0.01, launches: int = 5, rounds: int = 8
) -> list[list[float]]:
    """Ratios as processes give them: each launch has a layout of its own, each pair its neighbours."""
    draw = np.random.default_rng(seed)
    layout = draw.normal(0, between, (launches, 1))
    noise = draw.standard_t(3, (launches, rounds)) * within
    found: list[list[float]] = (ratio * np.exp(layout + noise)).tolist()
    return found


def measured(change: float, low: float, high: float, control: tuple[float, float] = (0.99, 1.01)) -> Measured:
    """What came out of a benchmark, with intervals as given and medians spread evenly over them."""
    medians = np.linspace(low, high, 101)
    quiet = Spread(1.0, *control, 5, 40, np.linspace(*control, 101))
    return Measured(1e-5, Spread(change, low, high, 5, 40, medians), quiet)


SAME, SLOWER = measured(1.0, 0.99, 1.01), measured(1.05, 1.04, 1.06)
BLURRED = measured(1.0, 0.9, 1.1)
UNCLEAR = measured(1.04, 1.02, 1.06)
VOID = measured(1.05, 1.04, 1.06, control=(1.04, 1.06))


def test_an_interval_without_noise_is_a_point() -> None:
    found = spread([[1.25] * 8] * 5)
    assert (found.ratio, found.low, found.high, found.launches, found.pairs) == (1.25, 1.25, 1.25, 5, 40)
    assert found.width == 0


def test_the_interval_knows_that_pairs_of_a_launch_are_alike() -> None:
    """Test the tester: taken one by one, the pairs of five layouts promise far more than they know."""
    samples = [drawn(seed, within=0.003, between=0.02) for seed in range(40)]
    ours = [spread(sample) for sample in samples]
    flat = [bootstrap.interval([r for launch in sample for r in launch], level=0.99) for sample in samples]
    assert sum(found.low <= 1 <= found.high for found in ours) >= 36
    assert sum(found["low"] <= 1 <= found["high"] for found in flat) <= 30
    assert sum(found["low"] > 1.01 or found["high"] < 0.99 for found in flat) > 3


@pytest.mark.parametrize(
    ("ratios", "message"),
    [
        ([], "no ratios"),
        ([[]], "no ratios"),
        ([[1.0, 0.0]], "not positive and finite"),
        ([[1.0, float("nan")]], "not positive and finite"),
        ([[1.0, float("inf")]], "not positive and finite"),
        ([[1.0], [1.0, 2.0]], "inhomogeneous"),
    ],
)
def test_no_statistic_is_made_of_nothing(ratios: list[list[float]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        spread(ratios)


@pytest.mark.parametrize("between", [0.003, 0.03, 0.05])
def test_power_is_the_share_of_slow_downs_that_are_seen(between: float) -> None:
    """Told from one run, against what twice as many runs as are told of see of a planted 10 %."""
    told = np.mean([spread(drawn(seed, between=between, launches=8)).power(1.03) for seed in range(40)])
    seen = np.mean([spread(drawn(1000 + k, 1.1, between=between, launches=8)).low > 1.03 for k in range(80)])
    assert abs(told - seen**2) < 0.15


SAID = {"S": SLOWER, "N": SAME, "U": UNCLEAR, "V": VOID, "B": BLURRED}
"""Attempts by letter: slower, not slower, unclear, void, and not slower without power."""
ENDS = {
    "fail": ("SS", "SUS", "SVS", "USS", "VSS"),
    "pass": ("N", "SN", "UN", "VN", "SUN", "SVN", "USN", "UUN", "UVN", "VSN", "VUN", "VVN"),
    "another": ("S", "U", "V", "SU", "SV", "US", "UU", "UV", "VS", "VU", "VV"),
    "inconclusive": (
        *("B", "SB", "UB", "VB", "SUB", "SVB", "USB", "UUB", "UVB", "VSB", "VUB", "VVB"),
        *("SUU", "SUV", "SVU", "SVV", "USU", "USV", "UUS", "UUU", "UUV", "UVS", "UVU", "UVV"),
        *("VSU", "VSV", "VUS", "VUU", "VUV", "VVS", "VVU", "VVV"),
    ),
}
ANSWERS = {letters: said for said, sequences in ENDS.items() for letters in sequences}
"""What each sequence of attempts comes to, "another" where it is not decided yet."""


def test_the_table_has_every_sequence_and_no_other() -> None:
    """Those that go on are those that are not decided, and none has more attempts than there may be."""
    going_on = ["", *(letters for letters, said in ANSWERS.items() if said == "another")]
    assert sorted(ANSWERS) == sorted(before + letter for before in going_on for letter in SAID)
    assert max(map(len, ANSWERS)) == verdict.ATTEMPTS


@pytest.mark.parametrize(("letters", "expected"), ANSWERS.items())
def test_each_sequence_of_attempts_has_its_answer(letters: str, expected: str) -> None:
    """Fail where two are slower, pass where the last is not and has power, and nothing by what is void or unclear."""
    assert verdict.answer([SAID[letter] for letter in letters], 1.03) == (None if expected == "another" else expected)


@pytest.mark.parametrize("letters", [letters for letters, said in ANSWERS.items() if said != "another"])
def test_what_is_shown_bears_the_answer_out(letters: str) -> None:
    """A fail shows two that are slower, and else the power is that of the attempt that decided."""
    row = running.row("exp-16", [SAID[letter] for letter in letters], 1.03)
    twice = row["confirmed"] is not None and min(row["estimate"]["low"], row["confirmed"]["low"]) > 1.03
    assert twice == (row["verdict"] == "fail")
    decided = [letter for letter in letters if letter != "V"] or ["V"]
    assert row["power"] == SAID[decided[-1]].change.power(1.03)
    assert (row["confirmed"] is None) == (len(decided) == 1)


@pytest.mark.parametrize(
    ("ratio", "low", "expected"),
    [(1.06, 1.029, "unclear"), (1.031, 1.0, "unclear"), (1.03, 1.0, "not slower"), (1.031, 1.0301, "slower")],
)
def test_a_ratio_above_the_threshold_is_not_called_not_slower(ratio: float, low: float, expected: str) -> None:
    assert verdict.outcome(measured(ratio, low, 1.09), 1.03) == expected


@pytest.mark.parametrize("threshold", [1.01, 1.03, 1.0957, 1.1, 1.5, 2.0])
def test_any_threshold_can_be_passed(threshold: float) -> None:
    """On a quiet machine the same engine is no slower, whatever the threshold, and that is no answer in every noise."""
    quiet, loud = (measured(1.0, 1 - width, 1 + width) for width in (0.005, 0.1))
    assert verdict.answer([quiet], threshold) == "pass"
    assert verdict.answer([loud], threshold) == "inconclusive"


@pytest.mark.parametrize(("threshold", "seen"), [(1.01, 1.1), (1.03, 1.1), (1.1, 1.175), (2.0, 2.136)])
def test_power_is_of_a_slow_down_beyond_the_threshold(threshold: float, seen: float) -> None:
    assert to_be_seen(threshold) == pytest.approx(seen, abs=5e-4)


@pytest.mark.parametrize("control", [(1.031, 1.05), (0.95, 0.97)])
def test_a_control_voids_on_either_side(control: tuple[float, float]) -> None:
    assert verdict.outcome(measured(1.0, 0.99, 1.01, control), 1.03) == "void"
    assert verdict.outcome(measured(1.0, 0.99, 1.01, control), 1.06) == "not slower"


def test_no_attempt_is_no_answer() -> None:
    with pytest.raises(ValueError, match="nothing was measured"):
        verdict.answer([], 1.03)
