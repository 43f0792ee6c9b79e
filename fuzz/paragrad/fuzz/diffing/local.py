"""A local derivative in symbols: the op table's pullback with its incoming gradient taken out.

The pullback of mul with respect to input is g * other; with 1 in the place of g, and the names of the nodes in those of
the parameters, d(a*b)/da reads b.
"""

from __future__ import annotations

import ast
import copy
import functools
from collections.abc import Mapping
from typing import Any

from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.diffing.evaluated import agrees
from paragrad.fuzz.program import Array
from paragrad.fuzz.telling import rules
from paragrad.fuzz.telling.writer import replaced, text

LONGEST = 60
"""Characters of a derivative that is told; a longer one is left to its number."""
AT_A_KINK = "here the formula does not hold"
FACTS = frozenset(("shape", "shapes", "dtype"))
"""What a pullback may ask of its operand, and no reader knows."""
SPELLED = {
    ("pow", "input"): "exponent * input ** (exponent - 1)",
    ("pow", "exponent"): "out * log(input)",
    ("maximum", "input"): "1 if input > other else 0",
    ("maximum", "other"): "1 if other > input else 0",
    ("minimum", "input"): "1 if input < other else 0",
    ("minimum", "other"): "1 if other < input else 0",
    ("relu", "input"): "1 if input > 0 else 0",
    ("abs", "input"): "sign(input)",
    ("sum", "input"): "1",
    ("softplus", "input"): "sigmoid(beta * input)",
}
"""Rules whose code is about kinks, broadcasting or overflow, in the form a book has away from these."""


def symbol(
    op: str,
    parameter: str,
    names: Mapping[str, str],
    numbers: Mapping[str, Any] | None = None,
    local: Array | None = None,
) -> str:
    """d op / d parameter, with `names` (expressions) for parameters and out; "" where no rule says it in a line.

    Where the values of the names are given, and the derivative is another number there (0.5 where both operands of a
    maximum are equal), it is told as that number.
    """
    tree = _derivative(op, parameter)
    if tree is None:
        return ""
    if numbers is not None and local is not None and not agrees(tree, numbers, local):
        return f"{float(local):g}, by convention: {AT_A_KINK}" if local.shape == () else ""
    used = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)} & {*TABLE[op].parameters, "out", *FACTS}
    if not used <= names.keys():
        return ""
    try:
        told = text(_simple(replaced(tree, {n: ast.parse(names[n], mode="eval").body for n in used})))
    except (SyntaxError, RecursionError):
        return ""
    told = told.replace(" ** ", "**")
    return told if len(told) <= LONGEST else ""


@functools.cache
def _derivative(op: str, parameter: str) -> ast.expr | None:
    """The rule with 1 for the incoming gradient; None where it is no lambda that can be read by itself."""
    if (op, parameter) in SPELLED:
        return ast.parse(SPELLED[op, parameter], mode="eval").body
    entry = TABLE.get(op)
    pullback = entry.pullbacks.get(parameter) if entry is not None else None
    tree = None if pullback is None else rules.written(pullback)
    if tree is None:
        return None
    incoming = tree.args.args[0].arg
    names = {n.id for n in ast.walk(tree.body) if isinstance(n, ast.Name)}
    if names & FACTS or any(name.startswith("_") for name in names) or "no_change" in names:
        return None
    return _simple(replaced(tree.body, {incoming: ast.Constant(1)}))


def _simple(tree: ast.expr) -> ast.expr:
    """Without factors of 1, and with squares written as such."""

    class Simplify(ast.NodeTransformer):
        def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
            self.generic_visit(node)
            match node:
                case ast.BinOp(ast.Constant(1), ast.Mult(), other) | ast.BinOp(
                    other, ast.Mult() | ast.Div(), ast.Constant(1)
                ):
                    return other
                case ast.BinOp(ast.UnaryOp(ast.USub(), ast.Constant(1)), ast.Mult(), other):
                    return ast.UnaryOp(ast.USub(), other)
                case ast.BinOp(left, ast.Mult(), right) if ast.dump(left) == ast.dump(right):
                    return ast.BinOp(left, ast.Pow(), ast.Constant(2))
                case ast.BinOp(left, ast.Pow(), ast.Constant(1)):
                    return left
                case ast.BinOp(ast.Constant(int() as one), ast.Sub(), ast.Constant(int() as two)):
                    return ast.Constant(one - two) if one >= two else ast.UnaryOp(ast.USub(), ast.Constant(two - one))
            return node

        def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
            self.generic_visit(node)
            match node:
                case ast.UnaryOp(ast.USub(), ast.UnaryOp(ast.USub(), inner)):
                    return inner
            return node

    made: ast.expr = Simplify().visit(copy.deepcopy(tree))
    return made
