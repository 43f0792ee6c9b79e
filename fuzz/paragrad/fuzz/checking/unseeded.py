"""Engines whose backward() starts with nothing at the root: every gradient stays 0 unless somebody sets the root's.

It is found out when the engine is loaded, and all programs are run with the root's gradient set by hand, so that what
else is wrong is found. That it has to be is a finding of its own: silently wrong of single numbers, whose lecture has
`self.grad = 1` in the backward; a limit of engines of arrays, where torch asks for a gradient of the root, too.
"""

from __future__ import annotations

import numpy as np

from paragrad.fuzz.checking.identity import identity
from paragrad.fuzz.checking.report import Checked
from paragrad.fuzz.engines.worker.protocol import Hello
from paragrad.fuzz.judge import Finding
from paragrad.fuzz.judge.blame import WALK
from paragrad.fuzz.program import Apply, Backward, Input, Program, Ref, Statement

SEED = "seed"
"""What the finding has in the place of an argument: the part of the walk that is at fault."""
SET = " = {seed}"
"""How a line of an engine's spelling ends that sets the root's gradient."""
MESSAGE = "{start} alone gives no gradients; what else is told has {seed} set from outside before it"
DIAGNOSIS = (
    "the backward does not start: the root's own gradient has to be set to 1 before the walk, as in {inside} = 1"
)


def by_hand(hello: Hello) -> tuple[str, str] | None:
    """Where an engine's root has its gradient, as in {root}.grad, and its backward, where that has to be set from
    outside; None of any other."""
    lines = hello.spelling.get("backward") or []
    if len(lines) != 2 or not lines[0].endswith(SET):
        return None  # one line starts by itself or takes the seed; three are a list of nodes that is walked by hand
    return lines[0].removesuffix(SET), lines[1]


def said(hello: Hello, name: str) -> tuple[str, str]:
    """The message and the diagnosis for a root of this name; "" of an engine that starts by itself."""
    found = by_hand(hello)
    if found is None:
        return "", ""
    holder, start = found
    message = MESSAGE.format(start=start.format(root=name), seed=f"{holder.format(root=name)} = 1")
    return message, DIAGNOSIS.format(inside=holder.format(root="self"))


def unseeded(hello: Hello) -> list[Checked]:
    """The finding that an engine gives no gradients unless the root's is set from outside; none of any other."""
    message, diagnosis = said(hello, "root")
    op = next((name for name in ("mul", "add", "sub", "div") if name in hello.ops), None)
    if not message or op is None:
        return []
    shape = () if hello.kind == "scalar" else (1, 1)
    inputs = [Input.of(name, np.full(shape, x), True) for name, x in (("a", 2.0), ("b", 3.0))]
    calls: list[Statement] = [Apply(op, (Ref(0), Ref(1)), {}, (2,)), Backward((2,), (None,))]
    finding = Finding("gradient", 1, WALK, 0, message, SEED, diagnosis=diagnosis)
    level = "wrong" if hello.kind == "scalar" else "limit"
    return [Checked(level, finding, Program(inputs, calls), "", id=identity((level, *finding.cause)))]
