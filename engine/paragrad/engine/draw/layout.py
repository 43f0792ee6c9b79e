"""Where each box of a graph stands and how each edge runs: rows from top to bottom, no two boxes on one another.

Inside a row every node wants to stand at the mean of its neighbours; the nearest places that keep the order and the
distances are found exactly, as an isotonic regression, by pooling adjacent violators. Sweeps down and up settle the
whole. Source: Ayer, Brunk, Ewing, Reid and Silverman, An Empirical Distribution Function for Sampling with Incomplete
Information (1955); Gansner, Koutsofios, North and Vo, A Technique for Drawing Directed Graphs (1993), for the weights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from paragrad.engine.draw.components import ACROSS, DOWN, Point, components, shelves
from paragrad.engine.draw.graph import GraphError
from paragrad.engine.draw.layers import Order, rows, with_dummies

ROUNDS = 12
STRAIGHT = 8.0
"""How much more an edge that passes a row wants to run straight than a box wants to stand above its neighbours."""


@dataclass(slots=True)
class Layout:
    """The centre of each box, the points that each edge runs through, from source to target, and the whole size.

    Between the points 2k and 2k + 1 of a route the edge runs straight down; between 2k + 1 and 2k + 2, from one row to
    the next, it may bend. `rows` tells the row of each box, 0 at the top of what is connected with it. Where it is
    `turned`, left takes the place of top.
    """

    positions: dict[str, Point]
    routes: list[list[Point]]
    rows: dict[str, int]
    width: float
    height: float
    turned: bool = False

    def turn(self) -> Layout:
        """The same with x and y exchanged: rows become columns, and edges run to the right."""
        positions = {name: (y, x) for name, (x, y) in self.positions.items()}
        routes = [[(y, x) for x, y in route] for route in self.routes]
        return Layout(positions, routes, self.rows, self.height, self.width, not self.turned)


def layout(sizes: Mapping[str, Point], edges: Sequence[tuple[str, str]]) -> Layout:
    """Lay out boxes of these widths and heights. What no edges connect is laid out apart and stands side by side, as on
    shelves. Raises GraphError for an edge to an unknown node, and for a cycle."""
    for ends in edges:
        for end in ends:
            if end not in sizes:
                raise GraphError(f"an edge leads from {ends[0]!r} to {ends[1]!r}, but there is no node {end!r}")
    parts = components(list(sizes), edges)
    own: dict[str, list[int]] = {names[0]: [] for names in parts}
    home = {name: names[0] for names in parts for name in names}
    for k, (source, _) in enumerate(edges):
        own[home[source]].append(k)
    placed = [connected({n: sizes[n] for n in names}, [edges[k] for k in own[names[0]]]) for names in parts]
    whole = Layout({}, [[] for _ in edges], {}, 0.0, 0.0)
    for names, part, (x, y) in zip(parts, placed, shelves([(part.width, part.height) for part in placed]), strict=True):
        whole.positions |= {name: (a + x, b + y) for name, (a, b) in part.positions.items()}
        for k, route in zip(own[names[0]], part.routes, strict=True):
            whole.routes[k] = [(a + x, b + y) for a, b in route]
        whole.rows |= part.rows
        whole.width, whole.height = max(whole.width, x + part.width), max(whole.height, y + part.height)
    return whole


def connected(sizes: Mapping[str, Point], edges: Sequence[tuple[str, str]]) -> Layout:
    """Lay out boxes that edges connect."""
    names = list(sizes)
    number = {name: k for k, name in enumerate(names)}
    pairs = [(number[source], number[target]) for source, target in edges]
    row = rows(len(names), pairs)
    chains = with_dummies(row, pairs)
    order = Order(row, chains)
    order.improve()
    widths = [sizes[name][0] for name in names] + [0.0] * (len(row) - len(names))
    x = places(order, widths, len(names))
    tops, bottoms = bands(order, [sizes[name][1] for name in names])
    left = min((x[k] - widths[k] / 2 for k in range(len(row))), default=0.0)
    right = max((x[k] + widths[k] / 2 for k in range(len(row))), default=0.0)
    x = [place - left for place in x]
    middles = [(top + bottom) / 2 for top, bottom in zip(tops, bottoms, strict=True)]
    positions = {name: (x[k], middles[row[k]]) for k, name in enumerate(names)}
    routes = []
    arrivals = ports([chain[-1] for chain in chains], x, widths)
    for chain, arrival in zip(chains, arrivals, strict=True):
        source, *between, target = chain
        half = (sizes[names[source]][1] / 2, sizes[names[target]][1] / 2)
        route = [(x[source], middles[row[source]] + half[0]), (x[source], bottoms[row[source]])]
        for dummy in between:
            route += [(x[dummy], tops[row[dummy]]), (x[dummy], bottoms[row[dummy]])]
        routes.append([*route, (arrival, tops[row[target]]), (arrival, middles[row[target]] - half[1])])
    height = bottoms[-1] if bottoms else 0.0
    return Layout(positions, routes, {name: row[k] for k, name in enumerate(names)}, right - left, height)


def bands(order: Order, heights: Sequence[float]) -> tuple[list[float], list[float]]:
    """The top and the bottom of each row: as high as its highest box."""
    tops, bottoms = [], []
    y = 0.0
    for nodes in order.rows:
        high = max((heights[node] for node in nodes if node < len(heights)), default=0.0)
        tops.append(y)
        bottoms.append(y + high)
        y += high + DOWN
    return tops, bottoms


def ports(targets: Sequence[int], x: Sequence[float], widths: Sequence[float]) -> list[float]:
    """Where along the top of its target each edge arrives: spread evenly, in the order of the edges."""
    total: dict[int, int] = {}
    for target in targets:
        total[target] = total.get(target, 0) + 1
    seen = dict.fromkeys(total, 0)
    found = []
    for target in targets:
        seen[target] += 1
        share = seen[target] / (total[target] + 1) - 0.5
        found.append(x[target] + share * widths[target])
    return found


def places(order: Order, widths: Sequence[float], real: int) -> list[float]:
    """The x of the middle of every node; those from `real` on are dummies."""
    x = [0.0] * len(widths)
    gaps = [row_gaps(nodes, widths, real) for nodes in order.rows]
    for nodes, steps in zip(order.rows, gaps, strict=True):
        at = -sum(steps) / 2
        for node, step in zip(nodes, steps, strict=True):
            at += step
            x[node] = at
    weights = [1.0] * real + [STRAIGHT] * (len(widths) - real)
    for turn in range(ROUNDS):
        # The last rounds look both ways, so that neither direction has the last word.
        both = turn >= ROUNDS - 4
        indices = range(len(order.rows)) if turn % 2 == 0 else range(len(order.rows) - 1, -1, -1)
        for k in indices:
            nodes = order.rows[k]
            near = [_near(order, node, turn % 2 == 0, both) for node in nodes]
            wanted = [wish(node, others, x, real) for node, others in zip(nodes, near, strict=True)]
            for node, place in zip(nodes, spread(wanted, gaps[k], [weights[n] for n in nodes]), strict=True):
                x[node] = place
    return x


def _near(order: Order, node: int, down: bool, both: bool) -> list[int]:
    above, below = order.above[node], order.below[node]
    if both:
        return above + below
    return (above or below) if down else (below or above)


def wish(node: int, others: Sequence[int], x: Sequence[float], real: int) -> float:
    """Where a node would like to stand: at the mean of its neighbours, dummies' dummies counting for more."""
    if not others:
        return x[node]
    weights = [STRAIGHT if node >= real and other >= real else 1.0 for other in others]
    return sum(w * x[other] for w, other in zip(weights, others, strict=True)) / sum(weights)


