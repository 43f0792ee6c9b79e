"""A Program as one short line in the subject's spelling, and as statements for a script."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from paragrad.fuzz.engines.pytorch import INFIX
from paragrad.fuzz.program import Apply, Array, Backward, Program, Ref, refs
from paragrad.fuzz.telling.writer import NoSpellingError, Writer, literal, text

LONGEST = 90
"""Characters of an expression beyond which it is told statement by statement."""
MOST_INLINED = 12
"""Statements that may become one expression."""
LAST = 3
"""Statements that are told of a long program."""
DIGITS = 10
"""Characters of a number; a longer one is rounded."""
MOST_ELEMENTS = 12
"""Elements of an array that are told; of a larger one its shape is."""
CHAIN = 50
"""Calls of one op, each on the last, that are told as a loop."""


def lettered(program: Program) -> Program:
    """The program with inputs called a, b, c..., x26 and so on."""
    names = [chr(ord("a") + k) if k < 22 else f"x{k}" for k in range(len(program.inputs))]  # v3 is a node
    return replace(program, inputs=[replace(spec, name=n) for spec, n in zip(program.inputs, names, strict=True)])


class Expressions:
    """The expressions of one program; `shapes` are those of its variables, as far as they are known."""

    def __init__(self, program: Program, writer: Writer, shapes: Mapping[int, tuple[int, ...]]) -> None:
        self.program = program
        self.writer = writer
        self.shapes = shapes

    def name(self, variable: int) -> ast.expr:
        """The name of a variable."""
        return ast.Name(self.program.name(variable), ast.Load())

    def call(self, statement: Apply, inline: frozenset[int] = frozenset()) -> ast.expr:
        """A statement's call; operands in `inline` are written out. Raises NoSpellingError."""

        def operand(variable: int) -> ast.expr:
            maker = self.program.maker(variable) if variable in inline else None
            return self.call(maker, inline) if isinstance(maker, Apply) else self.name(variable)

        operands = [k for argument in statement.args[:1] for k in refs(argument)]
        rank = len(self.shapes.get(operands[0], ())) if operands else 0
        return self.writer.call(statement, operand, rank)

    def total(self, walk: Backward, single: bool, inline: frozenset[int] = frozenset()) -> ast.expr:
        """The root that stands for the roots of a backward: the sum of each times its cotangent."""
        terms = []
        for root, weight in zip(walk.roots, walk.cotangents, strict=True):
            maker = self.program.maker(root) if root in inline else None
            term = self.call(maker, inline) if isinstance(maker, Apply) else self.name(root)
            if weight is not None:
                term = self.joined("mul", term, self.name(weight))
            if (len(walk.roots) > 1 or single) and self.shapes.get(root, ()) != ():
                term = self.joined("sum", term)
            terms.append(term)
        total = terms[0]
        for term in terms[1:]:
            total = self.joined("add", total, term)
        return total

    def joined(self, op: str, *operands: ast.expr) -> ast.expr:
        """An op on expressions."""
        call = Apply(op, tuple(Ref(k) for k in range(len(operands))), {}, (len(operands),))
        return self.writer.call(call, lambda k: operands[k])

    def line(self, kept: int | None) -> str:
        """The whole program in one line; `kept` is a variable that has to have a name."""
        walks = sum(isinstance(s, Backward) for s in self.program.statements)
        return self.calls(kept) + (f", backward {walks} times" if walks > 1 else "")

    def calls(self, kept: int | None) -> str:
        """What is called, in one line."""
        applications = list(self.program.applications())
        if not applications:
            return "the import"
        try:
            if (loop := chain(self.program)) is not None:
                return self.loop(*loop)
            if len(applications) <= MOST_INLINED and not any(placed(s) for _, s in applications):
                whole = self.inlined(kept)
                if len(whole) <= LONGEST:
                    return whole
            last = [self.statement(s) for _, s in applications[-LAST:]]
        except NoSpellingError:
            last = [f"{self.program.name(s.outputs[0])} = {s.op}(...)" for _, s in applications[-LAST:]]
        earlier = len(applications) - len(last)
        told = f"({earlier} statements), then " if earlier else ""
        return told + "; ".join(last)

    def statement(self, statement: Apply) -> str:
        """`v3 = a * b`, in place `v3 = a; v3 *= b`. Raises NoSpellingError."""
        if placed(statement):
            return self.in_place(statement)
        names = ", ".join(self.program.name(o) for o in statement.outputs)
        return f"{names} = {text(self.call(statement))}"

    def in_place(self, statement: Apply) -> str:
        """An operator in place. Raises NoSpellingError."""
        if statement.op not in INFIX or len(statement.args) != 2:
            raise NoSpellingError(statement.op)
        first, second = (text(literal(a, self.name)) for a in statement.args)
        name = self.program.name(statement.outputs[0])
        return f"{name} = {first}; {name} {INFIX[statement.op]}= {second}"

    def inlined(self, kept: int | None) -> str:
        """Every variable that is used once written out where it is used. Raises NoSpellingError."""
        walks = [s for s in self.program.statements if isinstance(s, Backward)]
        calls = [s for _, s in self.program.applications()]
        uses = Counter(k for s in calls for a in (*s.args, *s.kwargs.values()) for k in refs(a))
        roots = Counter(k for walk in walks for k in walk.roots)
        uses.update(roots)
        made = {s.outputs[0] for s in calls if len(s.outputs) == 1}
        inline = frozenset(k for k in made if uses[k] <= 1 and k != kept)
        named = [s for s in calls if s.outputs[0] not in inline]
        lines = [f"{self.program.name(s.outputs[0])} = {text(self.call(s, inline))}" for s in named]
        if len(walks) == 1 and self.summed(walks[0]):
            root = text(self.total(walks[0], False, inline))
            return "; ".join([*lines, root] if root not in (self.program.name(k) for k in made) else lines)
        ends = [s for s in calls if s.outputs[0] in inline and (uses[s.outputs[0]] == 0 or roots[s.outputs[0]])]
        lines += [text(self.call(s, inline)) for s in ends]
        return "; ".join(lines)

    def summed(self, walk: Backward) -> bool:
        """Whether the roots of a backward are told as their sum: single numbers, with no cotangent but 1."""
        return all(w is None for w in walk.cotangents) and all(self.shapes.get(k, ()) == () for k in walk.roots)

    def loop(self, op: str, times: int, twice: bool) -> str:
        """A chain: `x = a; 1,000 times x = x * b`. Raises NoSpellingError."""
        x, other = ast.Name("x", ast.Load()), self.name(1)
        step = text(self.joined(op, *([x, x if twice else other] if binary(self.program) else [x])))
        return f"x = {self.program.name(0)}; {times:,} times x = {step}"

    def leaves(self) -> str:
        """`a = 3.0, b = 0.5`: the inputs that are used, and what is no 1 among the cotangents."""
        used = {k for _, s in self.program.applications() for a in (*s.args, *s.kwargs.values()) for k in refs(a)}
        seeds = {w for s in self.program.statements if isinstance(s, Backward) for w in s.cotangents if w is not None}
        weights = [k for k in sorted(seeds - used) if not (self.program.inputs[k].array() == 1).all()]
        told = [f"{spec.name} = {held(spec.array())}" for k, spec in enumerate(self.program.inputs) if k in used]
        if len(weights) == 1:
            told.append(f"the gradient that comes in {held(self.program.inputs[weights[0]].array())}")
        elif weights:
            told.append(f"{len(weights)} gradients that come in")
        return ", ".join(told)


