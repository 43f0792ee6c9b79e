"""The part of a large graph that is shown: the nodes nearest to one of them."""

from __future__ import annotations

from collections import defaultdict, deque

from paragrad.fuzz.program import Apply, Program, refs

MOST = 60
"""Nodes that are shown where nothing else is asked for."""


def near(program: Program, centre: int, depth: int | None, most: int) -> list[int]:
    """The variables at most `depth` edges from `centre`, up to `most` of them, in order of execution."""
    edges: dict[int, list[int]] = defaultdict(list)
    for _, statement in program.applications():
        for used in {*refs(statement.args), *refs(statement.kwargs)}:
            for made in statement.outputs:
                edges[used].append(made)
                edges[made].append(used)
    far = {centre: 0}
    queue = deque([centre])
    while queue and len(far) < most:
        here = queue.popleft()
        if depth is not None and far[here] >= depth:
            continue
        for other in sorted(edges[here], reverse=True):
            if other not in far and len(far) < most:
                far[other] = far[here] + 1
                queue.append(other)
    return sorted(far)


def operands(statement: Apply, parameters: tuple[str, ...]) -> list[tuple[str, int]]:
    """The variables that a statement uses, each with the parameter it is given as."""
    found = []
    for name, argument in [*zip(parameters, statement.args, strict=False), *statement.kwargs.items()]:
        found += [(name, k) for k in refs(argument)]
    return found
