"""A scalar engine. It looks right."""

import math


class Value:
    """A number with a gradient."""

    def __init__(self, data, sources=(), rule=None):
        self.data = data
        self.grad = 0.0
        self.sources = sources
        self.rule = rule  # from the gradient of this to those of the sources

    def __repr__(self):
        return f"Value({self.data!r})"

    def __add__(self, other):
        other = lift(other)
        return Value(self.data + other.data, (self, other), lambda g: (g, g))

    def __sub__(self, other):
        other = lift(other)
        return Value(self.data - other.data, (self, other), lambda g: (g, -g))

    def __mul__(self, other):
        other = lift(other)
        return Value(self.data * other.data, (self, other), lambda g: (g * other.data, g * self.data))

    def __neg__(self):
        return Value(-self.data, (self,), lambda g: (-g,))

    def __radd__(self, other):
        return lift(other) + self

    def __rsub__(self, other):
        return lift(other) - self

    def __rmul__(self, other):
        return lift(other) * self

    def relu(self):
        on = self.data > 0
        return Value(self.data if on else 0.0, (self,), lambda g: (g if on else 0.0,))

    def tanh(self):
        e = math.exp(2 * self.data)
        t = (e - 1) / (e + 1)
        return Value(t, (self,), lambda g: (g * (1 - t * t),))

    def backward(self):
        order, done, stack = [], set(), [(self, False)]
        while stack:
            value, complete = stack.pop()
            if complete:
                order.append(value)
            elif value not in done:
                done.add(value)
                stack.append((value, True))
                stack.extend((source, False) for source in value.sources)
        self.grad = 1.0
        for value in reversed(order):
            if value.rule is not None:
                for source, gradient in zip(value.sources, value.rule(value.grad), strict=True):
                    source.grad += gradient


def lift(number):
    return number if isinstance(number, Value) else Value(float(number))
