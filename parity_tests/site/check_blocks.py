"""Every code block of every page, run: `nox -s docs` names this file; pytest collects it only where it is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from parity_tests.blocks import ROOT, Page

GENERATED = ROOT / "docs" / "generated"
PAGES = sorted(
    [
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "examples/my-engine/README.md")),
        *(path for path in (ROOT / "docs").rglob("*.md") if GENERATED not in path.parents),
    ]
)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_page_is_true(path: Path, tmp_path: Path) -> None:
    problems = Page(path.read_text(encoding="utf-8"), tmp_path).run()
    assert not problems, "\n".join(f"{path.relative_to(ROOT)}: {problem}" for problem in problems)
