"""`paragrad report`: pages of all records, the forms that CI shows, what changed, and what is refused."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import types
from collections.abc import Mapping
from pathlib import Path

import pytest

from paragrad.reports import bodies, cli, parsing, record
from paragrad.reports import report as command
from paragrad.reports.ci.plain import CONTROL
from paragrad.reports.documents import beside as lying_beside
from paragrad.reports.record import Record
from parity_tests.documents import CHECK, ERROR, KINDS, check, finding, save


def run(*args: str | Path) -> int:
    """main()'s exit code, argparse's included."""
    try:
        return cli.main(["report", *map(str, args)])
    except SystemExit as end:
        return int(end.code or 0)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory without records, no CI, and HTML pages that say what they were given."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)

    def render_html(made: Record, beside: Mapping[str, Record]) -> str:
        return f"<html>{made['kind']} beside {sorted(beside)}"

    stand_in = types.ModuleType("paragrad.reports.html")
    stand_in.render_html = render_html  # type: ignore[attr-defined]
    stand_in.render_check = lambda body, file: f"<html>check {file}"  # type: ignore[attr-defined]
    stand_in.PAGES = ["parity", "accuracy", "speed", "gate"]  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "paragrad.reports.html", stand_in)


def in_forms(capsys: pytest.CaptureFixture[str], *args: str | Path) -> str:
    """What is printed."""
    assert run(*args) == cli.PARITY
    return capsys.readouterr().out


def test_without_a_file_all_pages_are_written_and_what_is_missing_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "build"
    folder.mkdir()
    for kind in ("parity", "gate", "check", "mutants"):
        save(folder, kind)
    (folder / "sizes.json").write_text('{"benchmarks": []}', encoding="utf-8")
    said = in_forms(capsys)
    for name in ("parity.md", "parity.html", "gate.md", "gate.html", "check.md", "mutants.md"):
        assert f"{Path('build') / name}\n" in said
        assert (folder / name).is_file()
    assert not (folder / "sizes.md").exists()
    assert not (folder / "mutants.html").exists(), "there is no such page"
    assert "speed        missing; paragrad bench makes it\n" in said
    assert "parity       missing" not in said
    assert (folder / "parity.html").read_text(encoding="utf-8") == "<html>parity beside ['mutants']"
    elsewhere = tmp_path / "elsewhere"
    folder.rename(elsewhere)
    assert "elsewhere" in in_forms(capsys, "--folder", "elsewhere")


def test_one_file_goes_to_stdout_and_several_get_pages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gate, parity = save(tmp_path, "gate"), save(tmp_path, "parity")
    assert in_forms(capsys, gate).startswith("# Gate: fail")
    assert not (tmp_path / "gate.md").exists()
    said = in_forms(capsys, gate, parity)
    assert (tmp_path / "gate.md").is_file()
    assert (tmp_path / "parity.html").is_file()
    assert "missing" not in said


@pytest.mark.parametrize(
    ("output", "starts"), [("a.md", "# Gate"), ("a.html", "<html>gate"), ("a.xml", "<?xml"), ("a.MD", "# Gate")]
)
def test_the_suffix_says_the_form(output: str, starts: str, tmp_path: Path) -> None:
    assert run(save(tmp_path, "gate"), "--output", output) == cli.PARITY
    assert (tmp_path / output).read_text(encoding="utf-8").startswith(starts)


def test_as_wins_over_the_suffix(tmp_path: Path) -> None:
    assert run(save(tmp_path, "gate"), "--output", "a.txt", "--as", "comment") == cli.PARITY
    assert (tmp_path / "a.txt").read_text(encoding="utf-8").startswith("**Gate: fail**")


def test_the_html_page_gets_what_lies_beside_its_record(tmp_path: Path) -> None:
    gate = save(tmp_path, "gate")
    save(tmp_path, "mutants")
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    assert run(gate, "--output", "gate.html") == cli.PARITY
    assert (tmp_path / "gate.html").read_text(encoding="utf-8") == "<html>gate beside ['mutants']"


def test_beside_a_record_lies_what_goes_by_the_name_of_its_kind(tmp_path: Path) -> None:
    save(tmp_path, "mutants", name="a-mutants")
    save(tmp_path, "mutants", name="false-alarms")
    save(tmp_path, "parity")
    (tmp_path / "accuracy.json").mkdir()
    found = lying_beside(tmp_path)
    assert sorted(found) == ["parity"]
    assert found.refused["false-alarms"].startswith("false-alarms.json: is a record of kind 'mutants'")
    assert found.refused["accuracy"] == "accuracy.json is no regular file"


def test_stdout_is_utf_8_whatever_the_console_speaks(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    words = [sys.executable, "-m", "paragrad", "report", str(save(tmp_path, "speed"))]
    done = subprocess.run(words, env=environment, capture_output=True, check=True)
    assert "≤ 0.45" in done.stdout.decode("utf-8")


NO_TORCH = """
import importlib.util, sys
real = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name == "torch" else real(name, *more)
from paragrad.reports.cli import main
code = main(["report", *sys.argv[1:]])
assert "torch" not in sys.modules and "hypothesis" not in sys.modules
sys.exit(code)
"""


def test_it_needs_no_torch(tmp_path: Path) -> None:
    words = [sys.executable, "-c", NO_TORCH, str(save(tmp_path, "check")), "--as", "junit"]
    subprocess.run(words, check=True, capture_output=True)


@pytest.mark.parametrize("kind", [*KINDS, "check"])
@pytest.mark.parametrize("form", ["markdown", "summary"])
def test_every_kind_is_a_page(kind: str, form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = in_forms(capsys, save(tmp_path, kind), "--as", form)
    assert page.startswith("# ")
    # In a fence, and between backticks, all is shown as it is.
    assert "<script>" not in re.sub(r"(?s)(`+)(?!`).*?(?<!`)\1(?!`)", "", page)
    assert not CONTROL.search(page)


def test_the_page_of_a_check_tells_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = in_forms(capsys, save(tmp_path, "check"))
    for said in (
        "**1 finding**, and 1 known one gone in Value from",
        "## 1. wrong: gradient of mul(input)",
        'd/da   got 4, expected [2.0, "inf"]',
        "where  src/engine.py:12: self.grad += 2 * out.grad",
        "next   paragrad check src/engine.py:Value --repro repros",
        "`wrong-gone`",
        "| `limit-pow` | limit |",
        "| judged | 50 in 1.2 s |",
        "| matches no op | `squash` |",
    ):
        assert said in page, page
    sound = in_forms(capsys, save(tmp_path, "check", check(), name="sound"))
    assert "has nothing that fails" in sound
    assert "Not possible" in in_forms(capsys, save(tmp_path, "check", ERROR, name="error"))
    assert "the time was up" in in_forms(capsys, save(tmp_path, "check", check(stopped="time"), name="short"))


def test_a_name_without_an_end_costs_the_page_no_verdict(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    long = "n" * 1_000_000
    page = in_forms(capsys, save(tmp_path, "check", check(finding(long, title=long, op=long), engine=long)))
    assert "**1 finding** in nnn" in page
    assert "\n## 1. wrong: nnn" in page
    assert "\n| judged | 50 in 1.2 s |" in page
    assert len(page) < 100_000


def test_an_interrupted_check_reads_as_no_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing failed until it was stopped: none of the forms says parity, and CI sees an error."""
    path = save(tmp_path, "check", check(verdict="interrupted", stopped="interrupted"))
    shown = {form: in_forms(capsys, path, "--as", form) for form in ("markdown", "comment", "junit", "annotations")}
    for page in shown.values():
        assert "nterrupted" in page
        assert "parity" not in page.lower()
    assert 'errors="1"' in shown["junit"]
    assert shown["annotations"].startswith("::error title=")
    path = save(tmp_path, "check", check(verdict="parity", stopped="interrupted"))
    assert run(path) == cli.USAGE
    assert "verdict is 'parity', but stopped is 'interrupted'" in capsys.readouterr().err


