"""Engines by name, the scoreboard, and what is known of peers."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.engines import deviations, known
from paragrad.fuzz.engines.deviations import Deviation
from paragrad.fuzz.program import Apply, Backward, Input, Program, Ref
from paragrad.reports import cli, record
from paragrad.reports.false_alarms import peers as sound_peers
from paragrad.reports.false_alarms import run as false_alarms
from paragrad.reports.render import render_markdown

ABSENT = known.Peer("no-such-package-at-all", "mygrad_tensor.py")
PAGE = Path(__file__).parents[1] / "docs" / "peers.md"
QUICK = ("--programs", "60", "--seconds", "60")


@pytest.mark.parametrize("name", ["own", "own.Value"])
def test_our_own_engines_go_by_a_name(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", name, *QUICK, "--only", "mul", "--only", "tanh"]) == cli.PARITY
    assert "PARITY paragrad" in capsys.readouterr().out


def test_a_peer_that_is_not_installed_is_usage(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(known.PEERS, "mygrad", ABSENT)
    assert cli.main(["check", "mygrad"]) == cli.USAGE
    error = capsys.readouterr().err
    assert "is not installed here" in error
    assert "-m pip install no-such-package-at-all" in error


def test_a_file_of_a_peers_name_is_no_conflict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(known.PEERS, "mygrad", ABSENT)
    assert known.known("mygrad.py") is None
    assert known.known(str(tmp_path / "mygrad")) is None


def test_the_scoreboard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(known.PEERS, "mygrad", ABSENT)
    file = tmp_path / "peers.json"
    names = ("own.Value", "micrograd", "mygrad")
    only = [part for name in names for part in ("--only", name)]
    assert cli.main(["peers", *only, *QUICK, "--json", str(file)]) == cli.PARITY
    told = record.read(str(file))
    rows: dict[str, Any] = {row["name"]: row for row in told["body"]["rows"]}
    assert list(rows) == list(names)
    assert rows["own.Value"]["findings"] == []
    assert rows["own.Value"]["speed"] is None
    assert rows["micrograd"]["speed"] > 0
    assert {f["severity"] for f in rows["micrograd"]["findings"]} == {"limit"}
    assert "is not installed" in rows["mygrad"]["missing"]
    page = render_markdown(told)
    assert page == file.with_suffix(".md").read_text(encoding="utf-8")
    well_formed(page)
    assert "Not checked: `mygrad`" in page
    assert "paragrad check micrograd --only" in page
    assert rows["micrograd"]["severities"]["limit"] == len(rows["micrograd"]["findings"])
    assert "paragrad Value: nothing found" in capsys.readouterr().out


def well_formed(page: str) -> None:
    """Every table has as many cells in each row; the page has its title, its introduction and the run's facts."""
    assert page.startswith("# Peers against torch\n\n")
    assert "## The run" in page
    for is_table, lines in itertools.groupby(page.splitlines(), lambda line: line.startswith("|")):
        if is_table:
            assert len({line.replace("\\|", "").count("|") for line in lines}) == 1


def test_the_committed_page_is_well_formed() -> None:
    page = PAGE.read_text(encoding="utf-8")
    well_formed(page)
    for name in ("own", "own.Value", "micrograd", "mygrad", "autograd", "jax", "torch"):
        assert f"| `{name}` |" in page


def test_unknown_names_are_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["peers", "--only", "theano"]) == cli.USAGE
    assert cli.main(["false-alarms", "--engine", "theano"]) == cli.USAGE
    assert "there are: own, own.Value, micrograd" in capsys.readouterr().err


def test_each_deviation_says_why() -> None:
    found = deviations.deviations()
    assert len({(d.engine, d.op) for d in found}) == len(found)
    for deviation in found:
        assert deviation.engine in known.PEERS
        assert deviation.op in TABLE
        assert deviation.kind in deviations.KINDS
        assert len(deviation.reason.split()) > 3
        assert deviation.op in {s.op for _, s in deviation.program.applications()}


def test_a_deviation_that_is_there_no_more_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """torch does not differ from torch in mul, and does where its ops are taken for others'."""
    inputs = [Input.of("x", np.array(3.0), True)]
    program = Program(inputs, [Apply("mul", (Ref(0), Ref(0)), {}, (1,)), Backward((1,), (None,))])
    crash = Program(inputs, [Apply("bmm", (Ref(0), Ref(0)), {}, (1,))])
    rows = tuple(Deviation("torch", s.op, "fault", "planted", p) for p in (program, crash) for _, s in p.applications())
    monkeypatch.setattr(deviations, "deviations", lambda: rows)
    sound_peers.engine.cache_clear()
    needless = [d.op for d in sound_peers.needless(frozenset(("torch",)))]
    sound_peers.engine("torch").close()
    sound_peers.engine.cache_clear()
    assert needless == ["mul", "bmm"]  # what torch refuses shows no difference either


def test_an_absent_peer_changes_no_other_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    options = false_alarms.Options(seed=3)
    monkeypatch.setattr(sound_peers, "is_installed", lambda peer: True)
    every = list(itertools.islice(false_alarms.batches(options), 40))
    monkeypatch.setattr(sound_peers, "is_installed", lambda peer: peer != "jax")
    without = list(itertools.islice(false_alarms.batches(options), 30))
    assert {b.subject.peer for b in every} == {None, "autograd", "jax"}
    assert without == [b for b in every if b.subject.peer != "jax"][:30]
