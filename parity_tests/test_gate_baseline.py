"""The baseline as a file: written whole, read as strictly as a record, a line for each way in which it is broken."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from paragrad.reports.gate.accuracy import baseline
from paragrad.reports.gate.accuracy.baseline import SCHEMA, Baseline, BaselineError
from paragrad.reports.gate.accuracy.rows import KEYS, Rows, by_key

COMMITTED = baseline.read(Path(__file__).parents[1] / "reports" / "baseline" / "accuracy.json")
HELD = sorted(KEYS.keys() - {"exclusion"})
"""Kinds of which every baseline has rows."""


def some() -> Rows:
    """A few rows of each kind."""
    found: Any = {kind: table[:3] for kind, table in dict(COMMITTED["rows"]).items()}  # type: ignore[index]
    chosen: Rows = found
    return chosen


ROWS = some()


def whole(rows: Rows) -> Baseline:
    """A baseline of these rows."""
    return {"schema": SCHEMA, "place": COMMITTED["place"], "rows": rows}


def test_the_file_has_one_row_a_line_in_order_and_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "new" / "accuracy.json"
    upside_down: Any = {kind: list(reversed(table)) for kind, table in dict(ROWS).items()}  # type: ignore[call-overload]
    baseline.write(whole(upside_down), path)
    assert baseline.read(path) == whole(ROWS)
    count = sum(len(by_key(kind, ROWS)) for kind in KEYS)
    assert sum(line.startswith("   {") for line in path.read_text(encoding="utf-8").splitlines()) == count
    assert [file.name for file in path.parent.iterdir()] == ["accuracy.json"]


def test_a_baseline_that_was_not_written_whole_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "accuracy.json"
    path.write_text("old", encoding="utf-8")

    def fail(handle: int) -> None:
        raise OSError(28, "no space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="no space"):
        baseline.write(whole(ROWS), path)
    assert path.read_text(encoding="utf-8") == "old"
    assert len(list(tmp_path.iterdir())) == 1


def spoiled(edit: Callable[[Any], None]) -> str:
    """The text of a baseline after an edit."""
    document = json.loads(baseline.dumps(whole(ROWS)))
    edit(document)
    return json.dumps(document)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "can't be read as JSON"),
        ("[]", "its schema is None"),
        ('{"schema": "paragrad.record/2"}', "its schema is 'paragrad.record/2'"),
        ('{"schema": "paragrad.accuracy-baseline/99"}', "update paragrad"),
        (lambda: spoiled(lambda d: d["rows"].pop("ulp")), "rows.ulp is missing"),
        (lambda: spoiled(lambda d: d["rows"]["ulp"][0].update(max="high")), "rows.ulp[0].max should be a number"),
        (lambda: spoiled(lambda d: d["rows"]["op"].append(d["rows"]["op"][0])), "is there twice"),
        (lambda: spoiled(lambda d: d["rows"]["convention"][0].update(answer={})), "has no answer"),
        (lambda: spoiled(lambda d: d["rows"]["ulp"][0].update(max=-1.0)), "max is -1.0, expected a number ≥ 0"),
        *(
            (functools.partial(spoiled, lambda d, kind=kind: d["rows"][kind].clear()), f"rows.{kind} is empty")
            for kind in HELD
        ),
        (lambda: spoiled(lambda d: None).replace('"ulp": [', '"ulp": [], "ulp": ['), "the key 'ulp' is there twice"),
        (lambda: spoiled(lambda d: d["rows"]["ulp"][0].update(wrong=-1)), "wrong is -1, expected a number ≥ 0"),
        (lambda: spoiled(lambda d: d["rows"]["ulp"][0].update(max=float("nan"))), "NaN is no number of JSON"),
        ("[" * 100_000, "can't be read as JSON"),
    ],
)
def test_a_broken_baseline_is_one_clear_line(text: str | Callable[[], str], told: str, tmp_path: Path) -> None:
    path = tmp_path / "accuracy.json"
    path.write_text(text if isinstance(text, str) else text(), encoding="utf-8")
    with pytest.raises(BaselineError) as error:
        baseline.read(path)
    assert told in str(error.value)
    assert "paragrad" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_folder_in_the_place_of_a_baseline_is_told(tmp_path: Path) -> None:
    with pytest.raises(BaselineError, match=r"can't be read as a baseline \(a folder, name a file in it\)$"):
        baseline.read(tmp_path)


def test_no_baseline_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(BaselineError, match="paragrad gate --accept"):
        baseline.read(tmp_path / "none.json")
