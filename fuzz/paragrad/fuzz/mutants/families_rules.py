"""Faults in what a rule gives: nothing, the sign, a factor, another operand's gradient, the dtype, no derivative."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from paragrad.engine import Tensor
from paragrad.engine.ops.table import TABLE, Op
from paragrad.fuzz.mutants import plant
from paragrad.fuzz.mutants.mutant import Mutant, gives_zeros, planted, rules

Fault = Callable[[Any], Any]
Change = Callable[[plant.Rule], plant.Rule]

POWERS = (7, 19, 45)
"""Factors 1 + 2^-k: a gross one, one that float32 shows just above rounding, and one that only float64 shows."""


def each(fault: Fault) -> Fault:
    """The fault in every gradient that a rule gives: a rule of a list gives one for each of its members."""

    def inner(result: Any) -> Any:
        if result is None:
            return None
        return [fault(part) for part in result] if isinstance(result, list | tuple) else fault(result)

    return inner


def change_of(fault: Fault) -> Change:
    """The change by which what a rule gives goes through `fault`."""
    return plant.result_of(each(fault))


def called(name: str, *args: Any) -> Fault:
    """An op of the table with these further arguments: it serves arrays, Tensors and the judge's bounds alike."""
    return lambda g: TABLE[name](g, *args)


def scaled(k: int) -> Fault:
    """Times 1 + 2^-k, which is 1 in float32 where k > 23."""
    return lambda g: g * (1 + 2.0**-k)


def through(dtype: Any) -> Fault:
    """Rounded to `dtype` on the way."""
    return lambda g: TABLE["cast"](TABLE["cast"](g, dtype), g.dtype)


def other_dtype(g: Any) -> Any:
    """In the other float dtype."""
    return TABLE["cast"](g, np.dtype(np.float32 if g.dtype == np.float64 else np.float64))


def none(result: Any) -> None:
    """Nothing at all, as if the operand had no part in the op."""


OTHER_DTYPE = change_of(other_dtype)
FAULTS: tuple[tuple[str, str, str, Change], ...] = (
    ("drop", "", "gives zeros", change_of(called("no_change"))),
    ("sign", "", "gives the gradient with its sign turned", change_of(lambda g: -g)),
    *(("factor", f"2^-{k}", f"gives 1 + 2^-{k} times the gradient", change_of(scaled(k))) for k in POWERS),
    ("dtype", "rounded", "rounds a float64 gradient to float32", change_of(through(np.dtype(np.float32)))),
    ("dtype", "other", "gives the gradient in the other float dtype", OTHER_DTYPE),
)


def of_results() -> Iterator[Mutant]:
    """Each fault in what each rule gives."""
    for op, parameter in rules():
        for family, variant, words, change in FAULTS:
            if gives_zeros(op, parameter) and change is not OTHER_DTYPE:
                continue
            how = functools.partial(plant.pullback, op, parameter, change)
            yield planted(family, op, parameter, variant, words, how)
        if len(op.pullbacks) == 1 and not op.listed:
            how = functools.partial(plant.pullback, op, parameter, plant.result_of(none))
            yield planted("drop", op, parameter, "none", "gives None", how)


def of_fused() -> Iterator[Mutant]:
    """The same faults where only the fused form has them."""
    for op in TABLE.values():
        for parameter in op.fused:
            for family, variant, words, change in FAULTS:
                how = functools.partial(plant.fused, op, parameter, change)
                name = f"{family} {variant}".strip()
                yield planted("fused", op, parameter, name, f"the fused form {words}", how)


def swapped(op: Op, first: str, second: str) -> Any:
    """Each of two operands gets the rule of the other."""
    one, other = op.pullbacks[first], op.pullbacks[second]
    return plant.many(
        functools.partial(plant.pullback, op, first, lambda _: other),
        functools.partial(plant.pullback, op, second, lambda _: one),
    )


def of_pairs() -> Iterator[Mutant]:
    """Two operands of one op exchanged."""
    for op in TABLE.values():
        names = list(op.pullbacks)
        for k, first in enumerate(names):
            for second in names[k + 1 :]:
                how = functools.partial(swapped, op, first, second)
                made = planted(
                    "swap", op, first, second, f"has the rule of {second}, and {second} that of {first}", how
                )
                yield replace(made, blamed=(op.name, "*"))


def detached(which: Callable[[int], bool]) -> Change:
    """Where a backward is recorded, the arguments that `which` picks are taken for constants."""

    def change(rule: plant.Rule) -> plant.Rule:
        def bad(*args: Any) -> Any:
            if not any(isinstance(a, Tensor) for a in args):
                return rule(*args)
            return rule(*[a.detach() if which(k) and isinstance(a, Tensor) else a for k, a in enumerate(args)])

        return functools.wraps(rule)(bad)

    return change


def of_second_derivatives() -> Iterator[Mutant]:
    """Rules whose value is right and whose own derivative is wrong."""
    for op, parameter in rules():
        if not op.twice or gives_zeros(op, parameter):
            continue
        of_gradient = functools.partial(plant.pullback, op, parameter, detached(lambda k: k == 0))
        made = [planted("second", op, parameter, "gradient", "takes the incoming gradient for a constant", of_gradient)]
        tensors = {op.parameters[k] for _, k in op.operands} | {"out"}
        if tensors.intersection(inspect.signature(op.pullbacks[parameter]).parameters):
            of_saved = functools.partial(plant.pullback, op, parameter, detached(lambda k: k > 0))
            made.append(planted("second", op, parameter, "saved", "takes what it saved for constants", of_saved))
        yield from (replace(mutant, draws=("op",), blamed=(op.name, "*")) for mutant in made)


def stale(rule: plant.Rule) -> plant.Rule:
    """The rule with what an earlier call was given, where that had the same shapes, dtypes and options."""
    held: dict[str, tuple[Any, ...]] = {}

    def form(saved: Any) -> Any:
        if isinstance(saved, tuple | list):
            return tuple(map(form, saved))
        return (type(saved), saved.shape, saved.dtype) if hasattr(saved, "dtype") else saved

    def bad(g: Any, *saved: Any) -> Any:
        key = repr(form(saved))
        before = held.get(key, saved)
        held[key] = saved
        return rule(g, *before)

    return functools.wraps(rule)(bad)


def of_saved() -> Iterator[Mutant]:
    """Rules that see what an earlier call saved."""
    for op, parameter in rules():
        tensors = {op.parameters[k] for k in (*op.indexed, *(k for _, k in op.operands))} | set(op.outputs)
        if tensors.intersection(inspect.signature(op.pullbacks[parameter]).parameters):
            how = functools.partial(plant.pullback, op, parameter, stale)
            yield planted("stale", op, parameter, "", "is given what an earlier call saved", how)


def mutants() -> Iterator[Mutant]:
    """All of this file."""
    yield from of_results()
    yield from of_fused()
    yield from of_pairs()
    yield from of_second_derivatives()
    yield from of_saved()
