"""How serious a finding of `paragrad check` is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from paragrad.fuzz.checking.severity import severity
from paragrad.fuzz.judge import Finding
from paragrad.fuzz.program import Apply, Backward, Input, Program, Ref
from paragrad.fuzz.trace import Trace


def graph(statements: int) -> Program:
    calls = [Apply("neg", (Ref(k),), {}, (k + 1,)) for k in range(statements)]
    return Program([Input.of("x0", np.ones(()), True)], [*calls, Backward((statements,), (None,))])


def crash(message: str) -> Finding:
    return Finding("crash", 0, "neg", None, message)


def wrong(kind: str, found: float | list[float], expected: float | list[float], op: str = "neg") -> Finding:
    return Finding(kind, 0, op, 1, "", found=np.array(found), expected=np.array(expected))


@pytest.mark.parametrize(
    ("finding", "statements", "level"),
    [
        (crash("RecursionError: deep"), 1000, "limit"),
        (crash("RecursionError: endless"), 3, "crash"),
        (crash("OverflowError: x"), 3, "crash"),
        (crash("AttributeError: x"), 3, "crash"),
        (crash("TypeError: unsupported operand type(s) for -: 'float' and 'Value'"), 3, "crash"),
        (crash("TypeError: unsupported operand type(s) for -: 'Value' and 'float'"), 3, "crash"),
        (crash("Hang: 2 s"), 3, "hang"),
        (wrong("value", 1.0001, 1.0), 3, "precision"),
        (wrong("value", 0.0, 1e-30), 3, "limit"),
        (crash("NotImplementedError: only of matrices"), 3, "limit"),
        (Finding("crash", 0, "matmul", None, "ValueError: 3-d", where="e.py:7: raise ValueError('3-d')"), 3, "limit"),
        (Finding("crash", 0, "matmul", None, "ValueError: 3-d", where="e.py:7: raised = a @ b"), 3, "crash"),
        (Finding("crash", -1, "input", None, "TypeError: no matrix"), 3, "limit"),
        (wrong("value", 1.1, 1.0), 3, "wrong"),
        (wrong("value", np.nan, 1.0), 3, "wrong"),
        (wrong("gradient", 1.0001, 1.0, op="walk"), 3, "wrong"),
        (wrong("gradient", 1.0000001, 1.0, op="walk"), 3, "precision"),
        (wrong("gradient", np.nan, 0.0, op="pow"), 3, "limit"),
        (wrong("shape", [1.0], 1.0), 3, "limit"),
        (wrong("shape", [[1.0]], 1.0), 3, "limit"),
        (wrong("shape", [1.0, 2.0], 1.0), 3, "wrong"),
        (Finding("dtype", 0, "neg", 1, "", found=np.ones(1, np.float32), expected=np.ones(1)), 3, "precision"),
        (Finding("dtype", 0, "neg", 1, "", found=np.ones(1, np.int64), expected=np.ones(1)), 3, "wrong"),
        (Finding("unreadable", 0, "neg", 1, "", expected=np.array(np.nan)), 3, "limit"),
        (Finding("unreadable", 0, "neg", 1, "", expected=np.array(1.0)), 3, "wrong"),
    ],
)
def test_severity(finding: Finding, statements: int, level: str) -> None:
    assert severity(finding, graph(statements), Trace(values={1: np.array(-1.0)})) == level


@pytest.mark.parametrize(("left", "level"), [(2.0, "limit"), (Ref(0), "crash")])
def test_a_reflected_operator_is_missing_only_where_a_number_stands_on_the_left(left: Any, level: str) -> None:
    """`0.5 - a` inside an op, or a gradient of None, gives the same message."""
    program = Program([Input.of("a", np.ones(()), True)], [Apply("sub", (left, Ref(0)), {}, (1,))])
    message = "TypeError: unsupported operand type(s) for -: 'float' and 'Value'"
    assert severity(Finding("crash", 0, "sub", None, message), program, Trace()) == level


@pytest.mark.parametrize(("message", "level"), [("AssertionError: numbers only", "limit"), ("Hang: 2 s", "hang")])
def test_an_exponent_that_is_refused_is_a_limit_and_one_that_hangs_is_not(message: str, level: str) -> None:
    inputs = [Input.of(f"x{k}", np.ones(()), True) for k in range(2)]
    program = Program(inputs, [Apply("pow", (Ref(0), Ref(1)), {}, (2,))])
    assert severity(Finding("crash", 0, "pow", None, message), program, Trace()) == level


@pytest.mark.parametrize(("torchs", "level"), [(np.inf, "limit"), (1.0, "crash")])
def test_an_overflow_is_a_limit_where_torch_overflows(torchs: float, level: str) -> None:
    finding = crash("OverflowError: math range error")
    assert severity(finding, graph(1), Trace(values={1: np.array(torchs)})) == level
