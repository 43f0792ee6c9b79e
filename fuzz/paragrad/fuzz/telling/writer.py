"""Calls as the subject's user writes them: `a.relu()`, `relu(a)`, `a ** 2.0`, `a.sum(axis=0)`.

Expressions are syntax trees, so that parentheses come out right: the tree of `a.relu()` with `a` replaced.
"""

from __future__ import annotations

import ast
import copy
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.engines.pytorch import INFIX
from paragrad.fuzz.engines.worker.protocol import Spelling
from paragrad.fuzz.program import Apply, Dtype, Ref
from paragrad.fuzz.telling.arguments import extra

Operand = Callable[[int], ast.expr]
"""The expression that stands for a variable."""
RAW = ("array", "list")
"""Forms in which targets and conditions are given as bare numbers."""


class NoSpellingError(Exception):
    """There is no short way to write this."""


def parsed(text: str) -> ast.expr:
    """The tree of an expression. Raises SyntaxError."""
    return ast.parse(text, mode="eval").body


def replaced(tree: ast.expr, names: Mapping[str, ast.expr]) -> ast.expr:
    """The tree with expressions in the place of names."""

    class Replace(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.AST:
            return names.get(node.id, node)

    found: ast.expr = Replace().visit(copy.deepcopy(tree))
    return found


def literal(value: Any, operand: Operand) -> ast.expr:
    """An argument as an expression; Refs are operands."""
    match value:
        case Ref(index):
            return operand(index)
        case Dtype(name):
            return ast.Constant(name)
        case tuple():
            return ast.Tuple([literal(part, operand) for part in value], ast.Load())
        case slice():
            ends = [None if e is None else literal(e, operand) for e in (value.start, value.stop, value.step)]
            return ast.Slice(*ends)
        case float() if not math.isfinite(value):
            return ast.Call(ast.Name("float", ast.Load()), [ast.Constant(str(value))], [])
        case bool():
            return ast.Constant(value)
        case int() | float() if math.copysign(1, value) < 0:
            return ast.UnaryOp(ast.USub(), ast.Constant(-value))
    return ast.Constant(value)


def text(tree: ast.expr) -> str:
    """An expression as it is usually written: `a ** -0.5` without parentheses."""
    return re.sub(r"\*\* \((-[0-9.e+-]+)\)", r"** \1", ast.unparse(tree))


class Writer:
    """Writes calls in the spelling that `ops` tells, and in torch's where it tells none."""

    def __init__(self, ops: Mapping[str, Spelling], data: str = "{}.data") -> None:
        self.ops = ops
        self.data = data

    def raw(self, node: ast.expr) -> ast.expr:
        """The numbers that a node holds."""
        return replaced(parsed(self.data.format("_")), {"_": node})

    def call(self, statement: Apply, operand: Operand, rank: int = 0) -> ast.expr:
        """The call of an op, the first operand of which has `rank` dims. Raises NoSpellingError."""
        op = statement.op
        told = self.ops.get(op)
        parameters = TABLE[op].parameters
        arity = told.arity if told is not None and told.arity is not None else len(TABLE[op].operands)
        given, rest = statement.args[:arity], statement.args[arity:]
        options = {**dict(zip(parameters[arity:], rest, strict=False)), **statement.kwargs}
        arguments = told.arguments if told is not None else {}
        form = arguments.get("form")
        if form == "one-hot":
            raise NoSpellingError(op)
        operands = [self.listed(a, operand) for a in given]
        if form in RAW:
            place = 0 if op == "where" else 1
            operands[place] = self.raw(operands[place])
            if form == "list":
                operands[place] = ast.Call(ast.Attribute(operands[place], "tolist", ast.Load()), [], [])
        if op == "getitem":
            index = options.get("index", rest[0] if rest else None)
            index = index[0] if isinstance(index, tuple) and len(index) == 1 else index
            return ast.Subscript(operands[0], literal(index, lambda k: self.raw(operand(k))), ast.Load())
        places, keywords = extra(op, options, arguments, rank)
        tree = self.template(op, told, len(operands))
        names = dict(zip(("a", "b", "c"), operands, strict=False))
        made = replaced(tree, names)
        if places or keywords:
            if not isinstance(made, ast.Call):
                raise NoSpellingError(op)
            made.args += [literal(p, operand) for p in places]
            made.keywords += [ast.keyword(k, literal(v, operand)) for k, v in keywords.items()]
        return made

    def listed(self, argument: Any, operand: Operand) -> ast.expr:
        """An operand; several, as cat takes them, in a list."""
        if isinstance(argument, tuple):
            return ast.List([literal(part, operand) for part in argument], ast.Load())
        return literal(argument, operand)

    def template(self, op: str, told: Spelling | None, count: int) -> ast.expr:
        """The tree of the op on a, b, c."""
        operands = ", ".join(("a", "b", "c")[:count])
        name = op.partition(".")[0]
        plainly = f"a {INFIX[op]} b" if op in INFIX and count == 2 else f"{name}({operands})"
        # A plain list of names tells no spelling.
        wanted = plainly if told is None or told.spelled.isidentifier() else told.spelled
        if "=" in wanted:  # `a += b` is no expression
            raise NoSpellingError(op)
        try:
            return parsed(wanted)
        except SyntaxError:
            return parsed(plainly)
