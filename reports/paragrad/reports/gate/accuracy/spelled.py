"""A Program as one line for a terminal: the input, torch's number and the engine's, nothing of the harness."""

from __future__ import annotations

import shlex

from paragrad.fuzz.engines.own_scalar import INFIX as METHODS_OF_OPERATORS
from paragrad.fuzz.engines.pytorch import INFIX, PyTorch
from paragrad.fuzz.program import Apply, Backward, Input, Program, Ref, Statement, ZeroGrad
from paragrad.fuzz.repro import Paragrad, Torch, leaf, number

SIGNS = {"neg": "-{}", "abs": "abs({})"}
"""How the ops of Value are written that are no method."""
LONGEST = 6000
"""Characters of a line that somebody may still paste."""


class Scalars(Paragrad):
    """The lines that run a program with our Values."""

    def leaf(self, spec: Input) -> str:
        """An input as a Value."""
        return f"pg.Value({number(float(spec.storage[0]))})"

    def statement(self, statement: Statement) -> list[str]:
        """A statement as lines."""
        if isinstance(statement, Backward):
            seeds = ["1.0" if c is None else f"{self.program.name(c)}.data" for c in statement.cotangents]
            roots = [self.program.name(r) for r in statement.roots]
            if len(roots) == 1:
                return [f"{roots[0]}.backward({seeds[0]})"]
            return [f"({' + '.join(f'{r} * {s}' for r, s in zip(roots, seeds, strict=True))}).backward()"]
        if isinstance(statement, ZeroGrad):
            return [f"{spec.name}.grad = 0.0" for spec in self.program.inputs]
        return super().statement(statement)

    def apply(self, statement: Apply) -> list[str]:
        """A call of an op: an operator or a method."""
        output = self.program.name(statement.outputs[0])
        given = [self.argument(a) for a in statement.args]
        if statement.op in METHODS_OF_OPERATORS:
            return [f"{output} = {given[0]} {INFIX[statement.op]} {given[1]}"]
        if statement.op in SIGNS:
            return [f"{output} = {SIGNS[statement.op].format(given[0])}"]
        if not isinstance(statement.args[0], Ref):
            given.reverse()
        options = [f"{k}={self.argument(v)}" for k, v in statement.kwargs.items()]
        return [f"{output} = {given[0]}.{statement.op}({', '.join([*given[1:], *options])})"]


def line(program: Program, variable: int, gradient: bool, scalar: bool) -> str | None:
    """`python -c ...`, which prints a value or gradient of `variable` on both sides; None where it is too long."""
    kept = variable if gradient else None
    name = program.name(variable)
    trace = PyTorch().run(program)
    shown = [part.get(variable) for part in trace.gradients.values()]
    numbers = f"{name}.grad.tolist()" if shown and shown[-1] is not None else f"{name}.grad"
    torchs = numbers if gradient else f"{name}.detach().tolist()"
    ours = torchs
    if scalar:
        ours = f"{name}.grad" if gradient else f"{name}.data"
    label = f"{name}.grad" if gradient else name
    steps = [
        "import numpy as np, torch, paragrad.engine as pg",
        *[f"{spec.name}_array = lambda: {leaf(spec)}" for spec in program.inputs],
        *Torch(program, kept).lines(),
        f'print("torch    {label}", {torchs})',
        *(Scalars if scalar else Paragrad)(program, kept).lines(),
        f'print("paragrad {label}", {ours})',
    ]
    text = "; ".join(steps).replace("'", '"')
    return f"python -c {shlex.quote(text)}" if len(text) <= LONGEST else None
