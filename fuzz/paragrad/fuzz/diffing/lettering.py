"""Names for the nodes that have none: the letters that are left, L for the last, numbers in a larger graph."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from string import ascii_lowercase

from paragrad.fuzz.program import Backward, Program

ROOT = "L"
SKIPPED = "lo"
"""Letters that look like 1 and 0."""


def labelled(program: Program, given: Mapping[int, str]) -> dict[int, str]:
    """A name for each variable: what is given, the inputs' own, and letters."""
    labels = {k: spec.name for k, spec in enumerate(program.inputs)} | dict(given)
    rest = [k for k in range(program.count) if k not in labels]
    taken = set(labels.values())
    root = root_of(program)
    if root in rest and ROOT not in taken:
        labels[root] = ROOT
        rest.remove(root)
    letters = [c for c in ascii_lowercase if c not in taken and c not in SKIPPED]
    names = letters if len(rest) <= len(letters) else [numbered(k, taken) for k in rest]
    labels.update(zip(rest, names, strict=False))
    return labels


def root_of(program: Program) -> int | None:
    """The only root of the last backward; None where there is no such."""
    walks = [s for s in program.statements if isinstance(s, Backward)]
    return walks[-1].roots[0] if walks and len(walks[-1].roots) == 1 else None


def numbered(variable: int, taken: Collection[str]) -> str:
    """v<number>, or with more v's where that is taken."""
    name = f"v{variable}"
    while name in taken:
        name = f"v{name}"
    return name
