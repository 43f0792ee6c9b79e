"""JUnit XML and annotations: valid whatever a name contains, a case for what passed, ten lines at most."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from paragrad.reports import cli
from paragrad.reports.ci.cases import KINDS, cases
from paragrad.reports.ci.plain import CONTROL
from paragrad.reports.documents import read
from parity_tests.documents import CONTROL as HOSTILE_CONTROL
from parity_tests.documents import ERROR, body, check, finding, save

COUNTED = {"failures": "failure", "errors": "error", "skipped": "skipped"}
SUITE = {"name", "tests", "failures", "errors", "skipped", "time", "timestamp"}
CASE = {"classname", "name", "time"}


def report(capsys: pytest.CaptureFixture[str], *args: str | Path) -> str:
    """What `paragrad report` prints."""
    assert cli.main(["report", *map(str, args)]) == cli.PARITY
    return capsys.readouterr().out


def valid(text: str) -> ElementTree.Element:
    """The root, held to what CI systems read: elements, attributes, and counts that are those of the cases."""
    assert not CONTROL.search(text)
    root = ElementTree.fromstring(text)
    assert root.tag == "testsuites"
    assert all(suite.tag == "testsuite" and set(suite.attrib) <= SUITE for suite in root)
    for element in (root, *root):
        found = list(element.iter("testcase"))
        assert int(element.attrib["tests"]) == len(found)
        for count, tag in COUNTED.items():
            assert int(element.attrib[count]) == sum(case.find(tag) is not None for case in found)
    for case in root.iter("testcase"):
        assert set(case.attrib) == CASE
        assert case.attrib["name"]
        assert len(case) <= 1
        assert all(child.tag in COUNTED.values() and child.attrib["message"] for child in case)
    return root


def outcomes(root: ElementTree.Element) -> dict[str, str]:
    """What became of each case, by its name."""
    return {case.attrib["name"]: case[0].tag if len(case) else "passed" for case in root.iter("testcase")}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_hostile_is_made_harmless(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content: Any = None
    if kind == "parity":
        content = body("parity")
        content["findings"][0].update(message=HOSTILE_CONTROL, op=f"mul{HOSTILE_CONTROL}"[:-4])
    if kind == "judges":
        content = body("judges")
        content["targets"][0].update(met=False, what=HOSTILE_CONTROL)
    root = valid(report(capsys, save(tmp_path, kind, content), "--as", "junit"))
    assert "failure" in outcomes(root).values()


def test_a_check_is_a_case_an_op_and_a_case_a_finding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = valid(report(capsys, save(tmp_path, "check"), "--as", "junit"))
    assert outcomes(root) == {
        "add": "passed",
        "exp": "skipped",
        "wrong-gradient-mul-input": "failure",
        "limit-pow": "skipped",
        "wrong-known": "skipped",
        "gone: wrong-gone": "failure",
    }
    (failure, _) = root.iter("failure")
    assert failure.attrib["message"].startswith("wrong: gradient of mul(input): a * b <script>")
    assert failure.text is not None
    assert "  next   paragrad check src/engine.py:Value --repro repros" in failure.text
    assert "\\x1b[31m\\x00" in failure.text
    assert "\\ud800]]>" in failure.text


def test_a_check_that_was_not_possible_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = valid(report(capsys, save(tmp_path, "check", ERROR), "--as", "junit"))
    assert outcomes(root) == {"check": "error"}


def test_parity_mutants_alarms_and_gate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = {}
    for kind in ("parity", "mutants", "false-alarms", "gate"):
        told[kind] = outcomes(valid(report(capsys, save(tmp_path, kind), "--as", "junit")))
    assert told["parity"] == {"exp": "passed", "mul": "passed", "gradient of mul|`(input)": "failure"}
    assert told["mutants"] == {
        "interrupted": "error",
        "sign: 3 found": "passed",
        "sign:a|b": "failure",
        "sign:c": "failure",  # listed as one that can't be found, and found
        "sign:d": "failure",  # listed, and no longer there
    }
    assert told["false-alarms"] == {"gradient of mul|`(input) in mlp, float32": "failure"}
    names = {name.partition(": <")[0]: outcome for name, outcome in told["gate"].items()}
    assert names == {"op: 165 as in the baseline": "passed", "ulp": "failure", "exp-16": "skipped", "conv2d": "skipped"}


def test_a_target_that_is_missed_fails(tmp_path: Path) -> None:
    speed, judges = body("speed"), body("judges")
    speed["rows"].append({**speed["rows"][0], "title": "14 ops", "target": None, "met": None})
    speed["rows"].append({**speed["rows"][0], "title": "15 ops", "goal": "at least", "met": True})
    judges["targets"].append({"what": "cost", "target": 3.0, "measured": 4.5, "goal": "at most", "met": False})
    found = [
        case
        for kind, made in (("speed", speed), ("judges", judges))
        for case in cases(read(save(tmp_path, kind, made)))
    ]
    assert [(case.name.partition(" <")[0], case.outcome) for case in found if case.group != "judges"] == [
        ("13 ops", "failed"),
        ("14 ops", "skipped"),
        ("15 ops", "passed"),
        ("peak, engine", "passed"),
        ("conv2d", "error"),
    ]
    assert found[0].message == "engine ÷ torch is 2; the target is at most 0.45"
    assert [case.outcome for case in found if case.group == "judges"] == ["passed", "failed"]
    assert found[-1].message == "4.5; the target is at most 3"


@pytest.mark.parametrize(("verdict", "outcome"), [("fail", "failed"), ("inconclusive", "skipped")])
def test_a_benchmark_that_could_not_run_fails_where_the_gate_does(verdict: str, outcome: str, tmp_path: Path) -> None:
    gate = body("gate")
    gate["speed"] |= {"failed": [{"name": "exp-9", "error": "ZeroDivisionError"}], "verdict": verdict}
    found = {case.name: case for case in cases(read(save(tmp_path, "gate", gate)))}
    assert (found["exp-9"].outcome, found["exp-9"].message) == (outcome, "could not run: ZeroDivisionError")


def test_a_date_that_was_edited_is_refused_harmlessly(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = save(tmp_path, "gate")
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), "created": HOSTILE_CONTROL}), encoding="utf-8")
    assert cli.main(["report", str(path), "--as", "junit"]) == cli.USAGE
    told = capsys.readouterr().err
    assert "created should be a time in UTC" in told
    assert not CONTROL.search(told)


def test_a_gate_that_fails_without_a_row_says_why(tmp_path: Path) -> None:
    gate = body("gate")
    gate["accuracy"]["worse"], gate["speed"] = [], {**gate["speed"], "rows": [], "failed": [], "verdict": "pass"}
    found = {case.name: (case.outcome, case.message) for case in cases(read(save(tmp_path, "gate", gate)))}
    assert found["verdict: fail"] == ("failed", gate["accuracy"]["why"])
    assert found["verdict: pass"][0] == "passed"


def test_all_records_of_a_folder_are_suites_of_one_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for kind in ("parity", "accuracy", "gate"):
        save(tmp_path, kind)
    root = valid(report(capsys, "--folder", tmp_path, "--as", "junit"))
    assert [suite.attrib["name"] for suite in root] == ["paragrad gate", "paragrad parity"]
    assert root[0].attrib["time"] == "61.500"


WORKFLOW_COMMAND = re.compile(r"::(error|notice) ((?:\w+=[^:,\n\r]*)(?:,\w+=[^:,\n\r]*)*)::(.*)")


def commands(text: str) -> list[tuple[str, dict[str, str], str]]:
    """The level, the properties and the message of each, as GitHub's runner reads them."""
    found = []
    for line in text.splitlines():
        parts = WORKFLOW_COMMAND.fullmatch(line)
        assert parts is not None, line
        properties = dict(pair.split("=", 1) for pair in parts[2].split(","))
        found.append((parts[1], {key: unescaped(value) for key, value in properties.items()}, unescaped(parts[3])))
    return found


