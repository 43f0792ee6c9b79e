"""Faults in the text of the rules: each number, comparison, operator and condition, wrong by itself."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import replace
from types import FunctionType

from paragrad.engine.ops.table import TABLE, Op
from paragrad.fuzz.mutants import plant
from paragrad.fuzz.mutants.mutant import Mutant
from paragrad.fuzz.mutants.rewriting import rewrites, rewritten

FAMILY = {
    "constant": "constant",
    "comparison": "tie",
    "operator": "operator",
    "condition": "branch",
    "deletion": "omission",
}
"""Which family a rewriting of a kind belongs to."""
OURS = "paragrad.engine.ops."


def helpers(function: FunctionType, known: set[FunctionType]) -> Iterator[FunctionType]:
    """A function and the functions of the op modules that it calls, each once; ops are no functions."""
    if function in known:
        return
    known.add(function)
    yield function
    for name in function.__code__.co_names:
        found = function.__globals__.get(name)
        if isinstance(found, FunctionType) and found.__module__.startswith(OURS):
            yield from helpers(found, known)


def of_function(
    function: FunctionType, family: str, op: str, draws: tuple[str, ...], blamed: tuple[str, str], argument: str = ""
) -> Iterator[Mutant]:
    """Each rewriting of one function, under its own family or, where `family` is given, under that."""
    name = f"{function.__module__.rpartition('.')[2]}.{function.__qualname__}"
    for rewrite in rewrites(function):
        own = family or FAMILY[rewrite.kind]
        where = f"{op}({argument})" if argument else op
        at = f":{name}" if function.__name__ != "<lambda>" else ""
        ident = f"{own}:{where}{at}:{rewrite.number} {rewrite.words}"
        how = functools.partial(plant.code, function, functools.partial(rewritten, function, rewrite.number))
        yield Mutant(ident, own, op, argument, f"{where}: {name} has {rewrite.words}", how, draws, blamed)


def without_fused(mutant: Mutant, op: Op) -> Mutant:
    """The mutant while no fused form of the op hides it."""

    def bare() -> plant.Planted:
        kept = [functools.partial(plant.pullback, op, name, lambda rule: rule) for name in op.fused]
        return plant.many(*kept, mutant.plant)

    return replace(mutant, plant=bare) if op.fused else mutant


def sharers() -> dict[FunctionType, tuple[str, ...]]:
    """For each function of a rule or a fused form, the ops that use it, in the order of the table."""
    found: dict[FunctionType, list[str]] = {}
    for op in TABLE.values():
        known: set[FunctionType] = set()
        for rule in (*op.pullbacks.values(), *op.fused.values()):
            assert isinstance(rule, FunctionType)
            for function in helpers(rule, known):
                found.setdefault(function, []).append(op.name)
    return {function: tuple(ops) for function, ops in found.items()}


def mutants() -> Iterator[Mutant]:
    """Each rule and each fused form, with the functions they call; what several call counts as the first one's."""
    known: set[FunctionType] = set()
    users, draws = sharers(), ("op", "graph")
    for op in TABLE.values():
        rules = [("", name, rule) for name, rule in op.pullbacks.items()]
        for family, parameter, rule in [*rules, *(("fused", name, form) for name, form in op.fused.items())]:
            assert isinstance(rule, FunctionType)
            for function in helpers(rule, known):
                shared = users[function] if len(users[function]) > 1 else ()
                for mutant in of_function(function, family, op.name, draws, (op.name, "*"), parameter):
                    made = replace(mutant, users=shared, blamed=("|".join(shared) or op.name, "*"))
                    yield made if family else without_fused(made, op)
