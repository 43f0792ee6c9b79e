"""The number that a derivative in symbols is: the syntax tree of a rule of the op table is walked."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.program import Array

BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
COMPARED: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
CLOSE = 1e-6


class UnknownError(Exception):
    """A part of a rule that is not known here."""


def agrees(tree: ast.expr, numbers: Mapping[str, Any], local: Array) -> bool:
    """Whether a derivative in symbols is the number `local` where its names have these values; true if unknown."""
    with np.errstate(all="ignore"):
        try:
            found = np.asarray(value(tree, numbers), np.float64)
            return bool(np.allclose(np.broadcast_to(found, local.shape), local, CLOSE, 0.0, equal_nan=True))
        except (UnknownError, TypeError, ValueError, ArithmeticError):
            return True


def value(tree: ast.expr, numbers: Mapping[str, Any]) -> Any:
    """The value of an expression of numbers, names, operators and ops. Raises UnknownError for anything else."""
    match tree:
        case ast.Constant(int() | float() as number):
            return np.float64(number)
        case ast.Name(name) if name in numbers:
            return numbers[name]
        case ast.UnaryOp(ast.USub(), operand):
            return -value(operand, numbers)
        case ast.BinOp(left, sign, right) if type(sign) in BINARY:
            return BINARY[type(sign)](value(left, numbers), value(right, numbers))
        case ast.Compare(left, [sign], [right]) if type(sign) in COMPARED:
            return COMPARED[type(sign)](value(left, numbers), value(right, numbers))
        case ast.IfExp(test, body, orelse):
            return np.where(value(test, numbers), value(body, numbers), value(orelse, numbers))
        case ast.Call(ast.Name(name), args, []) if name in TABLE:
            return TABLE[name].compute(*(value(a, numbers) for a in args))
    raise UnknownError(ast.unparse(tree))
