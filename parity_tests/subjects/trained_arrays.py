"""A sound engine of arrays that can be trained and has operators in place, and classes with one fault each."""

import numpy as np


class Tensor:
    """An array, its gradient, and what each operand gets of it."""

    def __init__(self, data, parents=()):
        self.data = data
        self.grad = None
        self.parents = parents

    def made(self, data, *parents):
        return type(self)(np.asarray(data), parents)

    def wrapped(self, other):
        return other if isinstance(other, Tensor) else type(self)(np.asarray(float(other)))

    def __add__(self, other):
        other = self.wrapped(other)
        return self.made(self.data + other.data, (self, lambda g: g), (other, lambda g: g))

    def __mul__(self, other):
        other = self.wrapped(other)
        a, b = self.data, other.data
        return self.made(a * b, (self, lambda g: g * b), (other, lambda g: g * a))

    def __matmul__(self, other):
        a, b = self.data, other.data
        if a.ndim != 2 or b.ndim != 2:
            raise NotImplementedError("matrices only")
        return self.made(a @ b, (self, lambda g: g @ b.T), (other, lambda g: a.T @ g))

    def __iadd__(self, other):
        return self + other

    __radd__ = __add__
    __rmul__ = __mul__

    def __sub__(self, other):
        return self + self.wrapped(other) * -1.0

    def tanh(self):
        out = np.tanh(self.data)
        return self.made(out, (self, lambda g: g * (1 - out * out)))

    def sum(self):
        return self.made(self.data.sum(), (self, lambda g: np.broadcast_to(g, self.data.shape)))

    def accumulate(self, gradient):
        extra = gradient.ndim - self.data.ndim
        gradient = gradient.sum(axis=tuple(range(extra)))
        kept = tuple(k for k, n in enumerate(self.data.shape) if n == 1)
        self.add_up(gradient.sum(axis=kept, keepdims=True))

    def add_up(self, gradient):
        self.grad = gradient if self.grad is None else self.grad + gradient

    def backward(self):
        order, seen = [], set()

        def visit(node):
            if id(node) not in seen:
                seen.add(id(node))
                for parent, _ in node.parents:
                    visit(parent)
                order.append(node)

        visit(self)
        for node in order:
            if node.parents:
                node.grad = None
        self.grad = np.ones_like(self.data)
        for node in reversed(order):
            for parent, pull in node.parents:
                parent.accumulate(pull(node.grad))
        self.left(order)

    def left(self, order):
        pass


class LeavesOnly(Tensor):
    """Sound: what is no leaf forgets its gradient."""

    def left(self, order):
        for node in order:
            if node.parents:
                node.grad = None


class Aliasing(Tensor):
    """add hands its own gradient to both operands, and they write to it."""

    def accumulate(self, gradient):
        if gradient.shape == self.data.shape:
            self.add_up(gradient)
        else:
            super().accumulate(gradient)

    def add_up(self, gradient):
        if self.grad is None:
            self.grad = gradient
        else:
            self.grad += gradient

    def sum(self):
        return self.made(self.data.sum(), (self, lambda g: np.full(self.data.shape, g)))


class Writing(Tensor):
    """tanh writes to its operand."""

    def tanh(self):
        out = np.tanh(self.data)
        if self.data.ndim:
            np.tanh(self.data, out=self.data)
        return self.made(out, (self, lambda g: g * (1 - out * out)))


class WritingBack(Tensor):
    """A backward through a product writes to its operand."""

    def __mul__(self, other):
        other = self.wrapped(other)
        a, b = self.data, other.data

        def pull(g):
            result = g * b
            if b.shape == result.shape and b.ndim:
                np.multiply(b, 1.5, out=b)
            return result

        return self.made(a * b, (other, lambda g: g * a), (self, pull))


class Unrecorded(Tensor):
    """`+=` writes to the array, and nobody knows."""

    def __iadd__(self, other):
        self.data += self.wrapped(other).data
        return self


class NoRate(Tensor):
    """Its array can't be written to."""

    def __init__(self, data, parents=()):
        self._kept = np.array(data)
        self._kept.flags.writeable = False
        self.grad = None
        self.parents = parents

    @property
    def data(self):
        return self._kept
