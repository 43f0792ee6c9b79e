"""Operators in place, such as `y += b`, as a Program has them: where they may stand.

An Apply that is `in_place` means what Python's augmented assignment means. Its value and its gradients are those of the
op itself, so the reference runs it as that; what an engine makes of it may differ, when it writes to `y` without
recording. It may stand only where torch allows it, and where the old `y` is not looked at again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from paragrad.fuzz.program import Apply, Backward, Grad, Program, Ref, Statement, refs

OPERATORS = {"add": "+=", "sub": "-=", "mul": "*=", "div": "/=", "pow": "**=", "matmul": "@="}
"""The ops that have an operator in place, by the table's names."""
MAKERS = frozenset(("add", "sub", "mul", "neg"))
"""Ops whose output may be written to: their rules don't use it, and it shares memory with no operand."""


def legal(inputs: int, statements: Sequence[Statement]) -> frozenset[int]:
    """The positions at which a statement could stand in place, of a program with so many inputs.

    The left operand is no leaf, was made by one of MAKERS or in place, and nothing else uses it.
    """
    uses = Counter(variable for statement in statements for variable in used(statement))
    writable: set[int] = set()
    found: set[int] = set()
    for position, statement in enumerate(statements):
        if not isinstance(statement, Apply):
            continue
        left = statement.args[0] if statement.args else None
        places = isinstance(left, Ref) and left.index >= inputs and left.index in writable and uses[left.index] == 1
        if places and statement.op in OPERATORS and len(statement.args) == 2 and not statement.kwargs:
            found.add(position)
        if statement.op in MAKERS or (statement.in_place and position in found):
            writable.update(statement.outputs)
    return frozenset(found)


def used(statement: Statement) -> Iterable[int]:
    """The variables that a statement looks at, each as often as it does."""
    match statement:
        case Apply():
            return [*refs(statement.args), *refs(statement.kwargs)]
        case Backward() | Grad():
            wanted = statement.inputs if isinstance(statement, Grad) else ()
            return [*statement.roots, *wanted, *(c for c in statement.cotangents if c is not None)]
    return []


def settled(inputs: int, statements: list[Statement]) -> list[Statement]:
    """The statements with those out of place that may no longer stand in place."""
    if not any(isinstance(s, Apply) and s.in_place for s in statements):
        return statements
    places = legal(inputs, statements)
    return [
        replace(s, in_place=False) if isinstance(s, Apply) and s.in_place and k not in places else s
        for k, s in enumerate(statements)
    ]


def positions(program: Program) -> list[int]:
    """The positions of the statements that stand in place."""
    return [k for k, s in program.applications() if s.in_place]


def out_of_place(program: Program, these: Iterable[int]) -> Program:
    """The program with the statements at these positions out of place."""
    chosen = frozenset(these)
    statements: list[Statement] = [
        replace(s, in_place=False) if k in chosen and isinstance(s, Apply) else s
        for k, s in enumerate(program.statements)
    ]
    return replace(program, statements=statements)
