"""The command line: exit codes, one clear line for what the caller can mend, records and pages where they belong."""

from __future__ import annotations

import importlib.metadata
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.campaign import Outcome
from paragrad.fuzz.mutants import plant
from paragrad.reports import cli, commands, parsing


def run(*args: str) -> int:
    """main()'s exit code, argparse's included."""
    try:
        return cli.main(args)
    except SystemExit as end:
        return int(end.code or 0)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["parity", "--frobnicate"], "--frobnicate"),
        (["parity", "--seed", "seven"], "'seven' is no whole number"),
        (["parity", "--seed", "-1"], "no whole number"),
        (["parity", "--programs", "0"], "nothing would be judged"),
        (["parity", "--seconds", "0"], "no number > 0"),
        (["parity", "--only", "softmx"], "did you mean softmax"),
        (["parity", "--dtype", "float16"], "float16"),
        (["dance"], "dance"),
        ([], "COMMAND"),
        (["corpus", "add", "gone.json"], "gone.json: can't be read"),
        (["report", "gone.json"], "gone.json"),
        (["bench", "--only", "nothing-like-it"], "nothing-like-it"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_usage_errors_are_one_line_and_exit_2(args: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*args) == cli.USAGE
    captured = capsys.readouterr()
    assert told in captured.err
    assert "Traceback" not in captured.err
    assert len(captured.err.strip().splitlines()) == 1
    assert not Path("build").exists()


def test_parity_writes_a_record_and_its_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("parity", "--quick", "--programs", "64", "--seed", "7") == cli.PARITY
    record = json.loads(Path("build/parity.json").read_text(encoding="utf-8"))
    assert record["seed"] == 7
    assert record["counts"]["judged"] + sum(record["counts"]["filtered"].values()) == 64
    assert "PARITY" in capsys.readouterr().out
    assert Path("build/parity.md").read_text(encoding="utf-8").startswith("#")
    assert run("report", "build/parity.json") == cli.PARITY
    assert capsys.readouterr().out == Path("build/parity.md").read_text(encoding="utf-8")


def test_json_on_stdout_is_json_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("parity", "--quick", "--programs", "32", "--seed", "7", "--only", "scalar", "--json", "-") == cli.PARITY
    assert json.loads(capsys.readouterr().out)["kind"] == "parity"


def test_the_same_seed_finds_the_same() -> None:
    bodies = []
    for _ in range(2):
        assert run("parity", "--quick", "--programs", "96", "--seed", "3", "--json", "one.json") == cli.PARITY
        body = json.loads(Path("one.json").read_text(encoding="utf-8"))["body"]
        bodies.append({k: body[k] for k in ("families", "distinct", "values", "gradients", "ops")})
    assert bodies[0] == bodies[1]


def test_a_finding_exits_1_and_shows_its_repro(capsys: pytest.CaptureFixture[str]) -> None:
    with plant.pullback(TABLE["mul"], "input", plant.result_of(lambda g: g * 1.001)):
        assert run("parity", "--programs", "200", "--seed", "1", "--only", "mul") == cli.FINDING
        out = capsys.readouterr().out
        assert "gradient of mul(input)" in out
        assert "constant factor 1 +0.001" in out
        assert "import paragrad.engine as pg" in out
        assert out.strip().splitlines()[-2].startswith("next: python ") or "next: python " in out
        kept = list(Path("build/findings").glob("*.json"))
        assert kept
        # What was found is replayed first ever after, whatever the seed.
        assert run("parity", "--quick", "--programs", "1", "--seed", "99", "--only", "add") == cli.FINDING
    assert run("parity", "--quick", "--programs", "1", "--seed", "99", "--only", "add") == cli.PARITY


def test_an_unreadable_finding_is_named_and_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    folder = Path("build/findings")
    folder.mkdir(parents=True)
    (folder / "broken.json").write_text("{", encoding="utf-8")
    assert run("parity", "--quick", "--programs", "8") == cli.USAGE
    assert "broken.json" in capsys.readouterr().err
    assert (folder / "broken.json").read_text(encoding="utf-8") == "{"


def test_our_own_failure_exits_3(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fails(*args: object) -> Outcome:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr(commands, "with_progress", fails)
    assert run("parity", "--quick") == cli.OURS
    assert "paragrad's own" in capsys.readouterr().err


def test_a_run_that_judged_nothing_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "with_progress", lambda *args: Outcome(requested=5))
    assert run("parity", "--quick") == cli.OURS
    assert not Path("build/parity.json").exists()


HELP = """
import sys
import paragrad.reports.cli as cli
try:
    cli.main(["parity", "--help"])
except SystemExit:
    pass
assert "torch" not in sys.modules
assert "hypothesis" not in sys.modules
"""

NO_TORCH = """
import importlib.util
import sys
real = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name == "torch" else real(name, *more)
from paragrad.reports.cli import main
sys.exit(main(["parity"]))
"""


def test_help_imports_no_torch() -> None:
    subprocess.run([sys.executable, "-c", HELP], check=True, capture_output=True)


def test_a_checkout_that_is_not_installed_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", none)
    assert parsing.version().startswith("paragrad is not installed, torch is not installed")


def test_without_torch_it_says_how_to_install_it() -> None:
    done = subprocess.run([sys.executable, "-c", NO_TORCH], check=False, capture_output=True, text=True)
    assert done.returncode == cli.USAGE
    assert "pip install torch" in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for a child")
def test_ctrl_c_keeps_what_was_found() -> None:
    options = ["--quick", "--programs", "1000000", "--seconds", "300", "--seed", "5"]
    command = [sys.executable, "-m", "paragrad", "parity", *options]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert child.stdout is not None
    for line in child.stdout:
        if line.startswith("judging"):
            break
    child.send_signal(signal.SIGINT)
    out, _ = child.communicate(timeout=60)
    assert "interrupted: what was found is kept" in out
    assert json.loads(Path("build/parity.json").read_text(encoding="utf-8"))["body"]["stopped"] == "interrupted"
    assert "Traceback" not in out
