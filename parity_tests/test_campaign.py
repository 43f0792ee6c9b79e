"""A campaign that ends early: by findings, and by a failure of our own, which loses none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from paragrad.fuzz import campaign
from paragrad.fuzz.campaign import MOST_FINDINGS, Options
from paragrad.fuzz.engines.own import Own


@pytest.fixture
def options(tmp_path: Path) -> Options:
    """A small campaign of single ops that leaves its findings in `tmp_path`."""
    return Options(programs=640, seed=3, families=("op",), replay=(), findings=tmp_path)


@pytest.fixture
def wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every float that our engine computes is off by half."""
    read = Own.read

    def off(self: Own, tensor: Any) -> Any:
        array = read(self, tensor)
        computed = isinstance(array, np.ndarray) and array.dtype.kind == "f" and not tensor.is_leaf
        return np.asarray(array * array.dtype.type(1.5)) if computed else array

    monkeypatch.setattr(Own, "read", off)
    monkeypatch.setattr("paragrad.fuzz.shrink.BUDGET", 20)


@pytest.mark.usefixtures("wrong")
def test_enough_is_enough(options: Options) -> None:
    outcome = campaign.run(options)
    assert outcome.failure is None
    assert len(outcome.found) == MOST_FINDINGS
    assert outcome.stopped == f"{MOST_FINDINGS} distinct findings"
    assert len(list(options.findings.glob("*.json"))) == MOST_FINDINGS


@pytest.mark.usefixtures("wrong")
def test_a_failure_of_our_own_loses_no_finding(options: Options, monkeypatch: pytest.MonkeyPatch) -> None:
    def text(*args: Any) -> str:
        calls.append(args)
        if len(calls) > 2:
            raise ZeroDivisionError("ours")
        return "a table"

    calls: list[Any] = []
    monkeypatch.setattr(campaign, "text", text)
    outcome = campaign.run(options)
    assert isinstance(outcome.failure, ZeroDivisionError)
    assert len(outcome.found) == 2
