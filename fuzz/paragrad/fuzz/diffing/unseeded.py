"""Of an engine whose backward() does not start by itself, the finding that the root's own gradient is not set."""

from __future__ import annotations

from paragrad.fuzz.checking.unseeded import said
from paragrad.fuzz.engines.foreign import Foreign
from paragrad.fuzz.engines.inside import Inside
from paragrad.fuzz.judge import Finding
from paragrad.fuzz.judge.blame import WALK
from paragrad.fuzz.program import Backward
from paragrad.fuzz.trace import Engine, Trace


def unseeded(engine: Engine, walk: Backward, at: int, torchs: Trace) -> Finding | None:
    """The finding that an engine gives gradients only where the root's own is set from outside; None of any other."""
    if not isinstance(engine, Foreign | Inside) or len(walk.roots) != 1 or walk.cotangents != (None,):
        return None
    message, diagnosis = said(engine.hello, "L")
    if not message:
        return None
    (root,) = walk.roots
    expected = torchs.gradients[at].get(root)
    return Finding("gradient", at, WALK, root, message, expected=expected, diagnosis=diagnosis)
