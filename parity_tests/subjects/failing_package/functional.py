"""The package's ops."""

from . import tensor


def mul(a, b):
    return tensor.Tensor(a.v * b.v, ((a, b.v), (b, a.v)))


def add(a, b):
    return tensor.Tensor(a.v + b.v, ((a, 1.0), (b, 1.0)))
