"""The protocol: arrays and traces both ways, wrong answers named, the documented messages and the example engine."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from paragrad.fuzz.encoding import encode_array, from_json
from paragrad.fuzz.engines.foreign import Foreign
from paragrad.fuzz.engines.pytorch import PyTorch
from paragrad.fuzz.engines.worker.errors import AnswerError, SubjectError
from paragrad.fuzz.engines.worker.protocol import Target, Unreadable, read, read_array, read_hello, read_trace, request
from paragrad.fuzz.judge import judge
from paragrad.fuzz.program import Array
from paragrad.fuzz.strategies.families import Batch
from paragrad.fuzz.strategies.profile import VALUES, Profile
from paragrad.fuzz.trace import Failure
from parity_tests.workers import program

ROOT = Path(__file__).parents[1]
DOCUMENT = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")
EXAMPLE = ROOT / "docs" / "examples" / "engine.mjs"


@pytest.mark.parametrize(
    "array",
    [
        np.array([[np.nan, np.inf, -np.inf], [-0.0, 5e-324, 0.1]]),
        np.array([1e-45, 3.4e38, np.nan], np.float32),
        np.array([2**63 - 1, -(2**63)]),
        np.array([[True], [False]]),
        np.array(1.5),
        np.zeros((0, 3)),
    ],
    ids=lambda array: f"{array.dtype}{list(array.shape)}",
)
def test_arrays(array: Array) -> None:
    sent = {"dtype": array.dtype.name, "shape": list(array.shape), "data": encode_array(array.reshape(-1))}
    back = read_array(json.loads(json.dumps(sent)), "values", "0")
    assert isinstance(back, np.ndarray)
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    assert back.tobytes() == array.tobytes()


@pytest.mark.parametrize(("sent", "number"), [(2.5, 2.5), (2, 2.0), ("-0.0", -0.0), ("nan", np.nan), ("inf", np.inf)])
def test_numbers_alone(sent: Any, number: float) -> None:
    back = read_array(sent, "values", "0")
    assert isinstance(back, np.ndarray)
    assert (back.dtype, back.shape) == (np.float64, ())
    assert back.tobytes() == np.array(number).tobytes()


def test_what_is_no_number() -> None:
    trace = read_trace({"values": {"0": {"unreadable": "<Value>"}, "1": None}, "inputs_after": {"0": None}}, program(1))
    assert trace.values == {0: Unreadable("<Value>"), 1: None}
    assert repr(trace.values[0]) == "<Value>"
    assert trace.inputs_after == {}


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (None, "trace is null, expected an object"),
        ({}, "values is null, expected an object"),
        ({"values": {"a": 1.0}}, "values: 'a' is no number of a variable or statement"),
        ({"values": {"0": "one"}}, "values: variable 0 is 'one', which is no array"),
        ({"values": {"0": [1.0]}}, "which is no array"),
        ({"values": {"0": True}}, "which is no array"),
        ({"values": {"0": {"dtype": "float64", "shape": [2], "data": [1.0]}}}, "cannot reshape array of size 1"),
        ({"values": {"0": {"dtype": "float64", "shape": [-1], "data": [1.0]}}}, "no shape"),
        ({"values": {"0": {"dtype": "object", "shape": [], "data": [1.0]}}}, "no numbers have dtype object"),
        ({"values": {"0": {"dtype": "nonsense", "shape": [], "data": [1.0]}}}, "nonsense"),
        ({"values": {"0": {"dtype": "int64", "shape": [], "data": ["9" * 30]}}}, "too (large|big)"),
        ({"values": {}, "gradients": {"9": {}}}, "gradients: statement 9, but the program has 4"),
        ({"values": {}, "gradients": {"3": 1.0}}, "gradients after statement 3 is 1.0, expected an object"),
        ({"values": {}, "failure": "boom"}, "failure is 'boom', expected an object"),
        ({"values": {}, "failure": {"type": "E"}}, "failure: statement is null, expected a whole number"),
    ],
)
def test_a_wrong_answer_is_named(answer: Any, words: str) -> None:
    with pytest.raises(AnswerError, match=words):
        read_trace(answer, program(1.0))


def test_gradients_after_another_statement_are_nobodys() -> None:
    trace = read_trace({"values": {}, "gradients": {"0": {"0": 1.0}}, "parameters": {"1": {"0": 1.0}}}, program(1.0))
    assert trace.gradients == {}
    assert trace.parameters == {}


@pytest.mark.parametrize("line", [b"", b"[1]", b"{", b"\xff", b"[" * 100_000, b"Infinity"])
def test_lines_that_are_no_message(line: bytes) -> None:
    assert read(line) is None


def test_hello_names_the_target() -> None:
    target = Target(Path("a.py"), None, "Value", Path("folder"), {"tanh": "th"}, 2.0)
    sent = json.loads(request(1, "n", "hello", protocol=1, target=target.message(True)))
    assert sent["target"] == {
        "path": "a.py",
        "module": None,
        "class": "Value",
        "root": "folder",
        "map": {"tanh": "th"},
        "seconds": 0.0,
        "definitions": True,
    }


def documented() -> list[dict[str, Any]]:
    """The messages in docs/protocol.md."""
    return [json.loads(text) for text in re.findall(r"```json\n(.*?)\n```", DOCUMENT, re.DOTALL)]


def test_the_documented_messages_are_understood() -> None:
    messages = documented()
    (asked,) = [m for m in messages if m.get("method") == "run"]
    (sent,) = map(from_json, asked["programs"])
    hello = read_hello(next(m for m in messages if "protocol" in m.get("result", {})))
    assert set(hello.ops) == {"add", "tanh"}
    assert (hello.engine, hello.kind, hello.ops["add"].spelled) == ("engine.mjs", "scalar", "a + b")
    with pytest.raises(SubjectError, match="libengine"):
        read_hello(next(m for m in messages if "error" in m))
    done, failed = (read_trace(m["trace"], sent) for m in messages if "trace" in m)
    assert done.gradients.keys() == {2}
    assert failed.failure == Failure(1, "RangeError", "tanh of a large number")
    # The numbers are right, to the digits that are shown.
    truth = PyTorch().run(sent)
    for variable, value in truth.values.items():
        assert np.isclose(done.values[variable], value, rtol=1e-9)
    for variable, gradient in truth.gradients[2].items():
        assert gradient is not None
        assert np.isclose(np.asarray(done.gradients[2][variable], float), gradient, rtol=1e-3)


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed, and the example is in JavaScript")
def test_the_example_in_another_language() -> None:
    torch = PyTorch()
    with Foreign(command=f'node "{EXAMPLE}"') as engine:
        assert engine.hello.kind == "scalar"
        assert engine.ops() >= {"add", "mul", "tanh", "relu"}
        ops = tuple(sorted(engine.ops()))
        for values in ("normal", *VALUES):
            programs = list(Batch("scalar", Profile("float64", values, scalar=True), 5, ops).programs())
            for drawn, trace in zip(programs, engine.run_many(programs), strict=True):
                found = judge(drawn, trace, torch.run(drawn), engine)
                assert trace.failure is None
                assert not found.findings, found.findings[0]
        assert engine.source("tanh") is None
        assert engine.notes == []
        assert engine.restarts == 0
