"""Bad input of `paragrad check`, as a user makes it: one clear paragraph with what was tried, exit code 2."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from paragrad.fuzz.checking.importing import import_crash
from paragrad.fuzz.engines.worker.protocol import Hello, ImportFailure
from paragrad.reports import cli
from paragrad.reports.cli import FINDING, USAGE
from parity_tests.children import SUBJECTS

SMALL = (SUBJECTS / "three_ops.py").read_text(encoding="utf-8")
HEAD = "class Value:\n    def __init__(self, data{0}):\n        self.data = data\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an engine and much that is none, which is also the working directory."""
    files: dict[str, str | bytes] = {
        "engine.py": SMALL,
        "two.py": SMALL + SMALL.replace("class Value", "class Other").replace("Value(", "Other("),
        "syntax.py": "class Value:\n    def relu(self):\n        return 0 of self\n",
        "empty.py": "",
        "binary.py": bytes(range(256)),
        "binary.ipynb": bytes(range(255, -1, -1)),
        "old.ipynb": '{"nbformat": 3, "worksheets": []}',
        "notes.txt": "an engine",
        "made.py": HEAD.format(", secret") + "        raise OSError('no')\n    def __add__(self, o): pass\n",
        "forward.py": HEAD.format("") + "    def __add__(self, o): return self\n    def rewind(self): pass\n",
        "no_python": "nothing",
    }
    for name, content in files.items():
        data = content if isinstance(content, bytes) else content.encode()
        (tmp_path / name).write_bytes(data)
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "engine.py").write_text(SMALL, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("engin.py", "there is no such file (looked for .*engin.py); did you mean engine.py"),
        ("engine.py:Valeu", "has no class Valeu (its classes: Value)"),
        ("syntax.py", "syntax.py line 3: invalid syntax\n    return 0 of self\n             ^"),
        ("empty.py", "has no class with a backward (its classes: none)"),
        ("binary.py", "binary.py is no Python source"),
        ("binary.ipynb", "can't be read as a notebook"),
        ("old.ipynb", "notebooks of format 4 are read"),
        ("notes.txt", "expected a Python file (.py) or a notebook (.ipynb)"),
        ("src", "this is a folder; name the file with the class (in it are engine.py)"),
        ("two.py", "name one: two.py:Value, two.py:Other"),
        ("made.py:Value", "Tried: Value(x, secret=); .* raises OSError: no"),
        ("forward.py:Value", "its methods are rewind: --map backward=NAME says which"),
        ("no.such.module:Value", "There is no module no.such.module under"),
        ("engine.py two.py", "one TARGET at a time, got engine.py, two.py"),
        ("engine.py --exec cat", "both a TARGET (engine.py) and --exec"),
        ("engine.py --programs 0", "--programs 0: nothing would be judged"),
        ("engine.py --only tanhh", "no op of the table is called so; did you mean tanh"),
        ("engine.py --map tanhh=squash", "no op of the table is called so; did you mean tanh"),
        ("engine.py --map tanh=squish", "no method or function squish that can be called as tanh; did you mean squash"),
        ("engine.py --only mul --only sin", "was not found to have sin; it has add, mul, tanh; --map sin=METHOD"),
        ("engine.py --map =squash", "expected OP=METHOD"),
        ("engine.py --python nowhere", "no such file; name a Python or a virtual environment"),
        ("engine.py --python no_python", "no_python does not start"),
        ("engine.py --python src", "src holds no Python"),
        ("engine.py --json nowhere/told.json", "there is no folder .*nowhere"),
        ("engine.py --json src", "this is a folder"),
        ("engine.py --only add --accept", "would forget what is known of all other ops"),
        ("--exec no-such-program", "no-such-program does not start"),
    ],
)
def test_it_is_told_and_exits_2(arguments: str, says: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", *arguments.split()]) == USAGE
    error = capsys.readouterr().err
    assert error.startswith("paragrad check: ")
    assert re.search(re.escape(says).replace(r"\.\*", ".*"), error), error
    assert "Traceback" not in error


@pytest.mark.parametrize("given", [[""], [" "], ["--exec", ""]])
def test_an_empty_name_is_none(given: list[str], folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", *given]) == USAGE
    assert re.search("name a TARGET|needs a command", capsys.readouterr().err)


def test_without_torch_it_says_how_to_install_it_here(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    find: Callable[..., Any] = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "torch" else find(name, *rest))
    assert cli.main(["check", "engine.py"]) == USAGE
    assert f"{sys.executable} -m pip install torch" in capsys.readouterr().err


def test_an_active_environment_that_is_gone_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VIRTUAL_ENV", str(folder / "gone"))
    assert cli.main(["check", "engine.py"]) == USAGE
    assert "the active virtual environment" in capsys.readouterr().err


def hello(type: str) -> Hello:
    return Hello("e", "scalar", False, {}, (), (), (), import_failure=ImportFailure(type, "x", 12))


def test_an_import_that_fails_is_a_finding_unless_something_is_missing_around_it() -> None:
    (checked,) = import_crash(hello("NameError"))
    assert (checked.severity, checked.id) == ("crash", "crash-import-nameerror")
    assert checked.finding.message == "NameError: x (line 12)"
    assert not import_crash(hello("ModuleNotFoundError"))
    assert not import_crash(hello("FileNotFoundError"))


def test_what_was_probed_and_left_out_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    failing = SMALL.replace("return Value(t, ((self, t * t - 1),))", "return Value(t + 1, ())")
    twice = "    def backpropagate(self):\n        self.backward()\n"
    (folder / "engine.py").write_text(failing + "\n" + twice + "\n\nundefined_name\n", encoding="utf-8")
    assert cli.main(["check", "engine.py", "--programs", "5", "--only", "mul"]) == FINDING
    told = capsys.readouterr().out
    assert "mul | a * b | on either side | confirmed" in told
    assert re.search(r"tanh \| a.tanh\(\) \|  \| wrong: ", told)
    assert "left out by --only: add, tanh" in told
    assert "matches no op, and is not tried: squash (--map op=squash" in told
    assert "look like a backward: backward, backpropagate (--map backward=NAME" in told
    assert "  NameError: name 'undefined_name' is not defined (line " in told
    assert "id       crash-import-nameerror" in told
