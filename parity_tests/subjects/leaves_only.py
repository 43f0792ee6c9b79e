"""An engine whose backward hands gradients on and writes down those of leaves alone: the others stay 0."""

import math


class Value:
    """A number, and what it was made of with the local derivatives."""

    def __init__(self, data, made=()):
        self.data = data
        self.grad = 0.0
        self._made = made

    def __add__(self, other):
        return Value(self.data + other.data, ((self, 1.0), (other, 1.0)))

    def __mul__(self, other):
        return Value(self.data * other.data, ((self, other.data), (other, self.data)))

    def tanh(self):
        t = math.tanh(self.data)
        return Value(t, ((self, 1 - t * t),))

    def backward(self, gradient=1.0):
        if not self._made:
            self.grad += gradient
        for operand, local in self._made:
            operand.backward(gradient * local)
