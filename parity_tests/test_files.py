"""Files are written whole or not at all, at whatever moment the writer is killed."""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from paragrad.reports import cli, record
from paragrad.reports.files import UnwritableError, write_text
from paragrad.reports.record import RecordError
from parity_tests.documents import save

WRITER = """
import json, sys
from pathlib import Path
from paragrad.reports import record

def torn(made, path):
    "How a record must not be written."
    with open(path, "w", encoding="utf-8") as file:
        for part in record.dumps(made).splitlines(keepends=True):
            file.write(part)
            file.flush()

path, how = Path(sys.argv[1]), sys.argv[2]
write = torn if how == "torn" else record.write
made = record.read(path)
print("ready", flush=True)
while True:
    made["seed"] += 1
    write(made, path)
"""


def killed(path: Path, how: str, kills: int, seed: int) -> list[str]:
    """Kill a child that writes records without end, so many times; return what a reader said who read all the while.

    A child is killed at a moment after its first record was read, so that it has written however slow the machine is.
    """
    moments = random.Random(seed)
    for _ in range(kills):
        first = record.read(path)["seed"]
        child = subprocess.Popen([sys.executable, "-c", WRITER, str(path), how], stdout=subprocess.PIPE)
        assert child.stdout is not None
        child.stdout.readline()
        end = math.inf
        try:
            while time.monotonic() < end:
                if record.read(path)["seed"] != first:
                    end = min(end, time.monotonic() + moments.uniform(0.0, 0.04))
            child.kill()
            child.wait()
            record.read(path)
        except RecordError as error:
            return str(error).splitlines()
        finally:
            child.kill()
            child.wait()
            child.stdout.close()
    return []


def test_a_killed_writer_leaves_the_last_good_record(tmp_path: Path) -> None:
    assert killed(save(tmp_path, "speed"), "whole", kills=4, seed=1) == []


def test_a_writer_that_tears_its_file_is_caught(tmp_path: Path) -> None:
    assert killed(save(tmp_path, "speed"), "torn", kills=4, seed=1)


def test_text_is_utf_8_with_plain_ends_of_lines(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    write_text(path, "≤ ½\nnext\n")
    assert path.read_bytes() == "≤ ½\nnext\n".encode()
    write_text(path, json.dumps("half a pair: \ud800", ensure_ascii=False))
    assert json.loads(path.read_text(encoding="utf-8")) == "half a pair: \ud800"
    assert [p.name for p in path.parent.iterdir()] == ["page.md"]


@pytest.mark.skipif(os.name != "posix", reason="modes, links and devices are POSIX's")
def test_modes_links_and_devices(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        write_text(tmp_path / "page.md", "x")
    finally:
        os.umask(before)
    assert (tmp_path / "page.md").stat().st_mode & 0o777 == 0o644
    (tmp_path / "link.md").symlink_to("page.md")
    write_text(tmp_path / "link.md", "y")
    assert (tmp_path / "link.md").is_symlink()
    assert (tmp_path / "page.md").read_text(encoding="utf-8") == "y"
    write_text(os.devnull, "z")
    assert not Path(os.devnull).is_file()


def test_what_can_not_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(UnwritableError, match="this is a folder"):
        write_text(tmp_path / "folder", "x")
    (tmp_path / "file").write_text("old", encoding="utf-8")
    for path in (tmp_path / "file" / "below", tmp_path / "misspelt" / "page.md"):
        with pytest.raises(UnwritableError, match="no folder"):
            write_text(path, "x")
    (tmp_path / "file").chmod(0o444)
    with pytest.raises(UnwritableError, match="it is read-only"):
        write_text(tmp_path / "file", "x")
    assert (tmp_path / "file").read_text(encoding="utf-8") == "old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "folder"]


@pytest.mark.parametrize(
    "command", ["parity", "gate", "bench", "accuracy", "mutants", "false-alarms", "peers", "check", "conventions"]
)
def test_every_command_refuses_a_place_before_it_measures(
    command: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cli, "resolve", lambda path: pytest.fail("it measures"))
    assert cli.main([command, "--json", "misspelt/x.json"]) == cli.USAGE
    folder = tmp_path / "misspelt"
    told = f"--json misspelt/x.json: there is no folder {folder}; make it, or name another"
    assert capsys.readouterr().err.replace(str(folder.resolve()), str(folder)) == f"paragrad {command}: {told}\n"
    assert list(tmp_path.iterdir()) == []


def test_build_is_made(tmp_path: Path) -> None:
    write_text(tmp_path / "build" / "x.md", "x")
    assert (tmp_path / "build" / "x.md").is_file()
    with pytest.raises(UnwritableError, match="there is no folder"):
        write_text(tmp_path / "misspelt" / "build" / "x.md", "x")


def test_a_place_that_is_gone_in_the_end_is_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def late(options: argparse.Namespace) -> int:
        write_text(tmp_path / "gone" / "x.md", "x")
        return cli.PARITY

    monkeypatch.setattr(cli, "resolve", lambda path: late)
    assert cli.main(["accuracy"]) == cli.USAGE
    assert capsys.readouterr().err.startswith(f"paragrad accuracy: {tmp_path / 'gone' / 'x.md'}: can't be written: ")
