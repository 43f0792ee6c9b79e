"""An engine of arrays whose gradients are its own variables, and whose numbers lie where nobody would look."""

import numpy as np


class Buffer:
    """An array."""

    def __init__(self, cells):
        self.cells = np.asarray(cells)


class Tensor:
    """A buffer, and what it was made of."""

    def __init__(self, buffer, made=()):
        self.buffer = Buffer(buffer)
        self.grad = None
        self.made = made

    def item(self):
        return self.buffer.cells

    def __add__(self, other):
        return Tensor(self.item() + other.item(), ((self, 1.0), (other, 1.0)))

    def __mul__(self, other):
        return Tensor(self.item() * other.item(), ((self, other.item()), (other, self.item())))

    def sum(self):
        return Tensor(self.item().sum(), ((self, np.ones_like(self.item())),))

    def backward(self, seed=1.0):
        self.grad = Tensor(seed if self.grad is None else self.grad.item() + seed)
        for node, slope in self.made:
            node.backward(seed * slope)
