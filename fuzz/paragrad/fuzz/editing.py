"""Edits of Programs that keep them valid: what the shrinker is made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from paragrad.fuzz.in_place import settled
from paragrad.fuzz.program import (
    Apply,
    Array,
    Backward,
    Grad,
    Input,
    OptimizerStep,
    Program,
    Ref,
    Statement,
    refs,
    replace_refs,
)


def operands(statement: Statement) -> set[int]:
    """The variables without which a statement makes no sense."""
    match statement:
        case Apply():
            return {*refs(statement.args), *refs(statement.kwargs)}
    return set()


def pruned(statement: Grad, gone: set[int]) -> Grad:
    """A Grad without the roots and inputs that are gone."""
    ends = [(r, c) for r, c in zip(statement.roots, statement.cotangents, strict=True) if r not in gone]
    pairs = [(i, o) for i, o in zip(statement.inputs, statement.outputs, strict=True) if i not in gone]
    roots, cotangents = tuple(r for r, _ in ends), tuple(c for _, c in ends)
    return Grad(roots, cotangents, tuple(i for i, _ in pairs), tuple(o for _, o in pairs))


def renumbered(program: Program, inputs: Sequence[tuple[int, Input]], statements: Iterable[Statement]) -> Program:
    """A Program of these inputs, given with the numbers that `statements` know them by. Raises KeyError for others."""
    number = {old: new for new, (old, _) in enumerate(inputs)}
    made: list[Statement] = []

    def new(variables: Iterable[Any]) -> tuple[Any, ...]:
        return tuple(None if v is None else number[v] for v in variables)

    def take(outputs: Iterable[int]) -> tuple[int, ...]:
        first = len(number)
        number.update((old, first + k) for k, old in enumerate(outputs))
        return new(outputs)

    for statement in statements:
        match statement:
            case Apply(op, args, kwargs, outputs, in_place):
                args = tuple(replace_refs(a, lambda v: Ref(number[v])) for a in args)
                kwargs = {k: replace_refs(a, lambda v: Ref(number[v])) for k, a in kwargs.items()}
                made.append(Apply(op, args, kwargs, take(outputs), in_place))
            case Backward(roots, cotangents):
                made.append(replace(statement, roots=new(roots), cotangents=new(cotangents)))
            case Grad(roots, cotangents, wanted, outputs):
                ends = new(roots), new(cotangents), new(wanted)
                made.append(Grad(*ends, take(outputs)))
            case _:
                made.append(statement)
    optimizer = program.optimizer
    if optimizer is not None:
        steps = any(isinstance(s, OptimizerStep) for s in made)
        optimizer = replace(optimizer, parameters=new(optimizer.parameters)) if steps else None
    return Program([spec for _, spec in inputs], settled(len(inputs), made), optimizer)


def without(program: Program, dropped: set[int], values: dict[int, Array]) -> Program | None:
    """The program without these statements and all that depends on them; None if nothing would be left.

    What is left without a consumer becomes a root of the last backward, with the cotangent 1, 2, 3, ...
    """
    gone: set[int] = set()
    kept: list[Statement] = []
    for position, statement in enumerate(program.statements):
        if position in dropped or operands(statement) & gone:
            if isinstance(statement, Apply | Grad):
                gone.update(statement.outputs)
            continue
        if isinstance(statement, Grad):
            fewer = pruned(statement, gone)
            gone.update(set(statement.outputs) - set(fewer.outputs))
            if not fewer.roots or not fewer.outputs:
                continue
            statement = fewer
        kept.append(statement)
    inputs = list(enumerate(program.inputs))
    made = [o for s in kept if isinstance(s, Apply) for o in s.outputs]
    consumed = set().union(*map(operands, kept)) if kept else set()
    lasts = [k for k, s in enumerate(kept) if isinstance(s, Backward)]
    for position in lasts:
        walk = kept[position]
        assert isinstance(walk, Backward)
        ends = [(r, c) for r, c in zip(walk.roots, walk.cotangents, strict=True) if r not in gone]
        if position == lasts[-1]:
            rooted = {r for r, _ in ends}
            for variable in made:
                value = values.get(variable)
                if value is None or value.dtype.kind != "f" or variable in consumed or variable in rooted:
                    continue
                number = program.count + len(inputs)
                ones = np.arange(1, value.size + 1).astype(value.dtype).reshape(value.shape)
                inputs.append((number, Input.of(f"c{len(inputs)}", ones)))
                ends.append((variable, number))
        kept[position] = replace(walk, roots=tuple(r for r, _ in ends), cotangents=tuple(c for _, c in ends))
    return tidy(program, inputs, kept)


def tidy(program: Program, inputs: Sequence[tuple[int, Input]], statements: Iterable[Statement]) -> Program | None:
    """These inputs and statements less what is pointless: roots that are inputs, empty backwards, unused inputs."""
    numbers = {number for number, _ in inputs}
    kept: list[Statement] = []
    for statement in statements:
        if isinstance(statement, Backward):
            pairs = zip(statement.roots, statement.cotangents, strict=True)
            ends = [(r, c) for r, c in pairs if r not in numbers]
            if not ends:
                continue
            statement = replace(statement, roots=tuple(r for r, _ in ends), cotangents=tuple(c for _, c in ends))
        kept.append(statement)
    used = set(program.optimizer.parameters) if program.optimizer else set()
    for statement in kept:
        used |= operands(statement)
        if isinstance(statement, Grad):
            used.update(statement.inputs)
        if isinstance(statement, Backward | Grad):
            used.update(c for c in statement.cotangents if c is not None)
    try:
        found = renumbered(program, [(n, spec) for n, spec in inputs if n in used], kept)
    except KeyError:
        return None
    return found if any(isinstance(s, Apply) for s in found.statements) else None


def without_target(program: Program, position: int, target: int) -> Program | None:
    """The program with one target less in the Grad at `position`, and nothing carried back from its gradient."""
    statement = program.statements[position]
    assert isinstance(statement, Grad)
    fewer = pruned(statement, {target})
    gone = set(statement.outputs) - set(fewer.outputs)
    statements: list[Statement] = []
    for k, other in enumerate(program.statements):
        if operands(other) & gone:
            return None
        if isinstance(other, Backward):
            ends = [(r, c) for r, c in zip(other.roots, other.cotangents, strict=True) if r not in gone]
            other = replace(other, roots=tuple(r for r, _ in ends), cotangents=tuple(c for _, c in ends))
        statements.append(fewer if k == position else other)
    return tidy(program, list(enumerate(program.inputs)), statements)


def cut(program: Program, position: int, values: dict[int, Array]) -> Program | None:
    """The program with the outputs of one statement made inputs that hold `values`."""
    statement = program.statements[position]
    assert isinstance(statement, Apply)
    fresh = [(o, Input.of(f"y{o}", values[o], values[o].dtype.kind == "f")) for o in statement.outputs]
    rest = [s for k, s in enumerate(program.statements) if k != position]
    return tidy(program, [*enumerate(program.inputs), *fresh], rest)


def with_input(program: Program, index: int, spec: Input) -> Program:
    """The program with another input in the place of one."""
    return replace(program, inputs=[*program.inputs[:index], spec, *program.inputs[index + 1 :]])


def contiguous(program: Program) -> Program:
    """The program with each input contiguous."""
    return replace(program, inputs=[Input.of(i.name, i.array(), i.requires_grad) for i in program.inputs])


def resized(program: Program, size: int, smaller: int) -> Program:
    """The program with every dimension of `size`, in inputs and in shapes among the arguments, cut to `smaller`."""

    def shorter(spec: Input) -> Input:
        array = spec.array()[tuple(slice(smaller) if n == size else slice(None) for n in spec.shape)]
        if array.dtype.kind == "i":  # indices must stay in range
            array = np.where(array < size, np.minimum(array, smaller - 1), array)
        return Input.of(spec.name, array, spec.requires_grad)

    def shape(argument: Any) -> Any:
        if type(argument) is tuple:
            return tuple(smaller if type(n) is int and n == size else n for n in argument)
        return argument

    statements: list[Statement] = [
        replace(s, args=tuple(map(shape, s.args)), kwargs={k: shape(v) for k, v in s.kwargs.items()})
        if isinstance(s, Apply)
        else s
        for s in program.statements
    ]
    return replace(program, inputs=[shorter(spec) for spec in program.inputs], statements=statements)
