"""The HTML pages without a browser: well-formed, self-contained, sound whatever a record's words are, and complete."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest

from paragrad.reports import record
from paragrad.reports.commands import save
from paragrad.reports.documents import SHOWN
from paragrad.reports.documents import beside as found
from paragrad.reports.html import PAGES, render_check, render_html
from paragrad.reports.html.frame import data
from paragrad.reports.html.plots.axes import Scale, label, log_scale
from paragrad.reports.html.plots.svg import element
from paragrad.reports.record import Record
from parity_tests import synthetic
from parity_tests.bodies import BODIES, COUNTS
from parity_tests.documents import check
from parity_tests.reading_html import Reading

HOSTILE = "</script><script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{7*7}}&lt;\u2028]]>-->"
OURS = {"verdict", "goal", "schema", "created", "kind", "id"}
"""Fields whose words are ours and steer the page."""
NAMED = {
    "families", "values", "gradients", "ops", "edges", "classes", "seconds", "refused", "checked", "blas", "threads",
    "settings", "filtered", "options",
}  # fmt: skip
"""Fields whose keys are words, too."""
MOST_BYTES = 2_000_000


def made(kind: Any, body: dict[str, Any] | None = None) -> Record:
    """A record of this kind, as one would be read."""
    return record.new(
        kind, 7, {"note": "x"}, copy.deepcopy(COUNTS), copy.deepcopy(BODIES[kind] if body is None else body)
    )


def beside(kind: str) -> dict[str, Record]:
    """All other records that a page may show."""
    return {other: made(other) for other in SHOWN if other != kind}


def hostile(value: Any, field: str = "") -> Any:
    """The same document with every word that may come from elsewhere replaced."""
    if isinstance(value, dict):
        keys = {key: f"{HOSTILE}{place}" if field in NAMED else key for place, key in enumerate(value)}
        inner = {key: field if field in {"edges", "classes"} else key for key in value}
        return {keys[key]: hostile(entry, inner[key]) for key, entry in value.items()}
    if isinstance(value, list):
        return [hostile(entry) for entry in value]
    return HOSTILE if isinstance(value, str) and field not in OURS else value


def emptied(value: Any) -> Any:
    """The same document with nothing in its lists and mappings of names."""
    if isinstance(value, dict):
        return {key: {} if key in NAMED and isinstance(entry, dict) else emptied(entry) for key, entry in value.items()}
    return [] if isinstance(value, list) else value


@pytest.fixture(scope="module")
def large() -> dict[str, Record]:
    """Records as large as real ones."""
    return synthetic.records()


@pytest.mark.parametrize("kind", PAGES)
@pytest.mark.parametrize("alone", [False, True])
def test_a_page_is_sound(kind: str, alone: bool) -> None:
    page = render_html(made(kind), {} if alone else beside(kind))
    reading = Reading(page)
    assert not reading.problems
    asked = page.replace('xmlns="http://www.w3.org/2000/svg"', "").replace("(http://w)", "")
    assert not re.search("https?:", asked), "a page asks nothing of a network"


def test_an_interrupted_run_reads_as_no_pass() -> None:
    body = copy.deepcopy(BODIES["parity"]) | {"findings": [], "stopped": "interrupted"}
    for page in (
        render_html(made("parity", body), {}),
        render_check(check(verdict="interrupted", stopped="interrupted")),  # type: ignore[arg-type]
    ):
        shown = Reading(page).text
        assert "nterrupted" in shown
        assert "Parity:" not in shown
        assert 'class="tile good"' not in page
    assert 'class="tile good"' in render_html(made("parity", body | {"stopped": ""}), {})


def test_a_check_is_made_again_by_its_command() -> None:
    options = {"programs": 60, "seconds": 1.5, "seed": 7, "strict": True, "only": ["exp", "a b"]}
    told = "--programs 60 --seconds 1.5 --seed 7 --only exp --only &#39;a b&#39; --strict</code>"
    assert told in render_check(check(options=options))  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", PAGES)
def test_hostile_words_stay_words(kind: str) -> None:
    shown = hostile(made(kind))
    page = render_html(shown, {other: hostile(r) for other, r in beside(kind).items()})
    reading = Reading(page)
    assert not reading.problems
    assert not [tag for tag, _ in reading.elements if tag == "img"]
    assert "alert(1)" not in reading.scripts[0]
    assert "49" not in [words.strip() for words in reading.words], "a word was taken for a template"
    assert any(HOSTILE.replace("\u2028", " ").split()[0] in words for words in reading.words), "and they are shown"
    for packed in reading.data:
        assert "<" not in packed
        assert "\u2028" not in packed


@pytest.mark.parametrize("kind", PAGES)
def test_a_real_page_is_small_and_sound(kind: str, large: dict[str, Record]) -> None:
    page = render_html(large[kind], large)
    assert len(page.encode()) < MOST_BYTES
    assert not Reading(page).problems


@pytest.mark.parametrize("kind", PAGES)
def test_the_same_records_make_the_same_page(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shown, others = made(kind), beside(kind)
    for name in ("paragrad.reports.machine.cpu", "paragrad.reports.record.machine", "time.perf_counter"):
        monkeypatch.setattr(name, lambda: pytest.fail("a page is made from its record"))
    before = copy.deepcopy(shown)
    assert render_html(shown, others) == render_html(shown, others)
    assert shown == before


@pytest.mark.parametrize("kind", PAGES)
def test_nothing_is_shown_as_nothing(kind: str) -> None:
    body = emptied(BODIES[kind])
    if kind == "accuracy":
        body["conventions"]["points"] = 0
    if kind == "speed":
        body["loop"] = None
    if kind == "gate":
        body |= {"accuracy": None}
    if kind == "diff":
        body |= {"verdict": "parity", "star": None, "root": None, "test": ""}
    page = render_html(made(kind, body), {})
    assert not Reading(page).problems
    assert not {"nan", "None", "inf"} & {words.strip() for words in Reading(page).words}
    told = {
        "accuracy": ["No op was measured.", "holds no graphs", "asked about no point"],
        "parity": ["holds no edges", "holds no classes", "holds no worst programs", "No element was compared"],
        "speed": ["No workload was measured.", "No sizes", "No scaling", "No splits", "No memory", "was not measured"],
        "gate": ["This run left it out."],
        "diff": ["Nothing goes backward here", "No test can be written of this"],
    }
    for line in told[kind]:
        assert line in page, line


EXPECTED = {
    "accuracy": [
        "75.0 %", "3 of 4 planted faults found", "False alarm 1", "1 finding",
        "2 unlike (torch)", ">1.75<", "gelu([inf])", "the bound", "Never drawn, 1 op",
        "exp, float32, value: engine 1.75 ULP",
    ],
    "parity": ["1 finding", "paragrad corpus add build/findings/a.json", "time is up",
               "values, identical: 70 (93.3 %)"],
    "speed": ["1 of 2 targets met.", "2.1 (1.9 to 2.3) not met", "≤ 0.45", "paragrad bench --only tiny", "184",
              "engine, 16: 1 µs, 0.25 of torch", "256 programs", "and so not measured: jax"],
    "gate": ["Something got worse.", "paragrad gate --only exp", "40%",
             "exp, 16 elements: change ÷ base: 1.050 (0.990 to 1.100), 40 pairs from launches: 5"],
    "diff": ["Divergence at ", "Go to the first difference", "backward 1 of 2: L = exp(a)",
             "★ Here is the first difference", "broadcast undone", "The pytest file"],
}  # fmt: skip


@pytest.mark.parametrize("kind", PAGES)
def test_the_page_says_it(kind: str) -> None:
    page = render_html(made(kind), beside(kind))
    for line in EXPECTED[kind]:
        assert line in page, line


def test_what_is_not_there_is_named_with_its_command() -> None:
    words = " ".join("".join(Reading(render_html(made("accuracy"), {})).words).split())
    for kind in SHOWN[:1] + SHOWN[2:]:
        assert f"No {kind} record lies beside this one: make it with {record.COMMANDS[kind]}." in words
    assert "make it with" not in "".join(Reading(render_html(made("accuracy"), beside("accuracy"))).words)


def test_a_record_of_other_code_is_called_so() -> None:
    others = beside("parity")
    shown = made("parity")
    shown["commit"] = {"id": "a" * 40, "dirty": False}
    others["mutants"]["commit"] = {"id": "b" * 40, "dirty": False}
    assert "of another commit (bbbbbbbbbbbb)" in render_html(shown, others)


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("<script>alert(1)</script>", "2 scripts run"),
        ('<b onclick="x">x</b>', "has onclick"),
        ('<img src="http://x/y.png">', "leads outside"),
        ('<a href="#nowhere">x</a>', "#nowhere leads nowhere"),
        ('<p id="main">x</p>', "id 'main' is there twice"),
        ('<p id="A b">x</p>', "is no name of ours"),
        ("<p><b>x</p>", "closes"),
        ("<!-- x -->", "a comment"),
        ("<iframe></iframe>", "<iframe>"),
        ('<p style="color:red">x</p>', "has style"),
    ],
)
def test_the_reader_catches(fault: str, told: str) -> None:
    """Test the tester: each thing that must not be on a page, planted in a sound one."""
    page = render_html(made("gate"), {}).replace("</main>", f"{fault}</main>")
    assert told in "\n".join(Reading(page).problems)


def test_a_changed_script_is_not_allowed() -> None:
    page = render_html(made("gate"), {})
    assert "that the policy does not allow" in "\n".join(Reading(page.replace("const NEAR", "let NEAR")).problems)
    assert "allows the network" in "\n".join(Reading(page.replace("default-src", "img-src")).problems)


def test_pages_are_saved_beside_records(tmp_path: Path) -> None:
    for kind in ("mutants", "parity"):
        save(made(kind), None, tmp_path / f"{kind}.json")
    assert not (tmp_path / "mutants.html").exists()
    assert (tmp_path / "parity.html").read_text(encoding="utf-8") == render_html(
        record.read(tmp_path / "parity.json"), {"mutants": record.read(tmp_path / "mutants.json")}
    )
    assert found(tmp_path).keys() == {"mutants", "parity"}
    (tmp_path / "mutants.json").write_text("{}", encoding="utf-8")
    assert found(tmp_path).keys() == {"parity"}


def test_pieces() -> None:
    assert json.loads(str(data({"a": HOSTILE}))) == {"a": HOSTILE}
    assert element("a", "<&", b_c='"') == '<a b-c="&#34;">&lt;&amp;</a>'
    assert [label(x) for x in (0, 0.001, 0.5, 20, 5000, 2e5, 1e6, 1e-7)] == [
        "0", "0.001", "0.5", "20", "5,000", "2·10⁵", "10⁶", "10⁻⁷",
    ]  # fmt: skip
    assert Scale(1, 1000, 0, 300, True)(100) == pytest.approx(200)
    assert Scale(0, 10, 300, 0, False)(2.5) == pytest.approx(225)
    assert log_scale([0.0, 20, 3000], 0, 1).ticks() == [10, 100, 1000, 10_000]
    assert log_scale([5.0], 0, 1).ticks() == [1, 2, 5, 10]
    assert log_scale([0.0], 0, 1)(0.0) == 0, "nothing to show is no error"
    assert Scale(0, 100, 0, 1, False).ticks(6) == [0, 20, 40, 60, 80, 100]
