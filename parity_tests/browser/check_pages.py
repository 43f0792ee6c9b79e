"""The HTML pages in Chromium: `nox -s browser` runs this; pytest collects it only where it is named.

Screenshots, to be looked at, go to build/screenshots.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from paragrad.reports import record
from paragrad.reports.documents import CHECK
from paragrad.reports.html import PAGES, render_check, render_html
from paragrad.reports.record import Record
from parity_tests import synthetic
from parity_tests.bodies import BODIES, COUNTS
from parity_tests.documents import check, finding
from parity_tests.reading_html import Reading
from parity_tests.test_html import hostile

SHOTS = Path(__file__).parents[2] / "build" / "screenshots"
SIZES = {"wide": (1360, 900), "narrow": (400, 800)}
TIMING = "performance.getEntriesByType('navigation')[0].loadEventEnd"
KINDS = (*PAGES, CHECK)
CHECKED: Any = {
    CHECK: check(
        *(
            finding(f"wrong-{k}", diagnosis=f"a long word: {'x' * 200}", source_line=f"{'/deep' * 30}.py:{k}")
            for k in range(12)
        ),
        *(finding(f"limit-{k}", fails=False, severity="limit", known="it may stay") for k in range(12)),
        gone=["crash-exp"],
        stopped="time",
    )
}
"""A check with all that its page is made of, hostile in every word of the subject's."""
Open = Callable[..., Page]


@pytest.fixture(scope="session")
def records() -> dict[str, Record]:
    """Records as large as real ones."""
    return synthetic.records() | CHECKED


