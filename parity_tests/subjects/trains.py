"""Plots, needs what nobody has installed, and trains for ever when it is imported."""

import time

import graphviz
from a_library_that_nobody_has import sparkle

from .plain_value import Value as Base

RATE = 0.1


class Value(Base):
    """As its base."""

    def draw(self):
        return graphviz.Digraph()

    def abs(self):
        return sparkle(self)

    def gelu(self):
        return sparkle(self)

    def atan2(self, other):
        return sparkle(self, other)


while True:
    time.sleep(RATE)
