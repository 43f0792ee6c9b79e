"""A small scalar engine that nobody could guess: rows linked by functions, gradients in a dictionary."""

import math


class Row:
    """A number and how it was made: pairs of a row and the derivative with respect to it."""

    def __init__(self, number, *links):
        self.number = number
        self.links = links


def plus(a, b):
    return Row(a.number + b.number, (a, 1.0), (b, 1.0))


def times(a, b):
    return Row(a.number * b.number, (a, b.number), (b, a.number))


def hyperbolic(a):
    y = math.tanh(a.number)
    return Row(y, (a, 1 - y * y))


def sweep(ends):
    """The gradient of the weighted sum of some rows, by row: `ends` are pairs of a row and its weight."""
    order, seen, stack = [], set(), [(row, False) for row, _ in ends]
    while stack:
        row, done = stack.pop()
        if done:
            order.append(row)
        elif row not in seen:
            seen.add(row)
            stack.append((row, True))
            stack.extend((link, False) for link, _ in row.links)
    found = dict.fromkeys(order, 0.0)
    for row, weight in ends:
        found[row] += weight
    for row in reversed(order):
        for link, local in row.links:
            found[link] += local * found[row]
    return found
