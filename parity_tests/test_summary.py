"""A job summary: the page where it fits, else cut between rows, and never beyond what GitHub takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from paragrad.reports import cli
from paragrad.reports.ci.summary import summary
from paragrad.reports.render.markdown import fence, table
from parity_tests.documents import body, save


def printed(capsys: pytest.CaptureFixture[str], *args: str | Path) -> str:
    """What `paragrad report` prints."""
    assert cli.main(["report", *map(str, args)]) == cli.PARITY
    return capsys.readouterr().out


def test_a_summary_that_fits_is_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = save(tmp_path, "gate")
    assert printed(capsys, path, "--as", "summary") == printed(capsys, path)


def long_page(rows: int) -> str:
    """A page with a long table, a long fence and a short table."""
    lines = [("`op`", "é" * 20, str(k)) for k in range(rows)]
    text = "\n".join(f"| not a table {k} |" for k in range(rows))
    return "\n\n".join(
        ["# Title", "The verdict.", table(("a", "b", "c"), lines), fence(text), table(("d",), [("1",)]), "The end."]
    )


@pytest.mark.parametrize("limit", [1500, 5000, 20_000])
def test_a_summary_is_cut_between_rows_and_says_so(limit: int) -> None:
    page = long_page(400)
    short = summary(page, limit)
    assert len(short.encode()) <= limit
    assert len(short.encode()) > limit * 0.8, "it could have held more"
    for kept in ("# Title", "The verdict.", "| a | b | c |", "| d |", "| 1 |", "The end."):
        assert kept in short
    cells = {line.count("|") for line in short.split("```")[0].splitlines() if line.startswith("| ")}
    assert cells == {4}, "a row was cut"
    assert short.count("```") == 2, "a fence is left open"
    rows, lines = short.count("| `op` |"), short.count("| not a table")
    assert f"*{400 - rows} rows left out: a job summary has room for 1 MiB.*" in short
    assert f"*{400 - lines} lines left out" in short


def test_a_giant_row_goes_alone_and_sections_go_last() -> None:
    page = table(("a",), [("x" * 5000,), ("y",)])
    assert summary(page, 2000).splitlines()[:3] == ["| a |", "| --- |", "| y |"]
    sections = "\n\n".join(f"## Section {k}" for k in range(200))
    short = summary(sections, 1000)
    assert len(short) <= 1000
    kept = short.count("## Section")
    assert 10 < kept < 200
    assert f"*{200 - kept} sections left out" in short
    assert len(summary("word " * 5000, 1000)) <= 1000


def test_a_summary_of_a_giant_record_is_under_a_mebibyte(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    giant = body("gate")
    giant["accuracy"]["worse"] *= 20_000
    page = printed(capsys, save(tmp_path, "gate", giant), "--as", "summary")
    assert 900_000 < len(page.encode()) < 1024**2
    assert "rows left out" in page
    assert "## Speed: inconclusive" in page
