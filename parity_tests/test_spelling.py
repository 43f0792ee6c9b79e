"""Expressions in the subject's own spelling, from what hello tells about each op."""

from __future__ import annotations

import ast
from typing import Any

import pytest

from paragrad.fuzz.engines.worker.protocol import Spelling
from paragrad.fuzz.program import Apply, Ref
from paragrad.fuzz.telling.expression import Expressions
from paragrad.fuzz.telling.writer import NoSpellingError, Writer, text
from parity_tests.small import call, program

AXIS = {"dim": "axis", "keepdim": "keepdims", "all": "right", "several": "no"}


@pytest.mark.parametrize(
    ("spelled", "arguments", "statement", "expected"),
    [
        ("a + b", {}, call("add", 2, Ref(0), Ref(1)), "a + b"),
        ("a ** b", {}, call("pow", 2, Ref(0), -0.5), "a ** -0.5"),
        ("a ** b", {}, call("pow", 2, -2.0, Ref(0)), "(-2.0) ** a"),
        ("a.mul(b)", {}, call("mul", 2, Ref(0), float("inf")), "a.mul(float('inf'))"),
        ("relu(a)", {}, call("relu", 2, Ref(0)), "relu(a)"),
        ("Relu()(a)", {}, call("relu", 2, Ref(0)), "Relu()(a)"),
        ("a.T", {"form": "reverses all"}, call("transpose", 2, Ref(0), 0, 1), "a.T"),
        ("a.permute()", {"form": "order"}, call("transpose", 2, Ref(0), 0, -1), "a.permute(1, 0)"),
        ("a.sum()", AXIS, call("sum", 2, Ref(0)), "a.sum()"),
        ("a.sum()", AXIS, call("sum", 2, Ref(0), (1,), True), "a.sum(axis=1, keepdims=True)"),
        ("a.sum()", {**AXIS, "given": True}, call("sum", 2, Ref(0)), "a.sum(axis=None)"),
        ("a.sum()", {**AXIS, "dim": ""}, call("sum", 2, Ref(0), 0), "a.sum(0)"),
        ("a.softmax()", {"dim": {"fixed": "last"}}, call("softmax", 2, Ref(0), -1), "a.softmax()"),
        ("a.reshape()", {"form": "2, 3"}, call("reshape", 2, Ref(0), (2, -1)), "a.reshape(2, -1)"),
        ("a.reshape()", {"form": "(2, 3)"}, call("reshape", 2, Ref(0), (6,)), "a.reshape((6,))"),
        ("cat(a)", {"dim": "axis"}, call("cat", 2, (Ref(0), Ref(1)), 1), "cat([a, b], axis=1)"),
        ("a[index]", {"form": "index"}, call("getitem", 2, Ref(0), (slice(1, None), 0)), "a[1:, 0]"),
        ("a[index]", {"form": "index"}, call("getitem", 2, Ref(0), (Ref(1),)), "a[b.data]"),
        ("loss(a, b)", {"form": "list"}, call("cross_entropy", 2, Ref(0), Ref(1)), "loss(a, b.data.tolist())"),
        ("elu(a)", {"alpha": {"keyword": "slope"}}, call("elu", 2, Ref(0), 0.3), "elu(a, slope=0.3)"),
        ("add", {}, call("add", 2, Ref(0), Ref(1)), "a + b"),
        ("tanh(", {}, call("tanh", 2, Ref(0)), "tanh(a)"),
    ],
)
def test_calls_are_written_as_the_subject_has_them(
    spelled: str, arguments: dict[str, Any], statement: Apply, expected: str
) -> None:
    arity = {"add": 2, "pow": 2, "mul": 2, "cross_entropy": 2}.get(statement.op, 1)
    writer = Writer({statement.op: Spelling(spelled, arity, "both", arguments=arguments)})
    assert text(writer.call(statement, lambda k: ast.Name("ab"[k], ast.Load()), rank=2)) == expected


@pytest.mark.parametrize(
    ("spelled", "arguments"), [("a += b", {}), ("a.loss(b)", {"form": "one-hot"}), ("-a", {"all": "no", **AXIS})]
)
def test_what_is_no_expression_has_no_spelling(spelled: str, arguments: dict[str, Any]) -> None:
    op = "sum" if "all" in arguments else "add"
    writer = Writer({op: Spelling(spelled, 1 if op == "sum" else 2, arguments=arguments)})
    with pytest.raises(NoSpellingError):
        writer.call(call(op, 2, Ref(0), 1), lambda k: ast.Name("ab"[k], ast.Load()))


def test_what_is_used_twice_has_a_name_and_long_programs_end_in_their_last_statements() -> None:
    writer = Writer({"relu": Spelling("a.relu()", 1), "exp": Spelling("a.exp()", 1)})
    square = program(call("mul", 1, Ref(0), Ref(0)), call("add", 2, Ref(1), Ref(0)), inputs=[3.0])
    assert Expressions(square, writer, {}).line(None) == "x0 * x0 + x0"
    shared = program(call("exp", 1, Ref(0)), call("add", 2, Ref(1), Ref(1)), inputs=[3.0])
    assert Expressions(shared, writer, {}).line(None) == "v1 = x0.exp(); v1 + v1"
    assert Expressions(square, writer, {}).line(1) == "v1 = x0 * x0; v1 + x0"
    long = program(*[call(("exp", "relu")[k % 2], k + 1, Ref(k)) for k in range(40)], inputs=[3.0])
    told = Expressions(long, writer, {}).line(None)
    assert told == "(37 statements), then v38 = v37.relu(); v39 = v38.exp(); v40 = v39.relu()"
    assert Expressions(square, writer, {}).leaves() == "x0 = 3.0"
