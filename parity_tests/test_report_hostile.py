"""`paragrad report` on what nobody wrote in good faith: huge, endless, contradictory; and on an output that is full."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from paragrad.reports import cli, consistent, documents, record, strict
from paragrad.reports.ci.cases import cases
from paragrad.reports.ci.junit import junit
from paragrad.reports.ci.plain import CONTROL
from paragrad.reports.documents import read
from paragrad.reports.html import LARGEST, render_check, render_html
from paragrad.reports.html.blocks import Page, Section, Table, columns, row
from paragrad.reports.html.capped import Caps, capped
from paragrad.reports.record import RecordError
from parity_tests import synthetic
from parity_tests.bodies import BODIES
from parity_tests.documents import CHECK, ERROR, body, check, finding, save
from parity_tests.reading_html import Reading

BIDI = "a\u202eb\u2066c\u200f"


def run(*args: str | Path) -> int:
    """The exit code of `paragrad report`."""
    return cli.main(["report", *map(str, args)])


def edited(path: Path, old: str, new: str) -> Path:
    """A file with a piece of it replaced."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


EDITS: dict[str, tuple[str, str, str, str]] = {
    "a key twice": ("parity", '"largest": 0.75', '"largest": 1.0, "largest": 0.75', "the key 'largest' is there twice"),
    "a number of 400 digits": ("parity", '"largest": 0.75', f'"largest": {10**400}', "has more than 64 bits"),
    "a number of 5000 digits": ("check", '"seed": 0', f'"seed": {"9" * 5000}', "has more than 64 bits"),
    "a float of no size": ("parity", '"largest": 0.75', '"largest": 1e999', "more than a float64 holds"),
    "no number": ("check", '"total": 1.25', '"total": NaN', "NaN is no number of JSON"),
    "no date": ("check", '"2026-11-23T12:00:00+00:00"', '"yesterday"', "created should be a time in UTC"),
    "a date somewhere": ("check", "12:00:00+00:00", "12:00:00", "created should be a time in UTC"),
    "a run of less than no time": ("gate", '"elapsed": ', '"elapsed": -', "body.elapsed should be a duration"),
    "a check of less than no time": ("check", '"total": 1.25', '"total": -1.25', "seconds.total should be a duration"),
    "a gate that passed": ("gate", '"verdict": "fail"', '"verdict": "pass"', "body.verdict is 'pass', but"),
    "a check that passed": ("check", '"verdict": "findings"', '"verdict": "parity"', "but 1 of its findings fail"),
    "a check that counts wrong": ("check", '"judged": 50', '"judged": 49', "counts don't add up: 60 requested"),
    "graphs that are not all": ("accuracy", '"not_compared": 1', '"not_compared": 2', "body.graphs don't add up: 4"),
    "points that nobody judged": (
        "accuracy",
        '"judged": 1,\n   "not_compared": 1',
        '"judged": 0,\n   "not_compared": 2',
        "body.graphs.judged is 0, but there are 1 points",
    ),
    "nothing was judged": ("check", '"judged": 50', '"judged": 0', "nothing was judged"),
}


@pytest.mark.parametrize("edit", EDITS)
def test_what_was_edited_is_refused(edit: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kind, old, new, says = EDITS[edit]
    content = body("gate") if kind == "gate" else None
    path = edited(save(tmp_path, kind, content), old, new)
    assert run(path) == cli.USAGE
    error = capsys.readouterr().err
    assert says in error
    assert "Traceback" not in error
    assert len(error) < 1000


def test_there_is_a_line_for_each_problem(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = save(tmp_path, "parity")
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('"whose":', '"who":'), encoding="utf-8")
    assert run(path) == cli.USAGE
    lines = capsys.readouterr().err.splitlines()
    assert any("whose is missing" in line for line in lines)
    assert any("who is not part of the schema" in line for line in lines)


def test_a_check_says_parity_only_of_what_it_compared(tmp_path: Path) -> None:
    empty = check(ops={"checked": [], "not_compared": ["exp"], "unmatched": []})
    with pytest.raises(RecordError, match="verdict is 'parity', but no op was compared"):
        read(save(tmp_path, "check", empty))


ROW = {"estimate": {"ratio": 2.0, "low": 1.9, "high": 2.1, "launches": 5, "pairs": 40}}
"""What a benchmark that takes twice its time has, once."""
CONTRADICTIONS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "slower twice": (ROW | {"confirmed": ROW["estimate"]}, {}, r"rows\[0\].verdict is 'inconclusive', but of its 2"),
    "slower once": (ROW | {"verdict": "fail"}, {"verdict": "fail"}, r"rows\[0\].verdict is 'fail', but of its 1"),
    "never slower": (
        {"verdict": "fail", "confirmed": BODIES["gate"]["speed"]["rows"][0]["estimate"]},
        {"verdict": "fail"},
        r"rows\[0\].verdict is 'fail', but of its 2 intervals 0",
    ),
    "an interval upside down": ({"control": ROW["estimate"] | {"low": 3.0, "high": 0.5}}, {}, "control is no interval"),
    "a ratio outside": ({"estimate": ROW["estimate"] | {"ratio": 1.5}}, {}, "estimate is no interval: 1.5"),
    "less than no time": ({"confirmed": ROW["estimate"] | {"low": -1.0}}, {}, "confirmed is no interval"),
    "a chance of 700 %": ({"power": 7.0}, {}, "power should be a chance, is 7"),
    "a threshold below 1": ({"threshold": -3.0}, {}, "threshold should be above 1, is -3"),
    "before it began": ({"seconds": -1.0}, {}, "seconds should be a duration, is -1"),
    "a pass that is none": (
        {},
        {"verdict": "pass", "failed": []},
        "speed.verdict is 'pass', but of 1 benchmarks 0 are",
    ),
    "not measured": ({"verdict": "pass"}, {"verdict": "pass"}, "0 are inconclusive and 1 could not be measured"),
    "a fail of nothing": ({}, {"verdict": "fail", "failed": []}, "speed.verdict is 'fail', but of 1 benchmarks 0 are"),
    "in doubt of nothing": ({"verdict": "pass"}, {"failed": []}, "speed.verdict is 'inconclusive', but of 1"),
}


