"""The corpus: what once failed is in parity now, and its files are read with care."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from paragrad.fuzz import corpus
from paragrad.fuzz.engines.own import Own
from paragrad.fuzz.engines.own_scalar import OwnScalar
from paragrad.fuzz.program import Apply, Backward, Input, Program, Ref
from paragrad.fuzz.shrink import examine
from paragrad.fuzz.trace import Engine

ENGINES: dict[str, Engine] = {"tensor": Own(), "scalar": OwnScalar()}
COMMITTED = sorted(corpus.COMMITTED.glob("*.json"))


def small() -> corpus.Entry:
    inputs = [Input.of("x0", np.array([1.0, 2.0]), True), Input.of("c0", np.ones(2))]
    return corpus.Entry(
        "gradient of mul(other)",
        "tensor",
        Program(inputs, [Apply("mul", (Ref(0), 2.0), {}, (2,)), Backward((2,), (1,))]),
    )


def test_the_corpus_is_not_empty() -> None:
    assert COMMITTED


@pytest.mark.parametrize("path", COMMITTED, ids=lambda path: path.stem)
def test_what_once_failed_is_in_parity(path: Path) -> None:
    entry = corpus.load(path)
    result = examine(entry.program, ENGINES[entry.engine])
    assert not result.refused
    assert not result.findings, [f"{f.title}: {f.message}" for f in result.findings]


def test_an_entry_survives_saving(tmp_path: Path) -> None:
    entry = small()
    path = entry.save(tmp_path)
    again = corpus.load(path)
    assert (again.title, again.engine, again.program.digest()) == (entry.title, entry.engine, entry.program.digest())


def test_add_moves_and_refuses_twins(tmp_path: Path) -> None:
    fresh, kept = tmp_path / "fresh", tmp_path / "kept"
    path = small().save(fresh)
    placed = corpus.add(path, kept)
    assert placed.exists()
    assert not path.exists()
    twin = small().save(fresh)
    with pytest.raises(corpus.CorpusError, match="holds this program already"):
        corpus.add(twin, kept)
    assert twin.exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON"),
        ("[]", "schema None is not"),
        (json.dumps({"schema": "paragrad.corpus/9"}), "schema 'paragrad.corpus/9' is not"),
        (json.dumps({"schema": corpus.SCHEMA}), "'title' is missing"),
        (json.dumps({"schema": corpus.SCHEMA, "title": "x", "engine": "tensor", "program": {}}), "not a program"),
    ],
)
def test_unusable_files_are_refused_by_name(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "bad.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(corpus.CorpusError, match=message) as caught:
        corpus.load(path)
    assert "bad.json" in str(caught.value)
    assert path.read_text(encoding="utf-8") == text


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(corpus.CorpusError, match=r"gone\.json: can't be read"):
        corpus.load(tmp_path / "gone.json")
