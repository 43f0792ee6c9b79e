"""The stepper in Chromium: every step of real records, forward and backward, and by keyboard only."""

from __future__ import annotations

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from paragrad.reports import record
from paragrad.reports.cli import main
from paragrad.reports.html import render_html
from paragrad.reports.html.stepper.numbers import brief, exact, rows, shown
from paragrad.reports.record import Record
from parity_tests import synthetic
from parity_tests.browser.check_pages import SHOTS, SIZES, Open, opened

__all__ = ["opened"]  # a fixture
NEURON = """
from paragrad.engine import Value
from paragrad.engine.scalar_nn import Neuron

def neuron():
    return Neuron(3, Value.tanh)([Value(0.5), Value(-1.5), Value(2.0)])
"""
ASKED = {
    "letters": ["e = a*b; d = e + c; L = d*f", "a=2", "b=-3", "c=10", "f=-2"],
    "twice": ["b = a + a; d = a*b; e = a + b; d*e", "a=3"],
    "polynomial": ["3*x**2 - 4*x + 5", "x=2"],
    "sigmoid": ["1 / (1 + exp(-x)) * y", "x=0.75", "y=-2"],
    "tensors": ["h = tanh(X @ W + b); (h*h).sum()", "X=[[1,2],[3,4]]", "W=[[0.1,-0.2],[0.4,0.5]]", "b=[0.1,-0.1]"],
}
READ = """() => {
  const step = document.querySelector(".step:not([hidden])");
  const cells = name => [...step.querySelectorAll(`.sides .${name} td`)].map(td => td.firstChild?.textContent ?? "");
  const all = name => [...step.querySelectorAll(`.${name}`)].map(one => one.textContent);
  const node = document.querySelector(".drawn .node.current");
  const seen = text => getComputedStyle(text).visibility === "visible";
  return {
    shown: document.querySelectorAll(".step:not([hidden])").length,
    counter: document.querySelector(".counter").textContent,
    told: document.getElementById("told").textContent,
    mine: cells("mine"), torch: cells("torch"), difference: cells("difference").filter(Boolean),
    upstream: all("upstream"), expected: all("expected"), running: all("running"),
    lines: [...node.querySelectorAll("text")].filter(seen).map(text => text.textContent),
    valued: document.querySelectorAll(".drawn .valued:is(.node)").length,
    graded: document.querySelectorAll(".drawn .graded").length,
    current: document.querySelectorAll(".drawn .edge.current").length,
    value: document.querySelector(".slider").value,
    spoken: document.querySelector(".slider").getAttribute("aria-valuetext"),
  };
}"""


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Record]:
    """The records of five expressions, and of a neuron of an MLP."""
    folder = tmp_path_factory.mktemp("stepper")
    (folder / "model.py").write_text(NEURON, encoding="utf-8")
    for name, words in {**ASKED, "neuron": [f"{folder / 'model.py'}:neuron"]}.items():
        assert main(["diff", *words, "--json", str(folder / f"{name}.json")]) == 0
    return {name: record.read(folder / f"{name}.json", "diff") for name in (*ASKED, "neuron")}


@pytest.mark.parametrize("name", [*ASKED, "neuron"])
def test_every_step_shows_what_the_engine_gave(name: str, opened: Open, made: dict[str, Record]) -> None:
    """Forward, then backward, by the arrow keys from a page that was just opened."""
    body = made[name]["body"]
    nodes = {node["number"]: node for node in body["nodes"]}
    forward = sorted(nodes)
    page = opened(render_html(made[name], {}))
    for k, number in enumerate([*forward, *body["order"]]):
        seen, node, back = page.evaluate(READ), nodes[number], k >= len(forward)
        both = [node["value"], node["gradient"]] if back else [node["value"]]
        assert seen["shown"] == 1
        assert seen["mine"] == [rows(one["mine"]) for one in both]
        assert seen["torch"] == [rows(one["torch"]) for one in both]
        if back:
            difference = exact(node["difference"])
            assert seen["difference"] == ([difference] if difference else [])
            assert seen["upstream"] == [shown(t["upstream"]) for t in node["terms"]]
            assert seen["expected"] == [shown(t["expected"]) for t in node["terms"]]
            assert seen["running"] == [shown(t["accumulated"]) for t in node["terms"]]
            assert seen["current"] == len(node["terms"]), "an edge lights up for each contribution"
            assert seen["lines"][2] == f"grad {brief(node['gradient']['mine'])}"
        else:
            assert seen["current"] == len(node["operands"])
            assert len(seen["lines"]) == 2, "a gradient that has not come yet is not seen"
        assert seen["lines"][1] == brief(node["value"]["mine"])
        assert (seen["valued"], seen["graded"]) == ((len(forward), k - len(forward) + 1) if back else (k + 1, 0))
        way = (
            f"backward {k - len(forward) + 1} of {len(body['order'])}" if back else f"forward {k + 1} of {len(forward)}"
        )
        assert seen["counter"].startswith(f"{way}: {node['label']}")
        assert (int(seen["value"]), seen["spoken"]) == (k, seen["counter"])
        assert k == 0 or seen["told"].casefold().startswith(seen["counter"].casefold())
        page.keyboard.press("ArrowRight")


def counter(page: Page) -> str:
    return page.locator(".counter").text_content() or ""


