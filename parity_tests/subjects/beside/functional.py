"""The functions of number.py."""

import math

from number import Number


def tanh(x):
    value = math.tanh(x.data)
    return Number(value, ((x, 1 - value**2),))
