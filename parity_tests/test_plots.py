"""Plots: labels that fit, marks that are all seen, zeros on a line of their own, and words for what a colour means."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest

from paragrad.reports.gate.speed.benchmarks import BENCHMARKS
from paragrad.reports.html import render_html
from paragrad.reports.html.plots import forest
from paragrad.reports.html.plots.axes import BOTTOM, HEIGHT, LEFT
from paragrad.reports.html.plots.bars import Bar, Part, bars
from paragrad.reports.html.plots.heat import LABEL, LONGEST
from paragrad.reports.html.plots.matrix import LABELLED, PAIRS, matrix
from paragrad.reports.html.plots.panels import key, panels
from paragrad.reports.html.plots.scatter import scatter
from paragrad.reports.html.plots.series import Series
from paragrad.reports.html.plots.svg import broken, characters
from paragrad.reports.render.markdown import of_bound
from parity_tests import synthetic

WIDE = 7.4
"""CSS pixels of a character at 12 px in a wide sans-serif font (DejaVu Sans)."""
TITLES = [benchmark.title for benchmark in BENCHMARKS.values()]
WORKLOADS = [
    f"{work}, {dtype}"
    for dtype in ("float32", "float64")
    for work in (
        "elementwise chain, 1,000 elements",
        "elementwise chain, 100,000 elements",
        "conv net, 8 and 16 3×3 on 1×28×28, batch 32, SGD step",
        "SGD (momentum, nesterov), a step over the MLP's parameters",
        "attention block of 64×64, batch 8, SGD step",
    )
]


def texts(markup: str) -> list[str]:
    """What is written in a plot."""
    return re.findall(r"<text[^>]*>([^<]*)</text>", markup)


@pytest.mark.parametrize("names", [TITLES, WORKLOADS, ["a" * 60], ["float64 gradients, engine"]])
def test_names_of_rows_fit_and_none_is_lost(names: list[str]) -> None:
    drawn = str(bars("time", [Bar(name, (Part(1.0, "s0", "told"),)) for name in names], "seconds"))
    ends = re.findall(r'<text x="([0-9.]*)" y="[^"]*" class="end">([^<]*)</text>', html.unescape(drawn))
    assert all(len(line) * WIDE <= float(x) + 0.1 for x, line in ends)
    are_told(names, characters(names), [line for _, line in ends], drawn)


def are_told(names: list[str], most: int, lines: list[str], drawn: str) -> None:
    """Every name is among the lines, in one or two of at most so many characters, or is a title."""
    for name in names:
        first, second = broken(name, most)
        assert first in lines
        assert second in ["", *lines]
        assert f"{first} {second}".strip() == name or f"<title>{name}</title>" in html.unescape(drawn)


@pytest.mark.parametrize("names", [TITLES, WORKLOADS, ["a" * 60], ["exp"]])
def test_a_forest_is_as_wide_as_its_frame_and_has_room_for_names_on_a_phone(names: list[str]) -> None:
    drawn = estimates(names)
    assert ' width="100%" ' in drawn
    assert "viewBox" not in drawn
    placed = re.findall(r' (?:x|x1|x2|cx)="([^"]*)"', drawn)
    assert set(placed) - {"0"} == {x for x in placed if x.endswith("%") and 0 <= float(x[:-1]) <= 100}
    named = re.findall(r'<text x="0" y="([^"]*)">([^<]*)</text>', html.unescape(drawn))
    are_told(names, forest.LONGEST, [line for _, line in named], drawn)
    assert max(len(line) for _, line in named) <= forest.LONGEST
    assert (forest.LONGEST + len("inconclusive")) * WIDE <= 340
    heights = [float(y) for y, _ in named]
    assert heights == sorted(heights)
    assert len(set(heights)) == len(heights)


@pytest.mark.parametrize("kind", ["gate", "speed"])
def test_every_value_of_a_forest_says_whose_it_is(kind: str) -> None:
    record = synthetic.records(1)[kind]
    page = html.unescape(render_html(record, {}))
    told = re.findall(r'<(?:line|circle)[^>]*class="mark[^>]*><title>([^<]*)</title>', page.partition('id="sizes"')[0])
    body = record["body"]
    titles = {row["title"] for row in (body if kind == "speed" else body["speed"])["rows"]}
    assert len(told) >= 2 * len(titles)
    assert {words.partition(":")[0] for words in told} == titles
    assert len(set(told)) == len(told)


def test_rows_that_differ_in_their_end_are_told_apart() -> None:
    shown = [broken(name, characters(WORKLOADS)) for name in WORKLOADS]
    assert len(set(shown)) == len(WORKLOADS)


def test_names_in_heat_maps_fit() -> None:
    assert LONGEST * WIDE * 11 / 12 <= LABEL - 8
    assert LABELLED.left >= 28 * WIDE * 11 / 12
    assert PAIRS.left >= 18 * WIDE * 9 / 12


def estimates(names: list[str]) -> str:
    """A forest of these rows."""
    each = (forest.Estimate(1.02, 1.01, 1.03, "told", "good"),)
    return str(forest.forest("speed", [forest.Row(name, each, 1.1, "pass") for name in names], "ratio"))


def test_a_long_plot_has_its_axis_at_both_ends() -> None:
    assert texts(estimates(TITLES)).count("1.05") == 2
    assert texts(estimates(TITLES[:3])).count("1.05") == 1
    rows = [f"op{k}" for k in range(60)]
    drawn = texts(str(matrix("pairs", rows, ["left", "right"], {}, LABELLED)))
    assert drawn.count("left") == drawn.count("right") == 2


def test_every_other_op_of_a_dense_map_is_named() -> None:
    names = [f"op{k}" for k in range(20)]
    drawn = texts(str(matrix("pairs", names, names, {}, PAIRS)))
    assert drawn.count("op0") == drawn.count("op18") == 2
    assert "op1" not in drawn


def cloud(points: list[tuple[float, float]]) -> str:
    """The same points of both sides."""
    series = [Series(side, points=[(x, y, f"{side} {x:g} {y:g}") for x, y in points]) for side in ("engine", "torch")]
    return str(scatter("errors", series, "ops", "error", 1.0, "the bound"))


def test_both_sides_are_seen_where_they_coincide() -> None:
    drawn = cloud([(10.0, 0.5), (20.0, 0.25)])
    assert drawn.rindex("torch 20") < drawn.index("engine 10")
    torchs = re.findall(r'class="mark dot s1 hollow" x="[^"]*" y="[^"]*" width="([0-9.]*)"', drawn)
    engines = re.findall(r'class="mark dot s0" cx="[^"]*" cy="[^"]*" r="([0-9.]*)"', drawn)
    assert len(torchs) == len(engines) == 2
    assert float(torchs[0]) > 2 * float(engines[0])


def test_small_multiples_share_scales_and_colours() -> None:
    """The same number lies at the same height in each plot, and a side that a work lacks moves no other's colour."""
    named = {
        "add": [Series("engine", points=[(10, 1e-6, "a")]), Series("theirs", points=[(10, 1e-3, "b")])],
        "exp": [Series("theirs", points=[(10, 1e-3, "c")])],
        "n" * 60: [Series("theirs", points=[(1000, 1e-1, "d")])],
    }
    drawn = [str(one) for one in panels(named, "elements", "seconds")]
    mark = re.compile(r"<\w+ ([^>]*)><title>(\w)</title>")
    told = {title: attributes for d in drawn for attributes, title in mark.findall(d)}
    place = re.compile(r"class=\"[^\"]*\"")
    assert told["b"] == told["c"]
    assert place.sub("", told["b"]) != place.sub("", told["d"])
    assert all(texts(d).count("elements") == 1 for d in drawn)
    assert all(len(words) <= 30 for d in drawn for words in texts(d))
    assert [words for words in texts(str(key(named))) if words] == ["engine", "theirs"]


