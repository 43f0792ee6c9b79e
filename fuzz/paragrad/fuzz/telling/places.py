"""The line of the subject's source that is to blame, as far as its text shows it.

No line is better than a wrong one, and the first line of the function is a safe one.
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.engines.foreign import Foreign, Source
from paragrad.fuzz.engines.inside import Inside
from paragrad.fuzz.judge import Finding
from paragrad.fuzz.program import Program, refs
from paragrad.fuzz.subject.backward import GRADIENT_NAMES

OVERWRITTEN = "overwritten"
"""The word of the diagnosis that blames an assignment."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the subject: its file, number and text."""

    file: str
    number: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.number}: {self.text}"


def blamed(engine: Foreign | Inside, program: Program, finding: Finding) -> Line | None:
    """The line to blame for a finding, else the first of the function, else None."""
    if finding.op in TABLE:
        source = engine.source(finding.op, gradient=finding.of_gradient)
        if source is None:
            return None
        found = of_gradient(source, finding) if finding.of_gradient else of_value(source)
        return found or first(source)
    if finding.of_gradient:
        found = of_overwriting(engine, program, finding) if OVERWRITTEN in finding.diagnosis else None
        walk = engine.source("backward")
        return found or (None if walk is None else first(walk))
    return None


def first(source: Source) -> Line:
    """The first line of a definition that is no decorator."""
    lines = source.text.splitlines() or [""]
    place = next((k for k, line in enumerate(lines) if not line.lstrip().startswith("@")), 0)
    return Line(source.file, source.line + place, lines[place].strip())


def tree_of(source: Source) -> ast.FunctionDef | None:
    """The function in a source; None where the text is cut off or no Python."""
    try:
        body = ast.parse(textwrap.dedent(source.text)).body
    except SyntaxError:
        return None
    return body[0] if body and isinstance(body[0], ast.FunctionDef) else None


def line_at(source: Source, node: ast.stmt) -> Line:
    """The line on which a statement begins."""
    return Line(source.file, source.line + node.lineno - 1, source.text.splitlines()[node.lineno - 1].strip())


def writes(tree: ast.FunctionDef, name: str) -> Iterator[ast.Assign | ast.AugAssign]:
    """The statements that write to the gradient of what goes by a name: `self.grad += ...`."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Assign | ast.AugAssign):
            continue
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            held = target.value if isinstance(target, ast.Subscript) else target
            if not isinstance(held, ast.Attribute) or held.attr not in GRADIENT_NAMES:
                continue
            if isinstance(held.value, ast.Name) and held.value.id == name:
                yield node


def operand(tree: ast.FunctionDef, place: int) -> str | None:
    """What a function calls its operand at a place."""
    names = [a.arg for a in (*tree.args.posonlyargs, *tree.args.args)]
    return names[place] if place < len(names) else None


def of_gradient(source: Source, finding: Finding) -> Line | None:
    """The only line that writes the gradient of the operand that is blamed; else where the inner function begins."""
    tree = tree_of(source)
    parameters = TABLE[finding.op].parameters
    if tree is None or finding.argument not in parameters:
        return None
    name = operand(tree, parameters.index(finding.argument))
    found = [] if name is None else list(writes(tree, name))
    if len(found) == 1:
        return line_at(source, found[0])
    inner = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    return line_at(source, inner[0]) if len(inner) == 1 else None


def of_value(source: Source) -> Line | None:
    """The line that makes what is returned: the return itself, or the only assignment to the name that it returns."""
    tree = tree_of(source)
    if tree is None:
        return None
    returned = [node for node in tree.body if isinstance(node, ast.Return)]
    if len(returned) != 1:
        return None
    if not isinstance(returned[0].value, ast.Name):
        return line_at(source, returned[0])
    name = returned[0].value.id
    made = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in node.targets)
    ]
    return line_at(source, made[0]) if len(made) == 1 else None


def of_overwriting(engine: Foreign | Inside, program: Program, finding: Finding) -> Line | None:
    """The first line, among the ops that use the variable, that assigns its gradient without what was there."""
    found: set[Line] = set()
    for _, statement in program.applications():
        source = engine.source(statement.op, gradient=True)
        tree = None if source is None else tree_of(source)
        if source is None or tree is None:
            continue
        for place, argument in enumerate(statement.args):
            name = operand(tree, place)
            if name is None or finding.variable not in set(refs(argument)):
                continue
            for node in writes(tree, name):
                if isinstance(node, ast.Assign) and not reads(node):
                    found.add(line_at(source, node))
    return min(found, key=lambda line: (line.file, line.number), default=None)


def accumulates(engine: Foreign | Inside, program: Program, variable: int) -> bool:
    """Whether each op that uses the variable adds to its gradient, as far as the source shows: no line assigns it."""
    for _, statement in program.applications():
        for place, argument in enumerate(statement.args):
            if variable not in set(refs(argument)):
                continue
            source = engine.source(statement.op, gradient=True)
            tree = None if source is None else tree_of(source)
            name = None if tree is None else operand(tree, place)
            found = [] if tree is None or name is None else list(writes(tree, name))
            if not found or any(isinstance(node, ast.Assign) and not reads(node) for node in found):
                return False
    return True


def reads(node: ast.Assign) -> bool:
    """Whether an assignment uses what it overwrites."""
    return ast.unparse(node.targets[0]) in ast.unparse(node.value)
