"""Drawings: rows follow the edges, boxes stand apart, edges run from maker to user, words are no markup."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from paragrad.engine.draw import MOST, Edge, Graph, GraphError, Layout, Node, layout, svg
from paragrad.engine.draw.layers import Order, rows, with_dummies
from paragrad.engine.draw.layout import spread
from paragrad.fuzz.encoding import to_json
from paragrad.fuzz.program import Apply, Backward, Grad, Input, Program, Ref
from paragrad.fuzz.strategies.families import FAMILIES, batch
from paragrad.reports.html.drawing import program_graph, program_svg
from parity_tests.bodies import HOSTILE

SVG = "{http://www.w3.org/2000/svg}"

Drawn = tuple[dict[str, tuple[float, float]], list[tuple[str, str]]]


def drawn_at_random(count: int, seed: int) -> Drawn:
    """Boxes of all sizes; each but the first few uses up to three of those before it, at times one twice."""
    rng = random.Random(seed)
    sizes = {f"n{k}": (float(rng.randint(20, 200)), float(rng.choice((15, 23, 38)))) for k in range(count)}
    edges = []
    for k in range(count // 5 + 1, count):
        nearest = 0 if rng.random() < 0.2 else max(0, k - 12)
        edges += [(f"n{rng.randrange(nearest, k)}", f"n{k}") for _ in range(rng.randint(1, 3))]
    return sizes, edges


def faults(sizes: dict[str, tuple[float, float]], edges: Sequence[tuple[str, str]], placed: Layout) -> list[str]:
    """What is wrong with a layout from top to bottom."""
    found = []
    boxes = {}
    for name, (x, y) in placed.positions.items():
        width, height = sizes[name]
        boxes[name] = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    for (a, one), (b, other) in itertools.combinations(boxes.items(), 2):
        if one[0] < other[2] - 1e-6 and other[0] < one[2] - 1e-6 and one[1] < other[3] and other[1] < one[3]:
            found.append(f"{a} and {b} overlap")
    for (source, target), route in zip(edges, placed.routes, strict=True):
        if placed.rows[source] >= placed.rows[target]:
            found.append(f"{source} is not above {target}")
        left, _, right, bottom = boxes[source]
        if not (left <= route[0][0] <= right and abs(route[0][1] - bottom) < 1e-6):
            found.append(f"the edge {source} to {target} does not leave its source")
        left, top, right, _ = boxes[target]
        if not (left <= route[-1][0] <= right and abs(route[-1][1] - top) < 1e-6):
            found.append(f"the edge {source} to {target} does not reach its target")
        for (x, y), (to_x, to_y) in zip(route[::2], route[1::2], strict=True):
            if x != to_x or y > to_y:
                found.append(f"the edge {source} to {target} does not run straight down through a row")
            through = (n for n, box in boxes.items() if n not in (source, target) and box[0] < x < box[2])
            found += [f"{source} to {target} crosses {n}" for n in through if y < boxes[n][3] and boxes[n][1] < to_y]
    if any(box[0] < -1e-6 or box[1] < -1e-6 or box[2] > placed.width + 1e-6 for box in boxes.values()):
        found.append("a box lies outside")
    return found


@pytest.mark.parametrize(("count", "seed"), [(1, 0), (2, 1), (5, 2), (30, 3), (30, 4), (150, 5), (MOST, 6)])
def test_a_layout_is_sound_and_the_same_each_time(count: int, seed: int) -> None:
    sizes, edges = drawn_at_random(count, seed)
    placed = layout(sizes, edges)
    assert not faults(sizes, edges, placed)
    assert placed == layout(sizes, edges)


def test_the_checks_see_faults() -> None:
    """Test the tester."""
    sizes, edges = drawn_at_random(30, 3)
    for seed, words in ((0, "overlap"), (1, "is not above"), (2, "does not reach"), (3, "crosses")):
        placed = layout(sizes, edges)
        a, b = edges[seed]
        if words == "overlap":
            placed.positions[a] = placed.positions[b]
        elif words == "is not above":
            placed.rows[a], placed.rows[b] = placed.rows[b], placed.rows[a]
        elif words == "does not reach":
            placed.routes[seed][-1] = (-50.0, 0.0)
        else:
            middle = next(n for n in sizes if n not in (a, b))
            x, y = placed.positions[middle]
            placed.routes[seed] = [(x, y - 100), (x, y + 100)]
        assert any(words in fault for fault in faults(sizes, edges, placed)), words


def test_longest_paths_give_the_rows() -> None:
    # 0 -> 1 -> 2 -> 3, 0 -> 3, and 4 that only 3 uses stands right above it.
    assert rows(5, [(0, 1), (1, 2), (2, 3), (0, 3), (4, 3)]) == [0, 1, 2, 3, 2]
    with pytest.raises(GraphError, match="cycle"):
        rows(3, [(0, 1), (1, 2), (2, 1)])


def test_sweeps_take_crossings_away() -> None:
    """A ladder that was numbered crosswise has no crossing once it is in order."""
    edges = [(k, 10 + (7 * k) % 10) for k in range(10)]
    row = rows(20, edges)
    order = Order(row, with_dummies(row, edges))
    order.rows = [list(range(10)), list(range(10, 20))]
    assert order.crossings() > 0
    order.improve()
    assert order.crossings() == 0


def test_places_are_the_nearest_that_keep_apart() -> None:
    assert spread([0.0, 100.0], [0.0, 10.0], [1.0, 1.0]) == [0.0, 100.0]
    assert spread([0.0, 0.0], [0.0, 10.0], [1.0, 1.0]) == [-5.0, 5.0]
    assert spread([0.0, 0.0], [0.0, 10.0], [3.0, 1.0]) == [-2.5, 7.5]
    rng = np.random.default_rng(0)
    wanted, gaps = rng.normal(size=6) * 20, [0.0, *rng.uniform(5, 10, 5)]
    found = np.array(spread(list(wanted), gaps, [1.0] * 6))
    assert (np.diff(found) >= np.array(gaps[1:]) - 1e-9).all()
    best = ((found - wanted) ** 2).sum()
    for _ in range(200):
        other = np.cumsum(np.array(gaps) + np.maximum(0, rng.normal(size=6))) + rng.normal() * 20 - 20
        assert ((other - wanted) ** 2).sum() >= best


def test_what_hangs_together_stays_together_and_the_rest_stands_beside() -> None:
    """Sixty pairs make no row of sixty."""
    sizes = {f"{letter}{k}": (100.0, 20.0) for k in range(60) for letter in "ab"}
    edges = [(f"a{k}", f"b{k}") for k in range(60)]
    placed = layout(sizes, edges)
    assert not faults(sizes, edges, placed)
    assert placed.width < 1500
    assert placed.height < 1500


def test_operands_arrive_in_their_order() -> None:
    sizes = {"x": (40.0, 20.0), "y": (40.0, 20.0), "z": (80.0, 20.0)}
    for edges in ([("x", "z"), ("y", "z"), ("x", "z")], [("y", "z"), ("x", "z"), ("x", "z")]):
        ends = [route[-1][0] for route in layout(sizes, edges).routes]
        assert ends == sorted(ends)
        assert len(set(ends)) == 3


def test_a_graph_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(GraphError, match="no node 'b'"):
        layout({"a": (1.0, 1.0)}, [("a", "b")])
    with pytest.raises(GraphError, match="2 nodes have 1 ids"):
        svg(Graph("g", [Node("a", "x"), Node("a", "y")]))
    assert svg(Graph("nothing")).startswith("<svg")


def parsed(text: str) -> ElementTree.Element:
    """The root of a drawing: it is XML."""
    return ElementTree.fromstring(text)


def test_words_are_no_markup() -> None:
    words = HOSTILE + "\0\x1b\ud800 ]]> & ' \" </svg>"
    graph = Graph(words, [Node(words, words, words, words, words), Node("b", "b")], [Edge(words, "b", words)])
    text = svg(graph)
    assert "<script" not in text
    root = parsed(text)
    tags = [element.tag.removeprefix(SVG) for element in root.iter()]
    assert set(tags) == {"svg", "style", "g", "path", "title", "rect", "text"}
    for element in root.iter():
        assert not any(name.startswith("on") or name.endswith("href") for name in element.attrib)
    assert "alert(1)" in (root.findtext(f".//{SVG}title") or "")


def test_a_drawing_can_be_read_aloud_and_in_the_dark() -> None:
    root = parsed(svg(Graph("a sum", [Node("a", "x"), Node("b", "y", "3.0", "y is 3")], [Edge("a", "b")])))
    assert root.get("role") == "img"
    assert root.get("aria-label") == "a sum"
    assert [title.text for title in root.iter(f"{SVG}title")] == ["x", "y is 3"]
    style = root.findtext(f"{SVG}style") or ""
    assert "currentColor" in style
    assert "#fff" not in style
    assert "black" not in style


def test_a_wide_graph_runs_to_the_right() -> None:
    nodes = [Node("a", "a"), *(Node(f"b{k}", f"a line of words, {k}") for k in range(20))]
    wide = Graph("fan", nodes, [Edge("a", node.id) for node in nodes[1:]])
    assert float(parsed(svg(wide)).get("width", "0")) < 600
    chain = Graph("chain", nodes, [Edge(a.id, b.id) for a, b in itertools.pairwise(nodes)])
    root = parsed(svg(chain))
    assert float(root.get("height", "0")) > 10 * float(root.get("width", "0")) / 3


def test_a_program_is_drawn_with_its_operands_in_order() -> None:
    x, y = Input.of("x", np.ones((2, 3), np.float32), True), Input.of("y", np.ones(3, np.float32))
    seed = Input.of("c0", np.ones((2, 3), np.float32))
    made = [Apply("sub", (Ref(1), Ref(0)), {}, (3,)), Apply("mul", (Ref(3), Ref(3)), {}, (4,))]
    program = Program([x, y, seed], [*made, Apply("max.dim", (Ref(4), 1), {}, (5, 6)), Backward((4,), (2,))])
    graph = program_graph(program, "it", starred=5)
    assert [(node.label, node.detail, node.kind) for node in graph.nodes] == [
        ("x", "float32[2, 3]", "input"),
        ("y", "float32[3]", "input constant"),
        ("v3 = sub", "", "op"),
        ("v4 = mul", "", "op root"),
        ("v5, v6 = max.dim", "1", "op starred"),
    ]
    assert [(e.source, e.target) for e in graph.edges] == [
        ("n1", "n3"),
        ("n0", "n3"),
        ("n3", "n4"),
        ("n3", "n4"),
        ("n4", "n5"),
    ]
    assert graph.name == "it: 3 inputs, 3 ops, 1 backward passes"


def test_recorded_gradients_are_nodes() -> None:
    x, seed = Input.of("x", np.ones(3), True), Input.of("c0", np.ones(3))
    program = Program([x, seed], [Apply("sin", (Ref(0),), {}, (2,)), Grad((2,), (1,), (0,), (3,))])
    graph = program_graph(program, "it")
    assert [node.label for node in graph.nodes][-1] == "v3 = gradient of v2"
    assert [(e.source, e.target) for e in graph.edges] == [("n0", "n2"), ("n2", "n3"), ("n1", "n3")]


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_can_be_drawn(family: str) -> None:
    for program in itertools.islice(batch(family, random.Random(f"draw {family}")).programs(), 8):
        drawing = program_svg(to_json(program))
        if len(program.inputs) + len(program.statements) <= MOST:
            assert drawing is not None
            makers = [s for s in program.statements if isinstance(s, Apply | Grad)]
            root = parsed(drawing)
            assert len([g for g in root.iter(f"{SVG}g") if "op" in g.get("class", "").split()]) == len(makers)


def test_what_cannot_be_drawn_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    unreadable: list[Any] = [{}, {"schema": HOSTILE}, {"schema": "paragrad.program/1", "inputs": 3}]
    assert [program_svg(program) for program in unreadable] == [None, None, None]
    monkeypatch.setattr("paragrad.reports.html.drawing.MOST", 0)
    assert program_svg(to_json(Program([Input.of("x", np.ones(1), True)]))) is None
