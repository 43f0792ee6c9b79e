"""The record: what is written can be read, what is broken is refused with a line that says what and how to mend it."""

from __future__ import annotations

import copy
import json
import os
from pathlib import Path
from typing import Any

import pytest

from paragrad.reports import record
from paragrad.reports.machine import machine, versions
from paragrad.reports.record import Counts, Record, RecordError
from paragrad.reports.shape import problems

COUNTS: Counts = {"requested": 7, "judged": 3, "filtered": {"refused": 2}, "crashed": 1, "not_run": 1}
BODY: dict[str, Any] = {
    "rows": [],
    "memory": [],
    "failed": [],
    "sizes": [],
    "splits": [],
    "scaling": [],
    "loop": None,
    "peers": {},
    "absent": [],
}


def contents(folder: Path) -> list[str]:
    """The names in a folder."""
    return sorted(entry.name for entry in folder.iterdir())


@pytest.fixture
def good() -> Record:
    return record.new("speed", 7, {"rounds": 5}, copy.deepcopy(COUNTS), copy.deepcopy(BODY))


def test_round_trip(good: Record, tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    good["options"]["note"] = "ULP ≤ ½"
    record.write(good, path)
    assert record.read(path) == good
    assert "≤ ½" in path.read_text(encoding="utf-8")
    assert contents(path.parent) == ["record.json"]


def test_it_says_where_it_was_made(good: Record) -> None:
    assert good["machine"] == machine()
    assert good["machine"]["cpu"]
    assert good["machine"]["cores"] >= 1
    assert good["machine"]["threads"]["blas"] == 1
    assert good["versions"] == versions()
    assert good["commit"] is None or len(good["commit"]["id"]) >= 40


FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "missing": ({"counts": None}, "counts should be an object, is None"),
    "sum": ({"counts": {**COUNTS, "judged": 4}}, "counts don't add up: 7 requested, but 4 judged"),
    "negative": ({"counts": {**COUNTS, "crashed": -1, "judged": 5}}, "counts can't be negative"),
    "nothing judged": ({"counts": {**COUNTS, "judged": 0, "not_run": 4}}, "nothing was judged"),
    "kind": ({"kind": "speeed"}, "kind should be 'parity' or 'accuracy' or 'speed' or "),
    "no kind": ({"kind": []}, "kind should be 'parity' or 'accuracy' or "),
    "seed": ({"seed": "seven"}, "seed should be"),
    "stranger": ({"sead": 7}, "sead is not part of the schema"),
    "body": ({"body": {**BODY, "rows": [{"name": 3}]}}, "body.rows[0].name should be a string, is 3"),
    "body key": ({"body": {"rows": []}}, "body.sizes is missing"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_record_is_refused_both_ways(fault: str, good: Record, tmp_path: Path) -> None:
    changes, expected = FAULTS[fault]
    broken: Any = {**good, **changes}
    path = tmp_path / "record.json"
    record.write(good, path)
    before = path.read_bytes()
    with pytest.raises(RecordError) as writing:
        record.write(broken, path)
    assert expected in str(writing.value)
    assert path.read_bytes() == before, "a refused record must leave the old one alone"
    path.write_text(json.dumps(broken), encoding="utf-8")
    with pytest.raises(RecordError) as reading:
        record.read(path)
    lines = str(reading.value).splitlines()
    assert any(expected in line for line in lines), lines
    assert all(line.startswith(str(path)) and "make it again" in line for line in lines), lines


def test_a_missing_key_is_named(good: Record, tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    document: Any = dict(good)
    del document["machine"], document["counts"]
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(RecordError) as caught:
        record.read(path)
    assert caught.value.problems == ["counts is missing", "machine is missing"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{", "is not JSON (line 1, column 2"),
        ("", "is not JSON"),
        ("[]", "is no paragrad record: it names no schema"),
        ('{"schema": "asv/3"}', "is no paragrad record: schema is 'asv/3'"),
        (
            '{"schema": "paragrad.record/4"}',
            "newer schema 'paragrad.record/4', this paragrad reads 'paragrad.record/3'",
        ),
        (
            '{"schema": "paragrad.record/2", "kind": "speed"}',
            "older schema 'paragrad.record/2', this paragrad reads 'paragrad.record/3'; "
            "make it again with `paragrad bench`",
        ),
        ('{"schema": "paragrad.record/2", "kind": []}', "make it again"),
    ],
)
def test_what_is_no_record_is_refused_in_one_line(text: str, expected: str, tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RecordError) as caught:
        record.read(path)
    (line,) = str(caught.value).splitlines()
    assert str(path) in line
    assert expected in line


def test_a_missing_file_a_folder_and_another_kind(good: Record, tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="can't be read"):
        record.read(tmp_path / "absent.json")
    with pytest.raises(RecordError, match="can't be read"):
        record.read(tmp_path)
    (tmp_path / "latin.json").write_bytes(b'"\xe9"')
    with pytest.raises(RecordError, match="not UTF-8"):
        record.read(tmp_path / "latin.json")
    record.write(good, tmp_path / "record.json")
    with pytest.raises(RecordError, match="of kind 'speed'; name one of kind 'parity'"):
        record.read(tmp_path / "record.json", "parity")


def test_nan_is_no_json(good: Record, tmp_path: Path) -> None:
    good["options"]["ulp"] = float("nan")
    with pytest.raises(ValueError, match="JSON compliant"):
        record.write(good, tmp_path / "record.json")
    assert contents(tmp_path) == []


def test_a_death_while_writing_leaves_the_last_good_record(
    good: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "record.json"
    record.write(good, path)
    before = path.read_bytes()
    monkeypatch.setattr(os, "fsync", lambda descriptor: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        record.write({**good, "seed": 8}, path)
    assert path.read_bytes() == before
    assert contents(tmp_path) == ["record.json"]


def test_the_checker_knows_each_type() -> None:
    assert not list(problems({"a": [1, 2.5]}, dict[str, list[float]]))
    assert list(problems(True, int)) == ["the document should be a whole number, is True"]
    assert list(problems([1, "x"], list[int], "rows")) == ["rows[1] should be a whole number, is 'x'"]
    assert not list(problems(None, str | None))
