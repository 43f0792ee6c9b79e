"""The other subject: paragrad's own scalar engine, Value, on programs whose every variable is one float64."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from paragrad.engine.scalar import Value
from paragrad.engine.scalar_nn import SGD
from paragrad.fuzz.program import Apply, Array, Backward, Optimizer, OptimizerStep, Program, Ref, ZeroGrad, refs
from paragrad.fuzz.trace import Failure, Trace

INFIX: dict[str, Callable[[Any, Any], Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "pow": operator.pow,
}
METHODS = (
    "neg",
    "abs",
    "exp",
    "log",
    "log1p",
    "expm1",
    "sqrt",
    "sin",
    "cos",
    "tan",
    "tanh",
    "sigmoid",
    "relu",
    "leaky_relu",
    "elu",
    "softplus",
    "gelu",
    "silu",
    "maximum",
    "minimum",
)
UNARY_OPERATORS: dict[str, Callable[[Any], Any]] = {"neg": operator.neg, "abs": operator.abs}


def requiring(program: Program, count: int) -> list[int]:
    """The first `count` variables without those of which no gradient is asked."""
    found = {k for k, spec in enumerate(program.inputs) if spec.requires_grad}
    for _, statement in program.applications():
        if not found.isdisjoint(refs(statement.args)):
            found.update(statement.outputs)
    return sorted(k for k in found if k < count)


def ancestors(program: Program, roots: tuple[int, ...]) -> set[int]:
    """The variables from which `roots` were made, and these themselves."""
    found = set(roots)
    for _, statement in reversed(list(program.applications())):
        if found.intersection(statement.outputs):
            found.update(refs(statement.args))
    return found


class OwnScalar:
    """paragrad.engine.Value."""

    name = "paragrad Value"
    foreign = False

    def ops(self) -> frozenset[str]:
        """What a Value can do."""
        return frozenset([*INFIX, *METHODS])

    def run(self, program: Program) -> Trace:
        """Run a program of 0-d float64 variables."""
        trace = Trace()
        touched: set[int] = set()
        variables: list[Value] = []
        position = -1
        try:
            variables += [Value(float(spec.storage[0])) for spec in program.inputs]
            for position, statement in enumerate(program.statements):
                if isinstance(statement, Apply):
                    variables.append(self.apply(statement, variables))
                elif isinstance(statement, Backward):
                    self.backward(statement, variables)
                    reached = ancestors(program, statement.roots)
                    touched.update(k for k in reached if k < len(program.inputs))
                    # A Value that no walk reached has gradient 0.0, where torch has none; and every Value has one.
                    trace.gradients[position] = {
                        k: np.array(variables[k].grad) if k in reached or k in touched else None
                        for k in requiring(program, len(variables))
                    }
                elif isinstance(statement, ZeroGrad):
                    SGD(variables[: len(program.inputs)]).zero_grad()
                    touched.clear()
                elif isinstance(statement, OptimizerStep) and program.optimizer is not None:
                    trace.parameters[position] = self.step(program.optimizer, variables)
                else:
                    raise TypeError(f"a Value knows no {type(statement).__name__}")
        except Exception as error:  # noqa: BLE001 - whatever the engine raises is what we came to see
            trace.failure = Failure(position, type(error).__name__, str(error))
        given = len(program.inputs)
        trace.values = {k: np.array(v.data) for k, v in enumerate(variables)}
        trace.inputs_after = {k: trace.values[k] for k in range(min(given, len(variables)))}
        if program.optimizer is not None:  # the steps wrote to what went in
            trace.values |= {k: np.array(float(program.inputs[k].storage[0])) for k in trace.inputs_after}
        return trace

    def step(self, optimizer: Optimizer, variables: list[Value]) -> dict[int, Array]:
        """One step of SGD without momentum, which keeps nothing from step to step; the parameters after it."""
        if optimizer.name != "SGD" or "momentum" in optimizer.options:
            raise TypeError(f"a Value is not asked for {optimizer.name} with {', '.join(optimizer.options)}")
        SGD([variables[k] for k in optimizer.parameters], **optimizer.options).step()
        return {k: np.array(variables[k].data) for k in optimizer.parameters}

    def apply(self, statement: Apply, variables: list[Value]) -> Value:
        """Call an op: an operator where there is one, else the method of its name."""
        args = [variables[a.index] if type(a) is Ref else a for a in statement.args]
        infix = INFIX.get(statement.op)
        if infix is not None:
            result: Value = infix(*args)
            return result
        unary = UNARY_OPERATORS.get(statement.op)
        if unary is not None:
            result = unary(*args)
            return result
        first, *rest = args
        if not isinstance(first, Value):  # maximum and minimum are symmetric, and a number has no methods
            first, rest = rest[0], [first]
        result = getattr(first, statement.op)(*rest, **statement.kwargs)
        return result

    def backward(self, statement: Backward, variables: list[Value]) -> None:
        """One walk from all roots: from their sum, weighted by the cotangents."""
        weights = [1.0 if c is None else variables[c].data for c in statement.cotangents]
        roots = [variables[r] for r in statement.roots]
        if len(roots) == 1:
            roots[0].backward(weights[0])
            return
        total: Any = 0.0
        for root, weight in zip(roots, weights, strict=True):
            total = total + root * weight
        total.backward()
