"""The expression graph of Values and Tensors: complete, in order, with true numbers; as text, DOT and in notebooks."""

from __future__ import annotations

import itertools
import math
import random
import re
from collections import Counter
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from paragrad import engine
from paragrad.engine import Tensor, Value, draw, nn, tensor
from paragrad.engine.draw import MOST, Graph, GraphError, Node
from paragrad.engine.draw.svg import columns
from paragrad.fuzz.program import Apply, Backward, Input, Program, Ref
from paragrad.fuzz.strategies.families import batch
from paragrad.reports.html.drawing import program_graph
from parity_tests.bodies import HOSTILE


def rows(graph: Graph) -> list[tuple[str, str, str]]:
    """The lines of each node."""
    return [(node.label, node.detail, node.gradient) for node in graph.nodes]


def the_accumulation_bug() -> Value:
    """f = (a * b) * (a + b), whose leaves collect two contributions each."""
    a, b = Value(-2.0, "a"), Value(3.0, "b")
    d, e = a * b, a + b
    d.label, e.label = "d", "e"
    f = d * e
    f.label = "f"
    f.backward()
    return f


def drawn_at_random(count: int, seed: int) -> Value:
    """A Value computed from `count` others, all of which it needs."""
    rng = random.Random(seed)
    made = [Value(rng.uniform(-1, 1), label="x" if k % 2 else "") for k in range(4)]
    unused = list(made)
    while len(made) < count - 3:
        left = unused.pop(0) if len(unused) > 1 else made[-1]
        right = rng.choice(made[-10:])
        made.append(
            rng.choice((lambda a, b: a * b, lambda a, b: a + b, lambda a, b: a.tanh(), lambda a, b: 2 - a))(left, right)
        )
        unused.append(made[-1])
    return sum(unused[1:], unused[0])


def test_values_are_told_in_the_order_of_computation() -> None:
    graph = draw.graph(the_accumulation_bug())
    assert rows(graph) == [
        ("a", "data -2", "grad -3"),
        ("b", "data 3", "grad -8"),
        ("d = a * b", "data -6", "grad 1"),
        ("e = a + b", "data 1", "grad -6"),
        ("f = d * e", "data -6", "grad 1"),
    ]
    assert [(e.source, e.target) for e in graph.edges] == [
        *itertools.product("ab", "d"),
        *itertools.product("ab", "e"),
        ("d", "f"),
        ("e", "f"),
    ]
    assert [node.kind for node in graph.nodes] == ["input", "input", "op", "op", "op root"]
    a = Value(1.0, "a")
    assert [(e.source, e.target) for e in draw.graph(a + a).edges] == [("a", "v1")] * 2


def test_text_names_a_node_once_and_refers_to_it_after() -> None:
    assert draw.text(draw.graph(the_accumulation_bug())) == (
        "the graph of f: 5 nodes\n"
        "  a          data -2  grad -3\n"
        "  b          data 3   grad -8\n"
        "  d = a * b  data -6  grad 1\n"
        "  e = a + b  data 1   grad -6\n"
        "  f = d * e  data -6  grad 1\n"
    )


def test_text_with_long_lines_stays_within_80_columns() -> None:
    """A long label has its data below it; where data are long, all have."""
    short, long = Node("a", "a", "data 1", "", "input", "grad 2"), Node("b", "b" * 70, "data 3", "", "op", "grad 4")
    assert draw.text(Graph("g", [short, long])) == f"g\n  a  data 1  grad 2\n  {'b' * 70}\n     data 3  grad 4\n"
    wide = Node("c", "c", "1" * 40, "", "op", "2" * 30)
    assert draw.text(Graph("g", [short, wide])) == (
        f"g\n  a\n      data 1  grad 2\n  c\n      {'1' * 40}  {'2' * 30}\n"
    )
    words = draw.text(Graph("g" * 100, [Node("d", "word " * 40, "x" * 200)], note="y" * 100))
    assert max(map(columns, words.splitlines())) == 80


@pytest.mark.parametrize(
    ("made", "label"),
    [
        (lambda x: 2 - x, "2 - x"),
        (lambda x: x**2, "x ** 2"),
        (lambda x: x * -3, "x * (-3)"),
        (lambda x: 1e-20 / x, "1e-20 / x"),
        (lambda x: -x, "-x"),
        (lambda x: x.tanh(), "tanh(x)"),
        (lambda x: x.maximum(0.0), "maximum(x, 0)"),
        (lambda x: Value(1.0, "x*w + b") * x, "(x*w + b) * x"),
    ],
)
def test_expressions_read_as_they_were_written(made: object, label: str) -> None:
    assert callable(made)
    graph = draw.graph(made(Value(0.5, "x")))
    assert graph.nodes[-1].label == f"v1 = {label}"


