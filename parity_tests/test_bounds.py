"""Running error analysis: what it leaves open where numbers leave the range, and what it does not."""

from __future__ import annotations

from math import inf, nan
from typing import Any

import numpy as np
import pytest

import paragrad.engine as pg
from paragrad.fuzz.judge.bounds import UNIT, Bounded


def error(op: str, *operands: Any) -> Any:
    """The error of an op's value on exact float64 operands."""
    arguments = [pg.Tensor(Bounded.exact(np.array(x))) if isinstance(x, list) else x for x in operands]  # type: ignore[arg-type]
    bounded: Any = getattr(pg, op)(*arguments).array
    return np.asarray(bounded.error).tolist()


def test_a_sum_of_n_terms() -> None:
    unit = UNIT[pg.float64]
    assert 4 * unit <= error("sum", [1.0, -2.0, 1.0]) <= 12 * unit
    assert error("neg", [1.0, -2.0]) == [0.0, 0.0]


@pytest.mark.parametrize("op", ["sum", "prod"])
def test_terms_that_overflow_are_undecided(op: str) -> None:
    assert error(op, [1e308, 1e308, -1e308, -1e308]) == inf
    assert error(op, [inf, 1e308, -1e308, -1e308]) == inf


def test_products_that_overflow_are_undecided() -> None:
    assert error("linear", [[1.0, 1e200]], [[-inf, 1e200]]) == [[inf]]
    assert error("matmul", [[1.0, 1e200]], [[-inf], [1e200]]) == [[inf]]


@pytest.mark.parametrize("number", [inf, -inf, nan])
def test_one_infinite_term_is_decided(number: float) -> None:
    assert error("sum", [number, 1.0, -2.0]) == 0.0
    assert error("linear", [[1.0, 2.0]], [[number, 3.0]]) == [[0.0]]
    assert np.isfinite(error("softmax", [number, 1.0], -1)).all()


def test_indices_beside_infinite_numbers() -> None:
    target = pg.tensor([1, -100])
    assert error("nll_loss", [[1.0, inf], [2.0, 3.0]], target) == 0.0


def test_selecting_among_infinite_numbers() -> None:
    bounded: Any = pg.Tensor(Bounded.exact(np.array([[inf, 1.0], [inf, 3.0]])))  # type: ignore[arg-type]
    error = pg.min(bounded, dim=0).values.array.error
    assert error.shape == (2,)
    assert error[0] == 0.0
