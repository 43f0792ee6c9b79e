"""A finding as a person reads it: the Program node by node, this engine's numbers beside torch's."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from paragrad.fuzz.in_place import OPERATORS
from paragrad.fuzz.judge import Finding
from paragrad.fuzz.program import Apply, Dtype, Grad, Program, Ref
from paragrad.fuzz.trace import Trace

WIDTH = 110


def expression(program: Program, variable: int) -> str:
    """How a variable is made: `matmul(x0, x1)`, or the shape and dtype of an input."""
    maker = program.maker(variable)
    if maker is None:
        spec = program.inputs[variable]
        return f"{spec.dtype}{list(spec.shape)}" + (" requires grad" if spec.requires_grad else "")
    if isinstance(maker, Grad):
        return f"gradient of {', '.join(map(program.name, maker.roots))}"
    assert isinstance(maker, Apply)
    given = [_argument(program, a) for a in maker.args]
    if maker.in_place:
        return f"{given[0]} {OPERATORS[maker.op]} {given[1]}"
    given += [f"{k}={_argument(program, v)}" for k, v in maker.kwargs.items()]
    place = f"[{maker.outputs.index(variable)}]" if len(maker.outputs) > 1 else ""
    return f"{maker.op}({', '.join(given)}){place}"


def _argument(program: Program, argument: Any) -> str:
    match argument:
        case Ref(index):
            return program.name(index)
        case Dtype(name):
            return name
        case tuple():
            return "(" + ", ".join(_argument(program, part) for part in argument) + ")"
        case slice():
            ends = ["" if e is None else _argument(program, e) for e in (argument.start, argument.stop, argument.step)]
            return ":".join(ends)
    return "..." if argument is Ellipsis else repr(argument)


def short(array: Any) -> str:
    """An array in a few characters; what an engine shows in its place as it is."""
    if not isinstance(array, np.ndarray):
        return "none" if array is None else repr(array)[:40]
    if array.size == 1:
        return f"{array.reshape(-1)[0]:.9g}"
    text = np.array2string(array, precision=5, threshold=6, edgeitems=2, separator=" ").replace("\n", "")
    return " ".join(text.split())


def table(program: Program, mine: Trace, torchs: Trace, finding: Finding, name: str = "mine") -> Table:
    """Each variable: how it is made, its value and gradient on both sides; the first divergence starred."""
    title = f"{finding.title}: {finding.message}" + (f"\n{finding.verdict}" if finding.verdict else "")
    # Cells are Text: rich would take `[nan nan]` or a shape for markup, and leave it out.
    result = Table(title=Text(title), title_justify="left", expand=False)
    for header in ("node", "made by", f"value {name}", "value torch", f"gradient {name}", "gradient torch"):
        result.add_column(header, overflow="fold")
    last = max(torchs.gradients, default=-1)
    for variable in range(program.count):
        here, there = mine.gradients.get(last, {}), torchs.gradients.get(last, {})
        star = "* " if variable == finding.variable else ""
        cells = (
            star + program.name(variable),
            expression(program, variable),
            short(mine.values.get(variable)),
            short(torchs.values.get(variable)),
            short(here.get(variable)) if variable in there else "",
            short(there.get(variable)) if variable in there else "",
        )
        result.add_row(*map(Text, cells), style="bold red" if star else None)
    return result


def text(program: Program, mine: Trace, torchs: Trace, finding: Finding) -> str:
    """The table as plain text."""
    # Without these rich shows the table to a notebook in place of the file, and marks it up where colours are forced.
    console = Console(file=io.StringIO(), width=WIDTH, no_color=True, force_jupyter=False, force_terminal=False)
    console.print(table(program, mine, torchs, finding))
    file: Any = console.file
    return str(file.getvalue())
