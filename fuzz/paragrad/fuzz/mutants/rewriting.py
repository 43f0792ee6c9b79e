"""A function's code with one thing changed: a number, a comparison, an operator, or a statement left out.

The source is parsed, one node changed and the function compiled anew, so that what is enumerated depends on the source
and not on the version of Python. Left alone are docstrings, annotations, defaults, and whatever only refuses a call.
"""

from __future__ import annotations
import __future__

import ast
import copy
import functools
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType

Change = Callable[[], None]
FLAGS = __future__.annotations.compiler_flag
"""What every module of ours is compiled with."""

COMPARISONS: dict[type, type] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
}
OPERATORS: dict[type, type] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
FUNCTIONS = {"add": "subtract", "subtract": "add", "multiply": "divide", "divide": "multiply"}
"""Names of NumPy's functions that stand for an operator."""


@dataclass(frozen=True, slots=True)
class Rewrite:
    """The `number`-th possible change of a function, of a kind, in words."""

    kind: str
    number: int
    words: str


def number_instead(value: bool | int | float) -> bool | int | float:
    """A wrong constant: the other truth value, the next whole number, a float that is off by a thousandth."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    return value * (1 + 2.0**-10) if value else 2.0**-10


def refuses(node: ast.AST) -> bool:
    """Whether a node does nothing but refuse a call, as `strict=True` of zip does."""
    if isinstance(node, ast.Raise | ast.Assert) or (isinstance(node, ast.keyword) and node.arg == "strict"):
        return True
    return isinstance(node, ast.If) and not node.orelse and all(isinstance(part, ast.Raise) for part in node.body)


def inside(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes below a function's, in the order of the source."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "args") and not isinstance(node, ast.Call):
            continue
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or isinstance(child, ast.JoinedStr) or refuses(child):
                continue
            if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
                continue
            yield child
            yield from inside(child)


def changes(function: ast.AST) -> Iterator[tuple[str, str, Change]]:
    """Every change of a function's tree: its kind, what it is in words, and how to make it."""
    for node in inside(function):
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Constant) and isinstance(node.value, bool | int | float):
            wrong = number_instead(node.value)
            yield "constant", f"{wrong!r} for {node.value!r}", functools.partial(setattr, node, "value", wrong)
        elif isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARISONS:
            other = COMPARISONS[type(node.ops[0])]
            words = f"{SIGNS[other]} for {SIGNS[type(node.ops[0])]} in {ast.unparse(node)}"
            yield "comparison", words, functools.partial(node.ops.__setitem__, 0, other())
        elif isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in OPERATORS:
            other = OPERATORS[type(node.op)]
            words = f"{SIGNS[other]} for {SIGNS[type(node.op)]} in {ast.unparse(node)}"
            yield "operator", words, functools.partial(setattr, node, "op", other())
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            twice = ast.copy_location(ast.UnaryOp(ast.USub(), node.operand), node)
            yield "operator", f"no minus in {ast.unparse(node)}", functools.partial(setattr, node, "operand", twice)
        elif isinstance(node, ast.Attribute) and node.attr in FUNCTIONS and ast.unparse(node.value) == "np":
            words = f"{FUNCTIONS[node.attr]} for {node.attr} in line {line - getattr(function, 'lineno', 0)}"
            yield "operator", words, functools.partial(setattr, node, "attr", FUNCTIONS[node.attr])
        elif isinstance(node, ast.If | ast.IfExp):
            words = f"not ({ast.unparse(node.test)})"
            wrong_test = ast.copy_location(ast.UnaryOp(ast.Not(), node.test), node.test)
            yield "condition", words, functools.partial(setattr, node, "test", wrong_test)
        yield from deletions(node)


def deletions(node: ast.AST) -> Iterator[tuple[str, str, Change]]:
    """The calls and augmented assignments directly below a statement or function that may be left out."""
    for name in ("body", "orelse"):
        body = getattr(node, name, None)
        if not isinstance(body, list):
            continue
        for k, statement in enumerate(body):
            call = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)
            if call or isinstance(statement, ast.AugAssign):
                blank = ast.copy_location(ast.Pass(), statement)
                words = f"without {ast.unparse(statement)}"
                yield "deletion", words, functools.partial(body.__setitem__, k, blank)


SIGNS: dict[type, str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "**",
    ast.BitAnd: "&",
    ast.BitOr: "|",
}
"""How an operator is written."""


@functools.cache
def tree_of(path: str) -> ast.Module:
    """The syntax tree of a source file."""
    return ast.parse(Path(path).read_text(encoding="utf-8"))


def alone(node: ast.Lambda | ast.FunctionDef) -> CodeType:
    """The code of one function."""
    if isinstance(node, ast.Lambda):
        whole = compile(ast.fix_missing_locations(ast.Expression(node)), "<rewritten>", "eval", FLAGS, True)
    else:
        bare = ast.FunctionDef(node.name, node.args, node.body, [], None, None)
        module = ast.fix_missing_locations(ast.Module([ast.copy_location(bare, node)], []))
        whole = compile(module, "<rewritten>", "exec", FLAGS, True)
    return next(constant for constant in whole.co_consts if isinstance(constant, CodeType))


@functools.cache
def node_of(function: FunctionType) -> ast.Lambda | ast.FunctionDef | None:
    """The node of a function in its file; None for one that closes over variables, which can't be compiled alone."""
    code = function.__code__
    if code.co_freevars:
        return None
    found: list[ast.Lambda | ast.FunctionDef] = []
    for node in ast.walk(tree_of(inspect.getfile(function))):
        if isinstance(node, ast.Lambda) and code.co_name == "<lambda>" and node.lineno == code.co_firstlineno:
            if alone(node) == code:
                return node
            found.append(node)
        elif isinstance(node, ast.FunctionDef) and node.name == code.co_name:
            first = min([node.lineno, *(mark.lineno for mark in node.decorator_list)])
            if first == code.co_firstlineno:
                return node
    # Python may write the code of equal lambdas differently, so one that has its line for itself needs no comparison.
    return found[0] if len(found) == 1 else None


def rewrites(function: FunctionType) -> list[Rewrite]:
    """Every change of a function."""
    node = node_of(function)
    if node is None:
        return []
    return [Rewrite(kind, k, words) for k, (kind, words, _) in enumerate(changes(node))]


def rewritten(function: FunctionType, number: int) -> CodeType:
    """The function's code with that change."""
    node = copy.deepcopy(node_of(function))
    assert node is not None
    for k, (_, _, change) in enumerate(changes(node)):
        if k == number:
            change()
            break
    return alone(node).replace(co_filename=function.__code__.co_filename, co_name=function.__code__.co_name)