def test_names_are_told_apart() -> None:
    values = [Value(k, label) for k, label in enumerate(["x", "x", "", "v1", "x_2", "y" * 30, "y" * 31])]
    names = [node.name for node in draw.graph(values).nodes]
    assert draw.graph(values).nodes[-1].title.startswith(f"{names[-1]}\nlabel {'y' * 31}\n")
    assert names == ["x", "x_3", "v2", "v1", "x_2", "y" * 19 + "…", "y" * 19 + "…_2"]


@pytest.mark.parametrize(("count", "seed"), [(12, 0), (60, 1), (MOST, 2)])
def test_every_node_and_edge_of_random_values_is_there(count: int, seed: int) -> None:
    """Held against a walk of the test's own, by the full numbers of the titles."""
    root = drawn_at_random(count, seed)
    root.backward()
    expected: dict[int, Value] = {}
    waiting = [root]
    while waiting:
        value = waiting.pop()
        if id(value) not in expected:
            expected[id(value)] = value
            waiting.extend(v for v, _ in value.edges)
    graph = draw.graph(root)
    titles = {node.id: node.title for node in graph.nodes}
    titles = {key: title[title.index("data ") :] for key, title in titles.items()}
    told = lambda v: f"data {v.data!r}\ngrad {v.grad!r}"  # noqa: E731
    assert Counter(titles.values()) == Counter(map(told, expected.values()))
    edges = Counter((titles[e.source], titles[e.target]) for e in graph.edges)
    assert edges == Counter((told(v), told(value)) for value in expected.values() for v, _ in value.edges)
    drawing = ElementTree.fromstring(draw.svg(graph))
    assert len(list(drawing.iter("{http://www.w3.org/2000/svg}rect"))) == len(expected)


def test_a_tensor_shows_shapes_values_and_gradients() -> None:
    engine.manual_seed(0)
    x, w, b = (
        tensor([[1.0, 2.0], [3.0, 4.0]]),
        tensor([[0.5], [-0.5]], requires_grad=True),
        tensor(0.25, requires_grad=True),
    )
    h = (x @ w + b).tanh()
    h.retain_grad()
    loss = (h * 2).sum()
    loss.backward(retain_graph=True)
    found = rows(draw.graph(loss, names={"x": x, "w": w, "b": b, "loss": loss, "unused": tensor(1.0)}))
    assert w.grad is not None
    assert b.grad is not None
    assert found == [
        ("x", "float32[2, 2] [[1, 2], [3, 4]]", ""),
        ("w", "float32[2, 1] [[0.5], [-0.5]]", f"grad [[{w.grad.array[0, 0]:.6g}], [{w.grad.array[1, 0]:.6g}]]"),
        ("v1 = x @ w", "float32[2, 1] not saved", ""),
        ("b", "float32[] 0.25", f"grad {b.grad.array.item():.6g}"),
        ("v2 = v1 + b", "float32[2, 1] not saved", ""),
        ("v3 = tanh(v2)", "float32[2, 1] [[-0.244919], [-0.244919]]", "grad [[2], [2]]"),
        ("v4 = v3 * 2", "float32[2, 1] not saved", ""),
        ("loss = sum(v4)", "float32[] -0.979675", ""),
    ]
    several = draw.graph([loss, h])
    assert [node.kind for node in several.nodes if "root" in node.kind] == ["op root"] * 2


def test_what_backward_freed_is_said() -> None:
    x = tensor([1.0, 2.0], requires_grad=True)
    y = (x * x).sum()
    y.backward()
    graph = draw.graph([y, x])
    assert rows(graph) == [
        ("v1 = sum(freed)", "float32[] 5", ""),
        ("v2", "float32[2] [1, 2]", "grad [2, 4]"),
    ]
    for drawn in (draw.svg(graph), draw.text(graph), draw.dot(graph)):
        assert "retain_graph=True" in " ".join(drawn.split())
    v = Value(2.0) * 3
    v.backward(retain_graph=False)
    assert draw.graph(v).nodes[0].label == "v1 = mul(freed)"
    assert not draw.graph(Value(2.0) * 3).note


