"""Whatever a foreign engine does in its child process, it is told, and the next program is answered."""

from __future__ import annotations

import ast
import math
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from paragrad.fuzz.engines.foreign import Foreign, Source
from paragrad.fuzz.engines.worker import interpreter, process
from paragrad.fuzz.engines.worker.errors import SubjectError
from paragrad.fuzz.engines.worker.limits import Limits
from paragrad.fuzz.engines.worker.protocol import Target
from paragrad.fuzz.trace import Trace
from parity_tests.workers import CHILDREN, SUBJECTS, command, misbehaving, program

ROOT = Path(__file__).parents[1]
POSIX = "paragrad.fuzz.engines.worker.posix"
MEMORY = ("MemoryLimit", "MemoryError")
"""Ended by the parent, or refused by the kernel, where there is such a limit."""

FAULTS: dict[str, tuple[tuple[str, ...], str]] = {
    "loop": (("Hang",), "no answer within 0.5 s"),
    "walk": (("Hang",), "no answer within 0.5 s"),
    "allocate": (MEMORY, ""),
    "allocate_at_once": (MEMORY, ""),
    "segfault": (("Died",), "misbehaving.py" if os.name == "posix" else ""),
    "leave": (("Died",), "exit code 3"),
    "close_every_descriptor": (("Died",), ""),
    "quit": (("SystemExit",), "5"),
    "interrupt": (("KeyboardInterrupt",), ""),
    "unspeakable": (("Unspeakable",), ""),
}
"""What comes of it: the types of failure, and a part of the message."""
HARMLESS = (
    *(("fork",) if hasattr(os, "fork") else ()),
    "shout",
    "close_descriptor",
    "close_stdout",
    "close_everything",
    "shrink_stack",
    "leave_threads",
    "patch",
    "nan",
    "wordless",
)
"""Faults that a child survives without a word."""


def is_right(trace: Trace, x: float) -> bool:
    """Whether this is what program(x) gives."""
    slope = 2 + 1 - math.tanh(x) ** 2
    shown = trace.gradients.get(3, {}).get(0)
    return trace.failure is None and shown is not None and math.isclose(float(shown), slope, rel_tol=1e-12)


def runs(number: int) -> bool:
    """Whether a process of this number runs; one that has just been killed may still be on its way out."""
    try:
        psutil.Process(number).wait(5)
    except psutil.NoSuchProcess:
        return False
    except psutil.TimeoutExpired:
        return psutil.Process(number).status() != psutil.STATUS_ZOMBIE
    return False