REFUSED: dict[str, tuple[list[str], str]] = {
    "no folder": ([], "build: there is no such folder; `paragrad check FILE.py:Class --json check.json` makes"),
    "suffix": (["gate.json", "--output", "gate.pdf"], "its suffix is none of .md, .html, .xml"),
    "gone": (["gone.json"], "gone.json: can't be read"),
    "partial": (["partial.json"], "partial.json: is not JSON"),
    "newer": (
        ["newer.json"],
        "newer schema 'paragrad.check/4', this paragrad reads 'paragrad.check/3'; update paragrad",
    ),
    "broken": (["broken.json"], "broken.json: ops is missing; it is partial or was edited: make it again"),
    "kind": (
        ["accuracy.json", "--as", "junit"],
        "accuracy records are measurements, in which nothing of ours passes or fails: --as junit takes",
    ),
    "two": (["gate.json", "parity.json", "--as", "html"], "--as html takes one record, not 2"),
    "against alone": (["gate.json", "--against", "gate.json"], "add --as comment"),
    "against a gate": (["gate.json", "--against", "gate.json", "--as", "comment"], "leave --against out"),
    "nothing beside": (["speed.json", "--as", "comment"], "--against FILE names it"),
    "another kind": (["speed.json", "--against", "gate.json", "--as", "comment"], "name two of the same kind"),
    "no page": (
        ["mutants.json", "--as", "html"],
        "there is no HTML page of kind 'mutants', there are parity, accuracy, speed, gate, check; --as markdown",
    ),
    "a folder": (["gate.json", "--output", "folder.md"], "--output folder.md: this is a folder; name a file in it"),
    "no place": (["gate.json", "--output", "nowhere/a.md"], "--output nowhere/a.md: there is no folder"),
    "the record": (["gate.json", "--output", "gate.json", "--as", "html"], "this is the record that is read"),
    "by a link": (["gate.json", "--output", "link.md"], "link.md: this is the record that is read"),
    "another record": (["gate.json", "--output", "speed.json", "--as", "markdown"], "take the place of a record"),
    "to be compared with": (
        ["speed.json", "--against", "gate.txt", "--as", "comment", "--output", "gate.txt"],
        "this is the record that is read",
    ),
    "the schema of a file": (["gate.json", "--schema"], "takes nothing else: leave out gate.json"),
    "the schema over a record": (["--schema", "--output", "gate.json"], "take the place of a record"),
    "form": (["gate.json", "--as", "pdf"], "invalid choice: 'pdf'"),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_what_is_refused_is_one_line_and_writes_nothing(
    fault: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for kind in ("gate", "speed", "parity", "check", "mutants", "accuracy"):
        save(tmp_path, kind)
    (tmp_path / "link.md").symlink_to("gate.json")
    shutil.copy(tmp_path / "gate.json", tmp_path / "gate.txt")
    (tmp_path / "partial.json").write_text(json.dumps(CHECK)[:400], encoding="utf-8")
    (tmp_path / "newer.json").write_text(json.dumps({**CHECK, "schema": "paragrad.check/4"}), encoding="utf-8")
    broken = {key: value for key, value in CHECK.items() if key not in ("ops", "seconds")}
    (tmp_path / "broken.json").write_text(json.dumps(broken), encoding="utf-8")
    (tmp_path / "folder.md").mkdir()
    before = sorted(path.name for path in tmp_path.rglob("*"))
    args, told = REFUSED[fault]
    assert run(*args) == cli.USAGE
    error = capsys.readouterr().err
    assert told in error
    assert len(error.splitlines()) == (2 if fault == "broken" else 1), "a line for each problem"
    assert sorted(path.name for path in tmp_path.rglob("*")) == before
    assert json.loads((tmp_path / "gate.json").read_text("utf-8"))["kind"] == "gate"


def test_a_broken_record_costs_no_other_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save(tmp_path, "gate")
    (tmp_path / "speed.json").write_text('{"schema": "paragrad.record/4"}', encoding="utf-8")
    (tmp_path / "speed.md").write_text("the old page", encoding="utf-8")
    assert run("--folder", ".") == cli.USAGE
    error = capsys.readouterr().err
    assert "speed.json: was written in the newer schema" in error
    assert len(error.splitlines()) == 1
    assert (tmp_path / "gate.md").is_file()
    assert (tmp_path / "speed.md").read_text(encoding="utf-8") == "the old page"


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999", "9" * 5000])
def test_numbers_that_are_none_are_refused(number: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = save(tmp_path, "parity")
    text = path.read_text(encoding="utf-8").replace('"largest": 0.75', f'"largest": {number}')
    path.write_text(text, encoding="utf-8")
    assert run(path) == cli.USAGE
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_page_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = save(tmp_path, "gate")
    assert run(gate, "--output", "gate.md") == cli.PARITY
    before = (tmp_path / "gate.md").read_bytes()
    monkeypatch.setattr(os, "fsync", lambda descriptor: (_ for _ in ()).throw(KeyboardInterrupt))
    assert run(save_other(tmp_path), "--output", "gate.md") == cli.INTERRUPTED
    assert (tmp_path / "gate.md").read_bytes() == before
    assert not list(tmp_path.glob("*.part"))


def save_other(folder: Path) -> Path:
    """A record, written where nothing can be forced to the disk."""
    path = folder / "check.json"
    path.write_text(json.dumps(CHECK), encoding="utf-8")
    return path


def test_every_form_of_the_parser_is_made() -> None:
    assert set(command.SUFFIXES.values()) < set(parsing.FORMS)
    assert set(record.COMMANDS) == set(KINDS) == set(bodies.BODIES)