@pytest.mark.parametrize("named", CONTRADICTIONS)
def test_a_gate_that_contradicts_itself_is_refused(named: str) -> None:
    row, part, says = CONTRADICTIONS[named]
    gate = body("gate")
    gate["speed"] |= part
    gate["speed"]["rows"][0] |= row
    (problem,) = consistent.gate(gate)
    assert re.search(says, problem)


def test_a_gate_that_compared_nothing_is_refused() -> None:
    (problem,) = consistent.gate({**body("gate"), "accuracy": None, "speed": None})
    assert problem == "body has neither accuracy nor speed: nothing was compared"


@pytest.mark.parametrize("verdict", ["pass", "inconclusive"])
def test_a_gate_without_a_benchmark_is_no_contradiction(verdict: str) -> None:
    gate = body("gate")
    gate["speed"] |= {"rows": [], "failed": [], "verdict": verdict}
    assert not list(consistent.gate(gate))


def test_of_a_large_file_nothing_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(tmp_path, "parity")
    monkeypatch.setattr(strict.text_of, "__defaults__", (100,))
    monkeypatch.setattr(record.parse, "__defaults__", (100,))
    with pytest.raises(RecordError, match="has over 0 MiB"):
        read(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
def test_beside_a_record_only_what_goes_by_a_known_name_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gate = save(tmp_path, "gate")
    os.mkfifo(tmp_path / "mutants.json")
    os.mkfifo(tmp_path / "a.json")
    (tmp_path / "false-alarms.json").symlink_to("/dev/zero")
    (tmp_path / "parity.json").write_text(" " * 1000, encoding="utf-8")
    monkeypatch.setattr(documents, "NEIGHBOUR", 999)
    assert run(gate, "--output", tmp_path / "gate.html") == cli.PARITY
    beside = documents.beside(tmp_path)
    assert beside.refused["mutants"] == "mutants.json is no regular file"
    assert "parity.json: has over" in beside.refused["parity"]
    assert run("--folder", tmp_path) == cli.USAGE, "a parity.json that is none"
    assert "parity       refused" in capsys.readouterr().out


def test_a_page_says_why_a_record_beside_it_is_refused(tmp_path: Path) -> None:
    parity = save(tmp_path, "parity")
    edited(save(tmp_path, "mutants"), record.SCHEMA, "paragrad.record/1")
    page = tmp_path / "parity.html"
    assert run(parity, "--output", page) == cli.PARITY
    told = page.read_text(encoding="utf-8")
    assert "The mutants record beside this one was refused: mutants.json: was written in the older schema" in told
    assert "No mutants record" not in told
    assert "No false-alarms record lies beside this one" in told


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("words", [["report", "check.json"], ["report", "check.json", "--output", "/dev/full"]])
def test_an_output_that_is_full_is_one_line(words: list[str], tmp_path: Path) -> None:
    save(tmp_path, "check")
    if words[-1] == "/dev/full":
        words = [*words, "--as", "markdown"]
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "paragrad", *words]
        done = subprocess.run(command, cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, check=False, text=True)
    assert done.returncode in (cli.USAGE, cli.OURS)
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert "can't be written" in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="pipes are closed otherwise elsewhere")
def test_a_pipe_that_nobody_reads_is_one_line(tmp_path: Path) -> None:
    path = save(tmp_path, "check", check(*[finding(f"wrong-{k}") for k in range(300)]))
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "paragrad", "report", str(path)]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, check=False, text=True)
    os.close(writing)
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert "can't be written" in done.stderr


