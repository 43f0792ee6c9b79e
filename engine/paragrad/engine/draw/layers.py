"""Layers: which row each node stands in, and in which order the nodes of a row stand.

Source: Sugiyama, Tagawa and Toda, Methods for Visual Understanding of Hierarchical System Structures (1981): longest
paths give the rows, dummy nodes stand where a long edge crosses a row, and sweeps down and up order each row by the
mean place of its neighbours in the row before.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from itertools import pairwise

from paragrad.engine.draw.graph import GraphError

SWEEPS = 24
"""Down and up by turns. The order with the fewest crossings is kept, so more can only help."""
PATIENCE = 6
"""Sweeps without an improvement after which no more are tried."""


def rows(count: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """The row of each of `count` nodes: below every node that has an edge to it, by the longest path.

    A node that nothing leads to stands just above the first one that it leads to, not at the top of a long drawing.
    Raises GraphError where the edges make a cycle.
    """
    after: list[list[int]] = [[] for _ in range(count)]
    missing = [0] * count
    for source, target in edges:
        after[source].append(target)
        missing[target] += 1
    row = [0] * count
    starts = [k for k in range(count) if not missing[k]]
    ready = starts[:]
    for node in ready:  # grows as it is walked
        for target in after[node]:
            row[target] = max(row[target], row[node] + 1)
            missing[target] -= 1
            if not missing[target]:
                ready.append(target)
    if len(ready) < count:
        raise GraphError("the edges make a cycle, and only graphs without one can be drawn in layers")
    for node in starts:
        row[node] = min((row[target] for target in after[node]), default=1) - 1
    return row


def with_dummies(row: list[int], edges: Sequence[tuple[int, int]]) -> list[list[int]]:
    """Each edge as the chain of nodes it passes, one a row; dummies are numbered on, and their rows added to `row`."""
    chains = []
    for source, target in edges:
        between = list(range(row[source] + 1, row[target]))
        chains.append([source, *range(len(row), len(row) + len(between)), target])
        row.extend(between)
    return chains


class Order:
    """The nodes of each row from left to right."""

    def __init__(self, row: Sequence[int], chains: Iterable[Sequence[int]]) -> None:
        self.above: list[list[int]] = [[] for _ in row]
        self.below: list[list[int]] = [[] for _ in row]
        for chain in chains:
            for upper, lower in pairwise(chain):
                self.above[lower].append(upper)
                self.below[upper].append(lower)
        self.rows: list[list[int]] = [[] for _ in range(max(row, default=-1) + 1)]
        for node in self.first_met(row):
            self.rows[row[node]].append(node)

    def first_met(self, row: Sequence[int]) -> list[int]:
        """The nodes in the order in which a walk up from the last row meets them: what belongs together is near."""
        met: list[int] = []
        seen = [False] * len(row)
        for end in sorted(range(len(row)), key=lambda node: (-row[node], node)):
            waiting = [end]
            while waiting:
                node = waiting.pop()
                if not seen[node]:
                    seen[node] = True
                    met.append(node)
                    waiting.extend(reversed(self.above[node]))
        return met

    def improve(self) -> None:
        """Sweep until nothing gets better."""
        best, fewest, idle = self.rows, self.crossings(), 0
        for sweep in range(SWEEPS):
            if not fewest or idle == PATIENCE:
                break
            self.sweep(self.above if sweep % 2 == 0 else self.below, down=sweep % 2 == 0)
            found = self.crossings()
            idle += 1
            if found < fewest:
                best, fewest, idle = self.rows, found, 0
        self.rows = best

    def sweep(self, neighbours: Sequence[Sequence[int]], down: bool) -> None:
        """Order each row by the mean place of its neighbours in the row before; what has none keeps its place."""
        rows = self.rows if down else self.rows[::-1]
        done = rows[:1]
        for nodes in rows[1:]:
            place = {node: k for k, node in enumerate(done[-1])}
            key = {}
            for k, node in enumerate(nodes):
                near = [place[other] for other in neighbours[node]]
                key[node] = sum(near) / len(near) if near else k * len(place) / len(nodes)
            done.append(sorted(nodes, key=key.__getitem__))
        self.rows = done if down else done[::-1]

    def crossings(self) -> int:
        """How often edges between neighbouring rows cross: the inversions of their lower ends."""
        count = 0
        for upper, lower in pairwise(self.rows):
            place = {node: k for k, node in enumerate(lower)}
            seen: list[int] = []
            for node in upper:
                ends = sorted(place[other] for other in self.below[node])
                count += sum(len(seen) - bisect_left(seen, end + 1) for end in ends)
                for end in ends:
                    insort(seen, end)
        return count
