"""An op that an engine makes of others: `a - b` as `a + b * -1`. Where one of these is at fault, that is named."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import numpy as np

from paragrad.fuzz.engines.foreign import Foreign
from paragrad.fuzz.engines.inside import Inside
from paragrad.fuzz.judge import Finding, judge, reference
from paragrad.fuzz.program import Apply, Backward, Input, Program, Ref
from paragrad.fuzz.telling.places import tree_of
from paragrad.fuzz.trace import Engine

OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "div",
    ast.Pow: "pow",
}
POINTS = (0.7, 1.3)
"""Numbers at which the ops are asked: no kinks, no poles, inside every domain."""


def name_the_part(engine: Engine, finding: Finding) -> None:
    """Blame the op that is at fault inside of the op that is blamed, where there is one."""
    if not isinstance(engine, Foreign | Inside) or finding.kind != "gradient":
        return
    whole = finding.op
    for part in parts(engine, whole):
        inner = wrong(engine, part)
        if inner is not None and inner.kind == "gradient":
            finding.op, finding.argument = part, inner.argument
            of = f" of {inner.argument}" if inner.argument else ""
            finding.diagnosis = f"{whole} is made of {part} here, and the gradient{of} of {part} is wrong"
            return


def parts(engine: Foreign | Inside, op: str) -> list[str]:
    """The ops that an op is made of in the end, those that make nodes of their own; none where it makes one itself."""
    found: list[str] = []
    seen, open_ops = {op}, list(written_with(engine, op))
    while open_ops:
        part = open_ops.pop(0)
        if part in seen:
            continue
        seen.add(part)
        further = written_with(engine, part)
        open_ops += further
        found += [] if further else [part]
    return found


def written_with(engine: Foreign | Inside, op: str) -> list[str]:
    """The ops in the lines of an op's own function that makes no node; [] of one that does, or that is not known."""
    source = engine.source(op)
    tree = None if source is None else tree_of(source)
    if tree is None or any(isinstance(n, ast.FunctionDef | ast.Lambda) for n in ast.walk(tree) if n is not tree):
        return []
    made = str(engine.hello.spelling.get("class", ""))
    data = str(engine.hello.spelling.get("data", "")).rpartition(".")[2]
    reads = any(isinstance(n, ast.Attribute) and n.attr == data for n in ast.walk(tree))
    if reads or tree.name == "forward":  # it computes with plain numbers
        return []
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)]
    if any(n.func.id == made and len(n.args) > 1 for n in calls if isinstance(n.func, ast.Name)):
        return []
    return [name for name in dict.fromkeys(_ops(tree, _methods(engine))) if name in engine.ops()]


def _ops(tree: ast.AST, methods: dict[str, str]) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.BinOp(left, operator, right) if type(operator) in OPERATORS:
                if not (isinstance(left, ast.Constant) and isinstance(right, ast.Constant)):
                    yield OPERATORS[type(operator)]
            case ast.UnaryOp(ast.USub(), operand) if not isinstance(operand, ast.Constant):
                yield "neg"
            case ast.Call(ast.Attribute(_, name)) if name in methods:
                yield methods[name]


def _methods(engine: Foreign | Inside) -> dict[str, str]:
    """The methods that are ops, by their names."""
    spelled = {op: one.spelled for op, one in engine.hello.ops.items()}
    return {text[2:].partition("(")[0]: op for op, text in spelled.items() if text.startswith("a.")}


def wrong(engine: Engine, op: str) -> Finding | None:
    """What is wrong with the gradients of an op alone at ordinary numbers; None where nothing is."""
    inputs = [Input.of(name, np.array(x), True) for name, x in zip("ab", POINTS, strict=True)]
    args = (Ref(0), 3.0) if op == "pow" else (Ref(0), Ref(1)) if op in OPERATORS.values() else (Ref(0),)
    refs = sum(isinstance(a, Ref) for a in args)
    program = Program(inputs[:refs], [Apply(op, args, {}, (refs,)), Backward((refs,), (None,))])
    trace = engine.run(program)
    return judge(program, trace, reference(program, trace), engine, first=True).first