def row_gaps(nodes: Sequence[int], widths: Sequence[float], real: int) -> list[float]:
    """How far the middle of each node has to be from that of the one before it, 0 for the first."""
    gaps = [0.0]
    for before, node in pairwise(nodes):
        room = ACROSS if before < real and node < real else ACROSS / 2
        gaps.append((widths[before] + widths[node]) / 2 + room)
    return gaps


def spread(wanted: Sequence[float], gaps: Sequence[float], weights: Sequence[float]) -> list[float]:
    """The places x with x[k] - x[k-1] ≥ gaps[k] that minimise Σ weights · (x - wanted)²."""
    shifts = []
    total = 0.0
    for gap in gaps:
        total += gap
        shifts.append(total)
    pools: list[tuple[float, float, int]] = []  # the mean, the weight, how many
    for want, shift, weight in zip(wanted, shifts, weights, strict=True):
        mean, mass, count = want - shift, weight, 1
        while pools and pools[-1][0] > mean:
            other, its, many = pools.pop()
            mean = (mean * mass + other * its) / (mass + its)
            mass, count = mass + its, count + many
        pools.append((mean, mass, count))
    means = [mean for mean, _, count in pools for _ in range(count)]
    return [mean + shift for mean, shift in zip(means, shifts, strict=True)]
