"""The rule that was meant, quoted from the op table: a pullback's own source, or what the op computes."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from typing import Any

from paragrad.engine.ops.table import TABLE


def of_gradient(op: str, argument: str) -> str | None:
    """The pullback of an op with respect to one parameter: `gradient of input = grad * (1 - out * out)`.

    None where it is no lambda that can be read by itself.
    """
    entry = TABLE.get(op)
    pullback = entry.pullbacks.get(argument) if entry is not None else None
    tree = None if pullback is None else written(pullback)
    if tree is None:
        return None
    private = [n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and n.id.startswith("_")]
    if private:
        return None
    first = tree.args.args[0].arg
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id == first:
            node.id = "grad"
    text = ast.unparse(tree.body)
    outs = " and out its result" if any(isinstance(n, ast.Name) and n.id == "out" for n in ast.walk(tree)) else ""
    return f"gradient of {argument} = {text}, with grad that of {op}{outs}"


def of_value(op: str) -> str | None:
    """What an op computes: the first sentence of its docstring."""
    entry = TABLE.get(op)
    if entry is None or not entry.compute.__doc__:
        return None
    return f"{op} = {entry.compute.__doc__.strip().partition('. ')[0].splitlines()[0].rstrip('.')}"


def written(function: Callable[..., Any]) -> ast.Lambda | None:
    """The lambda that a function is, found in its file by line and parameters; None for any other."""
    code = function.__code__
    try:
        lines, _ = inspect.findsource(function)
    except OSError:
        return None
    wanted = list(inspect.signature(function).parameters)
    tree = ast.parse(textwrap.dedent("".join(lines)))
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Lambda)
        and node.lineno == code.co_firstlineno
        and [a.arg for a in node.args.args] == wanted
    ]
    return found[0] if len(found) == 1 else None