def test_keyboard_only(opened: Open, made: dict[str, Record]) -> None:
    page = opened(render_html(made["letters"], {}))
    buttons = [page.locator(f"[data-go={way}]") for way in ("first", "back", "next", "last", "play")]
    while not page.evaluate("document.activeElement.matches('[data-go=first]')"):
        page.keyboard.press("Tab")
    seen = []
    for _ in buttons:
        seen.append(page.evaluate("document.activeElement.dataset.go"))
        page.keyboard.press("Tab")
    assert seen == ["first", "back", "next", "last", "play"]
    buttons[2].focus()
    page.keyboard.press("Enter")
    assert counter(page).startswith("forward 2 of 7")
    page.keyboard.press("Space")
    assert counter(page).startswith("forward 3 of 7")
    page.keyboard.press("End")
    assert counter(page).startswith("backward 7 of 7")
    assert buttons[2].get_attribute("aria-disabled") == "true"
    page.keyboard.press("ArrowLeft")
    assert counter(page).startswith("backward 6 of 7")
    page.keyboard.press("Home")
    assert counter(page).startswith("forward 1 of 7")
    page.locator(".slider").focus()
    for _ in range(9):
        page.keyboard.press("ArrowRight")
    assert counter(page) == "backward 3 of 7: e = a * b"
    page.keyboard.press("End")
    assert counter(page).startswith("backward 7 of 7")
    page.keyboard.press("Home")
    assert counter(page).startswith("forward 1 of 7")
    page.locator(".every-step > summary").focus()
    page.keyboard.press("Enter")
    page.locator("#all-steps").get_by_role("link", name="backward 3 of 7").focus()
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('.counter').textContent === 'backward 3 of 7: e = a * b'")
    assert page.locator(".step:not([hidden])").count() == 1
    page.locator(".whole").focus()
    page.keyboard.press("Enter")
    assert page.locator(".drawn svg").bounding_box()["width"] <= page.locator(".drawn").bounding_box()["width"]  # type: ignore[index]


def test_playing_ends_at_the_last_step_and_pauses(opened: Open, made: dict[str, Record]) -> None:
    page = opened(render_html(made["polynomial"], {}))
    page.clock.install()
    play = page.locator("[data-go=play]")
    play.click()
    page.clock.run_for(3000)
    moved = counter(page)
    assert moved.startswith("forward 3")
    assert play.text_content() == "Pause"
    play.click()
    page.clock.run_for(9000)
    assert counter(page) == moved, "paused"
    play.click()
    page.clock.run_for(200_000)
    last = len(made["polynomial"]["body"]["order"])
    assert counter(page).startswith(f"backward {last} of {last}")
    assert play.text_content() == "Play"


def test_a_click_on_a_node_goes_to_its_step(opened: Open, made: dict[str, Record]) -> None:
    page = opened(render_html(made["letters"], {}))
    page.locator("#stepper").evaluate("one => one.scrollIntoView({ block: 'start' })")
    page.locator(".drawn .node-4 text").first.click()
    assert counter(page) == "forward 5 of 7: e = a * b"
    page.locator("[data-go=last]").click()
    page.locator(".drawn .node-4 text").first.click()
    assert counter(page) == "backward 3 of 7: e = a * b"


def test_the_first_difference_is_a_button_away(opened: Open) -> None:
    faulty = record.new("diff", None, {}, {**synthetic.COUNTS}, synthetic.diff(12))
    page = opened(render_html(faulty, {}))
    page.locator("button.difference").focus()
    page.keyboard.press("Enter")
    assert counter(page).startswith("backward 10 of 12: v2")
    assert page.locator(".step:not([hidden]) .first-difference").is_visible()
    assert "starred" in (page.locator(".drawn .node.current").get_attribute("class") or "")
    page.get_by_role("link", name="Go to the first difference").click()
    assert counter(page).startswith("backward 10 of 12: v2")
    assert page.locator(".step:not([hidden])").count() == 1


def test_the_test_can_be_copied(opened: Open, made: dict[str, Record]) -> None:
    page = opened(render_html(made["twice"], {}))
    button = page.get_by_role("button", name="Copy: The pytest file")
    button.focus()
    page.keyboard.press("Enter")
    button.get_by_text("Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == made["twice"]["body"]["test"]


@pytest.mark.parametrize(
    ("scheme", "size", "presses"), [("light", "wide", 4), ("light", "wide", 14), ("dark", "wide", 14),
                                    ("light", "narrow", 14), ("dark", "narrow", 4)]
)  # fmt: skip
def test_axe_finds_nothing_in_a_step(
    scheme: str, size: str, presses: int, opened: Open, made: dict[str, Record]
) -> None:
    """At a step of either direction; nothing is wider than the page."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    page = opened(render_html(made["neuron"], {}), scheme, size)
    for _ in range(presses):
        page.keyboard.press("ArrowRight")
    assert counter(page).startswith("backward" if presses > 12 else "forward")
    found = Axe().run(page)
    assert not [(v["id"], v["nodes"][0]["html"][:200]) for v in found.response["violations"]]
    assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0]
    page.locator("#stepper").scroll_into_view_if_needed()
    page.screenshot(path=SHOTS / f"stepper-{scheme}-{size}-{presses}.png")


def test_without_a_script_every_step_is_there(browser: object, made: dict[str, Record], tmp_path: Path) -> None:
    path = tmp_path / "still.html"
    path.write_text(render_html(made["letters"], {}), encoding="utf-8")
    context = browser.new_context(java_script_enabled=False)  # type: ignore[attr-defined]
    page = context.new_page()
    page.goto(path.as_uri())
    assert page.locator("#all-steps tbody tr").count() == 14
    assert page.locator("#all-steps").is_visible()
    assert not page.locator(".steering").is_visible()
    assert page.locator(".drawn .node text").last.is_visible()
    context.close()
