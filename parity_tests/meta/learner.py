"""An engine as a learner writes it, with the faults learners make: Values keep their gradients, all have one.

It shows what it has: a gradient of every Value, also of those that need none, and zeros where torch has None.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from paragrad.fuzz.program import Apply, Backward, Optimizer, OptimizerStep, Program, Ref, ZeroGrad
from paragrad.fuzz.trace import Failure, Trace

Step = Callable[["Value"], None]


class Value:
    """A number with its gradient; `steps` add to the gradients of what it was made of."""

    def __init__(self, data: float, parents: tuple[Value, ...] = (), step: Step = lambda out: None) -> None:
        self.data = data
        self.grad = 0.0
        self.parents = parents
        self.step = step


def add(a: Value, b: Value) -> Value:
    def step(out: Value) -> None:
        a.grad += out.grad
        b.grad += out.grad

    return Value(a.data + b.data, (a, b), step)


def mul(a: Value, b: Value) -> Value:
    def step(out: Value) -> None:
        a.grad += b.data * out.grad
        b.grad += a.data * out.grad

    return Value(a.data * b.data, (a, b), step)


def overwriting_mul(a: Value, b: Value) -> Value:
    def step(out: Value) -> None:
        a.grad = b.data * out.grad
        b.grad = a.data * out.grad

    return Value(a.data * b.data, (a, b), step)


def tanh(a: Value) -> Value:
    def step(out: Value) -> None:
        a.grad += (1 - out.data**2) * out.grad

    return Value(math.tanh(a.data), (a,), step)


def relu(a: Value) -> Value:
    """With torch's other choice at 0."""

    def step(out: Value) -> None:
        a.grad += (a.data >= 0) * out.grad

    return Value(max(a.data, 0.0), (a,), step)


def sigmoid(a: Value) -> Value:
    """Overflows."""

    def step(out: Value) -> None:
        a.grad += out.data * (1 - out.data) * out.grad

    with np.errstate(all="ignore"):
        power = np.exp(np.float64(a.data))
        return Value(float(power / (1 + power)), (a,), step)


def maximum(a: Value, b: Value) -> Value:
    """Both operands of a tie get all of it."""

    def step(out: Value) -> None:
        a.grad += (a.data >= b.data) * out.grad
        b.grad += (b.data >= a.data) * out.grad

    return Value(max(a.data, b.data), (a, b), step)


def first_of_tie(a: Value, b: Value) -> Value:
    """The first operand of a tie gets all of it, which is an element of the subdifferential."""

    def step(out: Value) -> None:
        a.grad += (a.data >= b.data) * out.grad
        b.grad += (b.data > a.data) * out.grad

    return Value(max(a.data, b.data), (a, b), step)


OPS: dict[str, Callable[..., Value]] = {
    "add": add,
    "mul": mul,
    "tanh": tanh,
    "relu": relu,
    "sigmoid": sigmoid,
    "maximum": first_of_tie,
}


def postorder(root: Value) -> list[Value]:
    """Every Value after all that use it."""
    order: list[Value] = []
    seen: set[int] = set()

    def visit(value: Value) -> None:
        if id(value) not in seen:
            seen.add(id(value))
            for parent in value.parents:
                visit(parent)
            order.append(value)

    visit(root)
    return order[::-1]


def breadth_first(root: Value) -> list[Value]:
    """The wrong order: a Value comes before the last that uses it."""
    order = [root]
    for value in order:
        for parent in value.parents:
            if not any(parent is known for known in order):
                order.append(parent)
    return order


def by_value(root: Value) -> list[Value]:
    """Values of equal number are taken for one."""
    seen: set[float] = set()
    order = []
    for value in postorder(root):
        if value.data not in seen:
            seen.add(value.data)
            order.append(value)
    return order


class Learner:
    """The adapter. `ops` replaces ops; `order` the walk; not `clean`, gradients of intermediates stay.

    `hides` says which variables are not shown, "" for none, "all" for all but leaves.
    """

    name = "learner"
    foreign = True

    def __init__(
        self,
        ops: dict[str, Callable[..., Value]] | None = None,
        order: Callable[[Value], list[Value]] = postorder,
        clean: bool = True,
        hides: str = "",
    ) -> None:
        self.table = OPS | (ops or {})
        self.order = order
        self.clean = clean
        self.hides = hides

    def ops(self) -> frozenset[str]:
        return frozenset(self.table)

    def run(self, program: Program) -> Trace:
        trace = Trace()
        variables = [Value(float(spec.storage[0])) for spec in program.inputs]
        position = -1
        try:
            for position, statement in enumerate(program.statements):
                if isinstance(statement, Apply):
                    args = [variables[a.index] if isinstance(a, Ref) else Value(float(a)) for a in statement.args]
                    variables.append(self.table[statement.op](*args))
                elif isinstance(statement, Backward):
                    self.backward(statement, variables, len(program.inputs))
                    trace.gradients[position] = self.shown({k: v.grad for k, v in enumerate(variables)}, program)
                elif isinstance(statement, ZeroGrad):
                    for value in variables[: len(program.inputs)]:
                        value.grad = 0.0
                elif isinstance(statement, OptimizerStep) and program.optimizer is not None:
                    trace.parameters[position] = self.step(program.optimizer, variables)
        except Exception as error:  # noqa: BLE001 - whatever the engine raises is shown
            trace.failure = Failure(position, type(error).__name__, str(error))
        data = {k: v.data for k, v in enumerate(variables)}
        trace.values = self.shown(data | {k: float(spec.storage[0]) for k, spec in enumerate(program.inputs)}, program)
        return trace

    def step(self, optimizer: Optimizer, variables: list[Value]) -> dict[int, Any]:
        for k in optimizer.parameters:
            variables[k].data -= optimizer.options["lr"] * variables[k].grad
        return {k: np.array(variables[k].data) for k in optimizer.parameters}

    def backward(self, statement: Backward, variables: list[Value], leaves: int) -> None:
        if self.clean:
            for value in variables[leaves:]:
                value.grad = 0.0
        for root, cotangent in zip(statement.roots, statement.cotangents, strict=True):
            variables[root].grad += 1.0 if cotangent is None else variables[cotangent].data
        top = Value(0.0, tuple(variables[root] for root in statement.roots))
        for value in self.order(top):
            value.step(value)

    def shown(self, numbers: dict[int, float], program: Program) -> dict[int, Any]:
        return {k: np.array(x) for k, x in numbers.items() if not self.hides or k < len(program.inputs)}
