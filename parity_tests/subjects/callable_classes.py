"""Ops are classes with apply; gradients lie in a dict on the root, by identity."""


class Node:
    """A number in a box."""

    def __init__(self, *, number, children=()):
        self.number = number
        self.children = children

    def propagate(self):
        self.grads = {}
        self.walk(1.0)

    def walk(self, amount, root=None):
        root = root or self
        root.grads[id(self)] = root.grads.get(id(self), 0.0) + amount
        for child, factor in self.children:
            child.walk(amount * factor, root)


class Mul:
    @staticmethod
    def apply(a, b):
        return Node(number=a.number * b.number, children=((a, b.number), (b, a.number)))


class Add:
    def __call__(self, a, b):
        return Node(number=a.number + b.number, children=((a, 1.0), (b, 1.0)))


class Sub:
    def forward(self, a, b):
        return Node(number=a.number - b.number, children=((a, 1.0), (b, -1.0)))
