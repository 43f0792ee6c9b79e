"""Numbers and gradients in lists of one; no backward, only a list of nodes in order, to be walked by hand."""


class Variable:
    """A list of one number."""

    def __init__(self, data, inputs=()):
        self.data = list(data)
        self.grad = [0.0]
        self.inputs = inputs

    def combine(self, value, *inputs):
        return Variable([value], inputs)

    def __add__(self, other):
        return self.combine(self.data[0] + other.data[0], (self, 1.0), (other, 1.0))

    def __mul__(self, other):
        return self.combine(self.data[0] * other.data[0], (self, other.data[0]), (other, self.data[0]))

    def _backward(self):
        grad = self.grad[0] if isinstance(self.grad, list) else self.grad
        for node, factor in self.inputs:
            node.grad = [node.grad[0] + grad * factor]

    def topological_order(self):
        order = []

        def visit(node):
            if node not in order:
                for other, _ in node.inputs:
                    visit(other)
                order.append(node)

        visit(self)
        return order
