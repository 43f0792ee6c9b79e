"""A small engine: one number a Value, and the gradient of each after backward()."""

import math


class Value:
    def __init__(self, data, children=(), backward=None):
        self.data = float(data)
        self.grad = 0.0
        self._children = children
        self._backward = backward

    def __add__(self, other):
        other = self._wrapped(other)
        out = Value(self.data + other.data, (self, other))

        def backward():
            self.grad += out.grad
            other.grad += out.grad

        out._backward = backward
        return out

    def __mul__(self, other):
        other = self._wrapped(other)
        out = Value(self.data * other.data, (self, other))

        def backward():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad

        out._backward = backward
        return out

    def tanh(self):
        out = Value(math.tanh(self.data), (self,))

        def backward():
            self.grad += (1 - out.data**2) * out.grad

        out._backward = backward
        return out

    def relu(self):
        out = Value(max(0.0, self.data), (self,))

        def backward():
            self.grad += out.grad if self.data > 0 else 0.0  # 0 * inf would be NaN

        out._backward = backward
        return out

    def exp(self):
        out = Value(math.exp(self.data), (self,))

        def backward():
            self.grad += out.data * out.grad

        out._backward = backward
        return out

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + -self._wrapped(other)

    def __rsub__(self, other):
        return self._wrapped(other) - self

    __radd__ = __add__
    __rmul__ = __mul__

    def backward(self):
        order, seen, todo = [], set(), [(self, False)]
        while todo:
            value, done = todo.pop()
            if done:
                order.append(value)
            elif value not in seen:
                seen.add(value)
                todo.append((value, True))
                todo.extend((child, False) for child in value._children)
        self.grad = 1.0
        for value in reversed(order):
            if value._backward is not None:
                value._backward()

    @staticmethod
    def _wrapped(value):
        return value if isinstance(value, Value) else Value(value)
