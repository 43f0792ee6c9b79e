"""docs/record.md is what the types of the records make of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from paragrad.reports import cli, schema
from paragrad.reports.bodies import BODIES

PAGE = Path(__file__).parents[1] / "docs" / "record.md"


def test_the_page_is_current() -> None:
    mend = "renew it: paragrad report --schema --output docs/record.md"
    assert PAGE.read_text(encoding="utf-8") == schema.markdown(), mend


def test_it_has_every_type_once_and_every_link_leads_to_one() -> None:
    page = schema.markdown()
    titles = re.findall(r"^### (\w+)$", page, re.MULTILINE)
    assert len(set(titles)) == len(titles), "two types of one name: their links lead to one place"
    assert {body.__name__ for body in BODIES.values()} < set(titles)
    assert set(re.findall(r"\]\(#(\w+)\)", page)) <= {title.lower() for title in titles}
    assert "| `low` | number |" in page
    assert "| `measured` | number or null |" in page
    assert '| `goal` | `"at most"`, `"at least"` |' in page
    assert "| `threads` | object: whole number or null by name |" in page


def test_every_type_says_what_it_is() -> None:
    for title, told in re.findall(r"^### (\w+)\n\n(.*)$", schema.markdown(), re.MULTILINE):
        assert not told.startswith("|"), f"{title} has no docstring"
        assert "dict() ->" not in told, f"{title} has no docstring of its own"


def test_the_command_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["report", "--schema"]) == cli.PARITY
    assert capsys.readouterr().out == schema.markdown()
