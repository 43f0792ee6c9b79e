"""`paragrad diff` of thousands of nodes: what is judged, what is not, and that this is said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from paragrad.fuzz.diffing.comparison import Comparison, compare
from paragrad.fuzz.diffing.computation import Computation, Labelled
from paragrad.fuzz.encoding import dumps
from paragrad.fuzz.engines.own import Own
from paragrad.fuzz.engines.own_scalar import OwnScalar
from paragrad.fuzz.program import Apply, Array, Backward, Input, Program, Ref
from paragrad.fuzz.trace import Trace
from paragrad.reports.cli import main

LENGTH = 2_500


class Changed(OwnScalar):
    """Our Value with one number of its Trace changed."""

    def __init__(self, change: Callable[[Trace], None]) -> None:
        self.change = change

    def run(self, program: Program) -> Trace:
        trace = super().run(program)
        if len(program.statements) > LENGTH // 2:
            self.change(trace)
        return trace


class ChangedTensor(Own):
    """Our Tensor likewise."""

    def __init__(self, change: Callable[[Trace], None]) -> None:
        super().__init__()
        self.change = change

    def run(self, program: Program, beside: Trace | None = None) -> Trace:
        trace = super().run(program, beside)
        if len(program.statements) > LENGTH // 2:
            self.change(trace)
        return trace


def chain(start: Array) -> Computation:
    """x * 1.0001, tanh of it, and so on; of an array the sum in the end."""
    calls = [
        Apply("mul", (Ref(k), 1.0001), {}, (k + 1,)) if k % 2 else Apply("tanh", (Ref(k),), {}, (k + 1,))
        for k in range(LENGTH)
    ]
    end = LENGTH
    if start.ndim:
        end += 1
        calls.append(Apply("sum", (Ref(LENGTH),), {}, (end,)))
    program = Labelled([Input.of("x", start, True)], [*calls, Backward((end,), (None,))])
    return Computation(program, "program", "chain", "")


def gradient_times(variable: int, factor: float) -> Callable[[Trace], None]:
    """A change of one gradient."""

    def change(trace: Trace) -> None:
        (shown,) = trace.gradients.values()
        gradient = shown[variable]
        assert gradient is not None
        shown[variable] = np.asarray(gradient * factor)

    return change


def value_times(variable: int, factor: float) -> Callable[[Trace], None]:
    """A change of one value."""

    def change(trace: Trace) -> None:
        trace.values[variable] = np.asarray(trace.values[variable] * factor)

    return change


def test_of_numbers_all_nodes_are_judged() -> None:
    found = compare(chain(np.array(0.5)), OwnScalar())
    assert found.large
    assert not found.findings
    assert not found.left


@pytest.mark.parametrize("factor", [2.0, 1 + 1e-13])
def test_of_numbers_a_fault_far_from_the_part_that_is_asked_for_is_found(factor: float) -> None:
    found = compare(chain(np.array(0.5)), Changed(gradient_times(700, factor)), within=[LENGTH])
    assert found.star == 700
    assert found.findings[0].kind == "gradient"
    found = compare(chain(np.array(0.5)), Changed(value_times(700, factor)), within=[LENGTH])
    assert found.star == 700
    assert found.findings[0].kind == "value"


def wide(change: Callable[[Trace], None], *within: int) -> Comparison:
    return compare(chain(np.array([0.5, -0.7, 2.0])), ChangedTensor(change), within=within)


def test_of_arrays_what_is_asked_for_and_what_is_far_off_is_judged() -> None:
    assert wide(gradient_times(700, 2.0), LENGTH).star == 700
    assert wide(gradient_times(700, 1 + 1e-11), 699, 700).star == 700
    overlooked = wide(gradient_times(700, 1 + 1e-11), LENGTH)
    assert not overlooked.findings
    assert 700 in overlooked.left


def test_what_was_not_judged_is_not_called_parity(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "wide.json"
    path.write_text(dumps(chain(np.array([0.5, -0.7, 2.0])).program), encoding="utf-8")
    assert main(["diff", str(path), "--most", "5"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "PARITY: 5 nodes that are shown, nothing differs from torch but by rounding;" in told
    assert "of the other 2,497 nodes differ from torch's and were not judged" in told
