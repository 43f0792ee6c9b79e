"""Where records and pages go: nothing of somebody else's is replaced, and what can't be written is told first."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from paragrad.reports import cli, places, record
from paragrad.reports.commands import save
from paragrad.reports.html import PAGES
from paragrad.reports.render import BODIES, render_markdown
from parity_tests import documents

OURS = sorted(BODIES.keys() - {"diff"})
"""Kinds of records that a command writes with their pages; a diff's page goes where --html says."""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_kind_that_is_saved_is_a_kind_of_a_command() -> None:
    assert sorted({kind for kinds in places.RECORDS.values() for kind in kinds}) == OURS


@pytest.mark.parametrize("kind", OURS)
def test_a_page_of_ours_is_written_anew(kind: str, here: Path) -> None:
    made = record.read(documents.save(here, kind))
    told = save(made, f"{kind}.json", Path())
    page = here / f"{kind}.md"
    names = f"{kind}.md, {kind}.html" if kind in PAGES else f"{kind}.md"
    assert told == f"{kind}.json (and {names})"
    page.write_text(render_markdown({**made, "created": "2001-01-01T00:00:00+00:00"}), encoding="utf-8")
    assert save(made, f"{kind}.json", Path()) == told
    assert page.read_text(encoding="utf-8") == render_markdown(made)


@pytest.mark.parametrize("text", ["# My engine\n", "# Speed\nhow fast it is\n", "", "## The run\n"])
def test_nobody_else_s_page_is_replaced(text: str, here: Path) -> None:
    made = record.read(documents.save(here, "gate"))
    for name in ("README.md", "README.html"):
        (here / name).write_text(text, encoding="utf-8")
    assert save(made, "README.json", Path()) == "README.json"
    assert record.read("README.json") == made
    assert [(here / name).read_text(encoding="utf-8") for name in ("README.md", "README.html")] == [text, text]


@pytest.mark.parametrize("name", ["record", "record.txt"])
def test_pages_lie_beside_json_only(name: str, here: Path) -> None:
    made = record.read(documents.save(here, "gate"))
    assert save(made, name, Path()) == name
    assert sorted(path.name for path in here.iterdir()) == ["gate.json", name]


@pytest.mark.skipif(os.name != "posix", reason="devices are POSIX's")
def test_a_device_has_no_pages() -> None:
    assert places.pages(Path(os.devnull)) == []
    assert places.refused(os.devnull, "gate") == ""


