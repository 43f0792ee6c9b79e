"""Functions of the module do everything; the backward returns a dict of gradients by node."""

import math


class Var:
    """A number and what it was made of."""

    def __init__(self, x, parents=()):
        self.x = x
        self.parents = parents


def add(a, b):
    return Var(a.x + b.x, ((a, 1.0), (b, 1.0)))


def mul(a, b):
    return Var(a.x * b.x, ((a, b.x), (b, a.x)))


def exp(a):
    return Var(math.exp(a.x), ((a, math.exp(a.x)),))


def elu(a, alpha=1.0):
    value = a.x if a.x > 0 else alpha * math.expm1(a.x)
    return Var(value, ((a, 1.0 if a.x > 0 else value + alpha),))


def log(message):
    """Not the logarithm: it keeps what it is told."""
    return [str(message)]


def backward(root):
    gradients = {root: 1.0}
    order = []

    def visit(node):
        if node not in order:
            for parent, _ in node.parents:
                visit(parent)
            order.append(node)

    visit(root)
    for node in reversed(order):
        for parent, factor in node.parents:
            gradients[parent] = gradients.get(parent, 0.0) + gradients[node] * factor
    return gradients