@pytest.mark.parametrize("dtype", [engine.float32, engine.float64])
def test_dtypes_are_told_where_numbers_are_not(dtype: object) -> None:
    x = tensor([1.0, 2.0], dtype=dtype, requires_grad=True)
    other = engine.float64 if dtype is engine.float32 else engine.float32
    y = ((x + x).to(other) + 1.0) * 1.0
    details = [node.detail for node in draw.graph(y.sum()).nodes]
    assert details[1] == f"{np.dtype(dtype).name}[2] not saved"
    assert not any(detail.startswith(np.dtype(dtype).name) for detail in details[2:])


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        (np.zeros((0, 3)), "empty"),
        (np.array([True, False] * 20), "20 of 40 True"),
        (np.array([math.nan, 1.0, -2.0] * 20), "-2 .. 1, 20 nan"),
        (np.full(40, math.nan), "all nan"),
        (np.array([math.inf, -math.inf, math.nan, -0.0]), "[inf, -inf, nan, -0]"),
        (np.array([-math.inf] + [0.0] * 40), "-inf .. 0"),
        (np.arange(40), "0 .. 39"),
        (np.array(-0.0), "-0"),
    ],
)
def test_arrays_are_summed_up(numbers: np.ndarray, words: str) -> None:
    (node,) = draw.graph(Tensor(numbers)).nodes
    assert node.detail == f"{numbers.dtype.name}{list(numbers.shape)} {words}"


@pytest.mark.parametrize("x", [math.nan, math.inf, -math.inf, -0.0, 5e-324, 1e300])
def test_numbers_out_of_the_ordinary(x: float) -> None:
    value = Value(x, "x") * 1.0
    value.backward(x)
    told = f"{x:.6g}"
    assert rows(draw.graph(value))[0] == ("x", f"data {told}", f"grad {told}")
    assert told in draw.svg(draw.graph(value))


def chain(count: int, start: Any) -> Any:
    """A chain of `count` nodes."""
    for _ in range(count - 1):
        start = start + 1.0
    return start


STARTS = pytest.mark.parametrize("start", [Value(0.0), tensor(0.0, requires_grad=True)], ids=["Value", "Tensor"])


@STARTS
def test_a_chain_of_100000_nodes_is_told_in_words(start: Value | Tensor) -> None:
    face = chain(100_000, start)._repr_mimebundle_()
    assert list(face) == ["text/plain"]
    assert re.search("has 100000 nodes, and a drawing holds 300.* nodes=300", " ".join(face["text/plain"].split()))
    assert max(map(len, face["text/plain"].splitlines())) <= 80


@STARTS
def test_of_a_graph_too_large_a_part_is_drawn(start: Value | Tensor) -> None:
    root = chain(2000, start)
    with pytest.raises(GraphError, match="has 2000 nodes"):
        draw.graph(root)
    with pytest.raises(GraphError, match="has 1001 nodes within 1000 ops of the root"):
        draw.graph(root, depth=1000)
    near = draw.graph(root, depth=2)
    assert [node.name for node in near.nodes] == ["v1", "v2", "v3"]
    assert near.nodes[0].label.startswith("v1 = … + ")
    assert near.note == "the 3 nodes nearest to the root, of 2000"
    assert ["cut" in node.kind for node in near.nodes] == [True, False, False]
    assert len(draw.graph(root, nodes=MOST).nodes) == MOST
    assert len(draw.graph([root, root + 1, root + 2], nodes=2).nodes) == 2


def test_300_nodes_are_drawn_and_301_are_not() -> None:
    assert len(draw.graph(chain(MOST, Value(0.0))).nodes) == MOST
    with pytest.raises(GraphError, match="301 nodes"):
        draw.graph(chain(MOST + 1, Value(0.0)))


@pytest.mark.parametrize(
    ("root", "options", "words"),
    [
        (3.0, {}, "a float has no graph"),
        ([], {}, "no root"),
        ([Value(1.0), None], {}, "a NoneType has no graph"),
        (Value(1.0), {"depth": -1}, "depth is a number of ops, 0 or more, not -1"),
        (Value(1.0), {"depth": 2.5}, "depth .* not 2.5"),
        (Value(1.0), {"nodes": 0}, "from 1 to 300, not 0"),
        (Value(1.0), {"nodes": 301}, "from 1 to 300, not 301"),
        (Value(1.0), {"names": {"a": 3}}, r"names\['a'\] is a int"),
    ],
)
def test_what_makes_no_sense_is_refused(root: object, options: dict[str, object], words: str) -> None:
    with pytest.raises(GraphError, match=words):
        draw.graph(root, **options)  # type: ignore[arg-type]


