"""The class of a package; its ops lie beside."""

try:
    import functional as ops
except ModuleNotFoundError:
    from . import functional as ops


class Tensor:
    """A number, whatever its name says."""

    def __init__(self, v, parents=()):
        self.v = v
        self.d = 0.0
        self.parents = parents

    def __mul__(self, other):
        return ops.mul(self, other)

    def back_propagate(self, seed=1.0):
        self.d += seed
        for parent, factor in self.parents:
            parent.back_propagate(seed * factor)
