"""A sound engine of numbers that can be trained and has operators in place, and classes with one fault each."""

import math


class Value:
    """A number, its gradient and what to do with it."""

    def __init__(self, data, parents=()):
        self.data = data
        self.grad = 0.0
        self.parents = parents

    def made(self, data, *parents):
        return type(self)(data, parents)

    def wrapped(self, other):
        return other if isinstance(other, Value) else type(self)(other)

    def __add__(self, other):
        other = self.wrapped(other)
        return self.made(self.data + other.data, (self, 1.0), (other, 1.0))

    def __mul__(self, other):
        other = self.wrapped(other)
        return self.made(self.data * other.data, (self, other.data), (other, self.data))

    def __iadd__(self, other):
        return self + other

    def __imul__(self, other):
        return self * other

    __radd__ = __add__
    __rmul__ = __mul__

    def __sub__(self, other):
        return self + self.wrapped(other) * -1.0

    def tanh(self):
        out = math.tanh(self.data)
        return self.made(out, (self, 1 - out * out))

    def zero_grad(self):
        self.grad = 0.0

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
                node.grad = 0.0
        self.grad = 1.0
        for node in reversed(order):
            for parent, slope in node.parents:
                parent.grad += slope * node.grad


class Unrecorded(Value):
    """`+=` writes to the number, and nobody knows."""

    def __iadd__(self, other):
        self.data = self.data + self.wrapped(other).data
        return self


class Nothing(Value):
    """`*=` forgets to return."""

    def __imul__(self, other):
        self.data = self.data * self.wrapped(other).data


class Rewired(Value):
    """`+=` and `*=` give the object itself, which remembers what it was: sound, as torch's are."""

    def taken(self, out):
        before = type(self)(self.data, self.parents)
        self.data = out.data
        self.parents = tuple((before if parent is self else parent, slope) for parent, slope in out.parents)
        return self

    def __iadd__(self, other):
        return self.taken(self + other)

    def __imul__(self, other):
        return self.taken(self * other)


class Forgetful(Value):
    """zero_grad zeroes something else."""

    def zero_grad(self):
        self.gradient = 0.0


class ReadOnly(Value):
    """Its number can't be changed."""

    def __init__(self, number, parents=()):
        self._held = number
        self.grad = 0.0
        self.parents = parents

    @property
    def data(self):
        return self._held


class Remembering(Value):
    """A product is computed once for each pair of objects: after a step of the optimizer it is out of date."""

    def __init__(self, data, parents=()):
        super().__init__(data, parents)
        self.known = {}

    def __mul__(self, other):
        other = self.wrapped(other)
        held = self.known.setdefault(id(other), self.data * other.data)
        return self.made(held, (self, other.data), (other, self.data))

    __rmul__ = __mul__
