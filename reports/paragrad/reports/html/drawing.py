"""A Program as a drawing: inputs and ops as nodes, operands as arrows in their order, the roots of backward marked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from markupsafe import Markup

from paragrad.engine.draw import MOST, Edge, Graph, GraphError, Node, svg
from paragrad.fuzz.encoding import ProgramError, from_json
from paragrad.fuzz.program import Apply, Backward, Dtype, Grad, Input, Program, Ref, refs


def program_svg(program: dict[str, Any], name: str = "the program", starred: int | None = None) -> Markup | None:
    """A program as JSON (`paragrad.fuzz.encoding`) as inline SVG, with the variable of number `starred` set apart;
    `name` is how a screen reader announces it. None where there is no drawing: of a program that this version can't
    read, or of one with more than MOST nodes."""
    try:
        graph = program_graph(from_json(program), name, starred)
        return Markup(svg(graph)) if len(graph.nodes) <= MOST else None
    except (ProgramError, GraphError):
        return None


def program_graph(program: Program, name: str, starred: int | None = None) -> Graph:
    """A program as a graph: a node an input and a node a statement that makes variables."""
    return Drawer(program, starred).graph(name)


class Drawer:
    """One program; `owner` tells the node that stands for each variable."""

    def __init__(self, program: Program, starred: int | None) -> None:
        self.program = program
        self.starred = starred
        self.owner: dict[int, str] = {}
        walks = [s for s in program.statements if isinstance(s, Backward | Grad)]
        self.roots = {root for walk in walks for root in walk.roots}
        self.seeds = {seed for walk in walks for seed in walk.cotangents if seed is not None}
        self.steps = sum(1 for s in program.statements if isinstance(s, Backward))

    def graph(self, name: str) -> Graph:
        """Inputs first, then statements in order. Inputs that only start a backward are left out, as nothing is
        computed from them."""
        program = self.program
        nodes: list[Node] = []
        edges: list[Edge] = []
        used = set(self.roots)
        for statement in program.statements:
            if isinstance(statement, Apply | Grad):
                used.update(operands(statement))
        for variable, spec in enumerate(program.inputs):
            if variable in used or variable not in self.seeds:
                nodes.append(self.leaf(variable, spec))
        for statement in program.statements:
            if isinstance(statement, Apply | Grad):
                node = self.made(statement)
                nodes.append(node)
                edges += [Edge(self.owner[k], node.id) for k in operands(statement)]
                self.owner.update(dict.fromkeys(statement.outputs, node.id))
        ops = sum(1 for _ in program.applications())
        told = f"{name}: {len(program.inputs)} inputs, {ops} ops, {self.steps} backward passes"
        return Graph(told, nodes, edges)

    def leaf(self, variable: int, spec: Input) -> Node:
        """An input: its name, shape and dtype."""
        self.owner[variable] = f"n{variable}"
        detail = f"{spec.dtype.name}{list(spec.shape)}"
        title = f"{spec.name}: {detail}, {'requires grad' if spec.requires_grad else 'a constant'}"
        if spec.strides is not None:
            title += f", strides {list(spec.strides)}, offset {spec.offset}"
        kind = "input" if spec.requires_grad else "input constant"
        return Node(f"n{variable}", spec.name, detail, title, self.marked(kind, (variable,)))

    def made(self, statement: Apply | Grad) -> Node:
        """A statement: the variables that it makes, its op, and the arguments that are no variables."""
        names = ", ".join(map(self.program.name, statement.outputs))
        at = f"n{statement.outputs[0]}"
        if isinstance(statement, Grad):
            label = f"{names} = gradient of {', '.join(map(self.program.name, statement.roots))}"
            return Node(at, label, "", label, self.marked("op gradient", statement.outputs))
        given = [self.told(a) for a in statement.args]
        named = [f"{key}={self.told(a)}" for key, a in statement.kwargs.items()]
        plain = [word for word, a in zip(given, statement.args, strict=True) if type(a) is not Ref]
        title = f"{names} = {statement.op}({', '.join([*given, *named])})"
        if statement.in_place:
            title += ", in place"
        detail = ", ".join([*plain, *named])
        return Node(at, f"{names} = {statement.op}", detail, title, self.marked("op", statement.outputs))

    def marked(self, kind: str, outputs: tuple[int, ...]) -> str:
        """The kind of a node, with "root" where a backward starts and "starred" for the variable set apart."""
        if self.roots.intersection(outputs):
            kind += " root"
        return f"{kind} starred" if self.starred in outputs else kind

    def told(self, argument: Any) -> str:
        """An argument as one writes it."""
        match argument:
            case Ref(index):
                return self.program.name(index)
            case Dtype(name):
                return name
            case tuple():
                return f"({', '.join(map(self.told, argument))})"
            case slice():
                ends = (argument.start, argument.stop, argument.step)
                return ":".join("" if end is None else self.told(end) for end in ends)
        return "..." if argument is Ellipsis else repr(argument)


def operands(statement: Apply | Grad) -> Iterator[int]:
    """The variables that a statement uses, in order."""
    if isinstance(statement, Apply):
        yield from refs(statement.args)
        yield from refs(statement.kwargs)
    else:
        yield from statement.roots
        yield from (seed for seed in statement.cotangents if seed is not None)
