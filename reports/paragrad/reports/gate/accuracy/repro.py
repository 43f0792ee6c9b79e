"""The command that shows a change, for each kind of thing."""

from __future__ import annotations

import shlex

from paragrad.engine.ops.table import TABLE
from paragrad.reports.bodies.gate import What
from paragrad.reports.gate.accuracy import scalars, verdicts, width
from paragrad.reports.gate.accuracy.rows import Row


def repro(kind: What, row: Row) -> str:
    """What to type where there is no witness: what else asks this op, or the gate for this op alone."""
    op = shlex.quote(row["op"])
    if kind == "mutant":
        return f"paragrad mutants --only {shlex.quote(row['id'])}"
    if kind == "convention":
        return f"paragrad conventions --only {op}"
    return f"paragrad gate --accuracy --only {op}" if row["op"] else "paragrad gate --accuracy"


def lost(name: str) -> str:
    """What fails where a public name is gone: of an op, a method (`Tensor.exp`, `Value.exp`), or what a module exports,
    such as a layer."""
    owner, dot, last = name.partition(".")
    if owner in ("nn", "optim", "scalar_nn"):
        return _python(f"from paragrad.engine.{owner} import {last}")
    if owner in ("Tensor", "Value"):
        return _python(f"from paragrad.engine import {owner}; {name}")
    return _python(f"{_TABLE}; TABLE[{name!r}]" if dot else f"from paragrad.engine import {name}")


def listed(op: str, field: str) -> str:
    """What lists the parameters of an op, or (`field` is "gradients") those that have one."""
    of = "pullbacks" if field == "gradients" else "parameters"
    return _python(f"{_TABLE}; print(*TABLE[{op.removeprefix(scalars.PREFIX)!r}].{of})")


def result(row: Row) -> str:
    """What prints the dtype of an op's result, where its operands are all that a call needs; else nothing."""
    op, words = TABLE.get(row["op"]), [word.split(" ") for word in row["operands"].split(", ")]
    known = all(word[0] in verdicts.PROBED for word in words)
    if op is None or not known or not len(words) == op.arity == len(op.parameters) - len(op.defaults):
        return ""
    arrays = [f"pg.Tensor(np.ones({'()' if rest else 2}, {dtype!r}))" for dtype, *rest in words]
    return _python(f"import numpy as np, paragrad.engine as pg; print(pg.{op.name}({', '.join(arrays)}).dtype)")


def passed(row: Row) -> str:
    """What shows the number that the judge called a bug, and what it says of it now."""
    return f"python -m {width.__name__} {shlex.quote(row['case'])} {row['dtype']} {row['ulp']}"


_TABLE = "from paragrad.engine.ops.table import TABLE"


def _python(code: str) -> str:
    text = code.replace("'", '"')
    return f"python -c {shlex.quote(text)}"
