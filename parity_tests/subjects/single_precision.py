"""A tensor engine that keeps every number as a float32, whatever it is given."""

import numpy as np


def fitted(gradient, shape):
    """Undo broadcasting."""
    while gradient.ndim > len(shape):
        gradient = gradient.sum(axis=0)
    for axis, size in enumerate(shape):
        if size == 1:
            gradient = gradient.sum(axis=axis, keepdims=True)
    return gradient


class Tensor:
    def __init__(self, data, parents=()):
        self.data = np.asarray(data, dtype=np.float32)
        self.grad = np.zeros_like(self.data)
        self.parents = parents
        self.step = lambda gradient: None

    def __add__(self, other):
        other = other if isinstance(other, Tensor) else Tensor(other)
        out = Tensor(self.data + other.data, (self, other))

        def step(gradient):
            self.grad = self.grad + fitted(gradient, self.data.shape)
            other.grad = other.grad + fitted(gradient, other.data.shape)

        out.step = step
        return out

    def __mul__(self, other):
        other = other if isinstance(other, Tensor) else Tensor(other)
        out = Tensor(self.data * other.data, (self, other))

        def step(gradient):
            self.grad = self.grad + fitted(gradient * other.data, self.data.shape)
            other.grad = other.grad + fitted(gradient * self.data, other.data.shape)

        out.step = step
        return out

    def sum(self):
        out = Tensor(self.data.sum(), (self,))

        def step(gradient):
            self.grad = self.grad + gradient * np.ones_like(self.data)

        out.step = step
        return out

    def backward(self, gradient=None):
        order, seen = [], set()

        def visit(tensor):
            if id(tensor) not in seen:
                seen.add(id(tensor))
                for parent in tensor.parents:
                    visit(parent)
                order.append(tensor)

        visit(self)
        for tensor in order[:-1]:
            if tensor.parents:
                tensor.grad = np.zeros_like(tensor.data)
        self.grad = np.ones_like(self.data) if gradient is None else np.asarray(gradient, dtype=np.float32)
        for tensor in reversed(order):
            tensor.step(tensor.grad)
