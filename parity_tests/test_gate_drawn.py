"""Rows of other programs than the baseline's: told as such, worse where there is a bug, and taken up by --accept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.mutants import plant
from paragrad.fuzz.program import Array
from paragrad.fuzz.strategies.values import Values
from paragrad.reports.accuracy import measure as accuracy
from paragrad.reports.gate.accuracy import drawn, gate, growth, measure, place, verdicts
from paragrad.reports.gate.accuracy.baseline import SCHEMA, Baseline
from paragrad.reports.gate.accuracy.compare import Comparison
from paragrad.reports.gate.accuracy.measure import Measured
from paragrad.reports.gate.accuracy.mutants import Hunted
from paragrad.reports.gate.accuracy.parts import Parts
from paragrad.reports.gate.accuracy.rows import Rows, by_key
from parity_tests.gate_rows import program, rows, worse

OPS = ("exp", "softsign")


@pytest.fixture
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer programs than the gate runs, and no hunt."""
    monkeypatch.setattr(measure.ulps, "PROGRAMS", 10)
    monkeypatch.setattr(measure.mutants, "measure", lambda *asked: Hunted())


def measured() -> Rows:
    """The rows of OPS in the state in which the tree is."""
    return measure.measure(None, OPS, Path("none"), lambda done, total, what: None).rows


def from_the_start(values: Values, block: Array, size: int) -> Array:
    """`Values.cut` that draws no place: another way to draw programs."""
    return np.resize(block, size)


def undigested(rows: Rows) -> Rows:
    """The rows as a baseline has them that does not know what was drawn."""
    found: Any = {**rows, "op": [{**row, "drawn": ""} for row in rows["op"]]}
    return found  # type: ignore[no-any-return]


@pytest.mark.usefixtures("_quick")
def test_another_way_to_draw_programs_is_no_change_of_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    before = measured()
    assert measured() == before
    monkeypatch.setattr(Values, "cut", from_the_start)
    now = measured()
    digests = [by_key("op", rows) for rows in (before, now)]
    assert all(digests[0][op,]["drawn"] != digests[1][op,]["drawn"] for op in OPS)
    assert Comparison(undigested(before), undigested(now), True, OPS).changes(), "numbers moved"
    assert not [change for change in Comparison(before, now, True, OPS).changes() if change.worse]
    with plant.pullback(TABLE["softsign"], "input", plant.result_of(lambda g: -g)):
        found = [change for change in Comparison(before, measured(), True, OPS).changes() if change.worse]
    assert {change.row["op"] for change in found} == {"softsign"}
    assert "softsign float32 gradient" in {change.what for change in found if change.after == "bug"}


@pytest.mark.usefixtures("_quick")
def test_a_digest_knows_programs_and_not_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    ops, only = [TABLE[name] for name in OPS], ("exp", "Value.exp")
    first = dict(drawn.digests(ops, only))
    assert first.keys() == {*OPS, "Value.exp"}
    assert len(set(first.values())) == 3
    with plant.value(TABLE["exp"], lambda x: x[:0]):
        assert dict(drawn.digests(ops, only)) == first
    monkeypatch.setitem(accuracy.EXCLUDED, "exp", "it is slow")
    assert dict(drawn.digests(ops, only)) == first, "what is left out is drawn all the same"
    monkeypatch.setattr(TABLE["exp"], "sample", TABLE["log10"].sample)
    changed = dict(drawn.digests(ops, only))
    assert {name for name in first if first[name] != changed[name]} == {"exp", "Value.exp"}


def test_of_other_programs_a_verdict_is_worse_where_it_is_a_bug_or_none() -> None:
    worse = {
        (was, has)
        for was in verdicts.ORDER
        for has in verdicts.ORDER
        if growth.rank(has, True, redrawn=True) > growth.rank(was, True, redrawn=True)
    }
    right = ("identical", "rounding", "convention", "ill-conditioned")
    assert worse == {(was, has) for was in right for has in ("bug", "not judged")} | {("bug", "not judged")}


def judged(ulp: int, digest: str = "1") -> dict[str, Any]:
    """A judge row."""
    return {"op": "judge", "case": "value of exp", "dtype": "float32", "digest": digest, "ulp": ulp}


def test_programs_and_places_of_the_judge_know_what_they_are_of() -> None:
    before = rows(program=[program("graph", "identical")], judge=[judged(3)])
    assert len(worse(before, rows(program=[program("graph", "rounding")], judge=[judged(9)]))) == 2
    others = rows(program=[program("graph", "rounding", digest="2")], judge=[judged(9, "2")])
    assert worse(before, others) == []
    assert {row["op"] for row in Comparison(before, others, True).redrawn_rows()} == {"graph", "judge"}
    (bug,) = worse(before, rows(program=[program("graph", "bug", digest="2")], judge=[judged(9, "2")]))
    assert bug.what == "graph: one"


def test_a_place_of_the_judge_with_another_program_leaves_shares_to_be_compared() -> None:
    before = rows(program=[program("graph", "rounding")], judge=[judged(3)])
    grown = program("graph", "rounding", 0.6)
    assert [c.kind for c in worse(before, rows(program=[grown], judge=[judged(9, "2")]))] == ["program"]


def held(before: Rows, now: Rows, parts: Parts | None = None) -> gate.Gated:
    """The gate's answer."""
    known: Baseline = {"schema": SCHEMA, "place": place.here(), "rows": before}
    return gate.hold(Path("accuracy.json"), known, place.here(), Measured(now, Hunted(), parts or {}), ())


def test_rows_of_other_programs_are_told_in_one_line_and_accepted_in_one() -> None:
    before = rows(program=[program(op, "identical") for op in ("a", "b", "c", "d")])
    now = rows(program=[program(op, "rounding", digest="2") for op in ("a", "b", "c", "d")])
    gated = held(before, now)
    assert gated.answer["verdict"] == "pass"
    assert gated.answer["why"] == (
        "nothing got worse; 4 rows (a, b, c and 1 more) measured on other programs than the baseline's: there only a "
        "bug, or an error beyond the wider rule, fails; --accept takes them up"
    )
    assert gated.beside == ["4 rows measured on other programs, see `git diff`"]
    assert gated.accepted["rows"] == now
    again = held(now, now)
    assert (again.answer["why"], again.beside) == ("nothing got worse", [])


def ulps(op: str, most: float) -> dict[str, Any]:
    """An error row."""
    errors = {"max": most, "p999": most, "wrong": 0, "torch": 0.0, "torch_wrong": 0, "declared": None}
    return {"op": op, "dtype": "float32", "of": "value", **errors}


def test_what_changed_with_its_parts_is_not_told_and_is_accepted_line_by_line() -> None:
    parts: Parts = {("nn.Linear",): {"linear"}, ("mlp", "one"): {"linear", "walk"}}
    before = rows(ulp=[ulps("linear", 1.0), ulps("nn.Linear", 1.0)], program=[program("mlp", "identical")])
    now = rows(ulp=[ulps("linear", 2.0), ulps("nn.Linear", 3.0)], program=[program("mlp", "rounding", 0.7)])
    gated = held(before, now, parts)
    assert [row["what"] for row in gated.answer["worse"]] == ["linear float32 value"]
    assert gated.beside == [
        "ulp: nn.Linear float32 value: max 1 -> 3, p999 1 -> 3",
        "program: mlp one: worst identical -> rounding, share 0.5 -> 0.7",
    ]
    assert gated.accepted["rows"] == now
    assert held(gated.accepted["rows"], now, parts).answer["why"] == "nothing got worse"
