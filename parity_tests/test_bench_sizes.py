"""Ops over sizes: every side that is installed computes torch's numbers, and one that does not is refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from paragrad.reports.speed import peers, sizes
from paragrad.reports.speed.peers import Peer
from paragrad.reports.speed.workload import Unlike

LACKING = {("autograd", "conv2d")}
"""What a peer lacks, and can't be spelled in a line."""


@pytest.mark.parametrize("side", sizes.SIDES)
@pytest.mark.parametrize("op", sizes.SIZED)
def test_every_side_computes_the_numbers_of_torch(op: str, side: str) -> None:
    smallest = sizes.SIZED[op][1][0]
    if (side, op) in LACKING:
        with pytest.raises(NotImplementedError, match=f"{side} has no {op}"):
            sizes.prepared(op, smallest, side)
    else:
        sizes.prepared(op, smallest, side)


def exp_only(factor: float) -> Peer:
    """A peer of one op, whose gradient is off by a factor."""

    def differentiate(function: peers.Function) -> peers.Differentiated:
        def run(cotangent: Any, *arrays: Any) -> tuple[Any, Sequence[Any]]:
            value = function(*arrays)
            return value, [np.float32(factor) * cotangent * value]

        return run

    return Peer("planted", {"exp": np.exp}, np.asarray, differentiate)


def test_a_peer_that_computes_something_else_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(peers.PEERS, "planted", ("numpy", lambda: exp_only(1.0)))
    sizes.prepared("exp", 16, "planted")
    monkeypatch.setitem(peers.PEERS, "planted", ("numpy", lambda: exp_only(1.01)))
    with pytest.raises(Unlike, match="result 1 differs from torch's"):
        sizes.prepared("exp", 16, "planted")
    with pytest.raises(NotImplementedError, match="planted has no sin"):
        sizes.prepared("sin", 16, "planted")


def test_peers_that_are_not_installed_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        peers, "PEERS", {"here": ("numpy", lambda: exp_only(1.0)), "gone": ("paragrad_no_such", lambda: exp_only(1.0))}
    )
    assert peers.installed() == ["here"]
    assert peers.absent() == ["gone"]


@pytest.mark.parametrize("size", [256, 4_096])
def test_sizes_are_those_of_the_first_input(size: int) -> None:
    made = sizes.SIZED["conv2d"][0](size)(sizes.library("engine"))
    made.step()
    assert made.results()[1].size == size
