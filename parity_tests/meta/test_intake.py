"""Whatever a Trace shows, the judge answers with findings in words and never fails itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from paragrad.fuzz.engines.own import Own
from paragrad.fuzz.judge import Judgement, judge, reference
from paragrad.fuzz.program import Apply, Backward, Input, Program, Ref
from paragrad.fuzz.trace import Failure, Trace

X, C, Y, Z = range(4)
"""A leaf that requires grad, one that doesn't, exp(X), and Y · C."""
WALK = 2


class Somebodys(Own):
    """Our engine, as if it were not."""

    foreign = True


def program() -> Program:
    inputs = [Input.of("x", np.array([0.5, 2.0]), True), Input.of("c", np.array([3.0, -1.0]))]
    calls = [Apply("exp", (Ref(X),), {}, (Y,)), Apply("mul", (Ref(Y), Ref(C)), {}, (Z,))]
    return Program(inputs, [*calls, Backward((Z,), (C,))])


def judged(values: dict[int, Any], gradients: dict[int, Any], foreign: bool = False) -> Judgement:
    """What is said of our engine's trace with these entries in place of its own; ... takes one out."""
    right = Own().run(program())
    shown = {k: v for k, v in {**right.values, **values}.items() if v is not ...}
    walk = {k: v for k, v in {**right.gradients[WALK], **gradients}.items() if v is not ...}
    trace = replace(right, values=shown, gradients={WALK: walk})
    return judge(program(), trace, reference(program(), trace), Somebodys() if foreign else Own())


def test_a_right_trace_has_no_findings() -> None:
    assert not judged({}, {}).findings
    assert not judged({}, {}, foreign=True).findings


WRONG: list[tuple[str, dict[int, Any], dict[int, Any], str, str]] = [
    ("text", {Y: "1.6"}, {}, "unreadable", "value is '1.6' (str), expected an array of numbers"),
    ("none", {Y: None}, {}, "unreadable", "value is None (NoneType)"),
    ("number", {Y: 1.5}, {}, "shape", "value has shape (), torch's has (2,)"),
    ("subclass", {Y: np.ma.array([1.0, 2.0])}, {}, "unreadable", "(MaskedArray)"),
    ("byte-swapped", {Y: np.ones(2, ">f8")}, {}, "unreadable", "value holds >f8 elements"),
    ("key", {"a": np.ones(2)}, {}, "unreadable", "shown for variable a"),
    ("bools", {Y: np.ones(2, bool)}, {}, "dtype", "value has dtype bool"),
    ("complex", {Y: np.array([1j, 2j])}, {}, "unreadable", "value holds complex128 elements"),
    ("objects", {Y: np.array(["a", None], object)}, {}, "unreadable", "value holds object elements"),
    ("gradient text", {}, {X: "?"}, "unreadable", "gradient is '?' (str)"),
    ("gradient complex", {}, {Y: np.array([1j, 2j])}, "unreadable", "gradient holds complex128 elements"),
    ("no such variable", {17: np.ones(2)}, {}, "unreadable", "shown for variable 17, but the program has 4"),
    ("no gradient", {}, {X: None}, "missing", "gradient is none, torch's is an array"),
    ("gradient not shown", {}, {X: ...}, "missing", "gradient not shown"),
    ("value not shown", {Y: ...}, {}, "missing", "value not shown"),
    ("shape", {Y: np.ones(3)}, {}, "shape", "value has shape (3,), torch's has (2,)"),
    ("gradient shape", {}, {X: np.ones((2, 2))}, "shape", "gradient has shape (2, 2), torch's has (2,)"),
    ("dtype", {Y: np.ones(2, np.float32)}, {}, "dtype", "value has dtype float32"),
    ("half precision", {}, {X: np.ones(2, np.float16)}, "unreadable", "gradient holds float16 elements"),
    ("not asked", {}, {C: np.ones(2)}, "unexpected", "the variable requires none"),
]


@pytest.mark.parametrize(("values", "gradients", "kind", "text"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG])
def test_what_is_wrong_is_said(values: dict[int, Any], gradients: dict[int, Any], kind: str, text: str) -> None:
    findings = judged(values, gradients).findings
    assert any(f.kind == kind and text in f.message for f in findings), findings


@pytest.mark.parametrize(("values", "gradients"), [w[1:3] for w in WRONG], ids=[w[0] for w in WRONG])
def test_a_foreign_trace_is_taken_in_too(values: dict[int, Any], gradients: dict[int, Any]) -> None:
    judged(values, gradients, foreign=True)


def test_a_foreign_engine_may_hide_and_may_show_more() -> None:
    assert not judged({Y: ...}, {Y: ..., C: np.ones(2)}, foreign=True).findings


def test_nothing_shown_is_no_parity() -> None:
    nothing = judged({}, {X: ..., Y: ..., Z: ...}, foreign=True).findings
    assert [f.message for f in nothing] == ["no gradient is shown after this backward"]
    trace = Trace()
    assert judge(program(), trace, reference(program(), trace), Somebodys()).findings


def test_a_wrong_leaf_gradient_is_found_where_the_rest_is_hidden() -> None:
    findings = judged({Y: ...}, {X: np.ones(2), Y: ..., Z: ...}, foreign=True).findings
    assert [(f.kind, f.variable, f.op) for f in findings] == [("gradient", X, "walk")]


@pytest.mark.parametrize("statement", [99, "late", None, 1.5])
def test_a_failure_at_no_statement_is_told(statement: Any) -> None:
    right = Own().run(program())
    trace = replace(right, failure=Failure(statement, "Oops", "it failed"))
    findings = judge(program(), trace, reference(program(), trace), Own()).findings
    assert any(f.kind == "crash" and "it failed" in f.message for f in findings)


def test_an_earlier_backward_that_is_hidden_is_judged_end_to_end() -> None:
    whole = program()
    again = Program(
        whole.inputs, [*whole.statements[:-1], Backward((Z,), (C,), retain_graph=True), Backward((Z,), (C,))]
    )
    right = Somebodys().run(again)
    trace = replace(right, gradients={3: right.gradients[3]})
    findings = judge(again, trace, reference(again, trace), Somebodys()).findings
    assert [f.message for f in findings] == ["no gradients are shown after this backward"]
