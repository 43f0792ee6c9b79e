"""Operators in place: y = a * b; y += c; y *= a; then the new y is used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from paragrad.engine.ops.samples import MODERATE, Call, Output
from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.checking.forms import MISSES
from paragrad.fuzz.in_place import MAKERS
from paragrad.fuzz.program import Apply, Program
from paragrad.fuzz.strategies.builder import Builder, Variable

if TYPE_CHECKING:
    from paragrad.fuzz.checking.trials import Choice

NUMBERS = (2.0, 0.5, 1.0, 3.0, 2)


def in_place(choice: Choice) -> Iterator[Program]:
    """Each of the subject's own operators in place, by itself and after others; nothing where it has none."""
    operators = sorted(choice.in_place & {op.name for op in choice.ops})
    makers = [op.name for op in choice.ops if op.name in MAKERS]
    if not makers:
        return
    missed = 0
    while operators and missed <= MISSES:
        for op in operators:
            chain = [op, *(choice.rng.choice(operators) for _ in range(choice.rng.choice((0, 0, 1, 2))))]
            program = _written(choice, choice.rng.choice(makers), chain)
            missed = 0 if program is not None else missed + 1
            if program is not None:
                yield program


def _written(choice: Choice, maker: str, chain: Sequence[str]) -> Program | None:
    """A variable that is made, written to by each op of the chain, then used; None where a form is lacking."""
    builder = choice.builder("normal")
    shape = builder.shape(2, 2) if "matmul" in chain else builder.shape(0, 3)
    first = builder.new(shape, MODERATE, requires_grad=True)
    y = _applied(choice, builder, maker, first)
    placed = []
    for op in chain:
        if y is not None:
            placed.append(len(builder.calls))
            y = _applied(choice, builder, op, y)
    if y is None:
        return None
    builder.pool = [first, y]
    for _ in range(choice.rng.choice((0, 1, 1, 2))):
        choice.apply(builder, choice.any())
    program = choice.finish(builder)
    for position in placed:
        statement = program.statements[position]
        assert isinstance(statement, Apply)
        program.statements[position] = replace(statement, in_place=True)
    return program


def _applied(choice: Choice, builder: Builder, op: str, left: Variable) -> Variable | None:
    """`op` of `left` and something of no larger shape: a leaf or a number. None where the subject has no such form."""
    args: list[Any] = [left]
    if op != "neg":
        others = [builder.pick(NUMBERS)] if op != "matmul" else []
        if op != "pow":
            others.append(builder.new(_smaller(builder, left.shape, op), MODERATE, requires_grad=True))
        args.append(builder.pick(others))
    if not choice.has(TABLE[op], *args):
        return None
    (made,) = builder.add(TABLE[op], Call(tuple(args), {}, (Output(left.shape),)))
    return made


def _smaller(builder: Builder, shape: tuple[int, ...], op: str) -> tuple[int, ...]:
    """A shape that broadcasts into `shape`; of a matrix that keeps it, for matmul."""
    if op == "matmul":
        return (shape[-1], shape[-1])
    if builder.flag(0.6):
        return shape
    return tuple([1 if builder.flag(0.4) else n for n in shape][builder.below(len(shape) + 1) :])
