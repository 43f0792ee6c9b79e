"""Engines whose backward() starts with nothing at the root: every gradient stays 0 unless somebody sets the root's."""

from __future__ import annotations

from paragrad.fuzz.engines.foreign import Foreign
from paragrad.fuzz.engines.inside import Inside
from paragrad.fuzz.judge import Finding
from paragrad.fuzz.judge.blame import WALK
from paragrad.fuzz.program import Backward
from paragrad.fuzz.trace import Engine, Trace

SEED = " = {seed}"
"""How a line of an engine's spelling ends that sets the root's gradient."""
MESSAGE = "{start} alone gives no gradients; those of the other nodes are told with {seed} set from outside before it"
DIAGNOSIS = (
    "the backward does not start: the root's own gradient has to be set to 1 before the walk, as in {inside} = 1"
)


def unseeded(engine: Engine, walk: Backward, at: int, torchs: Trace) -> Finding | None:
    """The finding that an engine gives gradients only where the root's own is set from outside; None of any other.

    Such an engine was found out when it was loaded: `root.grad = 1; root.backward()` is how it is run.
    """
    if not isinstance(engine, Foreign | Inside) or len(walk.roots) != 1 or walk.cotangents != (None,):
        return None
    lines = engine.hello.spelling.get("backward") or []
    if len(lines) != 2 or not lines[0].endswith(SEED):
        return None  # one line starts by itself or takes the seed; three are a list of nodes that is walked by hand
    (root,) = walk.roots
    holder, start = lines[0].removesuffix(SEED), lines[1]
    message = MESSAGE.format(start=start.format(root="L"), seed=f"{holder.format(root='L')} = 1")
    found = Finding("gradient", at, WALK, root, message, expected=torchs.gradients[at].get(root))
    found.diagnosis = DIAGNOSIS.format(inside=holder.format(root="self"))
    return found
