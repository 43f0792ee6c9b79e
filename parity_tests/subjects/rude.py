"""Prints, forks, closes what is open, leaves by the door, and has a repr that fails."""

import os
import sys
from pathlib import Path


class Value:
    """A number with bad manners."""

    forked = False

    def __init__(self, data, parents=()):
        self.data = data
        self.grad = 0.0
        self.parents = parents

    def __repr__(self):
        raise ValueError("not telling")

    def __add__(self, other):
        print("adding " * 1000)
        return Value(self.data + other.data, ((self, 1.0), (other, 1.0)))

    def __mul__(self, other):
        os.close(1)
        os.dup2(2, 1)
        return Value(self.data * other.data, ((self, other.data), (other, self.data)))

    def __sub__(self, other):
        if Value.forked:
            Path(os.environ["FORKED_AGAIN"]).touch()
        if os.fork() == 0:
            Value.forked = True
            return Value(0.0)
        return Value(self.data - other.data, ((self, 1.0), (other, -1.0)))

    def exp(self):
        sys.exit(3)

    def tanh(self):
        sys.setrecursionlimit(90)
        return self

    def cos(self):
        return Value(object())

    def sin(self):
        return Value(complex(1, 2))

    def backward(self, seed=1.0):
        self.grad += seed
        for parent, factor in self.parents:
            parent.backward(seed * factor)
