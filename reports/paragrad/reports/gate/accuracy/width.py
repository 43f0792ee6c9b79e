"""The judge rows: how wide the judge's bounds are, measured from outside.

At fixed numbers one element of a right Trace, torch's own, is moved away, ULP by ULP, until the judge calls it a bug.
That is the smallest error it finds there, whatever its constants are called. A looser judge hides every other
regression, so it fails the gate like one. Bounds come from the engine's rules: those that got worse move them, too.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.engines.own import Own
from paragrad.fuzz.engines.pytorch import PyTorch
from paragrad.fuzz.judge import judge, reference
from paragrad.fuzz.program import Array, Program
from paragrad.fuzz.strategies.builder import Builder
from paragrad.fuzz.strategies.profile import Profile
from paragrad.fuzz.strategies.values import Values
from paragrad.fuzz.trace import Trace
from paragrad.reports.gate.accuracy.drawn import digest
from paragrad.reports.gate.accuracy.rows import JudgeRow
from paragrad.reports.gate.accuracy.walks import WALKS, optimizers, written

OP = "judge"
DTYPES = ("float32", "float64")
OPS = (
    *("add", "mul", "div", "pow", "exp", "log", "tanh", "sigmoid", "gelu", "relu", "sum", "mean", "var", "matmul"),
    *("linear", "softmax", "logsumexp", "layer_norm", "cross_entropy", "mse_loss", "conv2d", "cumsum", "stack"),
)
"""Of every way in which the table declares rounding, some."""
MOST = 1 << 20
"""ULP that are tried; what is not found then is not judged."""


@dataclass(frozen=True, slots=True)
class Place:
    """A number in a program's Trace: `read` gives the array that holds it."""

    case: str
    dtype: str
    program: Program
    read: Callable[[Trace], Array]

    @property
    def parts(self) -> set[str]:
        """The ops whose rules make the bound."""
        return {statement.op for _, statement in self.program.applications()}


def places() -> Iterator[Place]:
    """All numbers that are moved."""
    for name in OPS:
        for dtype in DTYPES:
            yield from of_op(name, dtype)
    for name, options, program in optimizers():
        if options == "lr 0.1":
            end = len(program.statements) - 1
            yield Place(f"step of {name}", "float32", program, lambda trace, at=end: parameter(trace, at))  # type: ignore[misc]  # a default binds
    walk = written(WALKS["reuse in many ops"])
    yield Place("gradient that many add up to", "float32", walk, lambda trace: last(walk, trace))
    hidden = written(WALKS["second derivatives of a diamond"])
    yield Place("second derivative", "float32", hidden, lambda trace: last(hidden, trace))


def of_op(name: str, dtype: str) -> Iterator[Place]:
    """An op's first output, and the gradient of its first operand, at the first drawn numbers that have both."""
    rng = random.Random(f"width {name} {dtype}")
    values = Values(rng.getrandbits(32), rng)
    while True:
        builder = Builder(rng, values, Profile(dtype))
        builder.apply(TABLE[name])
        program = builder.finish()
        trace = PyTorch().run(program)
        output = len(program.inputs)
        shown = trace.gradients.get(len(program.statements) - 1, {})
        if trace.failure is None and moves(trace.values[output], dtype) and moves(shown.get(0), dtype):
            break
    yield Place(f"value of {name}", dtype, program, lambda trace: trace.values[output])
    yield Place(f"gradient of {name}", dtype, program, lambda trace: last(program, trace))


def moves(array: Array | None, dtype: str) -> bool:
    """Whether an array has a number that can be moved by ULP."""
    return array is not None and array.dtype == dtype and bool((np.abs(array) > 1e-3).any())


def parameter(trace: Trace, at: int) -> Array:
    """The first parameter after a step."""
    return trace.parameters[at][0]


def last(program: Program, trace: Trace) -> Array:
    """The gradient of the first input after the backward with which a program ends."""
    found = trace.gradients[len(program.statements) - 1][0]
    assert found is not None
    return found


def row(place: Place) -> JudgeRow:
    """One row."""
    made = digest([place.program])
    return {"op": OP, "case": place.case, "dtype": place.dtype, "digest": made, "ulp": smallest(place)}


def smallest(place: Place) -> int:
    """The smallest error in ULP of the largest number that the judge calls a bug."""
    low, high = 0, 1
    while high < MOST and not found(place, high):
        low, high = high, 2 * high
    while high - low > max(1, low // 64):
        middle = (low + high) // 2
        low, high = (low, middle) if found(place, middle) else (middle, high)
    return high


def found(place: Place, ulps: int) -> bool:
    """Whether the judge finds a number wrong that is so many ULP away."""
    trace, _ = moved(place, ulps)
    return bool(judge(place.program, trace, reference(place.program, trace), Own(), first=True).findings)


def moved(place: Place, ulps: int) -> tuple[Trace, float]:
    """torch's Trace with the largest number of a place so many ULP away, and what that number is then."""
    trace = PyTorch().run(place.program)
    array = place.read(trace)
    flat = array.reshape(-1)
    if array.base is not None and not np.shares_memory(flat, array):
        raise AssertionError(f"{place.case}: the trace shows a copy")
    at = int(np.argmax(np.abs(flat)))
    flat[at] += flat.dtype.type(ulps) * np.spacing(flat[at])
    return trace, float(flat[at])


def show(case: str, dtype: str, ulps: int) -> None:
    """Print a number that is so many ULP away from torch's, and what the judge says of it; then the first that it
    finds. Raises SystemExit for a place that there is not."""
    chosen = [place for place in places() if (place.case, place.dtype) == (case, dtype)]
    if not chosen:
        raise SystemExit(f"the judge is not measured on the {case} in {dtype}")
    print(f"{case} in {dtype}\n  torch   {moved(chosen[0], 0)[1]!r}")
    for off in dict.fromkeys((ulps, smallest(chosen[0]))):
        told = "a bug" if found(chosen[0], off) else "the judge lets it pass"
        print(f"  {off} ULP   {moved(chosen[0], off)[1]!r}: {told}")


if __name__ == "__main__":
    show(sys.argv[1], sys.argv[2], int(sys.argv[3]))
