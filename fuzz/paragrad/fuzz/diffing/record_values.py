"""The graph of a paragrad Value as a Program."""

from __future__ import annotations

from typing import Any

import numpy as np

from paragrad.engine.scalar import Value
from paragrad.fuzz.diffing.written import Unreadable, Written, in_order
from paragrad.fuzz.program import Apply, Backward, Input, Program, Ref

LINEAR = "linear"
"""The one op of a Value that is no op of single numbers: it is told as the products and sums that it stands for."""


def read(root: Value, names: dict[int, str], lines: dict[int, int]) -> Written:
    """The Program of all that `root` was made of. Raises Unreadable where there is nothing to differentiate."""
    order = in_order(root, lambda node: [v for v in node.operands if isinstance(v, Value)])
    if len(order) == 1:
        raise Unreadable("the result was made of no Value: there is nothing to differentiate")
    leaves = [node for node in order if not node.op]
    number = {id(node): k for k, node in enumerate(leaves)}
    made = Written(Program([]))
    taken: set[str] = set()
    for k, node in enumerate(leaves):
        label = node.label or names.get(id(node), "")
        made.program.inputs.append(Input.of(_free(label, taken) or f"x{k}", np.array(node.data), True))
    statements: list[Apply] = []

    def add(op: str, *args: Any) -> Ref:
        statements.append(Apply(op, args, {}, (len(leaves) + len(statements),)))
        return Ref(statements[-1].outputs[0])

    for node in (n for n in order if n.op):
        if node.op == LINEAR:
            last = _linear(node, number, add)
        else:
            args = [Ref(number[id(v)]) if isinstance(v, Value) else float(v) for v in node.operands]
            last = add(node.op, *args)
        number[id(node)] = last.index
    for node in order:
        k = number[id(node)]
        if id(node) in lines:
            made.lines[k] = lines[id(node)]
        label = node.label or names.get(id(node), "")
        if node.op and _free(label, taken):
            made.labels[k] = label
    made.program.statements = [*statements, Backward((number[id(root)],), (None,))]
    return made


def _free(label: str, taken: set[str]) -> str:
    """The label, where it is an identifier that no other node has."""
    if not label.isidentifier() or label in taken:
        return ""
    taken.add(label)
    return label


def _linear(node: Value, number: dict[int, int], add: Any) -> Ref:
    """The sum of operand times derivative, as it was added up; what stays over is a plain number."""
    total: Any = None
    held = 0.0
    edges = list(node.edges)
    # x·w of two Values stands as two edges, one after the other, each with the other's number.
    k = 0
    while k < len(edges):
        operand, slope = edges[k]
        other = edges[k + 1] if k + 1 < len(edges) else None
        if other is not None and other[0].data == slope and other[1] == operand.data and not (k == 0 and slope == 1.0):
            term, size = add("mul", Ref(number[id(operand)]), Ref(number[id(other[0])])), operand.data * slope
            k += 2
        elif slope == 1.0:
            term, size = Ref(number[id(operand)]), operand.data
            k += 1
        else:
            term, size = add("mul", Ref(number[id(operand)]), float(slope)), operand.data * slope
            k += 1
        total = term if total is None else add("add", total, term)
        held += size
    rest = node.data - held
    if abs(rest) > 1e-9 * (abs(node.data) + abs(held)):
        total = add("add", total, float(rest))
    return Ref(total.index)
