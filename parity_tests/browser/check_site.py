"""The built site in Chromium: `nox -s browser` runs this, after `nox -s docs`. Screenshots go to build/screenshots."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from parity_tests.blocks import ROOT
from parity_tests.links import served

BUILT = ROOT / "build" / "docs"
SHOTS = ROOT / "build" / "screenshots"
PAGES = sorted(path.relative_to(BUILT).as_posix() for path in BUILT.rglob("*.html") if "_static" not in path.parts)
SHOWN = (
    "index.html",
    "tutorial.html",
    "howto/add-an-op.html",
    "generated/ops/exponential.html",
    "reference/engine.html",
    "explanation/architecture.html",
    "judge.html",
)
EXCUSED = {"judge.html": {"empty-table-header": "the column of *met* has no head, on GitHub neither"}}
"""By page and rule of axe, why it may be broken there; one that is no longer broken fails."""
LOOKS = [("light", 1280), ("light", 400), ("dark", 1280), ("dark", 400)]


@pytest.fixture(scope="session")
def base() -> Iterator[str]:
    """The address of the site."""
    assert PAGES, "there is no site: `nox -s docs` builds it"
    with served(BUILT) as address:
        yield address


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_every_page_opens_by_itself(browser: Browser, base: str, scheme: str, width: int) -> None:
    """Nothing is asked of another host, nothing is said on the console, and nothing is wider than the page."""
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})  # type: ignore[arg-type]
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(f"{page.url}: {said.type}: {said.text}"))
    page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
    page.on("request", lambda asked: asked.url.startswith((base, "data:")) or complaints.append(f"asked {asked.url}"))
    SHOTS.mkdir(parents=True, exist_ok=True)
    for name in PAGES:
        page.goto(base + name)
        if page.evaluate("document.documentElement.scrollWidth") > width:
            complaints.append(f"{name} is wider than {width} px")
        if name in SHOWN:
            page.screenshot(path=SHOTS / f"site-{name.replace('/', '-').removesuffix('.html')}-{scheme}-{width}.png")
    context.close()
    assert not complaints, "\n".join(complaints)


def test_search_finds_an_op(browser: Browser, base: str) -> None:
    page = browser.new_page()
    page.goto(base + "search.html?q=logsumexp")
    page.locator("#search-results a").first.wait_for()
    page.close()


@pytest.mark.parametrize("name", SHOWN)
def test_accessibility(browser: Browser, base: str, name: str) -> None:
    page = browser.new_page()
    page.goto(base + name)
    found = {
        v["id"]: (v["impact"], v["nodes"][0]["html"][:160], len(v["nodes"]))
        for v in Axe().run(page).response["violations"]
    }
    page.close()
    assert found.keys() == EXCUSED.get(name, {}).keys(), found
