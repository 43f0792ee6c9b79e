"""A scalar engine. It looks right."""

import math
from collections import deque


class Value:
    """A number, and for each number it was computed from the slope towards it."""

    def __init__(self, data, edges=()):
        self.data = data
        self.grad = 0.0
        self.edges = edges

    def __repr__(self):
        return f"Value({self.data}, grad={self.grad})"

    @staticmethod
    def of(number):
        return number if isinstance(number, Value) else Value(float(number))

    def __add__(self, other):
        other = Value.of(other)
        return Value(self.data + other.data, ((self, 1.0), (other, 1.0)))

    def __mul__(self, other):
        other = Value.of(other)
        return Value(self.data * other.data, ((self, other.data), (other, self.data)))

    def __neg__(self):
        return Value(-self.data, ((self, -1.0),))

    def __sub__(self, other):
        other = Value.of(other)
        return Value(self.data - other.data, ((self, 1.0), (other, -1.0)))

    def __radd__(self, other):
        return self + other

    def __rmul__(self, other):
        return self * other

    def __rsub__(self, other):
        return Value.of(other) - self

    def tanh(self):
        t = math.tanh(self.data)
        return Value(t, ((self, 1 - t * t),))

    def relu(self):
        return Value(max(self.data, 0.0), ((self, 1.0 if self.data > 0 else 0.0),))

    def backward(self):
        """From the result on, without recursion: each node is asked once."""
        self.grad = 1.0
        waiting, met = deque([self]), {id(self)}
        while waiting:
            node = waiting.popleft()
            for operand, slope in node.edges:
                operand.grad += slope * node.grad
                if id(operand) not in met:
                    met.add(id(operand))
                    waiting.append(operand)