@pytest.mark.parametrize("child", CHILDREN)
@pytest.mark.parametrize("fault", [*FAULTS, *HARMLESS])
def test_survived(fault: str, child: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARAGRAD_FAULT", fault)
    seconds = 0.5 if "Hang" in FAULTS.get(fault, [()])[0] else 20.0
    with misbehaving(child, seconds=seconds) as engine:
        before, struck, *after = engine.run_many([program(x) for x in (1.0, 13.0, 3.0, 4.0)])
        again = engine.run(program(5.0))
        notes = engine.notes
    assert is_right(before, 1.0)
    assert is_right(after[0], 3.0), after
    assert is_right(after[1], 4.0), after
    assert is_right(again, 5.0), again
    if fault in HARMLESS:
        assert struck.failure is None, struck.failure
        assert struck.gradients[3].keys() >= {0, 1}
        assert fault != "nan" or np.isnan(struck.values[4])
        assert fault != "shout" or any("megabyte" in note for note in notes)
    else:
        types, words = FAULTS[fault]
        assert struck.failure is not None, f"{fault} passed"
        assert struck.failure.type in types
        assert struck.failure.statement == 1
        assert words in struck.failure.message


@pytest.mark.parametrize("fault", ["allocate", "allocate_at_once", "leave"])
def test_survived_without_the_kernels_help(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the one file that only some systems have out of reach."""
    monkeypatch.setitem(sys.modules, POSIX, None)
    monkeypatch.setenv("PARAGRAD_FAULT", fault)
    with misbehaving(seconds=20.0) as engine:
        struck, after = engine.run_many([program(13.0), program(3.0)])
    assert struck.failure is not None
    assert struck.failure.type == ("Died" if fault == "leave" else "MemoryLimit"), struck.failure
    assert is_right(after, 3.0)


def test_only_one_file_needs_a_system() -> None:
    """No fork, alarm, resource or select outside posix.py."""
    banned = {"fork", "SIGALRM", "resource", "select", "selectors", "setrlimit", "preexec_fn", "fcntl"}
    for path in (ROOT / "fuzz" / "paragrad" / "fuzz" / "engines").rglob("*.py"):
        tree = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        names = {getattr(node, key, None) for node in tree for key in ("id", "attr", "arg", "module", "name")}
        assert path.name == "posix.py" or names.isdisjoint(banned), f"{path.name}: {names & banned}"


def test_a_child_that_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not compute, so it gets some times the limit, but not all the time in the world."""
    monkeypatch.setenv("PARAGRAD_FAULT", "deadlock")
    with misbehaving(seconds=0.2, confirm=False) as engine:
        failure = engine.run(program(13.0)).failure
    assert failure is not None
    assert failure.type == "Hang"


def test_what_an_earlier_program_left_is_not_blamed_on_a_later_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARAGRAD_FAULT", "die_later")
    with misbehaving() as engine:
        assert engine.run(program(13.0)).failure is None
        deadline = time.monotonic() + 10
        while not engine.restarts and time.monotonic() < deadline:
            assert is_right(engine.run(program(3.0)), 3.0)
        assert any(note.startswith("Died after other programs, not alone") for note in engine.notes)


def test_processes_of_the_subject_end_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARAGRAD_FAULT", "leave_processes")
    with misbehaving() as engine:
        failure = engine.run(program(13.0)).failure
    assert failure is not None
    assert failure.type == "RuntimeError"
    assert not runs(int(failure.message))


def test_processes_that_lost_their_parent_end_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PARAGRAD_FAULT", "leave_orphan")
    monkeypatch.setenv("PARAGRAD_NOTE", str(tmp_path / "note"))
    with misbehaving() as engine:
        assert engine.run(program(13.0)).failure is not None
    started = [int(line) for line in (tmp_path / "note").read_text(encoding="utf-8").split()]
    assert len(started) == 2  # the program was run again, to be sure
    assert not any(map(runs, started))


def test_a_run_within_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """The judge asks the engine again while answers to the campaign's batch are under way; one of these hangs."""
    monkeypatch.setenv("PARAGRAD_FAULT", "loop")
    numbers = [float(k) for k in range(1, 101)]
    with misbehaving() as engine:
        for x, trace in zip(numbers, engine.run_many(map(program, numbers)), strict=True):
            assert is_right(trace, x) or (x == 13.0 and trace.failure is not None and trace.failure.type == "Hang")
            assert is_right(engine.run(program(0.5)), 0.5)


def test_answers_nobody_waits_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARAGRAD_FAULT", "loop")
    with misbehaving() as engine:
        traces = engine.run_many([program(x) for x in (1.0, 13.0)])
        assert is_right(next(traces), 1.0)
        traces.close()
        assert is_right(engine.run(program(3.0)), 3.0)


@pytest.mark.parametrize(
    ("mode", "kind", "words"),
    [
        ("version", "protocol", "it speaks protocol 7"),
        ("kind", "protocol", "kind is 'vector'"),
        ("ops", "protocol", "ops is 'all', expected an object"),
        ("refuses", "no class", "speaker has no class Valve"),
        ("ends", "start", "exit code 1\n  no engine today"),
        ("mute", "start", "closed the channel"),
        ("silent", "start", "no answer within 0.5 s"),
    ],
)
def test_a_subject_that_cannot_be_used(mode: str, kind: str, words: str) -> None:
    limits = {"hello": 0.5} if mode == "silent" else {}
    with misbehaving(mode=mode, **limits) as engine, pytest.raises(SubjectError) as raised:
        engine.ops()
    assert raised.value.kind == kind
    assert words in str(raised.value)


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("null", 'values: variable 0 is {"dtype": "float64", "shape": [], "data": [null]}, which is no array'),
        ("skips", "it answered program 1 where program 0 of a request was due"),
        ("gives-up", "a fault of the child's own"),
    ],
)
def test_answers_that_are_wrong(mode: str, words: str) -> None:
    with misbehaving(mode=mode) as engine:
        traces = list(engine.run_many([program(1.0), program(2.0)]))
    for trace in traces:
        assert trace.failure is not None
        assert trace.failure.type == "AnswerError"
        assert words in trace.failure.message


def test_an_answer_without_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "MOST_LINE", 1 << 20)
    with misbehaving(mode="long") as engine:
        failure = engine.run(program(1.0)).failure
    assert failure is not None
    assert (failure.type, failure.message) == ("AnswerError", "an answer of more than 1 MiB; it was ended")


@pytest.mark.parametrize("mode", ["twice", "junk"])
def test_lines_that_answer_nothing(mode: str) -> None:
    with misbehaving(mode=mode) as engine:
        first, second = engine.run_many([program(1.0), program(2.0)])
        assert is_right(first, 1.0)
        assert is_right(second, 2.0)
        engine.run(program(3.0))
    assert any(note.startswith("lines that answered nothing were ignored") for note in engine.notes)


