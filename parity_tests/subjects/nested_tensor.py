"""Arrays whose gradient is another Tensor, None before the backward; `axis`, dims always kept, T a property."""

import numpy as np


class Tensor:
    """An array and the functions that give its parents' gradients."""

    def __init__(self, array, parents=()):
        self.array = np.asarray(array, dtype=float)
        self.grad = None
        self.parents = parents

    def made(self, array, *parents):
        return Tensor(array, parents)

    def __add__(self, other):
        return self.made(
            self.array + other.array,
            (self, lambda g: undo(g, self.array.shape)),
            (other, lambda g: undo(g, other.array.shape)),
        )

    def __mul__(self, other):
        return self.made(
            self.array * other.array,
            (self, lambda g: undo(g * other.array, self.array.shape)),
            (other, lambda g: undo(g * self.array, other.array.shape)),
        )

    def __matmul__(self, other):
        a, b = self.array, other.array
        return self.made(a @ b, (self, lambda g: g @ b.T), (other, lambda g: a.T @ g))

    @property
    def T(self):
        return self.made(self.array.T, (self, lambda g: g.T))

    def sum(self, axis=None):
        return self.made(self.array.sum(axis=axis, keepdims=True), (self, lambda g: g * np.ones_like(self.array)))

    def exp(self):
        out = np.exp(self.array)
        return self.made(out, (self, lambda g: g * out))

    def backward(self):
        order = []

        def visit(node):
            if all(node is not other for other in order):
                for parent, _ in node.parents:
                    visit(parent)
                order.append(node)

        visit(self)
        for node in order:
            node.grad = None
        self.grad = Tensor(np.ones_like(self.array))
        for node in reversed(order):
            for parent, pull in node.parents:
                amount = pull(node.grad.array)
                parent.grad = Tensor(amount if parent.grad is None else parent.grad.array + amount)


def undo(gradient, shape):
    while gradient.ndim > len(shape):
        gradient = gradient.sum(axis=0)
    for axis, size in enumerate(shape):
        if size == 1:
            gradient = gradient.sum(axis=axis, keepdims=True)
    return gradient
