"""A Program as a stand-alone script: torch and the engine side by side, nothing of the harness.

`repro.py.jinja` is the script's frame; here each statement becomes a line, once for each library.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import jinja2
import numpy as np

from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.engines.interpreter import SEED
from paragrad.fuzz.engines.pytorch import INFIX, spelled
from paragrad.fuzz.in_place import OPERATORS
from paragrad.fuzz.judge import Finding
from paragrad.fuzz.program import (
    Apply,
    Array,
    Backward,
    Dtype,
    Grad,
    Input,
    OptimizerStep,
    Program,
    Ref,
    Statement,
    ZeroGrad,
)


def script(program: Program, finding: Finding, fails: bool = True) -> str:
    """A script that shows `finding` in `program`: exit code 1 while it is there. Unless it `fails`, the script shows
    both sides' numbers and compares nothing: bounds of one op don't hold from end to end."""
    variable = finding.variable
    shown, result, compare = "ran", "None", False
    if variable is not None:
        shown = result = program.name(variable) + (".grad" if finding.of_gradient else "")
        compare = fails and finding.kind != "mutation"
    kept = variable if finding.of_gradient else None
    bound = np.zeros(()) if finding.bound is None else finding.bound
    context = {
        "title": f"{finding.title}: {finding.message}".replace("\\", "/").replace('"', "'"),
        "inputs": [(spec.name, leaf(spec)) for spec in program.inputs],
        "random": draws(program),
        "theirs": Torch(program, kept).lines(),
        "ours": Paragrad(program, kept).lines(),
        "shown": shown,
        "result": result,
        "compare": compare,
        "fails": fails,
        "bound": literal(np.nan_to_num(bound, posinf=np.inf)),
    }
    return _template().render(context)


@functools.cache
def _template() -> jinja2.Template:
    source = Path(__file__).with_suffix(".py.jinja").read_text(encoding="utf-8")
    # What is rendered is Python, not HTML: nothing to escape.
    return jinja2.Environment(trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True).from_string(source)


def number(value: Any) -> str:
    """A Python expression for a number, a string or None."""
    if isinstance(value, float) and not np.isfinite(value):
        return f'float("{value}")'
    return repr(value)


def literal(array: Array) -> str:
    """A Python expression for an array's numbers as nested lists."""
    if array.ndim == 0:
        return number(array.item())
    return "[" + ", ".join(literal(part) for part in array) + "]"


def leaf(spec: Input) -> str:
    """A NumPy expression for an input."""
    if spec.strides is None:
        return f'np.array({literal(spec.storage)}, dtype="{spec.dtype}").reshape({spec.shape})'
    strides = tuple(s * spec.storage.itemsize for s in spec.strides)
    base = f'np.array({literal(spec.storage)}, dtype="{spec.dtype}")'
    return f"np.lib.stride_tricks.as_strided({base}[{spec.offset}:], {spec.shape}, {strides})"


def draws(program: Program) -> bool:
    """Whether a program draws random numbers."""
    return any(TABLE[statement.op].recover for _, statement in program.applications())


PIECES = frozenset(("chunk", "split", "unbind"))
"""Ops whose result is a sequence, even of one."""


