"""Torch's conventions as people read them: rows for a terminal and a page, both from the table alone."""

from __future__ import annotations

from itertools import groupby

from paragrad.fuzz.judge.conventions.ours import DIFFERENT
from paragrad.fuzz.judge.conventions.probe import DTYPES, Answer
from paragrad.fuzz.judge.conventions.table import Table, minor, parts, told
from paragrad.reports.render.markdown import code, table, text

Row = tuple[str, str, str, str]
"""The call, the dtype ("" where all agree), the value and the gradients."""


def rows(conventions: Table) -> list[Row]:
    """One row a point, or one a dtype where these differ."""
    found: list[Row] = []
    for point in conventions.answers[DTYPES[0]]:
        said = {dtype: said_of(conventions.answers[dtype][point]) for dtype in DTYPES}
        alike = len(set(said.values())) == 1
        found += [(point, "" if alike else dtype, *said[dtype]) for dtype in (DTYPES[:1] if alike else DTYPES)]
    return found


def said_of(answer: Answer) -> tuple[str, str]:
    """The value, and the gradient of each operand; its name is left out where it is the only one."""
    if "refused" in answer:
        return f"refused: {answer['refused']}", ""
    named = {name.removeprefix("gradient of "): told(part) for name, part in parts(answer).items()}
    gradients = [name for name in named if name in answer.get("gradients", {})]
    values = "; ".join(told for name, told in named.items() if name not in gradients)
    if len(gradients) == 1:
        return values, named[gradients[0]]
    return values, ", ".join(f"{name} {named[name]}" for name in gradients)


def page(conventions: Table) -> str:
    """The Markdown page of a table."""
    version = minor(conventions.version)
    blocks = [
        "# What torch does at kinks and singular points",
        f"<!-- Made from the table of torch {version} by `paragrad conventions --output docs/conventions.md`. -->",
        f"Measured on torch {conventions.version}, CPU. `[1]` is a tensor, `1` a Python number. "
        "A gradient starts from 1 at each element of the output; for cumprod, cumsum, softmax, log\\_softmax, "
        "layer\\_norm, max\\_pool2d, sort, topk and dropout from 1, 2, ... so that its elements can be told apart "
        "(from 1, 2, 4, ... for cumulative ops and sort). "
        "*a or b*: torch's vector code does the one, its code for the elements left over the other. "
        "float32 and float64 are told apart where they differ.",
        "paragrad's own engine does the same everywhere (`parity_tests/test_conventions.py`), except:",
        "\n".join(f"- {code(point)}: {text(reason)}" for point, reason in DIFFERENT.items()),
    ]
    for op, group in groupby(rows(conventions), key=lambda row: row[0].partition("(")[0]):
        lines = [(code(point), dtype, text(value), text(gradient)) for point, dtype, value, gradient in group]
        blocks += [f"## {text(op)}", table(("call", "dtype", "value", "gradient"), lines, left=4)]
    return "\n\n".join(blocks) + "\n"
