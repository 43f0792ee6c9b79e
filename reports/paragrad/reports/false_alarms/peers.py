"""Peers as sound engines: in which ops, on which programs, and whether what is left out still has to be."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import replace

from paragrad.fuzz.engines import deviations
from paragrad.fuzz.engines.deviations import Deviation
from paragrad.fuzz.engines.foreign import Foreign
from paragrad.fuzz.engines.known import PEERS, known
from paragrad.fuzz.program import Program
from paragrad.fuzz.shrink import examine
from paragrad.fuzz.strategies.values import Values

FAMILIES = ("op", "scalar", "graph", "graph", "large graph")
"""What is drawn for a peer: the other families choose their ops themselves."""


@functools.cache
def engine(peer: str) -> Foreign:
    """The peer in its child process, one for all batches."""
    found = known(peer)
    assert isinstance(found, Foreign)
    return found


def is_installed(peer: str) -> bool:
    """Whether there is such a peer to judge."""
    return PEERS[peer].version is not None


@functools.cache
def sound_ops(peer: str) -> frozenset[str]:
    """The ops in which the peer is not known to differ from torch."""
    return engine(peer).ops() - {d.op for d in deviations.of(peer)}


def refilled(program: Program, values: Values) -> Program:
    """The same program at other numbers: each float input's multiplied by factors that keep it in its domain."""
    inputs = []
    for spec in program.inputs:
        if spec.dtype.kind == "f":
            spec = replace(spec, storage=spec.storage * values.within(spec.storage.size, 0.5, 1.0))
        inputs.append(spec)
    return replace(program, inputs=inputs)


def needless(peers: frozenset[str]) -> Iterator[Deviation]:
    """The known differences of these peers that their programs show no more."""
    for deviation in deviations.deviations():
        if deviation.engine in peers and is_installed(deviation.engine):
            judgement = examine(deviation.program, engine(deviation.engine), staged=False)
            if not judgement.findings:
                yield deviation
