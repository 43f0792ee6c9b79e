"""A check that compared too little says so and exits with 2, and no earlier check is left to be taken for it."""

from __future__ import annotations

import importlib.util
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from paragrad.reports import cli
from paragrad.reports.bodies.check import SCHEMA
from paragrad.reports.cli import FINDING, OURS, PARITY, USAGE
from paragrad.reports.unchecked import path_in

ENGINE = Path(__file__).parents[1] / "examples" / "my-engine" / "my_engine.py"
REFUSES = "        raise NotImplementedError('needs a library')\n"


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The source of a sound engine; the working directory is empty."""
    monkeypatch.chdir(tmp_path)
    return ENGINE.read_text(encoding="utf-8")


def checked(target: str, *options: str) -> tuple[int, dict[str, Any]]:
    """The exit code, and what is in the file of --json, where a check from before lies."""
    file = Path("check.json")
    file.write_text('{"verdict": "parity"}', encoding="utf-8")
    try:
        code = cli.main(["check", target, "--programs", "30", "--json", str(file), *options])
    except SystemExit as end:
        code = int(end.code or 0)
    return code, json.loads(file.read_text(encoding="utf-8"))


def refusing(source: str, *methods: str) -> str:
    """The engine with methods that refuse to work, as without a library."""
    lines = source.splitlines(keepends=True)
    return "".join(
        line + (REFUSES if line.startswith(tuple(f"    def {m}(" for m in methods)) else "") for line in lines
    )


def test_the_counts_add_up_and_the_whole_engine_passes(source: str) -> None:
    Path("engine.py").write_text(source, encoding="utf-8")
    code, told = checked("engine.py:Value")
    counts = told["counts"]
    assert (code, told["verdict"], told["ops"]["not_compared"]) == (PARITY, "parity", [])
    parts = counts["judged"] + sum(counts["filtered"].values()) + counts["crashed"] + counts["not_run"]
    assert counts["requested"] == parts
    assert parts >= 30, "each stage has a few programs"


def test_an_engine_that_refuses_every_op_is_no_parity(source: str) -> None:
    text = refusing(source, "__add__", "__mul__", "tanh", "relu", "exp")
    Path("engine.py").write_text(text, encoding="utf-8")
    code, told = checked("engine.py:Value")
    assert (code, told["verdict"]) == (USAGE, "error")
    assert "no gradient was compared with torch, so this is no parity: NotImplementedError" in told["error"]


def test_an_engine_that_refuses_most_ops_is_no_parity(source: str) -> None:
    text = refusing(source, "__mul__", "tanh", "relu", "exp")  # -a and a - b are made of a product
    Path("engine.py").write_text(text, encoding="utf-8")
    code, told = checked("engine.py:Value")
    assert (code, told["verdict"]) == (USAGE, "error")
    assert "6 of its 7 ops ended no program (exp, mul, neg, relu, sub, tanh)" in told["error"]


def test_an_op_that_no_program_ran_to_its_end_is_named(source: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("engine.py").write_text(refusing(source, "tanh"), encoding="utf-8")
    code, told = checked("engine.py:Value")
    assert (code, told["ops"]["not_compared"]) == (PARITY, ["tanh"])
    assert "6 ops (tanh not), against torch" in capsys.readouterr().out


@pytest.mark.parametrize("missing", ["library", "module of the package"])
def test_what_could_not_be_loaded_is_no_parity_of_the_whole(missing: str, source: str) -> None:
    if missing == "library":
        text = "import a_library_that_nobody_has as m\n" + source.replace("math.exp", "m.exp")
        Path("engine.py").write_text(text, encoding="utf-8")
        says = "exp left out: a_library_that_nobody_has is not installed"
    else:
        Path("value.py").write_text(source, encoding="utf-8")
        Path("engine.py").write_text("from value import Value\nfrom nowhere.ops import sin\n", encoding="utf-8")
        Path("nowhere").mkdir()
        Path("nowhere/__init__.py").write_text("", encoding="utf-8")
        says = "line 2 of engine.py raises ModuleNotFoundError"
    code, told = checked("engine.py:Value")
    assert (code, told["verdict"]) == (USAGE, "error")
    assert says in told["error"]
    assert checked("engine.py:Value", "--accept")[0] == USAGE
    assert not Path(".paragrad").exists()
    assert checked("engine.py:Value", "--only", "tanh")[0] == PARITY
    Path("wrong.py").write_text(Path("engine.py").read_text().replace("out.data**2", "out.data"), encoding="utf-8")
    if missing == "library":
        assert checked("wrong.py:Value")[0] == FINDING, "what is wrong is told all the same"


def test_an_import_that_fails_inside_a_try_is_noted(source: str) -> None:
    text = "try:\n    import a_library_that_nobody_has\nexcept ImportError:\n    pass\n" + source
    Path("engine.py").write_text(text, encoding="utf-8")
    code, told = checked("engine.py:Value")
    assert code == PARITY
    assert any("a_library_that_nobody_has can't be imported, and engine.py does without" in n for n in told["notes"])


def no_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    find: Callable[..., Any] = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "torch" else find(name, *rest))


def fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(path: str) -> Any:
        raise RuntimeError(path)

    monkeypatch.setattr(cli, "resolve", resolve)


@pytest.mark.parametrize(
    ("target", "options", "before", "code", "says"),
    [
        ("nowhere.py", (), None, USAGE, "no such file"),
        ("engine.py", ("--bogus",), None, USAGE, "unrecognized arguments: --bogus"),
        ("engine.py", ("--programs", "many"), None, USAGE, "many"),
        ("engine.py", ("--only", "tanhh"), None, USAGE, "tanhh"),
        ("engine.py", (), no_torch, USAGE, "torch is not installed"),
        ("engine.py", (), fault, OURS, "paragrad's own"),
    ],
)
def test_a_check_that_was_not_possible_leaves_no_earlier_one(
    target: str,
    options: tuple[str, ...],
    before: Callable[[pytest.MonkeyPatch], None] | None,
    code: int,
    says: str,
    source: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path("engine.py").write_text(source, encoding="utf-8")
    if before is not None:
        before(monkeypatch)
    found, told = checked(target, *options)
    assert (found, told["schema"], told["verdict"]) == (code, SCHEMA, "error")
    assert says in told["error"]


def test_the_file_of_a_command_line_that_can_not_be_read_is_found() -> None:
    assert path_in(["check", "--bogus", "--json", "a.json"]) == "a.json"
    assert path_in(["check", "--js=a.json", "--json=b.json"]) == "b.json"
    assert Counter([path_in(["check", "--json"]), path_in(["check", "--j-x"]), path_in([])]) == {None: 3}
