"""A comment for a pull request: ten lines at most, on a gate, on a check, on two records of one kind."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from paragrad.reports import cli, record
from paragrad.reports.ci import changes, comparable
from parity_tests.documents import CHECK, ERROR, KINDS, body, check, finding, save


def comment_of(capsys: pytest.CaptureFixture[str], *args: str | Path) -> list[str]:
    """The lines of a comment, of which there are ten at most."""
    assert cli.main(["report", *map(str, args), "--as", "comment"]) == cli.PARITY
    page = capsys.readouterr().out
    lines = page.splitlines()
    assert len(lines) <= 10
    assert "<script>" not in page
    assert "[z](" not in page
    return lines


def test_a_comment_on_a_gate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    head, worse, broken, slower, new = comment_of(capsys, save(tmp_path, "gate"))
    assert head.startswith("**Gate: fail**: accuracy fail (")
    assert worse.startswith("- worse: ulp ")
    assert worse.endswith("0.5 → 2; `paragrad gate --only exp`")
    assert broken.startswith("- could not run: conv2d: &lt;script&gt;")
    assert slower == "- inconclusive: exp, 16 elements, 1.05 times the base (0.99 to 1.10)"
    assert new == "- new, and not compared: erfc-16"


def repro_of(tmp_path: Path, capsys: pytest.CaptureFixture[str], **change: str) -> str:
    """The command that a comment shows of one change."""
    gate = body("gate")
    gate["accuracy"]["worse"][0] |= change
    return comment_of(capsys, save(tmp_path, "gate", gate))[1].partition("; `")[2].removesuffix("`")


@pytest.mark.parametrize(
    ("kind", "what", "shown"),
    [
        ("ulp", "Value.tanh float64 gradient of input", "paragrad gate --accuracy --only Value.tanh"),
        ("dtype", "add(bool, int64)", "paragrad gate --accuracy --only add"),
        ("program", "walk: a diamond", "paragrad gate --accuracy --only walk"),
        ("judge", "bound of the judge on the gradient of add", "paragrad gate --accuracy"),
        ("ulp", "$(rm) float64 value", "paragrad gate --accuracy"),
    ],
)
def test_a_command_is_whole_or_another_one(
    kind: str, what: str, shown: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = f"python -c '{'x = 1; ' * 50}y = 2'"
    assert repro_of(tmp_path, capsys, kind=kind, what=what, repro=line) == line
    for lost in (f"python -c '{'x = 1; ' * 60}y = 2'", "python -c 'print(\"a  b\")'"):
        assert repro_of(tmp_path, capsys, kind=kind, what=what, repro=lost) == shown


def test_a_comment_calls_nobody(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = check(finding("a", expression="a @ b, @somebody", diagnosis="x@y.z"))
    assert not re.search(r"@\w", "".join(comment_of(capsys, save(tmp_path, "check", made))))


def test_a_comment_shares_its_ten_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gate = body("gate")
    gate["accuracy"]["worse"] *= 30
    gate["accuracy"]["better"] = gate["accuracy"]["worse"][:2]
    gate["speed"]["rows"] *= 3
    lines = comment_of(capsys, save(tmp_path, "gate", gate))
    assert [line.partition(":")[0] for line in lines] == [
        "**Gate", *["- worse"] * 5, "- could not run", "- better", "- inconclusive", "- new, and not compared"
    ]  # fmt: skip
    assert "; and 25 more" in lines[5]
    assert lines[7].endswith("; and 1 more")


def test_a_comment_on_a_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = comment_of(capsys, save(tmp_path, "check"))
    assert [line.partition(":")[0] for line in lines] == [
        "**Findings**", "- fails", "- known and gone", "- known", "- told only"
    ]  # fmt: skip
    assert comment_of(capsys, save(tmp_path, "check", ERROR, name="error"))[0].startswith("**Check: not possible**")


def test_a_comment_on_two_checks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = save(tmp_path, "check", check(finding("a"), finding("b")), name="before")
    sound = check(finding("b"), finding("c", title="gradient of pow"))
    sound["ops"]["checked"] = ["add", "mul", "pow"]
    after = save(tmp_path, "check", sound, name="after")
    lines = comment_of(capsys, after, "--against", before)
    assert lines[0] == ("**Check: findings** (2 fail): 1 new, 1 not tried any more, 1 gone, 1 tried for the first time")
    assert lines[1].startswith("- new: wrong: gradient of pow: a \\* b")
    assert lines[2] == "- not tried any more: tanh"
    assert lines[3].startswith("- gone: wrong: gradient of mul(input)")
    assert comment_of(capsys, after, "--against", after) == ["**Check: findings** (2 fail): nothing changed"]


def test_what_was_asked_for_otherwise_is_a_line_with_a_count(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = body("parity")
    made["ops"] = {f"op{k}": 1 for k in range(30)}
    first, second = (
        record.read(save(tmp_path, "parity", content, name)) for content, name in ((made, "a"), (None, "b"))
    )
    second["options"] = {"only": ["exp"]}
    record.write(second, tmp_path / "b.json")
    lines = comment_of(capsys, tmp_path / "b.json", "--against", tmp_path / "a.json")
    assert lines[0].startswith("**Parity**: 30 not tried any more, ")
    assert [line for line in lines if "not tried" in line][1:] == ["- not tried any more: 30, among them op0"]
    first["options"] = {"only": ["exp"]}
    record.write(first, tmp_path / "a.json")
    lines = comment_of(capsys, tmp_path / "b.json", "--against", tmp_path / "a.json")
    assert len([line for line in lines if line.startswith("- not tried any more")]) > 1


def changed(kind: str) -> tuple[dict[str, Any], list[str]]:
    """A body in which something is worse than in the hostile one, and what a comment has to say then."""
    made = body(kind)
    match kind:
        case "parity":
            made["findings"].append({**made["findings"][0], "op": "exp"})
            return made, ["- new: gradient of exp(input)"]
        case "accuracy":
            made["rows"][0]["gradients"]["input"]["engine"]["max"] = 3.5
            made["rows"][0]["value"]["engine"]["max"] = 1.5
            del made["rows"][1]
            return made, [
                "- worse: exp in float32, grad input: 1.75 → 3.5 ULP",
                "- not tried any more: argmax in float64",
                "- better: exp in float32, value: 1.75 → 1.5 ULP",
            ]
        case "speed":
            made["failed"].append({"name": "attention", "error": "TypeError"})
            return made, ["- new: attention could not run: TypeError"]
        case "mutants":
            made["survivors"].append({**made["survivors"][0], "id": "sign:e"})
            return made, ["- new: mutant sign:e survives"]
        case "false-alarms":
            made["alarms"].append({**made["alarms"][0], "op": "exp"})
            return made, ["- new: false alarm, gradient of exp(input) of torch"]
        case "peers":
            made["rows"][0]["findings"] = []
            return made, ["- gone: jax, wrong gradient of mul"]
        case _:
            made["targets"] = [{"what": "w", "target": 1.0, "measured": 2.0, "goal": "at most", "met": False}]
            return made, ["- new: target not met: w"]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind in changes.KINDS])
def test_a_comment_says_what_changed(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = save(tmp_path, kind, name="before")
    made, expected = changed(kind)
    lines = comment_of(capsys, save(tmp_path, kind, made, name="after"), "--against", before)
    for line in expected:
        assert any(said.startswith(line) for said in lines), lines
    assert len(lines) == 1 + len(expected)
    assert ": nothing changed" in comment_of(capsys, before, "--against", before)[0]


def test_times_of_two_runs_are_not_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before, made = save(tmp_path, "speed", name="before"), body("speed")
    made["rows"][0] |= {"paired": {"median": 30.0, "low": 29.0, "high": 31.0}, "met": False}
    (line,) = comment_of(capsys, save(tmp_path, "speed", made, name="after"), "--against", before)
    assert line == f"**Speed**: nothing changed ({comparable.TIMES})"


def test_another_torch_is_a_note(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = save(tmp_path, "speed", name="before")
    later = record.read(save(tmp_path, "speed", changed("speed")[0], name="later"))
    later["versions"]["torch"] = "1.0 @all"
    record.write(later, tmp_path / "later.json")
    head, _ = comment_of(capsys, tmp_path / "later.json", "--against", before)
    assert re.search(r"; torch \S+ → 1\.0 @\u200ball\)$", head)


CUT: dict[str, tuple[dict[str, Any], str]] = {
    "only": ({"options": {"programs": 60, "seed": 0, "only": ["add"]}}, "other programs were asked for: --only"),
    "seed": ({"options": {"programs": 60, "seed": 1, "only": []}}, "other programs were asked for: --seed"),
    "fewer": ({"options": {"programs": 6, "seed": 0, "only": []}}, "other programs were asked for: --programs"),
    "time": ({"stopped": "time"}, "the later check stopped before all its programs ran, for its time was up"),
    "interrupted": (
        {"stopped": "interrupted", "verdict": "interrupted"},
        "the later check was interrupted",
    ),
    "program": (
        {"counts": {**CHECK["counts"], "requested": 1, "judged": 1, "filtered": {}, "crashed": 0, "not_run": 0}},
        "the later check tried a single program (--program)",
    ),
    "engine": ({"engine": "Other"}, "the earlier check is of another engine, Value from "),
}


@pytest.mark.parametrize("cut", CUT)
def test_what_was_not_tried_is_not_gone(cut: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    differs, told = CUT[cut]
    before = save(tmp_path, "check", check(finding("a"), finding("b", fails=False)), name="before")
    after = save(tmp_path, "check", check(**differs), name="after")
    lines = comment_of(capsys, after, "--against", before)
    assert lines[0].startswith(f"**Check: {differs.get('verdict', 'parity')}**: nothing changed ({told}")
    assert lines[0].endswith("; 2 not found this time, which does not say that they are gone)")
    assert len(lines) == 1


def test_ops_of_unlike_checks_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = check(**CUT["program"][0])
    one["ops"]["checked"] = ["tanh"]
    single, whole = save(tmp_path, "check", one, name="single"), save(tmp_path, "check", check(), name="whole")
    assert comment_of(capsys, single, "--against", whole)[1:] == ["- not tried any more: 2, among them add"]
    head, line = comment_of(capsys, whole, "--against", single)
    assert "(the earlier check tried a single program (--program))" in head
    assert line == "- tried for the first time: 2, among them add"


def test_a_run_that_was_stopped_does_not_say_what_is_gone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before, after = body("parity"), body("parity")
    before["stopped"], after["findings"], after["stopped"] = "time", [], "interrupted"
    first, second = (save(tmp_path, "parity", made, name) for made, name in ((before, "a"), (after, "b")))
    (head,) = comment_of(capsys, second, "--against", first)
    assert "the earlier run stopped before all its programs ran" in head
    assert "the later run was interrupted; 1 not found this time" in head
    whole = body("parity")
    whole["findings"], whole["stopped"] = [], ""
    assert "1 gone" in comment_of(capsys, save(tmp_path, "parity", whole, "c"), "--against", first)[0]


def test_after_a_check_that_was_not_possible_all_is_new(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = save(tmp_path, "check", ERROR, name="before")
    head, *lines = comment_of(capsys, save(tmp_path, "check", check(finding("a"))), "--against", before)
    assert head.startswith("**Check: findings** (1 fail): 1 new, 1 gone, 3 tried for the first time (the earlier check")
    assert lines[0].startswith("- new: wrong: gradient of mul(input)")
