"""A child process that holds a subject, for the tests: started by path, spoken to over its pipes."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from paragrad.fuzz.encoding import to_json
from paragrad.fuzz.engines.pytorch import PyTorch
from paragrad.fuzz.program import Apply, Backward, Input, Program, Ref
from parity_tests.ulps import assert_within_ulps

ROOT = Path(__file__).parents[1]
CHILD = ROOT / "fuzz" / "paragrad" / "fuzz" / "subject"
SUBJECTS = Path(__file__).parent / "subjects"
NONCE = "a nonce"


class Child:
    """A running child and the conversation with it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.number = 0

    def send(self, method: str, **content: Any) -> None:
        self.number += 1
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"id": self.number, "nonce": NONCE, "method": method, **content}) + "\n")
        self.process.stdin.flush()

    def receive(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the child has gone"
        answer: dict[str, Any] = json.loads(line)
        assert (answer["id"], answer["nonce"]) == (self.number, NONCE)
        return answer

    def ask(self, method: str, **content: Any) -> dict[str, Any]:
        self.send(method, **content)
        return self.receive()

    def run(self, *programs: Program) -> list[dict[str, Any]]:
        self.send("run", programs=[to_json(program) for program in programs])
        answers = [self.receive() for _ in programs]
        assert [answer["index"] for answer in answers] == list(range(len(programs)))
        return [answer["trace"] for answer in answers]


@contextmanager
def child() -> Iterator[Child]:
    """A child, started by path, that ends with the block."""
    process = subprocess.Popen(
        [sys.executable, "-B", str(CHILD / "__main__.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
        env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
    )
    try:
        yield Child(process)
    finally:
        process.kill()
        process.communicate()


@contextmanager
def loaded(file: Path | str, **target: Any) -> Iterator[tuple[Child, dict[str, Any]]]:
    """A child that has loaded a subject, and what it said of it."""
    with child() as started:
        answer = started.ask("hello", protocol=1, target={"path": str(SUBJECTS / file), **target})
        assert "result" in answer, answer
        yield started, answer["result"]


def error(file: Path | str | None, **target: Any) -> dict[str, Any]:
    """What the child says of a target that can't be loaded."""
    with child() as started:
        path = None if file is None else str(SUBJECTS / file)
        answer = started.ask("hello", protocol=1, target={"path": path, **target})
    found: dict[str, Any] = answer["error"]
    return found


def array(data: Any) -> Any:
    """A protocol's ARRAY as NumPy has it."""
    if data is None or not isinstance(data, dict):
        return None if data is None else np.array(float(data))
    return np.array([float(x) for x in data["data"]], data["dtype"]).reshape(data["shape"])


ROUNDINGS = 8
"""ULP by which a subject's numbers may differ from torch's."""


def agrees(trace: dict[str, Any], program: Program) -> None:
    """Assert that a trace is torch's but for rounding; what it does not show is passed over."""
    assert trace["failure"] is None
    expected = PyTorch().run(program)
    for index, value in expected.values.items():
        assert_within_ulps(array(trace["values"][str(index)]), value, ROUNDINGS, f"value {index}")
    assert {int(k) for k in trace["gradients"]} == set(expected.gradients)
    for position, gradients in expected.gradients.items():
        shown = trace["gradients"][str(position)]
        assert {int(k) for k in shown} <= set(gradients)
        assert {k for k in gradients if k < len(program.inputs)} <= {int(k) for k in shown}
        for index, gradient in gradients.items():
            if str(index) not in shown:
                continue
            found = array(shown[str(index)])
            if gradient is None or found is None:
                assert gradient is None
                assert found is None
            else:
                assert_within_ulps(found, gradient, ROUNDINGS, f"gradient {index}")


def leaf(name: str, value: Any, requires_grad: bool = True) -> Input:
    """An input."""
    return Input.of(name, np.array(value, dtype=float), requires_grad)


def scalar_program(add: str = "add") -> Program:
    """(a * b) `add` a, and another root with a cotangent: reuse, several roots, an input that nothing reaches."""
    inputs = [leaf("a", 1.5), leaf("b", -0.75), leaf("c", 2.5, False), leaf("unused", 1.0)]
    statements = [
        Apply("mul", (Ref(0), Ref(1)), {}, (4,)),
        Apply(add, (Ref(4), Ref(0)), {}, (5,)),
        Backward((5,), (2,)),
    ]
    return Program(inputs, list(statements))