STRING = r'"(?:[^"\\\n]|\\.)*"'
ATTRIBUTES = rf"\[[a-z]+=(?:{STRING}|[\w.]+)(?:, [a-z]+=(?:{STRING}|[\w.]+))*\]"
STATEMENT = rf"  (?:rankdir=LR|label={STRING}|node {ATTRIBUTES}|n\d+ {ATTRIBUTES}|n\d+ -> n\d+);"
DOT = re.compile(rf"digraph {STRING} \{{\n(?:{STATEMENT}\n)*\}}\n")
LABELS = [
    HOSTILE,
    '" ]; n0 -> n1; "',
    "back\\slash\\",
    "x" * 10_000,
    "\u202eabc\u2066",
    "\ud800",
    "\0\x1b[31m",
    "&lt;",
    "日本語",
    "\n",
]


def test_a_circle_is_refused() -> None:
    first = Value(1.0, label="a") * 2
    last = first + 3
    setattr(first, "_left", last)  # noqa: B010 - what is private to the engine
    with pytest.raises(GraphError, match="in a circle: a result of add is computed from itself"):
        draw.graph(last)


def test_labels_are_words_whatever_they_hold() -> None:
    leaves = [Value(1.0, label) for label in LABELS]
    graph = draw.graph(sum(leaves[1:], leaves[0]))
    assert len(graph.nodes) == 2 * len(LABELS) - 1
    drawing, told, language = draw.svg(graph), draw.text(graph), draw.dot(graph)
    ElementTree.fromstring(drawing)
    assert DOT.fullmatch(language), language
    assert len(re.findall(r"^  n\d+ -> n\d+;$", language, re.MULTILINE)) == len(graph.edges)
    for words in (drawing, told, language):
        words.encode()
        assert not set(words) & set("\u202e\u2066\0\x1b")
    assert "<script" not in drawing
    assert max(map(columns, told.splitlines())) <= 80
    assert list(leaves[0]._repr_mimebundle_()) == ["text/plain"]
    assert "<script" not in (leaves[0] * 2)._repr_mimebundle_()["text/html"]
    raw = Graph(HOSTILE, [Node(label, label, label, label, label, label) for label in LABELS], [], HOSTILE)
    assert DOT.fullmatch(draw.dot(raw))
    assert max(map(columns, draw.text(raw).splitlines())) <= 80


def test_the_check_of_dot_sees_faults() -> None:
    """Test the tester."""
    good = draw.dot(draw.graph(the_accumulation_bug()))
    assert DOT.fullmatch(good)
    for old, new in (("}", ""), ('"];', "];"), (" -> ", " - "), ("n0 [", "n 0 ["), ('label="', 'label=""')):
        assert old in good
        assert not DOT.fullmatch(good.replace(old, new, 1)), old


def test_programs_as_text_and_dot() -> None:
    x, y = Input.of("x", np.ones((2, 3), np.float32), True), Input.of("y", np.ones(3, np.float32))
    program = Program(
        [x, y], [Apply("sub", (Ref(1), Ref(0)), {}, (2,)), Apply("sum", (Ref(2), 1), {}, (3,)), Backward((3,), (None,))]
    )
    graph = program_graph(program, "it")
    assert draw.text(graph) == (
        "it: 2 inputs, 2 ops, 1 backward passes\n"
        "  x                 float32[2, 3]\n"
        "  y                 float32[3]\n"
        "  v2 = sub <- y, x\n"
        "  v3 = sum <- v2    1\n"
    )
    for drawn in itertools.islice(batch("graph", random.Random(0)).programs(), 20):
        graph = program_graph(drawn, "it")
        assert DOT.fullmatch(draw.dot(graph))
        assert max(map(columns, draw.text(graph).splitlines())) <= 80


def test_a_notebook_shows_the_graph_of_what_was_computed_and_else_plain_text() -> None:
    value = the_accumulation_bug()
    result = tensor([1.0, 2.0], requires_grad=True).sum()
    for shown in (value, result):
        face = shown._repr_mimebundle_(include=None, exclude=None)
        assert list(face) == ["text/plain", "text/html", "image/svg+xml"]
        assert face["text/plain"] == repr(shown)
        assert face["image/svg+xml"] == draw.svg(draw.graph(shown))
        assert face["image/svg+xml"] in face["text/html"]
    layer = nn.Linear(2, 2)
    for plain in (Value(1.0), tensor([1.0]), tensor([1.0], requires_grad=True), layer.weight, result.detach()):
        assert plain._repr_mimebundle_() == {"text/plain": repr(plain)}