def many(count: int, **changes: Any) -> dict[str, Any]:
    """A check with so many findings."""
    return check(*[finding(f"wrong-{k}", message="m" * 500, **changes) for k in range(count)])


def test_a_page_of_very_much_is_small_and_says_what_is_left_out() -> None:
    sound = Reading(render_check(many(60), "my.json"))  # type: ignore[arg-type]
    assert not sound.problems
    assert "And 20 more" in " ".join(sound.words)
    for made in (many(20_000), many(30, table="long " * 100_000, script="x\n" * 300_000), many(3, op="x" * 10**6)):
        page = render_check(made, "my.json")  # type: ignore[arg-type]
        assert len(page.encode()) <= LARGEST
        assert "in my.json)" in page
        assert not Reading(page).problems


def test_a_browser_has_few_rows_to_lay_out() -> None:
    """Four thousand written out took it seconds; the rows of a packed table it makes when they are to be seen."""
    page = render_check(many(5_000), "my.json")  # type: ignore[arg-type]
    assert 500 < page.count("<tr") < 1_100
    assert "And 4,000 rows more (in my.json)" in page
    lines = [row("a")] * 5_000
    table = Table("a", "a", columns("a"), lines)
    sizes = {}
    for packed in (False, True):
        shown = Page("a", "a", "good", [], [Section("b", "b", [replace(table, packed=packed)])])
        kept = capped(shown, Caps(), "my.json").sections[0].blocks[0]
        assert isinstance(kept, Table)
        sizes[packed] = len(kept.rows)
    assert sizes == {False: 1_000, True: 4_000}


@pytest.mark.parametrize("kind", ["accuracy", "parity", "speed", "gate"])
def test_a_page_of_a_very_long_record_is_small(kind: str) -> None:
    shown = synthetic.records()[kind]
    for value in shown["body"].values():
        for rows in (value, *(value.values() if isinstance(value, dict) else ())):
            if isinstance(rows, list) and rows and isinstance(rows[0], dict) and "message" in rows[0]:
                rows[:] = [rows[0]] * 3000
    shown["options"] = {"only": ["x" * 1000] * 5000}
    page = render_html(shown, {})
    assert len(page.encode()) <= LARGEST
    assert not Reading(page).problems


def test_links_into_what_is_cut_are_none() -> None:
    """Rows furthest behind torch and cells of the heat map lead to rows of a table that is too long to be whole."""
    shown = synthetic.records()["accuracy"]
    rows = [dict(row, op=f"{row['op']}_{k}") for k in range(12) for row in shown["body"]["rows"]]
    last = json.loads(json.dumps(rows[-1]))
    last["value"]["engine"].update(p999=1e9, max=1e9)
    shown["body"]["rows"] = [*rows[:-1], last]
    page = render_html(shown, {})
    made = Reading(page)
    assert any("more (in accuracy.json)" in words for words in made.words)
    assert not made.problems
    assert f"<code>{last['op']}</code>" in page
    assert f"<code>{last['op']}</code></a>" not in page


def test_junit_of_very_much_counts_the_rest(tmp_path: Path) -> None:
    document = read(save(tmp_path, "check", many(5000)))
    found = junit([document])
    assert len(found) < 8_000_000
    assert "and 3004 cases more, 3001 of them failed" in found
    assert len(cases(document)) == 5003


@pytest.mark.parametrize("form", ["markdown", "summary", "comment", "junit", "annotations", "html"])
def test_what_turns_the_direction_of_text_is_shown_as_an_escape(
    form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = check(finding("wrong-a", expression=BIDI, diagnosis=BIDI), engine=BIDI)
    assert run(save(tmp_path, "check", made), "--as", form) == cli.PARITY
    shown = capsys.readouterr().out
    assert "u202e" in shown
    assert not CONTROL.search(shown)


def test_the_page_of_a_check() -> None:
    page = render_check(CHECK)  # type: ignore[arg-type]
    reading = Reading(page)
    assert not reading.problems
    words = " ".join(" ".join(reading.words).split())
    for said in (
        "1 finding , and 1 known one gone in",
        "1. wrong: gradient of mul(input)",
        'got 4, expected [2.0, "inf"]',
        "Why: it is off by the constant factor 2",
        "src/engine.py:12: self.grad += 2 * out.grad",
        "paragrad check src/engine.py:Value --repro repros",
        "--accept",
        "No program with one of these ran to its end: exp.",
        "limit-pow",
        "requested 60",
    ):
        assert said in words, words
    refused = Reading(render_check(ERROR))  # type: ignore[arg-type]
    assert not refused.problems
    assert "there is no such file" in " ".join(refused.words)


def test_the_json_of_a_check_is_not_taken_for_another(tmp_path: Path) -> None:
    path = save(tmp_path, "check", json.loads(json.dumps({**CHECK, "verdict": "findings", "findings": [], "gone": []})))
    with pytest.raises(RecordError, match="none of its findings fails"):
        read(path)
