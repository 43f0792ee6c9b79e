"""`paragrad.fuzz.check(Value)`: a class of the session, as in a notebook's cell, in the caller's own process."""

from __future__ import annotations

import linecache
import subprocess
import sys
import threading
from typing import Any

import numpy as np
import pytest

from paragrad import fuzz
from paragrad.fuzz.checking.inside import Result
from paragrad.fuzz.engines.inside import Inside
from paragrad.fuzz.engines.worker.errors import SubjectError
from paragrad.fuzz.engines.worker.limits import Limits
from paragrad.fuzz.program import Apply, Backward, Input, Program, Ref
from parity_tests.children import SUBJECTS

QUICK: dict[str, Any] = {"programs": 20, "seconds": 300.0}
SMALL = (SUBJECTS / "three_ops.py").read_text(encoding="utf-8")


def cell(source: str, name: str, **session: Any) -> dict[str, Any]:
    """A session after a cell has run, its lines known to linecache as IPython has them."""
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    namespace: dict[str, Any] = {"__name__": "__main__", **session}
    exec(compile(source, name, "exec"), namespace)
    return namespace


def test_a_class_of_a_cell() -> None:
    limit = sys.getrecursionlimit()
    result = fuzz.check(cell(SMALL, "<ipython-input-3>", mean=3.0, shape=(2,))["Value"], **QUICK)
    assert sys.getrecursionlimit() == limit
    assert not result.ok
    (wrong,) = [c for c in result.findings if c.severity == "wrong"]
    assert wrong.id == "wrong-gradient-tanh-input"
    assert result.verdict.startswith("FINDINGS Value: 1 wrong")
    for told in (repr(result), result._repr_html_(), result._repr_markdown_()):
        assert "gradient of tanh(input)" in told
        assert "ipython-input-3" in told  # the line of the cell
        assert "squash" in told  # matches no op
    assert repr(result).endswith(result.verdict)


def test_a_class_of_a_function_and_what_is_beside_it() -> None:
    source = SMALL.replace("    def tanh(self):\n", "    def unused(self):\n")
    session = cell(source + "\n\ndef tanh(x):\n    return Value(math.tanh(x.data), ((x, 1.0),))\n", "<cell 2>")

    def local() -> type:
        class Value(session["Value"]):  # type: ignore[misc]
            pass

        return Value

    assert fuzz.check(local(), only=["add", "mul"], **QUICK).ok  # its results are of the class it inherits from
    result = fuzz.check(session["Value"], only=["mul", "tanh"], **QUICK)
    assert [c.id for c in result.findings if c.severity == "wrong"] == ["wrong-gradient-tanh-input"]


def test_names_say_how_it_is_spelled() -> None:
    value = cell(SMALL, "<cell 3>")["Value"]
    told = fuzz.check(value, names={"sin": "squash"}, only=["mul", "sin"], **QUICK)
    assert any(c.id == "wrong-value-sin" for c in told.findings)
    with pytest.raises(ValueError, match="no nothing that can be called as sin; squash matches"):
        fuzz.check(value, names={"sin": "nothing"})
    with pytest.raises(ValueError, match="did you mean tanh"):
        fuzz.check(value, only=["tanhh"])
    with pytest.raises(ValueError, match="nothing would be judged"):
        fuzz.check(value, programs=0)


def test_what_is_no_engine_is_said() -> None:
    with pytest.raises(TypeError, match="expected a class, got int"):
        fuzz.check(3)  # type: ignore[arg-type]
    with pytest.raises(SubjectError, match="can't be constructed"):
        fuzz.check(cell("class Value:\n    def __init__(self):\n        pass\n", "<cell 4>")["Value"])


def chain(*ops: str) -> Program:
    calls = [Apply(op, (Ref(k),), {}, (k + 1,)) for k, op in enumerate(ops)]
    return Program([Input.of("x", np.full((), 0.5), True)], [*calls, Backward((len(ops),), (None,))])


@pytest.mark.parametrize(
    ("fault", "type"),
    [
        ("while True:\n                pass", "Hang"),
        ("return self.tanh()", "RecursionError"),
        ("raise SystemExit(3)", "SystemExit"),
    ],
)
def test_what_a_class_does_is_a_failure_and_the_session_goes_on(fault: str, type: str) -> None:
    body = f"    def tanh(self):\n        if Value.armed:\n            {fault}\n"
    source = SMALL.replace("    def tanh(self):\n", body).replace(
        "    def squash", "    armed = False\n\n    def squash"
    )
    value = cell(source, f"<cell {type}>")["Value"]
    engine = Inside(value, limits=Limits(seconds=0.3))
    value.armed = True
    failure = engine.run(chain("tanh")).failure
    assert failure is not None
    assert (failure.type, failure.statement) == (type, 0)
    value.armed = False
    assert engine.run(chain("tanh", "tanh")).failure is None


def test_ctrl_c_is_the_users() -> None:
    body = "    def tanh(self):\n        if Value.stop:\n            raise KeyboardInterrupt\n"
    source = SMALL.replace("    def tanh(self):\n", body)
    value = cell(source.replace("    def squash", "    stop = False\n\n    def squash"), "<cell 5>")["Value"]
    engine = Inside(value)
    value.stop = True
    with pytest.raises(KeyboardInterrupt):
        engine.run(chain("tanh"))


def test_it_works_in_a_thread_too() -> None:
    value = cell(SMALL, "<cell 6>")["Value"]
    found: list[Result] = []
    thread = threading.Thread(target=lambda: found.append(fuzz.check(value, only=["mul", "tanh"], **QUICK)))
    thread.start()
    thread.join()
    assert "not in the main thread" in repr(found[0])
    assert not found[0].ok


def test_what_the_subject_says_is_escaped() -> None:
    evil = "<script>alert(1)</script>\\n```\\n# title"
    source = SMALL.replace("        t = math", f'        raise ValueError("{evil}")\n        t = math')
    result = fuzz.check(cell(source, "<cell 7>")["Value"], only=["mul", "tanh"], **QUICK)
    assert "<script>" in repr(result)
    assert "<script>" not in result._repr_html_()
    assert "&lt;script&gt;" in result._repr_html_()
    markdown = result._repr_markdown_()
    fence = markdown.partition("text\n")[0]
    assert len(fence) > 3
    assert markdown.count(fence) == 2


def test_it_loads_nothing_before_it_is_used() -> None:
    code = (
        "import sys, paragrad.fuzz as f; heavy = {'torch', 'hypothesis', 'numpy'} & set(sys.modules)\n"
        "assert not heavy, heavy\nassert 'check' in f.__all__\n"
        "try:\n    f.nothing\nexcept AttributeError as error:\n    print(error)"
    )
    outcome = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=False)
    assert outcome.returncode == 0, outcome.stderr
    assert "no attribute 'nothing'" in outcome.stdout
