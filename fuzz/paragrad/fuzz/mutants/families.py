"""Every mutant there is, in one fixed order. What a family holds is in the files families_*.py."""

from __future__ import annotations

import functools

from paragrad.fuzz.mutants import (
    families_code,
    families_optimizers,
    families_places,
    families_rules,
    families_scalar,
    families_values,
    families_walk,
)
from paragrad.fuzz.mutants.mutant import Mutant

FILES = (
    families_rules,
    families_places,
    families_walk,
    families_code,
    families_values,
    families_scalar,
    families_optimizers,
)


@functools.cache
def catalogue() -> dict[str, Mutant]:
    """All mutants by id."""
    found: dict[str, Mutant] = {}
    for file in FILES:
        for mutant in file.mutants():
            assert mutant.id not in found, f"two mutants are called {mutant.id}"
            found[mutant.id] = mutant
    return found
