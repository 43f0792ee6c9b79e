"""`paragrad gate`: which parts run, exit codes, what is written and what is not, one clear line for bad input."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from paragrad.reports import cli, record
from paragrad.reports.bodies.gate import Answer, SpeedGate
from paragrad.reports.gate import checkout, command
from paragrad.reports.gate.accuracy import baseline, gate, place
from paragrad.reports.gate.accuracy.baseline import SCHEMA, Baseline
from paragrad.reports.gate.accuracy.measure import Measured
from paragrad.reports.gate.accuracy.mutants import Hunted
from paragrad.reports.gate.accuracy.rows import KEYS, Rows
from paragrad.reports.gate.speed import thresholds
from paragrad.reports.gate.speed.errors import GateError
from parity_tests.bodies import BODIES

FILE = Path("reports") / "baseline" / "accuracy.json"
LIMITS = FILE.with_name("speed-thresholds.json")


def rows(most: float = 0.5, ops: Sequence[str] = ("exp", "softmax")) -> Rows:
    """What a measurement of two ops finds, exp's error in ULP being `most`."""
    found: Any = {kind: [] for kind in KEYS}
    shown = {"parameters": ["input"], "gradients": ["input"], "method": True, "drawn": "0"}
    found["op"] = [{"op": op, **shown} for op in ops]
    found["ulp"] = [
        {
            "op": op,
            "dtype": "float32",
            "of": "value",
            "max": most if op == "exp" else 1.0,
            "p999": 0.5,
            "wrong": 0,
            "torch": 0.5,
            "torch_wrong": 0,
            "declared": None,
        }
        for op in ops
    ]
    for op in ops:
        found["verdict"].append({"op": op, "dtype": "float32", "of": "value", "worst": "identical"})
        found["dtype"].append({"op": op, "operands": "float32", "result": "float32"})
        found["convention"].append({"op": op, "point": f"{op}([0])", "dtype": "float32", "answer": {"values": [[1.0]]}})
        found["mutant"].append({"op": op, "id": f"rule:{op}"})
        shown = {"op": op, "case": f"a program of {op}", "digest": "0"}
        found["program"].append({**shown, "worst": "rounding", "blamed": "", "share": 0.5})
        found["judge"].append({**shown, "dtype": "float32", "ulp": 4})
    chosen: Rows = found
    return chosen


def speed(verdict: Answer) -> SpeedGate:
    """An answer of the speed gate."""
    found: Any = {**BODIES["gate"]["speed"], "verdict": verdict, "why": "so it is"}
    if verdict == "pass":
        found |= {"rows": [{**row, "verdict": "pass"} for row in found["rows"]], "failed": []}
    chosen: SpeedGate = found
    return chosen


