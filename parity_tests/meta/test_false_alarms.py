"""`paragrad false-alarms`: batches repeat, elements are counted, a judge that alarms is told, and in the record."""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path

import numpy as np
import pytest

from paragrad.engine.ops.table import TABLE
from paragrad.fuzz import corpus
from paragrad.fuzz.engines.pytorch import PyTorch
from paragrad.fuzz.engines.pytorch_strided import StridedPyTorch
from paragrad.fuzz.mutants import plant
from paragrad.fuzz.program import Apply, Backward, Input, Program, Ref
from paragrad.reports import cli, record
from paragrad.reports.false_alarms.peers import FAMILIES
from paragrad.reports.false_alarms.run import Options, Outcome, made, measure
from paragrad.reports.false_alarms.sound import SHARES, SUBJECTS, batch, judged
from paragrad.reports.render import render_markdown
from parity_tests.ulps import assert_within_ulps

NO_PEERS = ("paragrad", "torch", "torch, strided")


def test_a_batch_follows_from_its_numbers() -> None:
    first, again = ([p.digest() for p in batch(7, 3).programs()] for _ in range(2))
    assert first == again
    assert first != [p.digest() for p in batch(7, 4).programs()]


def test_every_family_and_every_engine_takes_part() -> None:
    drawn = [batch(0, number) for number in range(1000)]
    here, peers = ([s for s in SUBJECTS if (s.peer is None) == ours] for ours in (True, False))
    expected = {*itertools.product(SHARES, here), *itertools.product(FAMILIES, peers)}
    assert {(b.family, b.subject) for b in drawn} == expected
    assert {b.dtype for b in drawn if b.family == "scalar"} == {"float64"}
    assert not {b.subject.name for b in drawn if b.dtype == "mixed"} - {"paragrad"}


def test_a_sound_batch_raises_no_alarm() -> None:
    quick = next(b for b in (batch(0, n) for n in range(99)) if b.family == "op" and b.subject.staged)
    result = judged(quick)
    assert not result.alarms
    assert result.programs + result.refused.total() == 8
    assert result.gradients["bug"] == 0 < result.gradients.total()


def test_torch_on_another_layout_computes_the_same() -> None:
    x = Input.of("x", np.arange(12.0).reshape(3, 4), True)
    program = Program([x], [Apply("exp", (Ref(0),), {}, (1,)), Backward((1,), (0,))])
    assert StridedPyTorch().leaf(x).stride() == (8, 2)
    here, there = (engine.run(program).gradients[1][0] for engine in (PyTorch(), StridedPyTorch()))
    assert_within_ulps(here, there, 2, "exp")


@pytest.fixture
def alarmed(tmp_path: Path) -> Outcome:
    """A run on an engine that is not as sound as it is taken to be."""
    with plant.pullback(TABLE["linear"], "weight", plant.result_of(lambda g: g * 1.01)):
        return measure(Options(30_000, 60.0, 1, 1, tmp_path, NO_PEERS))


def test_an_alarm_is_shrunk_saved_and_recorded(alarmed: Outcome, tmp_path: Path) -> None:
    rows = [row for row in alarmed.alarms.values() if (row["op"], row["argument"]) == ("linear", "weight")]
    assert rows
    for row in rows:
        assert row["engine"] == "paragrad"
        saved = corpus.load(Path(row["file"]))
        assert saved.path is not None
        assert saved.path.parent == tmp_path
        assert [s.op for _, s in saved.program.applications()] == ["linear"]
    found = made(alarmed, Options(30_000, seed=1))
    assert not list(record.check(found))
    page = render_markdown(found)
    assert f"**{len(alarmed.alarms)} false alarms**" in page or "**1 false alarm**" in page
    assert found["counts"]["judged"] == sum(row["gradients"] for row in found["body"]["rows"])


def test_the_run_that_time_cuts_off_says_so(tmp_path: Path) -> None:
    options = Options(10**9, 1e-6, 1, 1, tmp_path, NO_PEERS)
    outcome = measure(options)
    assert outcome.stopped == "time was up"
    counts = made(outcome, options)["counts"]
    assert counts["requested"] == 10**9 == counts["judged"] + counts["not_run"]


def test_processes_change_nothing(tmp_path: Path) -> None:
    small = ("op", "graph")
    seed = next(s for s in range(10_000) if all(batch(s, k).family in small for k in range(6)))
    options = Options(300, 60.0, seed, 1, tmp_path, NO_PEERS)
    one, two = measure(options), measure(dataclasses.replace(options, jobs=2))
    assert one.rows == two.rows
    assert one.gradients == two.gradients


@pytest.mark.parametrize("wrong", [["--elements", "0"], ["--jobs", "0"]], ids=" ".join)
def test_nothing_to_do_is_said_in_a_line(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["false-alarms", *wrong]) == cli.USAGE
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_the_command_exits_1_for_an_alarm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    asked = ["false-alarms", "--elements", "30000", "--seed", "1", "--jobs", "1"]
    with plant.pullback(TABLE["linear"], "weight", plant.result_of(lambda g: g * 1.01)):
        assert cli.main(asked) == cli.FINDING
    assert "FALSE ALARMS" in capsys.readouterr().out
    assert record.read("build/false-alarms.json", "false-alarms")["body"]["alarms"]
    assert Path("build/false-alarms.md").is_file()
