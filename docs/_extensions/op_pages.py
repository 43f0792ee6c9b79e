"""The reference of ops, made from the op table: one page a family, and an index by name.

Of each op: signature, docstring, gradients as the table states them, declared rounding, measured ULP (the committed
baseline's), what torch and the engine do at kinks (the committed table's), and the source of value and pullbacks.
"""

from __future__ import annotations

import ast
import inspect
from collections import defaultdict
from itertools import groupby
from pathlib import Path
from typing import Any

import generated
import torch
from sphinx.application import Sphinx

from paragrad.engine import ops
from paragrad.engine.ops.rounding import COMPOSITE, MOVES, Analysed, Elementwise
from paragrad.engine.ops.table import TABLE, Op
from paragrad.fuzz.judge.conventions.table import load
from paragrad.fuzz.telling.rules import written
from paragrad.reports.gate.accuracy import baseline
from paragrad.reports.render.conventions import rows as points
from paragrad.reports.render.markdown import code, number, table, text

ROOT = Path(__file__).parents[2]


def family(op: Op) -> str:
    """The name of the file that holds the op."""
    return str(op.compute.__module__).rpartition(".")[2]


def anchor(op: Op) -> str:
    """Where the op is in its page."""
    return "op-" + op.name.replace(".", "-").replace("_", "-")


def signature(op: Op) -> str:
    """The call, with defaults; types are in the source."""
    given = [f"{name}={op.defaults[name]!r}" if name in op.defaults else name for name in op.parameters]
    return f"{op.name}({', '.join(given)})"


def rounding(op: Op) -> str:
    """What the op declares, in words."""
    kind = op.rounding
    if kind is COMPOSITE:
        return "Written with other ops, which round."
    if kind is MOVES:
        return "Moves numbers and rounds nothing."
    if isinstance(kind, Elementwise):
        return f"Declared to lie within {kind.ulps:g} ULP of the truth." if kind.ulps else "Exact."
    if isinstance(kind, Analysed):
        return "States a bound on its own rounding, in the source."
    return "A sum of products, added in any order: the bound is one rounding for each term."


def gradients(op: Op) -> list[str]:
    """One line a pullback, as the table states it."""
    lines = []
    for name, pullback in op.pullbacks.items():
        tree = written(pullback)
        if tree is None:
            lines.append(f"- gradient of {code(name)}: {code(pullback.__name__)}, in the source")
        else:
            lines.append(f"- gradient of {code(name)} = {code(ast.unparse(tree.body))}")
    outs = " and ".join(code(name) for name in op.outputs)
    return [f"With `g` the gradient of {outs}:", "", *lines] if lines else ["No gradient."]


def measured(rows: list[dict[str, Any]]) -> list[str]:
    """The table of ULP, of the baseline."""
    if not rows:
        return []
    cells = [
        (text(row["of"]), row["dtype"], number(row["max"]), number(row["p999"]), number(row["torch"])) for row in rows
    ]
    heads = ("of", "dtype", "largest error, ULP", "99.9 %", "torch's largest")
    return [table(heads, cells, left=2), ""]


def kinks(rows: list[tuple[str, str, str, str]]) -> list[str]:
    """The table of conventions of one op."""
    if not rows:
        return []
    cells = [(code(point), dtype, text(value), text(gradient)) for point, dtype, value, gradient in rows]
    return ["At kinks and poles, as torch:", "", table(("call", "dtype", "value", "gradient"), cells, left=4), ""]


def section(op: Op, ulp: list[dict[str, Any]], conventions: list[tuple[str, str, str, str]]) -> list[str]:
    """All that is said about one op."""
    source = inspect.getsource(op.compute).rstrip()
    return [
        f"({anchor(op)})=",
        f"## {text(op.name)}",
        "",
        f"{code(signature(op))}" + (", for rules only: torch has no such op" if op.internal else ""),
        "",
        text(inspect.getdoc(op.compute) or ""),
        "",
        *gradients(op),
        "",
        rounding(op),
        "",
        *measured(ulp),
        *kinks(conventions),
        "<details><summary>Source</summary>",
        "",
        "```python",
        source,
        "```",
        "",
        "</details>",
        "",
    ]


def index(by_name: list[Op]) -> str:
    """All ops in the order of the alphabet, and the families."""
    told = "under torch's names and with torch's arguments. Each is an entry of the op table, which this is made from."
    lines = ["# Ops", "", f"{len(by_name)} ops, {told}"]
    for letter, group in groupby(by_name, key=lambda op: op.name[0]):
        lines += ["", f"**{letter}** · " + " · ".join(f"[{text(op.name)}](#{anchor(op)})" for op in group)]
    return "\n".join([*lines, "", "```{toctree}", ":hidden:", ":glob:", "", "[a-z]*", "```", ""])


def pages() -> dict[str, str]:
    """The pages by file name."""
    accuracy = baseline.read(ROOT / baseline.DEFAULT)["rows"]["ulp"]
    ulp: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in accuracy:
        ulp[row["op"]].append(dict(row))
    conventions: dict[str, list[tuple[str, str, str, str]]] = defaultdict(list)
    known = load(torch.__version__)
    for point in points(known) if known else ():
        conventions[point[0].partition("(")[0]].append(point)
    by_family: dict[str, list[Op]] = defaultdict(list)
    for op in sorted(TABLE.values(), key=lambda op: op.name):
        by_family[family(op)].append(op)
    made = {"index.md": index(sorted((op for op in TABLE.values() if not op.internal), key=lambda op: op.name))}
    for name, members in by_family.items():
        module = inspect.getdoc(getattr(ops, name)) or ""
        lines = [f"# {name.replace('_', ' ').capitalize()}", "", f"In `engine/paragrad/engine/ops/{name}.py`.", ""]
        lines += [text(module.partition("\n\n")[0]), ""]
        for op in members:
            lines += section(op, ulp[op.name], conventions[op.name])
        made[f"{name}.md"] = "\n".join(lines)
    return made


def make(app: Sphinx) -> None:
    """Write the pages before Sphinx looks for sources."""
    generated.write(Path(app.srcdir) / "generated" / "ops", pages())


def setup(app: Sphinx) -> dict[str, Any]:
    """Hook in."""
    app.connect("config-inited", lambda app, config: make(app))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