@pytest.fixture(autouse=True)
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A folder with a baseline, what is measured in it, and which parts ran."""
    monkeypatch.chdir(tmp_path)
    told: dict[str, Any] = {"rows": rows(), "speed": speed("pass"), "ran": []}
    known: Baseline = {"schema": SCHEMA, "place": place.here(), "rows": rows()}
    baseline.write(known, FILE)
    LIMITS.write_text(f'{{"schema": "{thresholds.SCHEMA}", "default": 1.03, "benchmarks": {{}}}}', encoding="utf-8")

    def measure(known: object, only: Sequence[str], declared: object, tell: object) -> Measured:
        told["ran"].append(("accuracy", *only))
        if isinstance(told["rows"], BaseException):
            raise told["rows"]
        return Measured(told["rows"], Hunted())

    def run_speed(base: str | None, only: Sequence[str], tell: object) -> SpeedGate:
        told["ran"].append(("speed", *only))
        if isinstance(told["speed"], BaseException):
            raise told["speed"]
        found: SpeedGate = told["speed"]
        return found

    monkeypatch.setattr(gate, "measure", measure)
    monkeypatch.setattr(command, "run_speed", run_speed)
    monkeypatch.setattr(command.bases, "find", lambda base: SimpleNamespace(commit="c0ffee"))
    monkeypatch.setattr(command, "BENCHMARKS", {"exp": None, "conv2d": None})
    return told


def run(*args: str) -> int:
    """main()'s exit code, argparse's included."""
    try:
        return cli.main(["gate", *args])
    except SystemExit as end:
        return int(end.code or 0)


@pytest.mark.parametrize(
    ("args", "ran"),
    [
        ([], [("accuracy",), ("speed",)]),
        (["--accuracy"], [("accuracy",)]),
        (["--speed"], [("speed",)]),
        (["--accuracy", "--speed"], [("accuracy",), ("speed",)]),
        (["--only", "exp"], [("accuracy", "exp"), ("speed", "exp")]),
        (["--only", "softmax"], [("accuracy", "softmax")]),
        (["--only", "conv2d", "--only", "exp"], [("accuracy", "conv2d", "exp"), ("speed", "conv2d", "exp")]),
        (["--accept"], [("accuracy",)]),
    ],
    ids=str,
)
def test_what_runs(args: list[str], ran: list[tuple[str, ...]], world: dict[str, Any]) -> None:
    assert run(*args) == cli.PARITY
    assert world["ran"] == ran


@pytest.mark.parametrize(
    ("most", "answer", "args", "code", "verdict"),
    [
        (0.5, "pass", [], cli.PARITY, "pass"),
        (0.4, "pass", [], cli.PARITY, "pass"),
        (0.6, "pass", [], cli.FINDING, "fail"),
        (0.5, "fail", [], cli.FINDING, "fail"),
        (0.5, "inconclusive", [], cli.PARITY, "inconclusive"),
        (0.5, "inconclusive", ["--strict"], cli.FINDING, "inconclusive"),
        (0.6, "inconclusive", [], cli.FINDING, "fail"),
    ],
)
def test_the_answer_is_the_worst_of_the_parts(
    most: float,
    answer: Answer,
    args: list[str],
    code: int,
    verdict: str,
    world: dict[str, Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    world["rows"], world["speed"] = rows(most), speed(answer)
    before = FILE.read_bytes()
    assert run(*args) == code
    told = record.read("build/gate.json", "gate")
    assert told["body"]["verdict"] == verdict
    assert Path("build/gate.md").read_text(encoding="utf-8").startswith(f"# Gate: {verdict}")
    assert verdict.upper() in capsys.readouterr().out
    assert FILE.read_bytes() == before


def test_a_larger_error_is_told_with_its_repro(world: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    world["rows"] = rows(0.6)
    assert run("--accuracy") == cli.FINDING
    out = capsys.readouterr().out
    assert "worse: ulp: exp float32 value: max 0.5, 99.9 % 0.5 ULP -> max 0.6, 99.9 % 0.5 ULP\n" in out
    assert "  python -c 'import numpy as np, torch, paragrad.engine as pg; " in out
    (change,) = json.loads(Path("build/gate.json").read_text(encoding="utf-8"))["body"]["accuracy"]["worse"]
    assert change["what"] == "exp float32 value"


def test_accepting_moves_the_baseline_and_says_what(world: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    world["rows"] = rows(0.6)
    assert run("--accept") == cli.PARITY
    out = capsys.readouterr().out
    assert "accepted: ulp: exp float32 value: max 0.5, 99.9 % 0.5 ULP -> max 0.6, 99.9 % 0.5 ULP" in out
    assert baseline.read(FILE)["rows"] == rows(0.6)
    assert run("--accuracy") == cli.PARITY
    assert run("--accept") == cli.PARITY
    assert "nothing to accept" in capsys.readouterr().out


def test_what_was_accepted_is_no_fail_of_the_record(world: dict[str, Any]) -> None:
    world["rows"] = rows(0.6)
    assert run("--accept") == cli.PARITY
    body = record.read("build/gate.json", "gate")["body"]
    assert (body["verdict"], body["accuracy"]["verdict"], body["accuracy"]["worse"]) == ("pass", "pass", [])
    assert [change["what"] for change in body["accuracy"]["accepted"]] == ["exp float32 value"]
    assert body["accuracy"]["why"] == "1 thing got worse (1 ulp); 1 change accepted as the baseline"


@pytest.mark.parametrize(("most", "code", "verdict"), [(0.6, cli.FINDING, "fail"), (0.5, cli.USAGE, "inconclusive")])
def test_accuracy_is_told_where_speed_can_not_be_measured(
    most: float, code: int, verdict: str, world: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """The record is of this run, and no pass."""
    assert run() == cli.PARITY
    world["rows"], world["speed"] = rows(most), GateError("the engine of the base commit can't be imported")
    assert run() == code
    body = record.read("build/gate.json", "gate")["body"]
    assert (body["verdict"], body["speed"]["verdict"]) == (verdict, "inconclusive")
    assert body["speed"]["why"] == "not measured: the engine of the base commit can't be imported"
    assert body["speed"]["base"] == "c0ffee"
    assert "speed      inconclusive: not measured: the engine of the base" in capsys.readouterr().out


def test_nothing_is_accepted_in_silence(world: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    """What is neither worse nor better is told, too: torch's own error, an op's row of another baseline."""
    world["rows"] = rows()
    world["rows"]["ulp"][1]["torch"] = 0.25
    assert run("--accuracy") == cli.PARITY
    assert "better" not in capsys.readouterr().out
    assert run("--accept") == cli.PARITY
    assert "accepted: ulp: softmax float32 value: torch 0.5 -> 0.25\n" in capsys.readouterr().out


def test_the_baseline_is_found_from_below(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".git").touch()
    below = Path("docs") / "examples"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert run("--accuracy") == cli.PARITY
    assert Path(record.read("../../build/gate.json")["body"]["accuracy"]["baseline"]) == Path("../..") / FILE
    assert not Path("build").exists()


def test_what_is_left_out_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--only", "softmax") == cli.PARITY
    assert "speed      left out: --only names no benchmark\n" in capsys.readouterr().out


def test_accepting_some_ops_leaves_the_others(world: dict[str, Any]) -> None:
    world["rows"] = rows(0.6, ["exp"])
    assert run("--accept", "--only", "exp") == cli.PARITY
    assert baseline.read(FILE)["rows"] == rows(0.6)


def test_an_op_that_the_baseline_lacks_is_gated_by_name(world: dict[str, Any]) -> None:
    """Nothing to compare it with is not nothing measured."""
    known: Baseline = {"schema": SCHEMA, "place": place.here(), "rows": rows(ops=("softmax",))}
    baseline.write(known, FILE)
    world["rows"] = rows(ops=("exp",))
    assert run("--accuracy", "--only", "exp") == cli.PARITY
    assert record.read("build/gate.json")["body"]["accuracy"]["checked"]["ulp"] == 1
    assert run("--accept", "--only", "exp") == cli.PARITY
    assert baseline.read(FILE)["rows"] == rows()


def test_a_lost_op_may_be_named(world: dict[str, Any]) -> None:
    known: Baseline = {"schema": SCHEMA, "place": place.here(), "rows": rows(ops=("exp", "long_gone"))}
    baseline.write(known, FILE)
    world["rows"] = rows(ops=())
    assert run("--accuracy", "--only", "long_gone") == cli.FINDING


def test_the_first_baseline_is_made(capsys: pytest.CaptureFixture[str]) -> None:
    FILE.unlink()
    assert run("--accept") == cli.PARITY
    assert baseline.read(FILE)["rows"] == rows()
    assert f"baseline: {FILE}, 16 rows; commit it" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("end", "code"), [(KeyboardInterrupt(), cli.INTERRUPTED), (RuntimeError("broken"), cli.OURS)], ids=repr
)
def test_nothing_is_accepted_of_a_run_that_did_not_end(end: BaseException, code: int, world: dict[str, Any]) -> None:
    world["rows"] = end
    before = FILE.read_bytes()
    assert run("--accept") == code
    assert FILE.read_bytes() == before
    assert not Path("build").exists()


def elsewhere(world: dict[str, Any]) -> None:
    """The baseline is of another machine."""
    known: Baseline = {"schema": SCHEMA, "place": {**place.here(), "cpu": "Another CPU"}, "rows": rows()}
    baseline.write(known, FILE)


def test_accuracy_gates_on_another_machine_by_a_wider_rule(
    world: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere(world)
    world["rows"] = rows(0.6)
    assert run("--accuracy") == cli.PARITY
    assert "cpu Another CPU there" in capsys.readouterr().out
    world["rows"] = rows(500.0)
    assert run("--accuracy") == cli.FINDING


def _no_base(base: str | None) -> None:
    raise GateError("git is not installed")


def nothing(patch: pytest.MonkeyPatch, world: dict[str, Any]) -> None:
    """All is as it should be."""


BAD: dict[str, tuple[list[str], str, Callable[[pytest.MonkeyPatch, dict[str, Any]], object]]] = {
    "no baseline": (["--accuracy"], "make it with `paragrad gate --accept`", lambda patch, world: FILE.unlink()),
    "broken": (["--accuracy"], "can't be read as JSON", lambda patch, world: FILE.write_text("{")),
    "newer": (
        ["--accuracy"],
        "update paragrad",
        lambda patch, world: FILE.write_text('{"schema": "paragrad.accuracy-baseline/9"}'),
    ),
    "unknown": (["--only", "sofmax"], "did you mean softmax", nothing),
    "no op": (["--accuracy", "--only", "conv2d-none"], "no op of this name; did you mean conv2d?", nothing),
    "one that is no op": (["--accuracy", "--only", "exp", "--only", "expm2"], "--only expm2: no op of this", nothing),
    "no benchmark": (["--speed", "--only", "softmax"], "no benchmark of this name; the nearest are", nothing),
    "neither": (["--only", "exp9zz"], "no op and no benchmark of this name; did you mean exp", nothing),
    "nothing near": (["--only", "###"], "no op and no benchmark of this name; the nearest are", nothing),
    "a folder": (["--baseline", "."], ".: can't be read as a baseline (a folder, name a file in it)", nothing),
    "read-only": (["--accept"], "can't be written: it is read-only", lambda patch, world: FILE.chmod(0o444)),
    "broken thresholds": (["--speed"], "is no JSON", lambda p, w: LIMITS.write_text("{")),
    "another engine": (
        ["--accuracy"],
        "accuracy would be another one's",
        lambda patch, world: [Path(".git").mkdir(), checkout.ENGINE.mkdir(parents=True)],
    ),
    "a base of no speed": (["--accuracy", "--base", "HEAD"], "--accuracy --base HEAD: a base is what", nothing),
    "accept a base": (["--accept", "--base", "HEAD"], "--accept --base HEAD: a base is what speed is", nothing),
    "accept speed": (["--accept", "--speed"], "speed has none", nothing),
    "accept a part first": (["--accept", "--only", "exp"], "leave out --only", lambda patch, world: FILE.unlink()),
    "accept a part elsewhere": (
        ["--accept", "--only", "exp"],
        "of another machine",
        lambda patch, world: elsewhere(world),
    ),
    "no git": (
        [],
        "--accuracy alone needs no base",
        lambda patch, world: patch.setattr(command.bases, "find", _no_base),
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_clear_line_and_nothing_is_written(
    name: str, world: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    args, told, prepare = BAD[name]
    prepare(monkeypatch, world)
    before = FILE.read_bytes() if FILE.exists() else None
    assert run(*args) == cli.USAGE
    captured = capsys.readouterr()
    assert told in captured.err
    assert len(captured.err.strip().splitlines()) == 1
    assert world["ran"] == []
    assert not Path("build").exists()
    assert (FILE.read_bytes() if FILE.exists() else None) == before


def test_speed_without_any_benchmark_is_no_pass(world: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    world["speed"] = {**speed("inconclusive"), "rows": [], "failed": [{"name": "exp", "error": "no such op"}]}
    assert run("--speed") == cli.USAGE
    assert "no benchmark could run: so it is" in capsys.readouterr().err
    assert not Path("build").exists()


@pytest.mark.parametrize(("args", "judged"), [(["--speed"], 2), (["--speed", "--only", "exp"], 1)])
def test_speed_of_the_same_engine_is_a_pass(args: list[str], judged: int, world: dict[str, Any]) -> None:
    """Of each benchmark that is asked for it is known, without a measurement, that it is no slower."""
    world["speed"] = {**speed("pass"), "seed": None, "rows": [], "failed": [], "new": []}
    assert run(*args) == cli.PARITY
    found = record.read(Path("build/gate.json"))
    assert (found["body"]["verdict"], found["counts"]["judged"]) == ("pass", judged)


def test_json_to_stdout_is_the_record_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--accuracy", "--json", "-") == cli.PARITY
    assert json.loads(capsys.readouterr().out)["kind"] == "gate"
