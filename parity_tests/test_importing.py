"""A broken engine: every command says in one line where it is broken, with 2, for the subject can't be loaded."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from paragrad.reports import cli
from paragrad.reports.importing import fault

TOP = Path(__file__).parents[1]
RELU = Path("engine/paragrad/engine/ops/activation.py")
BROKEN = {
    "syntax": ("def (:\n", "SyntaxError: "),
    "a name that is not there": ("from math import nothing\n", "ImportError: cannot import name 'nothing' from 'math'"),
    "a module that is not there": ("import no_such\n", "ModuleNotFoundError: No module named 'no_such'"),
    "anything else": ("1 / 0\n", "ZeroDivisionError: division by zero"),
    "an exit": ("raise SystemExit(0)\n", "SystemExit: 0"),
}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of our engine."""
    folder = tmp_path_factory.mktemp("tree")
    shutil.copytree(TOP / "engine", folder / "engine", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def told(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What a command says in a tree with its own engine."""
    roots = os.pathsep.join(str(root) for root in (tree / "engine", TOP / "fuzz", TOP / "reports"))
    command = [sys.executable, "-c", "import sys; from paragrad.reports.cli import main; sys.exit(main())", *arguments]
    return subprocess.run(
        command, cwd=tree, env={**os.environ, "PYTHONPATH": roots}, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_engine_is_one_line(name: str, tree: Path) -> None:
    line, message = BROKEN[name]
    path = tree / RELU
    sound = path.read_text(encoding="utf-8")
    number = sound.index("\nimport ")
    broken = f"{sound[: number + 1]}{line}{sound[number + 1 :]}"
    path.write_text(broken, encoding="utf-8")
    try:
        done = told(tree, "gate")
    finally:
        path.write_text(sound, encoding="utf-8")
    at = broken[: broken.index(line)].count("\n") + 1
    expected = f"paragrad gate: the engine can't be imported: {RELU}:{at}: {message}"
    assert done.stderr.startswith(expected), done.stderr
    assert done.stderr.endswith("; mend it and run again\n")
    assert len(done.stderr.splitlines()) == 1
    assert done.returncode == cli.USAGE


def test_what_an_engine_lacks_is_told_with_who_wants_it() -> None:
    with pytest.raises(ImportError) as caught:
        exec("from paragrad.engine.ops.table import NOTHING")
    assert re.search(r":1: ImportError: cannot import name 'NOTHING' from 'paragrad.engine", fault(caught.value))


def test_a_fault_of_our_own_stays_one(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fails(name: str) -> None:
        raise ImportError("no module of ours", name="paragrad.fuzz.nothing")

    monkeypatch.setattr(cli.importlib, "import_module", fails)
    assert cli.main(["gate"]) == cli.OURS
    assert "Traceback" in capsys.readouterr().err