def measuring(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that measures fails the test."""
    monkeypatch.setattr(cli, "resolve", lambda path: pytest.fail("it measures"))


SCHEMAS = ("accuracy-baseline", "speed-thresholds", "baseline", "ulps")


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("README.md", "# My engine\n", "the name is a page's; name a file that ends in .json"),
        ("page.html", "<p>", "the name is a page's"),
        *((f"{s}.json", f'{{"schema": "paragrad.{s}/1"}}', f"this is a file of schema paragrad.{s}") for s in SCHEMAS),
    ],
)
@pytest.mark.parametrize("command", ["gate", "check", "parity"])
def test_json_replaces_nothing_of_a_project(
    command: str, name: str, text: str, told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    measuring(monkeypatch)
    Path(name).write_text(text, encoding="utf-8")
    assert cli.main([command, "--json", name]) == cli.USAGE
    assert capsys.readouterr().err.startswith(f"paragrad {command}: --json {name}: this is ")
    assert told in places.refused(name, command)
    assert Path(name).read_text(encoding="utf-8") == text


@pytest.mark.parametrize("command", ["gate", "check"])
@pytest.mark.parametrize("there", [True, False])
def test_json_is_not_the_baseline(
    command: str, there: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    measuring(monkeypatch)
    if there:
        Path("known.json").write_text("{", encoding="utf-8")
    assert cli.main([command, "--baseline", "known.json", "--json", "./known.json"]) == cli.USAGE
    assert "this is the baseline, which it would replace" in capsys.readouterr().err
    assert not there or Path("known.json").read_text(encoding="utf-8") == "{"


def test_a_command_line_that_can_not_be_read_replaces_nothing() -> None:
    Path("README.md").write_text("# My engine\n", encoding="utf-8")
    with pytest.raises(SystemExit):
        cli.main(["check", "--json", "README.md", "--no-such-option"])
    assert Path("README.md").read_text(encoding="utf-8") == "# My engine\n"


def _file() -> None:
    Path("build").write_text("mine", encoding="utf-8")


def _folder() -> None:
    Path("build/gate.md").mkdir(parents=True)


def _read_only(name: str) -> Callable[[], None]:
    def made() -> None:
        Path("build").mkdir()
        kept = documents.save(Path("build"), "gate")
        save(record.read(kept), str(kept), kept)
        (Path("build") / name).chmod(0o444)

    return made


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (_file, "build is a file and no folder; move it away, or name another"),
        (_folder, f"{Path('build/gate.md')}: can't be written: this is a folder"),
        (_read_only("gate.json"), f"{Path('build/gate.json')}: can't be written: it is read-only"),
        (_read_only("gate.html"), f"{Path('build/gate.html')}: can't be written: it is read-only"),
    ],
)
def test_the_default_place_is_tried_before_anything_is_measured(
    made: Callable[[], None], told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    measuring(monkeypatch)
    made()
    before = {path: path.read_bytes() for path in Path("build").glob("gate.*") if path.is_file()}
    assert cli.main(["gate"]) == cli.USAGE
    err = capsys.readouterr().err
    assert told in err
    assert len(err.splitlines()) == 1
    kept = {path: text for path, text in before.items() if path.exists()}
    assert kept == {path: path.read_bytes() for path in kept}


@pytest.mark.skipif(os.name != "posix", reason="elsewhere nobody can remove it")
@pytest.mark.parametrize("command", ["gate", "parity"])
def test_a_folder_that_is_gone_is_one_line(
    command: str, here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    measuring(monkeypatch)
    gone = here / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert cli.main([command]) == cli.USAGE
    told = "the current folder is gone; change to one that is there"
    assert capsys.readouterr().err == f"paragrad {command}: {told}\n"


@pytest.mark.parametrize("command", sorted(places.RECORDS))
def test_every_command_tries_its_own_place(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    measuring(monkeypatch)
    _file()
    assert cli.main([command]) == cli.USAGE


def ending(monkeypatch: pytest.MonkeyPatch, code: int, write: bool) -> None:
    """A gate that ends with this code, and writes a record before or does not."""

    def run(options: argparse.Namespace) -> int:
        if write:
            save(made, None, Path("build/gate.json"))
        if code == cli.OURS:
            raise RuntimeError("broken")
        return code

    Path("build").mkdir()
    made = record.read(documents.save(Path("build"), "gate"))
    save(made, None, Path("build/gate.json"))
    monkeypatch.setattr(cli, "resolve", lambda path: run)


@pytest.mark.parametrize(
    ("code", "write", "there"),
    [
        (cli.PARITY, False, True),
        (cli.USAGE, False, False),
        (cli.OURS, False, False),
        (cli.USAGE, True, True),
        (cli.INTERRUPTED, False, True),
    ],
)
def test_a_gate_without_an_answer_leaves_none_from_before(
    code: int, write: bool, there: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    ending(monkeypatch, code, write)
    assert cli.main(["gate"]) == code
    names = ["gate.html", "gate.json", "gate.md"] if there else []
    assert sorted(path.name for path in Path("build").iterdir()) == names


def test_what_is_no_record_of_a_gate_is_not_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    ending(monkeypatch, cli.USAGE, write=False)
    Path("other.json").write_text('{"schema": "mine"}', encoding="utf-8")
    assert cli.main(["gate", "--json", "other.json"]) == cli.USAGE
    assert Path("other.json").is_file()
    assert Path("build/gate.json").is_file()