def test_zeros_have_a_line_of_their_own() -> None:
    drawn = cloud([(0.0, 0.0), (10.0, 0.002)])
    assert texts(drawn).count("0") == 2
    places = re.findall(r'class="mark dot s0" cx="([0-9.]*)" cy="([0-9.]*)"', drawn)
    assert (float(places[0][0]), float(places[0][1])) == (LEFT, HEIGHT - BOTTOM)
    least = re.search(r'<text x="[^"]*" y="([0-9.]*)" class="end">0.001</text>', drawn)
    assert least is not None
    assert float(least[1]) < HEIGHT - BOTTOM - 10
    assert "0" not in texts(cloud([(1.0, 0.5), (10.0, 0.002)]))


@pytest.mark.parametrize(
    ("ratio", "digits", "shown"), [(0.99997, 4, "0.9999"), (0.996, 2, "0.99"), (1.0, 4, "1.0000"), (0.25, 2, "0.25")]
)
def test_less_than_the_bound_never_reads_as_1(ratio: float, digits: int, shown: str) -> None:
    assert of_bound(ratio, digits) == shown


def test_what_is_red_in_a_drawing_is_told() -> None:
    found: dict[str, Any] = dict(synthetic.records(8))
    found["parity"]["body"]["worst"][0]["ratio"] = 0.99999
    page = render_html(found["parity"], found)
    assert page.count("red in the drawing: the number that came closest to its bound. It is right.") == 10
    assert "error ÷ bound 0.9999<" in page
    assert "1.0000" not in page
