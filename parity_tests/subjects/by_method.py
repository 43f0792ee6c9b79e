"""Numbers under `value`, gradients by a method, ops as methods, `require_grad` False by default, a seeded backward."""


class Scalar:
    """A number in a list of its own."""

    def __init__(self, value, require_grad=False, parents=()):
        self.value = value
        self.require_grad = require_grad
        self.parents = parents
        self.total = 0.0 if require_grad else None

    def get_grad(self):
        return self.total

    def of(self, value, *parents):
        return Scalar(value, any(p.require_grad for p, _ in parents), parents)

    def plus(self, other):
        return self.of(self.value + other.value, (self, 1.0), (other, 1.0))

    def times(self, other):
        return self.of(self.value * other.value, (self, other.value), (other, self.value))

    def minus(self, other):
        return self.of(self.value - other.value, (self, 1.0), (other, -1.0))

    def square(self):
        return self.of(self.value**2, (self, 2 * self.value))

    def leaky_relu(self):
        slope = 1.0 if self.value > 0 else 0.1
        return self.of(self.value * slope, (self, slope))

    def backprop(self, seed):
        if self.require_grad:
            self.total += seed
            for parent, factor in self.parents:
                parent.backprop(seed * factor)