def held(array: Array) -> str:
    """An input's numbers, short."""
    if array.ndim == 0:
        whole = repr(array.item())
        return whole if len(whole) <= DIGITS else f"{array.item():.{DIGITS - 2}g}"
    if array.size == 1:
        return str(array.tolist())
    text = np.array2string(array, precision=5, separator=",", max_line_width=10**6)
    text = "".join(text.split()).replace(",", ", ")
    return text if array.size <= MOST_ELEMENTS else f"an array of shape {array.shape}"


def chain(program: Program) -> tuple[str, int, bool] | None:
    """The op, how often, and whether on itself, of a program that is one op again and again on what it gave."""
    calls = [s for _, s in program.applications()]
    if any(map(placed, calls)):
        return None
    if len(calls) < CHAIN or len({(s.op, len(s.args)) for s in calls}) > 1 or any(s.kwargs for s in calls):
        return None
    last, twice = 0, len(calls[0].args) > 1 and calls[0].args[1] == calls[0].args[0]
    for call in calls:
        rest = call.args[1:]
        if call.args[0] != Ref(last) or rest not in ((), (Ref(last),) if twice else (Ref(1),)):
            return None
        last = call.outputs[0]
    return calls[0].op, len(calls), twice


def placed(statement: Apply) -> bool:
    """Whether a statement is an operator in place."""
    return bool(getattr(statement, "in_place", False))


def binary(program: Program) -> bool:
    """Whether the calls of a chain take two operands."""
    return len(next(s for _, s in program.applications()).args) > 1


def unit_cotangents_dropped(program: Program, shapes: Mapping[int, tuple[int, ...]]) -> Program:
    """The program in which a cotangent of 1 to a single number is left to be understood."""

    def weight(root: int, seed: int | None) -> int | None:
        plain = seed is not None and seed < len(program.inputs) and shapes.get(root) == ()
        return None if plain and bool((program.inputs[seed or 0].array() == 1).all()) else seed

    statements = [
        replace(s, cotangents=tuple(weight(r, c) for r, c in zip(s.roots, s.cotangents, strict=True)))
        if isinstance(s, Backward)
        else s
        for s in program.statements
    ]
    return replace(program, statements=statements)


def rounded(number: float) -> str:
    """A number to nine digits."""
    return f"{number:.9g}" if np.isfinite(number) else str(number)
