"""A project of an engine's author: its settings, its known findings, its baseline."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from paragrad.fuzz.checking import Checked, Report, check
from paragrad.fuzz.checking.identity import identity
from paragrad.fuzz.checking.summary import verdict_line
from paragrad.fuzz.judge import Finding
from paragrad.fuzz.program import Program
from paragrad.fuzz.trace import Failure, Trace
from paragrad.reports import cli, parsing
from paragrad.reports.cli import FINDING, PARITY, USAGE, UsageError
from paragrad.reports.progress import bar
from paragrad.reports.project import baseline, settings
from paragrad.reports.project.asked import Asked, asked
from paragrad.reports.project.known import Known, mark
from paragrad.reports.project.standing import hold, refuse_anothers
from parity_tests.children import SUBJECTS


def checked(severity: str, kind: str, op: str, argument: str = "") -> Checked:
    finding = Finding(kind, 0, op, None, "", argument)
    return Checked(severity, finding, Program([]), "", id=identity((severity, *finding.cause)))


def report(*findings: Checked) -> Report:
    return Report("Value from engine.py", ["relu"], list(findings))


SIGN = ("wrong", "gradient", "relu", "input")
ROW = {"id": "a", "severity": "wrong", "title": "t"}
LIMIT = ("limit", "crash", "pow")


def test_an_id_is_readable_and_says_nothing_twice() -> None:
    assert checked(*SIGN).id == "wrong-gradient-relu-input"
    assert identity(("crash", "import", "NameError")) == "crash-import-nameerror"
    assert identity(("hang", "Hang")) == "hang"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("seeds = 1", "seeds: no such key; did you mean seed"),
        ("nonsense = 1", "there are target, exec, seed"),
        ("seed = -1", "seed = -1: expected a whole number ≥ 0"),
        ("seed = true", "expected a whole number"),
        ("programs = 0", "expected a whole number ≥ 1"),
        ("seconds = 'long'", "expected a number > 0"),
        ("only = 'relu'", "expected a list of ops"),
        ("map = ['relu']", "expected a table"),
        ("strict = 1", "expected true or false"),
        ("target = ''", "expected a text"),
        ("target = 'a.py'\nexec = 'node a.mjs'", "both target and exec"),
        ("known = [{ id = 'wrong-*' }]", "known[0] has no reason"),
        ("known = [{ id = 'wrong-*', reason = ' ' }]", "known[0] reason = ' ': expected a text"),
        ("known = [{ ids = 'wrong-*', reason = 'x' }]", "known[0] ids: no such key; did you mean id"),
        ("known = [{ reason = 'x' }]", "known[0] has none of id, op, kind, title"),
        ("known = ['relu']", "known[0] is 'relu'"),
        ("known = { relu = 1 }", "expected a list of tables"),
        ("seed = ", "no valid TOML"),
    ],
)
def test_settings_that_are_wrong_are_refused_with_the_key(text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[tool.paragrad]\n{text}\n", encoding="utf-8")
    with pytest.raises(UsageError, match=re.escape(says)):
        settings.find(tmp_path)


def test_the_nearest_table_above_holds(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text("[tool.paragrad]\nseed = 3\n", encoding="utf-8")
    (inner / "pyproject.toml").write_text("[project]\nname = 'mine'\n", encoding="utf-8")
    assert settings.find(inner).values == {"seed": 3}
    (tmp_path / "a" / "pyproject.toml").write_text("[tool.paragrad]\nseed = 4\n", encoding="utf-8")
    assert settings.find(inner).values == {"seed": 4}


def wanted(*arguments: str) -> Asked:
    return asked(parsing.parser().parse_args(["check", *arguments]))


def project(folder: Path, text: str = "") -> Path:
    engine = folder / "engine.py"
    engine.write_text((SUBJECTS / "three_ops.py").read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "pyproject.toml").write_text(f'[tool.paragrad]\ntarget = "engine.py:Value"\n{text}\n', encoding="utf-8")
    return engine


def test_the_command_line_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (
        'seed = 5\nprograms = 7\nstrict = true\nonly = ["add"]\nmap = { tanh = "squash" }\npython = "there/python"\n'
        'known = [{ op = "tanh", reason = "on purpose" }]'
    )
    engine = project(tmp_path, text)
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    plain = wanted()
    assert plain.target is not None
    assert (plain.target.path, plain.target.class_name) == (engine, "Value")
    assert (plain.seed, plain.programs, plain.strict, plain.seconds) == (5, 7, True, 30.0)
    assert (plain.only, plain.names, plain.python) == ({"add"}, {"tanh": "squash"}, tmp_path / "there" / "python")
    assert plain.known == (Known({"op": "tanh"}, "on purpose"),)
    assert plain.baseline == tmp_path / ".paragrad" / "baseline.json"
    told = wanted("--seed", "6", "--no-strict", "--only", "mul", "--map", "tanh=other", "--map", "backward=back")
    assert (told.seed, told.programs, told.strict, told.only) == (6, 7, False, {"mul"})
    assert told.names == {"tanh": "other", "backward": "back"}
    assert wanted(str(engine)).known == plain.known
    other = tmp_path / "other.py"
    other.write_text("", encoding="utf-8")
    elsewhere = wanted(str(other))
    assert (elsewhere.seed, elsewhere.known, elsewhere.only, elsewhere.names) == (5, (), None, {})
    assert any("another target" in note for note in elsewhere.notes)


def test_a_known_finding_does_not_fail_and_one_that_is_gone_does() -> None:
    told = report(checked(*SIGN), checked(*LIMIT))
    entry, gone = Known({"id": "wrong-*", "op": "relu"}, "on purpose"), Known({"title": "value of *"}, "old")
    assert told.verdict() == "findings"
    assert mark(told, [entry, gone]) == [gone]
    assert [c.known for c in told.findings] == ["on purpose", ""]
    assert (told.verdict(), told.verdict(strict=True)) == ("parity", "findings")
    assert "PARITY" in verdict_line(told, strict=False)
    assert "1 wrong (1 known), 1 limit" in verdict_line(told, strict=False)
    told.gone = ["value of *"]
    assert told.verdict() == "findings"


def asking(folder: Path, *arguments: str) -> Asked:
    return wanted(str(project(folder)), *arguments)


def test_a_baseline_accepts_then_fails_on_what_is_new_and_what_is_gone(tmp_path: Path) -> None:
    file = tmp_path / ".paragrad" / "baseline.json"
    lines = hold(report(checked(*SIGN), checked(*LIMIT)), asking(tmp_path, "--accept"), None)
    assert [line for line in lines if line.startswith("accepted")] == [
        "accepted   limit-crash-pow",
        "accepted   wrong-gradient-relu-input",
    ]
    document = json.loads(file.read_text(encoding="utf-8"))
    assert document["schema"] == "paragrad.baseline/1"
    assert [row["id"] for row in document["findings"]] == ["limit-crash-pow", "wrong-gradient-relu-input"]
    assert sorted(p.name for p in file.parent.iterdir()) == [".gitignore", "baseline.json"]
    assert "!baseline.json" in (file.parent / ".gitignore").read_text(encoding="utf-8")

    accepted = baseline.read(file)
    same = report(checked(*SIGN))
    hold(same, asking(tmp_path), accepted)
    assert (same.verdict(), same.gone) == ("parity", [])  # a limit that is gone counts where limits count
    hold(same, asking(tmp_path, "--strict"), accepted)
    assert same.gone == ["limit-crash-pow"]

    new = report(checked(*SIGN), checked("wrong", "value", "add"))
    hold(new, asking(tmp_path), accepted)
    assert new.verdict() == "findings"

    mended = report()
    lines = hold(mended, asking(tmp_path), accepted)
    assert (mended.verdict(), mended.gone) == ("findings", ["wrong-gradient-relu-input"])
    assert any("needed no more" in line for line in lines)
    lines = hold(report(), asking(tmp_path, "--accept"), accepted)
    assert "no longer  wrong-gradient-relu-input" in lines
    assert baseline.read(file).findings == {}


def test_what_could_not_be_found_is_not_gone(tmp_path: Path) -> None:
    accepted = baseline.Baseline.of(report(checked(*SIGN)))
    for stopped, arguments in (("time", ()), ("interrupted", ()), ("", ("--only", "add"))):
        told = report()
        told.stopped = stopped
        lines = hold(told, asking(tmp_path, *arguments), accepted)
        assert told.gone == []
        assert any("not held against you" in line for line in lines)


def test_an_interrupted_check_leaves_the_baseline(tmp_path: Path) -> None:
    told = report(checked(*SIGN))
    told.stopped = "interrupted"
    (line,) = hold(told, asking(tmp_path, "--accept"), None)
    assert "left as it was" in line
    assert not (tmp_path / ".paragrad").exists()


def test_another_engines_baseline_is_not_used(tmp_path: Path) -> None:
    accepted = baseline.Baseline("Tensor from other.py", {})
    (line,) = hold(report(), asking(tmp_path), accepted)
    assert "left out" in line
    named = ["--baseline", str(tmp_path / "b.json")]
    for arguments in (named, ["--accept"]):
        with pytest.raises(UsageError, match="is the baseline of Tensor"):
            refuse_anothers(asking(tmp_path, *arguments), accepted, "Value from engine.py")
    refuse_anothers(asking(tmp_path), accepted, "Value from engine.py")
    refuse_anothers(asking(tmp_path, *named, "--accept"), accepted, "Value from engine.py")


def test_what_is_known_for_a_reason_is_not_accepted_again() -> None:
    told = report(checked(*SIGN), checked(*LIMIT))
    mark(told, [Known({"op": "relu"}, "on purpose")])
    assert list(baseline.Baseline.of(told).findings) == ["limit-crash-pow"]


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ("{", "can't be read as JSON"),
        ("[]", "its schema is None"),
        ({"schema": "paragrad.baseline/2"}, "this paragrad reads 'paragrad.baseline/1'"),
        ({"schema": baseline.SCHEMA, "findings": []}, "engine is None"),
        ({"schema": baseline.SCHEMA, "engine": "e", "findings": {}}, "findings is no list"),
        ({"schema": baseline.SCHEMA, "engine": "e", "findings": [1]}, "findings[0] is no object"),
        ({"schema": baseline.SCHEMA, "engine": "e", "findings": [{"id": "a", "severity": "bad"}]}, "is none of wrong"),
        (
            {
                "schema": baseline.SCHEMA,
                "engine": "e",
                "findings": [{"id": "a", "severity": "wrong", "title": "t"}] * 2,
            },
            "'a' is there twice",
        ),
    ],
)
def test_a_broken_baseline_is_refused(document: Any, says: str, tmp_path: Path) -> None:
    file = tmp_path / "b.json"
    file.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    with pytest.raises(baseline.BaselineError, match=re.escape(says)):
        baseline.read(file)


def test_a_project_from_first_run_to_a_fix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = project(tmp_path, "programs = 20\nseconds = 300")
    monkeypatch.chdir(tmp_path)
    assert cli.main(["check"]) == FINDING
    assert "id       wrong-gradient-tanh-input" in capsys.readouterr().out
    assert cli.main(["check", "--accept"]) == PARITY
    assert cli.main(["check", "--json", "told.json"]) == PARITY
    told = json.loads((tmp_path / "told.json").read_text(encoding="utf-8"))
    assert (told["verdict"], told["gone"]) == ("parity", [])
    assert "wrong-gradient-tanh-input" in {row["id"] for row in told["findings"] if row["known"]}
    mended = engine.read_text(encoding="utf-8").replace("t * t - 1", "1 - t * t")
    engine.write_text(mended, encoding="utf-8")
    assert cli.main(["check"]) == FINDING
    assert "gone       wrong-gradient-tanh-input" in capsys.readouterr().out
    assert cli.main(["check", "--accept"]) == PARITY
    assert cli.main(["check", "--baseline", "nowhere.json"]) == USAGE


@pytest.mark.parametrize("watched", [True, False])
def test_a_bar_is_for_those_who_watch(watched: bool) -> None:
    console = Console(file=io.StringIO(), force_terminal=watched, width=100)
    page = Console(file=io.StringIO(), width=100)
    with bar(10, 5.0, page, console) as show:
        so_far = report(checked(*SIGN), checked(*LIMIT))
        so_far.stages["graphs"] = 4
        show(so_far)
    files: tuple[Any, Any] = (console.file, page.file)
    text, told = (file.getvalue() for file in files)
    assert ("1 wrong, 1 limit" in text) == watched
    assert ("4/10 programs" in text) == watched
    assert watched or not text
    assert ("s: wrong: gradient of relu(input)" in told) != watched


class Interrupted:
    """An engine during whose third program somebody presses Ctrl-C."""

    name = "Interrupted"
    foreign = True

    def __init__(self) -> None:
        self.runs = 0

    def ops(self) -> frozenset[str]:
        return frozenset(("add", "mul"))

    def run(self, program: Program) -> Trace:
        self.runs += 1
        if self.runs == 3:
            raise KeyboardInterrupt
        return Trace(failure=Failure(0, "KeyError", "no"))


def test_ctrl_c_keeps_what_was_found() -> None:
    """Even the finding that is being made small."""
    told = check(Interrupted(), scalar=True)
    assert told.stopped == "interrupted"
    assert [c.id for c in told.findings] == ["crash-keyerror-add"]
    assert told.verdict() == "findings"
