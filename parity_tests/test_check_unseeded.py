"""`paragrad check` of engines whose backward() gives nothing unless the root's gradient is set from outside."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from paragrad.fuzz import check
from paragrad.fuzz.checking.unseeded import unseeded
from paragrad.fuzz.engines.inside import Inside
from paragrad.reports.cli import main

SOUND = Path(__file__).with_name("subjects") / "sound_value.py"
SEED = "        self.grad = 1.0  # seed\n"


def planted(folder: Path) -> Path:
    text = SOUND.read_text(encoding="utf-8")
    assert text.count(SEED) == 1
    path = folder / "mine.py"
    path.write_text(text.replace(SEED, ""), encoding="utf-8")
    return path


def loaded(path: Path) -> type:
    """The class of a file."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: type = module.Value
    return found


def test_it_is_told_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, target = planted(tmp_path), tmp_path / "check.json"
    words = ["check", f"{path}:Value", "--programs", "40", "--only", "mul", "--only", "add", "--json", str(target)]
    assert main([*words, "--repro", str(tmp_path / "repros")]) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "root.backward() alone gives no gradients" in said
    assert "self.grad = 1" in said
    found = json.loads(target.read_text(encoding="utf-8"))
    finding = found["findings"][0]
    assert finding["id"] == "wrong-gradient-walk-seed"
    assert "def backward(self):" in finding["source_line"]
    script = tmp_path / "repros" / Path(finding["repro"]).name
    assert script.suffix == ".py"
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 1, done.stdout + done.stderr
    path.write_text(SOUND.read_text(encoding="utf-8"), encoding="utf-8")
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_engine_that_starts_by_itself_has_no_such_finding() -> None:
    sound = loaded(SOUND)
    assert not unseeded(Inside(sound).hello)
    assert check(sound, programs=40, only=["mul", "add"]).ok


def test_in_a_notebook_too(tmp_path: Path) -> None:
    result = check(loaded(planted(tmp_path)), programs=40, only=["mul", "add"])
    assert not result.ok
    assert "alone gives no gradients" in repr(result)


def test_of_arrays_it_is_a_limit() -> None:
    """There torch wants a gradient of the root, too."""
    hello = Inside(loaded(SOUND)).hello
    lines = ["{root}.grad = {seed}", "{root}.backward()"]
    arrays = type(hello)(
        "arrays", "tensor", True, hello.ops, (), (), (), spelling={**hello.spelling, "backward": lines}
    )
    (checked,) = unseeded(arrays)
    assert checked.severity == "limit"