class Paragrad:
    """The lines that run a program with our engine."""

    library = "pg"
    autograd = "pg"
    dtypes: ClassVar[Mapping[str, str]] = {"bool": "bool_"}
    """Where the library calls a dtype otherwise."""

    def __init__(self, program: Program, kept: int | None) -> None:
        self.program = program
        self.kept = kept
        self.backwards = 0

    def lines(self) -> list[str]:
        """The body of a function that runs the program."""
        # What torch's side drops is drawn by the engine, too.
        lines = [f"pg.manual_seed({SEED})"] if draws(self.program) else []
        lines += [f"{spec.name} = {self.leaf(spec)}" for spec in self.program.inputs]
        if (optimizer := self.program.optimizer) is not None:
            options = "".join(f", {k}={self.argument(v)}" for k, v in optimizer.options.items())
            names = self.names(optimizer.parameters)
            lines.append(f"optimizer = {self.library}.optim.{optimizer.name}({names}{options})")
        for statement in self.program.statements:
            lines += self.statement(statement)
        return lines

    def leaf(self, spec: Input) -> str:
        """An input as a tensor."""
        return f"pg.from_numpy({spec.name}_array())" + (".requires_grad_()" if spec.requires_grad else "")

    def callee(self, op: str) -> str:
        """The library's name of an op."""
        return f"pg.{op.partition('.')[0]}"

    def names(self, variables: tuple[int | None, ...]) -> str:
        """A list expression of variables."""
        return "[" + ", ".join("None" if v is None else self.program.name(v) for v in variables) + "]"

    def argument(self, argument: Any) -> str:
        """An argument as a Python expression."""
        match argument:
            case Ref(index):
                return self.program.name(index)
            case Dtype(name):
                return f"{self.library}.{self.dtypes.get(name, name)}"
            case tuple():
                parts = ", ".join(map(self.argument, argument))
                return f"({parts},)" if len(argument) == 1 else f"({parts})"
            case slice():
                ends = (argument.start, argument.stop, argument.step)
                return f"slice({', '.join(map(self.argument, ends))})"
        return "..." if argument is Ellipsis else number(argument)

    def statement(self, statement: Statement) -> list[str]:
        """A statement as lines."""
        match statement:
            case Apply():
                return self.apply(statement)
            case Backward(roots, cotangents, retain_graph, create_graph):
                flags = f"retain_graph={retain_graph or create_graph}, create_graph={create_graph}"
                return [
                    *self.forget(),
                    f"{self.autograd}.backward({self.names(roots)}, {self.names(cotangents)}, {flags})",
                ]
            case Grad(roots, cotangents, wanted, outputs):
                ends = f"{self.names(roots)}, {self.names(wanted)}, {self.names(cotangents)}"
                return [f"{self.names(outputs)} = {self.autograd}.grad({ends}, create_graph=True)"]
            case ZeroGrad():
                return [f"{spec.name}.grad = None" for spec in self.program.inputs if spec.requires_grad]
            case OptimizerStep():
                return ["optimizer.step()"]

    def forget(self) -> list[str]:
        """Before each backward but the first, unless a leaf is shown: the gradient is that backward's own."""
        self.backwards += 1
        if self.kept is None or self.kept < len(self.program.inputs) or self.backwards == 1:
            return []
        return [f"{self.program.name(self.kept)}.grad = None"]

    def apply(self, statement: Apply) -> list[str]:
        """A call of an op; the variable whose gradient is shown keeps it."""
        outputs = [self.program.name(o) for o in statement.outputs]
        keep = [f"{self.program.name(o)}.retain_grad()" for o in statement.outputs if o == self.kept]
        given = [self.argument(a) for a in statement.args]
        if statement.in_place:
            written = f"{outputs[0]} {OPERATORS[statement.op]} {given[1]}"
            return [f"{outputs[0]} = {given[0]}", written, *keep]
        given += [f"{k}={self.argument(v)}" for k, v in statement.kwargs.items()]
        if statement.op == "getitem":
            call = f"{given[0]}[{given[1]}]"
        elif statement.op in INFIX and len(given) == 2 and not statement.kwargs:
            call = f"{given[0]} {INFIX[statement.op]} {given[1]}"
        else:
            call = f"{self.callee(statement.op)}({', '.join(given)})"
        together = f"({outputs[0]},)" if statement.op in PIECES and len(outputs) == 1 else ", ".join(outputs)
        return [f"{together} = {call}", *keep]


class Torch(Paragrad):
    """The lines that run a program with torch."""

    library = "torch"
    autograd = "torch.autograd"
    dtypes: ClassVar[Mapping[str, str]] = {}

    def leaf(self, spec: Input) -> str:
        """An input as a tensor; a reversed view is copied, for torch knows no negative strides."""
        copy = ".copy()" if spec.strides is not None and min(spec.strides, default=0) < 0 else ""
        grad = ".requires_grad_()" if spec.requires_grad else ""
        return f"torch.from_numpy({spec.name}_array(){copy}){grad}"

    def callee(self, op: str) -> str:
        """torch's name of an op; of a random one the function in the script that draws as the engine does."""
        return op if TABLE[op].recover else spelled(op)
