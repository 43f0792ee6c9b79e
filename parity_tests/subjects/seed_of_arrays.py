"""An engine of arrays whose backward wants an instance, though gradients are arrays: an array has a `.data`, too."""

import numpy as np


class Tensor:
    """An array, and what each operand gets of a gradient."""

    def __init__(self, data, requires_grad=False, rules=()):
        self.data = np.asarray(data, dtype=float)
        self.requires_grad = requires_grad
        self.rules = rules
        self.grad = np.zeros_like(self.data) if requires_grad else None

    def made(self, data, *rules):
        kept = [(node, rule) for node, rule in rules if node.requires_grad]
        return Tensor(data, bool(kept), kept)

    def __mul__(self, other):
        return self.made(self.data * other.data, (self, lambda g: g * other.data), (other, lambda g: g * self.data))

    def __neg__(self):
        return self.made(-self.data, (self, lambda g: -g))

    def sum(self):
        return self.made(self.data.sum(), (self, lambda g: g * np.ones_like(self.data)))

    def backward(self, grad=None):
        if grad is None:
            if self.data.shape != ():
                raise RuntimeError("a gradient is needed")
            grad = Tensor(1.0)
        self.grad = self.grad + grad.data
        for node, rule in self.rules:
            node.backward(Tensor(rule(grad.data)))