@pytest.fixture(scope="session")
def few() -> dict[str, Record]:
    """Records of a few ops: all that a page is made of, and soon audited."""
    return synthetic.records(6) | CHECKED


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    """Opens a page in a context of its own, and fails where it complains or asks for anything but itself."""
    contexts, complaints, requests = [], [], []

    def open_page(html: str, scheme: str = "light", size: str = "wide") -> Page:
        path = tmp_path / f"page-{len(contexts)}.html"
        path.write_text(html, encoding="utf-8")
        width, height = SIZES[size]
        context = browser.new_context(
            color_scheme=scheme,  # type: ignore[arg-type] - light or dark
            viewport={"width": width, "height": height},
            reduced_motion="reduce",
        )
        contexts.append(context)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        page = context.new_page()
        page.on("console", lambda said: complaints.append(f"{said.type}: {said.text}"))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
        page.on("request", lambda asked: requests.append(asked.url))
        page.goto(path.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not complaints
    asked = {url for url in requests if not url.startswith("data:")}
    assert asked == {(tmp_path / f"page-{k}.html").as_uri() for k in range(len(contexts))}, (
        "a page asks for itself only"
    )


def html_of(records: dict[str, Record], kind: str) -> str:
    """The page of one kind with the others beside it; a check stands alone."""
    if kind == CHECK:
        return render_check(records[kind])  # type: ignore[arg-type]
    return render_html(records[kind], {other: r for other, r in records.items() if other != kind})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(kind: str, scheme: str, opened: Open, few: dict[str, Record]) -> None:
    page = opened(html_of(few, kind), scheme)
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    found = Axe().run(page)
    told = [(v["id"], v["nodes"][0]["html"][:200], len(v["nodes"])) for v in found.response["violations"]]
    assert not told


@pytest.mark.parametrize("kind", KINDS)
def test_screenshots(kind: str, opened: Open, records: dict[str, Record]) -> None:
    """Nothing is wider than the page; how long it took to open is told, not judged."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    html = html_of(records, kind)
    for scheme in ("light", "dark"):
        for size, (width, height) in SIZES.items():
            page = opened(html, scheme, size)
            print(f"{kind}, {scheme}, {size}: opened in {page.evaluate(TIMING):.0f} ms")
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            page.screenshot(path=SHOTS / f"{kind}-{scheme}-{size}.png")
            page.locator("main > section").nth(2).scroll_into_view_if_needed()
            page.set_viewport_size({"width": width, "height": 2 * height})
            page.screenshot(path=SHOTS / f"{kind}-{scheme}-{size}-below.png")


@pytest.mark.parametrize(("kind", "figures"), [("gate", ["intervals"]), ("speed", ["against-torch", "against-peers"])])
def test_intervals_fit_a_phone(kind: str, figures: list[str], opened: Open, records: dict[str, Record]) -> None:
    page = opened(html_of(records, kind), size="narrow")
    for figure in figures:
        place = page.locator(f"#{figure} .plot")
        assert place.evaluate("plot => plot.scrollWidth <= plot.clientWidth")
        assert place.evaluate("plot => plot.getBoundingClientRect().right <= innerWidth")
        words = "[...plot.querySelectorAll('text')].map(one => one.getBoundingClientRect())"
        frame = "plot.getBoundingClientRect()"
        inside = f"plot => {words}.every(box => box.left >= {frame}.left && box.right <= {frame}.right)"
        assert place.evaluate(inside)


def test_sorting_by_keyboard(opened: Open, records: dict[str, Record]) -> None:
    page = opened(html_of(records, "accuracy"))
    table = page.locator("#ulp-table")
    head = table.locator("thead tr:last-child th").nth(4)
    head.locator("button").focus()
    for order, first in (("descending", max), ("ascending", min)):
        page.keyboard.press("Enter")
        assert head.get_attribute("aria-sort") == order
        shown = [float(text) for text in table.locator("tbody tr td:nth-child(5)").all_text_contents()]
        assert shown == sorted(shown, reverse=order == "descending")
        assert shown[0] == first(shown)
    assert table.locator("th[aria-sort]").count() == 1
    name = table.locator("thead tr:last-child th").nth(0)
    name.locator("button").focus()
    page.keyboard.press("Space")
    letters = [name[0] for name in table.locator("tbody tr th").all_text_contents()]
    assert letters == sorted(letters)
    assert head.get_attribute("aria-sort") is None


def test_filtering_by_keyboard(opened: Open, records: dict[str, Record]) -> None:
    page = opened(html_of(records, "accuracy"))
    table = page.locator("#ulp-table")
    table.locator("input").focus()
    page.keyboard.type("exp VALUE")
    rows = table.locator("tbody tr:visible").all_text_contents()
    assert rows
    assert all("exp" in row and "value" in row for row in rows)
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")  # the first dtype of the menu
    fewer = table.locator("tbody tr:visible").all_text_contents()
    assert 0 < len(fewer) < len(rows)
    assert table.locator("output").text_content() == f"{len(fewer)} of {table.locator('tbody tr').count()} rows"
    page.evaluate("location.hash = ''")
    hidden = table.locator("tbody tr[hidden]").first.get_attribute("id")
    page.evaluate(f"location.hash = '{hidden}'")
    page.locator(f"#{hidden}").wait_for(state="visible")


def test_values_by_keyboard(opened: Open, records: dict[str, Record]) -> None:
    page = opened(html_of(records, "accuracy"))
    tip = page.locator("#tip")
    page.locator("#heat .plot").first.focus()
    page.keyboard.press("ArrowRight")
    first = tip.text_content()
    assert first is not None
    assert "float32, value: engine " in first
    page.keyboard.press("ArrowRight")
    assert "float32, value: torch " in (tip.text_content() or "")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowDown")
    below = tip.text_content() or ""
    assert below.split(",")[0] > first.split(",")[0]
    assert page.locator("#told").text_content() == below
    page.keyboard.press("Enter")  # a cell leads to its row
    page.locator("#ulp-table tr:target").wait_for(state="visible")
    page.keyboard.press("Escape")
    page.locator("#edges .plot").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    edges = records["parity"]["body"]["coverage"]["edges"]
    maker, user = synthetic.OPS[0], synthetic.OPS[1]
    assert tip.text_content() == f"{maker} → {user}: {edges[maker].get(user, 'never')}"
    page.keyboard.press("Escape")
    assert not tip.is_visible()


def test_values_by_mouse(opened: Open, records: dict[str, Record]) -> None:
    page = opened(html_of(records, "speed"))
    mark = page.locator("#against-torch .mark.dot").first
    mark.scroll_into_view_if_needed()
    mark.hover()
    assert "tiny on float32: " in (page.locator("#tip").text_content() or "")
    page.mouse.move(5, 300)
    assert not page.locator("#tip").is_visible()


def test_pairs_are_listed(opened: Open, records: dict[str, Record]) -> None:
    page = opened(html_of(records, "parity"))
    page.locator("#edges details.numbers > summary").focus()
    page.keyboard.press("Enter")
    row = page.locator("#edges-table tbody tr").nth(1)
    row.wait_for(state="visible")
    used = records["parity"]["body"]["coverage"]["edges"][synthetic.OPS[0]]
    never = [op for op in synthetic.OPS if op not in used]
    page.wait_for_function("document.querySelector('#edges-table tbody tr').cells[3].textContent")
    assert row.locator("td").nth(2).text_content() == ", ".join(never)
    assert row.locator("td").nth(3).text_content() == ", ".join(
        f"{op} {used[op]}" for op in synthetic.OPS if op in used
    )


def test_colours_can_be_changed(opened: Open, records: dict[str, Record]) -> None:
    page = opened(html_of(records, "gate"), "light")
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the report"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "theme"
    page.keyboard.press("Enter")
    dark = page.evaluate(paper)
    assert dark != light
    assert page.locator("#theme").get_attribute("aria-label") == "Change to light colours"
    page.reload()
    assert page.evaluate(paper) == dark, "the choice is kept"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_scripts_can_be_copied(opened: Open, records: dict[str, Record]) -> None:
    page = opened(html_of(records, "parity"))
    page.locator("#worst-1").scroll_into_view_if_needed()
    button = page.get_by_role("button", name="Copy: Table of program 1", exact=True)
    button.focus()
    page.keyboard.press("Enter")
    button.get_by_text("Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == records["parity"]["body"]["worst"][0]["table"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_hostile_page_runs_no_script(kind: str, opened: Open) -> None:
    """A dialog, or anything on the console, would fail the fixture."""
    made = {
        other: hostile(record.new(other, 7, {"note": "x"}, copy.deepcopy(COUNTS), copy.deepcopy(body)))  # type: ignore[arg-type]
        for other, body in BODIES.items()
    }
    page = opened(html_of(made | CHECKED, kind))
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    for plot in page.locator(".plot").all():
        plot.focus()
        page.keyboard.press("Home")
        page.keyboard.press("ArrowDown")
    assert page.locator("main img").count() == 0
    assert page.evaluate("document.scripts.length") == 1 + page.evaluate(
        "document.querySelectorAll('script[type=\"application/json\"]').length"
    )


def test_the_policy_stops_a_script(browser: Browser, tmp_path: Path, records: dict[str, Record]) -> None:
    """The second wall: even a script that got onto the page does not run, and reaches no network."""
    planted = "<script>window.ran = 1</script><img src='http://127.0.0.1:9/x.png'></main>"
    html = html_of(records, "gate").replace("</main>", planted)
    assert Reading(html).problems
    path = tmp_path / "planted.html"
    path.write_text(html, encoding="utf-8")
    page = browser.new_page()
    asked: list[str] = []
    page.on("requestfinished", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    assert page.evaluate("window.ran") is None
    assert page.locator("#theme").is_visible(), "and the page's own script does"
    assert not [url for url in asked if url.startswith("http")]
    page.close()
