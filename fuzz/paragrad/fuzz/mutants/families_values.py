"""Faults in what an op computes: a factor, the sign, and what it makes of NaN, infinity and zero."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.mutants import plant
from paragrad.fuzz.mutants.mutant import Mutant, planted

Fault = Callable[[Any], Any]


def of_kind(kinds: str, fault: Fault) -> Fault:
    """The fault where the output is of one of these kinds of dtype; other outputs stay as they are."""
    return lambda x: fault(x) if np.dtype(x.dtype).kind in kinds else x


def at(where: Callable[[Any], Any], number: float) -> Fault:
    """Another number at the elements that `where` picks."""

    def inner(x: Any) -> Any:
        picked = np.array(x)
        picked[where(picked)] = number
        return picked

    return inner


FAULTS: tuple[tuple[str, str, Fault], ...] = (
    ("2^-17", "is 1 + 2^-17 times what it should be", of_kind("f", lambda x: x * (1 + 2.0**-17))),
    ("2^-45", "is 1 + 2^-45 times what it should be", of_kind("f", lambda x: x * (1 + 2.0**-45))),
    ("sign", "has its sign turned", of_kind("fi", lambda x: -x)),
    ("next", "is too large by one", of_kind("i", lambda x: x + 1)),
    ("not", "is the opposite", of_kind("b", np.logical_not)),
)
POINTS: tuple[tuple[str, str, Fault], ...] = (
    ("NaN", "is 0 where it should be NaN", of_kind("f", at(np.isnan, 0.0))),
    ("infinity", "is 1e30 where it should be infinite", of_kind("f", at(np.isinf, 1e30))),
    ("zero", "is 1 where it should be 0", of_kind("f", at(lambda x: x == 0, 1.0))),
)


def fits(name: str, variant: str) -> bool:
    """Whether an op has outputs of the kind that a fault is for, read off its first output's dtype on floats."""
    kind = KINDS.get(name, "f")
    return kind in {"2^-17": "f", "2^-45": "f", "sign": "fi", "next": "i", "not": "b"}.get(variant, "f")


WHOLE = ("argmax", "argmin", "argsort", "window_argmax")
TRUTHS = (
    "lt", "le", "gt", "ge", "eq", "ne", "logical_and", "logical_or", "logical_xor", "logical_not", "isnan", "isinf",
    "isfinite", "any", "all",
)  # fmt: skip
BITS = ("bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_not")
KINDS = dict.fromkeys((*WHOLE, *BITS), "i") | dict.fromkeys(TRUTHS, "b")


def mutants() -> Iterator[Mutant]:
    """Every op with every fault that its outputs can have."""
    for op in TABLE.values():
        points = () if op.composite else POINTS
        for variant, words, fault in (*FAULTS, *points):
            if fits(op.name, variant):
                how = functools.partial(plant.value, op, fault)
                yield planted("value", op, "", variant, words, how)
