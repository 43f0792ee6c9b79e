"""The usual engine of numbers, without reflected `-` and `/`, with a relu whose forward is wrong."""

import math


class Value:
    """A number, its gradient and a closure."""

    def __init__(self, data, children=(), label=""):
        self.data = data
        self.grad = 0.0
        self.label = label
        self._step = lambda: None
        self._children = set(children)

    def __repr__(self):
        return f"Value({self.data})"

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data + other.data, (self, other))

        def step():
            self.grad += out.grad
            other.grad += out.grad

        out._step = step
        return out

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data * other.data, (self, other))

        def step():
            self.grad += out.grad * other.data
            other.grad += out.grad * self.data

        out._step = step
        return out

    def __pow__(self, exponent):
        assert isinstance(exponent, int | float), "only numbers"
        out = Value(self.data**exponent, (self,))

        def step():
            self.grad += out.grad * exponent * self.data ** (exponent - 1)

        out._step = step
        return out

    __radd__ = __add__
    __rmul__ = __mul__

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + (-other)

    def __truediv__(self, other):
        return self * other**-1

    def tanh(self):
        out = Value(math.tanh(self.data), (self,))

        def step():
            self.grad += out.grad * (1 - out.data**2)

        out._step = step
        return out

    def relu(self):
        out = Value(self.data if self.data < 0 else 0.0, (self,))

        def step():
            self.grad += out.grad * (self.data > 0)

        out._step = step
        return out

    def sigmoid(self, x):
        return 1 / (1 + math.exp(-x))

    def exp(self):
        Value(math.exp(self.data), (self,))

    def wobble(self):
        return self.data

    def backward(self):
        order, seen = [], set()

        def visit(node):
            if node not in seen:
                seen.add(node)
                for child in node._children:
                    visit(child)
                order.append(node)

        visit(self)
        self.grad = 1.0
        for node in reversed(order):
            node._step()
