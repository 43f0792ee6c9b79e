"""What a drawing tells of recorded ops, found in what their pullbacks saved, held against the results themselves."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from paragrad.engine import Tensor, draw
from paragrad.engine.draw import MOST, tensors
from paragrad.engine.draw.expression import reach
from paragrad.engine.draw.tensors import Tensors, vertex_of
from paragrad.engine.draw.words import summary
from paragrad.engine.graph import Node as RecordedOp
from paragrad.fuzz.engines.own import Own
from paragrad.fuzz.program import Apply, Backward, Input, Program, Ref
from paragrad.fuzz.strategies.families import batch


class Watched(Own):
    """Our engine, whose results are drawn before each backward, when their true dtypes and numbers are at hand."""

    def __init__(self) -> None:
        super().__init__()
        self.made: list[Tensor] = []
        self.told = 0
        self.faults: list[str] = []

    def callee(self, op: str) -> Callable[..., Any]:
        """The op, whose results are kept."""
        apply = super().callee(op)

        def kept(*args: Any, **kwargs: Any) -> Any:
            result = apply(*args, **kwargs)
            self.made += [t for t in (result if isinstance(result, tuple) else (result,)) if isinstance(t, Tensor)]
            return result

        return kept

    def backward(self, roots: list[Any], cotangents: list[Any], retain_graph: bool, create_graph: bool) -> None:
        """Look at the drawing, then go on. The interpreter would take an error here for one of the engine."""
        try:
            if roots:
                self.look(roots)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong is a fault
            self.faults.append(repr(error))
        super().backward(roots, cotangents, retain_graph, create_graph)

    def look(self, roots: list[Tensor]) -> None:
        """Hold what the drawing tells of each result against the result."""
        true = {id(tensor.node): tensor for tensor in self.made if tensor.node is not None}
        reached = reach([vertex_of(root) for root in roots])
        known = Tensors([])
        nodes = [thing for thing, _ in reached.values() if isinstance(thing, RecordedOp)]
        watches = [node.watch for node in nodes]
        for node in nodes:
            node.watch = None  # the interpreter retains every gradient, and what retains one shows its own numbers
        known.look(nodes)
        for node, watch in zip(nodes, watches, strict=True):
            node.watch = watch
        for key in reached.keys() & true.keys():
            tensor = true[key]
            detail = known.described(reached[key][0]).data
            shape, dtype = list(tensor.shape), tensor.dtype.name
            right = f"{dtype}{shape} {summary(tensor.array)}"
            self.told += 1
            if detail not in (right, f"{dtype}{shape} not saved", f"{shape} not saved"):
                self.faults.append(f"{tensor.node}: told {detail}, true {right}")
        if len(reached) <= MOST:
            graph = draw.graph(roots)
            drawn = ElementTree.fromstring(draw.svg(graph))
            assert len(graph.nodes) == len(reached) == len(list(drawn.iter("{http://www.w3.org/2000/svg}rect")))


@pytest.mark.parametrize(("family", "batches"), [("op", 20), ("graph", 5), ("mlp", 1), ("training", 1)])
def test_what_a_drawing_tells_of_recorded_ops_is_true(family: str, batches: int) -> None:
    """Shape, dtype and numbers, found in what pullbacks saved, held against the results themselves."""
    watched = Watched()
    for seed in range(batches):
        for program in batch(family, random.Random(f"expression {family} {seed}")).programs():
            watched.made.clear()
            watched.run(program)
    assert watched.told >= 10 * batches
    assert not watched.faults, "\n".join(watched.faults)


def test_the_watch_sees_faults(monkeypatch: pytest.MonkeyPatch) -> None:
    """Test the tester: operands mistaken for one another, and a dtype told that is not the true one."""
    inputs = [Input.of("x", np.array([1.0, 2.0]), True), Input.of("y", np.array([3.0, 4.0]), True)]
    made = [
        Apply("sin", (Ref(0),), {}, (2,)),
        Apply("cos", (Ref(1),), {}, (3,)),
        Apply("mul", (Ref(2), Ref(3)), {}, (4,)),
    ]
    program = Program(inputs, [*made, Apply("sum", (Ref(4),), {}, (5,)), Backward((5,), (None,))])
    watched = Watched()
    watched.run(program)
    assert watched.told == 4
    assert not watched.faults
    right = tensors.saved
    with monkeypatch.context() as planted:
        planted.setattr(tensors, "saved", lambda node: ((1 - k if k < 2 else k, v) for k, v in right(node)))
        watched.run(program)
    assert len(watched.faults) == 2
    monkeypatch.setattr(Tensors, "dtype", lambda self, parent: np.dtype(np.float16))
    watched.run(program)
    assert "float16[] not saved" in watched.faults[2]
