"""Chromium for `nox -s browser`: the one that PARAGRAD_CHROMIUM names, or the first of the usual names on PATH."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:  # `nox -s tests` reads this file, too, and has no playwright
    from playwright.sync_api import Browser

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium; a run without one fails, and says what to do."""
    from playwright.sync_api import sync_playwright

    path = os.environ.get("PARAGRAD_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.exit("no Chromium found: install one, or name it in PARAGRAD_CHROMIUM", returncode=2)
    root = getattr(os, "geteuid", lambda: 1)() == 0
    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=path, args=["--no-sandbox"] if root else [])
        yield started
        started.close()
