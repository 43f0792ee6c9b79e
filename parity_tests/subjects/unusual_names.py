"""An engine of numbers whose backward is `back`, whose leaves have to be `tracked`, and whose exp is `__exp__`."""

import math


class Var:
    """A number, and the local derivatives by which it was made."""

    def __init__(self, val, tracked=False, made=()):
        self.val = val
        self.tracked = tracked
        self.grad = 0.0
        self.made = made

    def _made(self, val, *pairs):
        kept = [(node, slope) for node, slope in pairs if node.tracked]
        return Var(val, bool(kept), kept)

    def __add__(self, other):
        return self._made(self.val + other.val, (self, 1.0), (other, 1.0))

    def __mul__(self, other):
        return self._made(self.val * other.val, (self, other.val), (other, self.val))

    def __exp__(self):
        val = math.exp(self.val)
        return self._made(val, (self, val))

    def back(self, seed=1.0):
        self.grad += seed
        for node, slope in self.made:
            node.back(seed * slope)