def test_what_hello_told() -> None:
    with misbehaving() as engine:
        assert engine.ops() == {"add", "mul", "tanh"}
        assert engine.name == "speaker"
        assert engine.hello.kind == "scalar"
        assert engine.source("tanh") == Source("speaker.py", 7, "def tanh")
        assert engine.notes == ["ops that paragrad does not know: frobnicate"]


def test_batches_of_any_size() -> None:
    numbers = [float(k) for k in range(200, 300)]
    with misbehaving() as engine:
        assert list(engine.run_many([])) == []
        for count in (1, 32, 33, 100):
            traces = list(engine.run_many(program(x) for x in numbers[:count]))
            assert [float(trace.values[0]) for trace in traces] == numbers[:count]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda folder: folder / "nowhere", "no such file; name a Python or a virtual environment"),
        (lambda folder: folder, "holds no Python; name another one with --python"),
        (lambda folder: folder / "text", "does not start"),
    ],
)
def test_a_python_that_does_not_start(make: object, words: str, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no program", encoding="utf-8")
    asked = make(tmp_path)  # type: ignore[operator]
    with pytest.raises(SubjectError, match=words):
        Foreign(Target(path=SUBJECTS / "misbehaving.py"), python=asked)


def test_a_python_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interpreter, "CHILD", SUBJECTS / "no such file")
    with Foreign(Target(path=SUBJECTS / "misbehaving.py"), python=Path(sys.executable)) as engine:
        with pytest.raises(SubjectError) as raised:
            engine.ops()
        assert "does not answer: the process ended with exit code 2" in str(raised.value)
        assert "Name another Python, 3.8 or newer, with --python" in str(raised.value)


def test_a_command_that_does_not_start() -> None:
    for wrong in ("no-such-program --at-all", ""):
        with pytest.raises(SubjectError):
            Foreign(command=wrong)


def test_which_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def environment(folder: Path) -> Path:
        python = folder / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.touch()
        return python

    beside, active, named = (environment(tmp_path / name) for name in (".venv", "active", "named"))
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    assert interpreter.choose(None, [None]).path == Path(sys.executable)
    assert interpreter.choose(None, [None, tmp_path]).path == beside
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / "active"))
    assert interpreter.choose(None, [tmp_path]).path == active
    assert interpreter.choose(tmp_path / "named", [tmp_path]).path == named
    assert interpreter.choose(named, [tmp_path]).path == named


def test_a_busy_machine_makes_no_hang() -> None:
    """A child that has not had the processor for the limit is given more time."""
    with misbehaving(mode="slow", confirm=False, seconds=0.5) as engine:
        assert is_right(engine.run(program(1.0)), 1.0)


def test_limits_can_be_changed_on_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARAGRAD_FAULT", "loop")
    with misbehaving(seconds=1000.0) as engine:
        engine.limits = Limits(seconds=0.2, confirm=False)
        failure = engine.run(program(13.0)).failure
        assert failure is not None
        assert (failure.type, failure.statement) == ("Hang", 3)
        assert engine.restarts == 0


def test_a_long_command_line_is_split() -> None:
    with Foreign(command=command()) as engine:
        assert is_right(engine.run(program(1.0)), 1.0)


@pytest.mark.parametrize("end", ["os._exit(4)", "while True: pass", "sys.exit('done')", "print('x' * 10_000_000)"])
def test_an_import_that_does_not_end_well(end: str, tmp_path: Path) -> None:
    """The class is defined; what the module goes on to do is not run a second time."""
    text = (SUBJECTS / "misbehaving.py").read_text(encoding="utf-8")
    (tmp_path / "trains.py").write_text(f"{text}\n{end}\n", encoding="utf-8")
    target = Target(path=tmp_path / "trains.py", class_name="Value", root=tmp_path, seconds=0.5)
    with Foreign(target, python=Path(sys.executable), limits=Limits(hello=5.0)) as engine:
        assert is_right(engine.run(program(1.0)), 1.0)
        assert any("definitions" in note for note in engine.notes) or "print" in end


PARENT = """
import psutil
from parity_tests.workers import misbehaving, program
with misbehaving("child", seconds=600.0) as engine:
    engine.hello
    print(psutil.Process().children()[0].pid, flush=True)
    engine.run(program(13))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the number of a parent that has gone stays there")
def test_a_child_in_an_endless_loop_ends_when_its_parent_is_killed() -> None:
    paths = os.pathsep.join([str(ROOT), *sys.path])
    environment = {**os.environ, "PARAGRAD_FAULT": "loop", "PYTHONPATH": paths}
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        while child.cpu_times().user < 0.5:  # it has begun
            time.sleep(0.05)
        parent.kill()
    child.wait(timeout=60)
    assert not child.is_running()
