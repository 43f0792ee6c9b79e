"""An engine of arrays that keeps its numbers in torch's tensors, and records its own graph."""

import torch


class Tensor:
    """An array, and a closure."""

    def __init__(self, value, children=()):
        self.value = value if isinstance(value, torch.Tensor) else torch.tensor(value)
        self.grad = torch.zeros(self.value.shape, dtype=self.value.dtype)
        self.children = children
        self.step = lambda: None

    def __mul__(self, other):
        out = Tensor(self.value * other.value, (self, other))

        def step():
            self.grad += out.grad * other.value
            other.grad += out.grad * self.value

        out.step = step
        return out

    def sum(self):
        out = Tensor(self.value.sum(), (self,))

        def step():
            self.grad += out.grad

        out.step = step
        return out

    def backward(self):
        order, seen = [], set()

        def visit(node):
            if node not in seen:
                seen.add(node)
                for child in node.children:
                    visit(child)
                order.append(node)

        visit(self)
        self.grad = torch.ones(self.value.shape, dtype=self.value.dtype)
        for node in reversed(order):
            node.step()
