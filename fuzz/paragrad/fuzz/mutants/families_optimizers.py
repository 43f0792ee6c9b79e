"""Faults of the optimizers: each number, operator, condition and statement of their updates, wrong by itself."""

from __future__ import annotations

from collections.abc import Iterator
from types import FunctionType
from typing import cast

from paragrad.engine import optim
from paragrad.fuzz.mutants.families_code import of_function
from paragrad.fuzz.mutants.mutant import Mutant

DRAWS = ("training",)
ANY = "SGD|Adam|AdamW"


def mutants() -> Iterator[Mutant]:
    """All of this file."""
    for function, blamed in (
        (optim.SGD.update, "SGD"),
        (optim.Adam.update, "Adam|AdamW"),
        (optim._lerp, "Adam|AdamW"),
        (optim.Optimizer.ascent, ANY),
        (optim.Optimizer.step, ANY),
    ):
        yield from of_function(cast(FunctionType, function), "optimizer", "optimizer", DRAWS, (blamed, "*"))