def unescaped(text: str) -> str:
    for escape, character in (("%0A", "\n"), ("%0D", "\r"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(escape, character)
    return text


@pytest.fixture
def _checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))


@pytest.mark.usefixtures("_checkout")
def test_findings_are_shown_beside_their_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "src" / "a, 100%: b.py"
    made = check(
        finding("wrong-a", source_line=f"{place}:7: x = 1"),
        finding("limit-b", fails=False, source_line="engine.py:9: y"),
        finding("limit-c", fails=False, source_line=None),
        finding("known-d", fails=False, known="why", source_line="engine.py:10: y"),
        gone=["wrong-gone"],
    )
    first, second, third = commands(report(capsys, save(tmp_path, "check", made), "--as", "annotations"))
    assert first[:2] == ("error", {"file": "src/a, 100%: b.py", "line": "7", "title": first[1]["title"]})
    assert first[1]["title"].endswith(": wrong-a")
    assert first[2].startswith("wrong: gradient of mul(input)\n  a * b <script>")
    assert (second[0], set(second[1])) == ("error", {"title"})
    assert "wrong-gone is known, and was not found" in second[2]
    assert (third[0], third[1]["file"], third[1]["line"]) == ("notice", "engine.py", "9")


@pytest.mark.usefixtures("_checkout")
@pytest.mark.parametrize(("count", "last"), [(9, None), (10, None), (11, "and 2 more"), (500, "and 491 more")])
def test_ten_at_most(count: int, last: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = check(*(finding(f"wrong-{k}") for k in range(count)))
    found = commands(report(capsys, save(tmp_path, "check", made), "--as", "annotations"))
    assert len(found) == min(count, 10)
    assert found[-1][2] == last if last else found[-1][2].startswith("wrong: ")


@pytest.mark.usefixtures("_checkout")
def test_what_ends_a_line_unseen_starts_no_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evil = "x\r\n::error::planted\n::stop-commands::x\x0b\x0c\x1c\x85\u2028::error::planted"
    rows = [finding("wrong-a", diagnosis=evil, expression=evil, source_line=f"{evil}:3: x")]
    text = report(capsys, save(tmp_path, "check", check(*rows, engine=evil)), "--as", "annotations")
    assert len(commands(text)) == 1
    gate = body("gate")
    gate["accuracy"]["worse"][0].update(what=evil, before=evil, repro=evil)
    gate["speed"]["failed"] = []
    assert len(commands(report(capsys, save(tmp_path, "gate", gate), "--as", "annotations"))) == 1


def test_outside_of_github_files_are_relative_to_the_working_directory(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    monkeypatch.chdir(tmp_path)
    here, elsewhere = f"{tmp_path / 'engine.py'}:3: x", f"{tmp_path.parent / 'other.py'}:4: x"
    made = check(finding("a", source_line=here), finding("b", source_line=elsewhere))
    found = commands(report(capsys, save(tmp_path, "check", made), "--as", "annotations"))
    assert [about.get("file") for _, about, _ in found] == ["engine.py", None]


def test_nothing_wrong_is_no_annotation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert report(capsys, save(tmp_path, "check", check()), "--as", "annotations") == ""
