"""Test the tester: what `assert_within_ulps` lets pass, and what it must not."""

from __future__ import annotations

import numpy as np
import pytest

from parity_tests.ulps import assert_within_ulps

ONE = np.float64(1.0)
NEXT = np.nextafter(ONE, 2.0)
ALIKE = [
    (ONE, ONE, 0, ()),
    (ONE, NEXT, 1, ()),
    (np.float32(3), np.nextafter(np.float32(3), np.float32(0)), 1, ()),
    (np.array([np.nan, np.inf, -np.inf, 0.0]), np.array([np.nan, np.inf, -np.inf, -0.0]), 0, ()),
    (np.array([True, False]), np.array([True, False]), 0, ()),
    (np.zeros((0, 2)), np.zeros((0, 2)), 0, ()),
    (np.array([1.0, 2.0**-60]), np.array([1.0, 0.0]), 1, [np.ones(3)]),
]
UNLIKE = [
    (ONE, np.nextafter(NEXT, 2.0), 1, ()),
    (ONE, ONE + 2.0**-40, 100, ()),
    (np.float32(1), ONE, 4, ()),
    (np.zeros(2), np.zeros((2, 1)), 4, ()),
    (np.array([np.nan]), np.array([1.0]), 4, ()),
    (np.array([np.inf]), np.array([1e300]), 4, ()),
    (np.array([np.inf, 1.0]), np.array([-np.inf, 1.0]), 4, [np.array([np.inf])]),
    (np.array([2]), np.array([3]), 4, ()),
    (np.array([1.0, 2.0**-50]), np.array([1.0, 0.0]), 1, [np.ones(3)]),
]


@pytest.mark.parametrize("case", range(len(ALIKE)))
def test_what_rounding_explains_passes(case: int) -> None:
    found, expected, most, of = ALIKE[case]
    assert_within_ulps(found, expected, most, "case", of)
    assert_within_ulps(expected, found, most, "case", of)


@pytest.mark.parametrize("case", range(len(UNLIKE)))
def test_what_it_does_not_explain_fails(case: int) -> None:
    found, expected, most, of = UNLIKE[case]
    with pytest.raises(AssertionError, match="case: "):
        assert_within_ulps(found, expected, most, "case", of)
    with pytest.raises(AssertionError, match="case: "):
        assert_within_ulps(expected, found, most, "case", of)
