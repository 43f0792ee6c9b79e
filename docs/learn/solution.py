"""One way to fill in skeleton.py."""

import math


class Value:
    """A number that remembers how it was computed, and its gradient."""

    def __init__(self, data, children=()):
        self.data = data
        self.grad = 0.0
        self.children = children
        self.pass_on = lambda: None

    def __repr__(self):
        return f"Value({self.data!r}, grad={self.grad!r})"

    # Step 1

    def __add__(self, other):
        other = wrapped(other)
        out = Value(self.data + other.data, (self, other))

        def pass_on():
            self.grad += out.grad
            other.grad += out.grad

        out.pass_on = pass_on
        return out

    # Steps 2 and 6: a stack of our own, and inner nodes begin at 0 in every backward

    def backward(self):
        order, seen, stack = [], set(), [(self, False)]
        while stack:
            node, children_are_done = stack.pop()
            if children_are_done:
                order.append(node)
            elif node not in seen:
                seen.add(node)
                stack.append((node, True))
                stack.extend((child, False) for child in node.children)
        for node in order:
            if node.children:
                node.grad = 0.0
        self.grad = 1.0
        for node in reversed(order):
            node.pass_on()

    # Step 3

    def __mul__(self, other):
        other = wrapped(other)
        out = Value(self.data * other.data, (self, other))

        def pass_on():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad

        out.pass_on = pass_on
        return out

    def __radd__(self, other):
        return self + other

    def __rmul__(self, other):
        return self * other

    # Step 4: one shape for all functions of one number

    def function(self, data, derivative):
        out = Value(data, (self,))

        def pass_on():
            self.grad += derivative * out.grad

        out.pass_on = pass_on
        return out

    def tanh(self):
        t = math.tanh(self.data)
        return self.function(t, 1 - t**2)

    def exp(self):
        e = math.exp(self.data)
        return self.function(e, e)

    def relu(self):
        return self.function(self.data, 1.0) if self.data > 0 else self.function(0.0, 0.0)

    # Step 5: what is left is made of what is there

    def __pow__(self, n):
        if not isinstance(n, int | float):
            raise TypeError("the exponent is a plain number")
        return self.function(self.data**n, n * self.data ** (n - 1))

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + (-other)

    def __rsub__(self, other):
        return -self + other

    def __truediv__(self, other):
        return self * wrapped(other) ** -1

    def __rtruediv__(self, other):
        return self**-1 * other


def wrapped(number):
    return number if isinstance(number, Value) else Value(number)
