"""A scalar engine. It looks right."""

import math


def as_value(x):
    return x if isinstance(x, Value) else Value(x)


class Value:
    def __init__(self, data, inputs=()):
        self.data = float(data)
        self.grad = 0.0
        self.inputs = inputs
        self.send = None

    def __add__(self, other):
        other = as_value(other)
        out = Value(self.data + other.data, (self, other))

        def send():
            self.grad += out.grad
            other.grad += out.grad

        out.send = send
        return out

    def __sub__(self, other):
        other = as_value(other)
        out = Value(self.data - other.data, (self, other))

        def send():
            self.grad += out.grad
            other.grad -= out.grad

        out.send = send
        return out

    def __mul__(self, other):
        other = as_value(other)
        out = Value(self.data * other.data, (self, other))

        def send():
            self.grad += out.grad * other.data
            other.grad += out.grad * self.data

        out.send = send
        return out

    def __truediv__(self, other):
        other = as_value(other)
        out = Value(self.data / other.data, (self, other))

        def send():
            self.grad += out.grad / other.data
            other.grad = -out.grad * out.data / other.data

        out.send = send
        return out

    def __neg__(self):
        return 0 - self

    def __radd__(self, other):
        return as_value(other) + self

    def __rsub__(self, other):
        return as_value(other) - self

    def __rmul__(self, other):
        return as_value(other) * self

    def __rtruediv__(self, other):
        return as_value(other) / self

    def relu(self):
        out = Value(self.data if self.data > 0 else 0.0, (self,))

        def send():
            if self.data > 0:
                self.grad += out.grad

        out.send = send
        return out

    def tanh(self):
        out = Value(math.tanh(self.data), (self,))

        def send():
            self.grad += out.grad * (1 - out.data**2)

        out.send = send
        return out

    def sorted(self):
        found, order = set(), []

        def visit(value):
            if value in found:
                return
            found.add(value)
            for part in value.inputs:
                visit(part)
            order.append(value)

        visit(self)
        return order

    def backward(self):
        self.grad = 1.0
        for value in reversed(self.sorted()):
            if value.send is not None:
                value.send()
