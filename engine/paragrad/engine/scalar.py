"""A scalar autograd engine in one file: read it top to bottom.

`Value` holds one float. Arithmetic on Values computes at once and also remembers: each result keeps its operands and, on the
edge to each operand, the *local derivative* d(result)/d(operand). That is the expression graph. `backward()` walks it from a
result to its leaves and applies the chain rule, which on a graph is one sentence: the gradient of an operand is the sum, over
everything computed from it, of (gradient of the result) x (local derivative of the edge).

    >>> x, w, b = Value(2.0, label="x"), Value(-3.0, label="w"), Value(1.0, label="b")
    >>> y = (w * x + b).tanh()
    >>> y.backward()
    >>> x.grad == w.data * (1 - y.data**2)
    True

Every value and gradient is PyTorch's for a float64 tensor of shape (): inf and NaN come out where torch gives them, kinks have
torch's derivative, `.grad` accumulates over calls of `backward()`, and contributions add up in torch's order, so that even
rounding agrees. Four choices make the engine fast and small. Slots instead of closures: a result with its edges takes under 200
bytes and is in no reference cycle, so a graph is freed the moment it is dropped. No recursion: chains of millions of nodes work.
No wrapping of plain numbers: `2 * x` has one edge. And no sorting: results are numbered as they are created, an operand is older
than what is computed from it, so going down the numbers is a topological order.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import copysign, inf, nan
from numbers import Real

__all__ = ["MLP", "SGD", "Layer", "Module", "Neuron", "Value", "linear"]

# ---- Arithmetic as IEEE 754 has it: Python raises where a float would be inf or NaN. ----------------------------------------


def _div(x: float, y: float) -> float:
    try:
        return x / y
    except ZeroDivisionError:
        return nan if x == 0 or x != x else copysign(inf, x) * copysign(1.0, y)


def _pow(x: float, y: float) -> float:
    try:
        return math.pow(x, y)
    except (OverflowError, ValueError):  # an infinite result, or a root of a negative number
        if x < 0 and not y.is_integer():
            return nan
        return copysign(inf, x) if y % 2 == 1 else inf


def _pow_number(x: float, exponent: float) -> float:
    """Torch takes these powers by multiplication and square root, which shows at -0.0, -inf and where x * x overflows."""
    if exponent == 0.5:
        return _sqrt(x)
    if exponent == -0.5:
        return _div(1.0, _sqrt(x))
    if exponent == -2:
        return _div(1.0, x * x)
    return _pow(x, exponent)


def _exp(x: float) -> float:
    try:
        return math.exp(x)
    except OverflowError:
        return inf


def _expm1(x: float) -> float:
    try:
        return math.expm1(x)
    except OverflowError:
        return inf


def _log(x: float) -> float:
    return math.log(x) if x > 0 else -inf if x == 0 else nan


def _log1p(x: float) -> float:
    return math.log1p(x) if x > -1 else -inf if x == -1 else nan


def _sqrt(x: float) -> float:
    return math.sqrt(x) if x >= 0 else nan


def _sigmoid(x: float) -> float:
    return 1.0 / (1.0 + _exp(-x))


# ---- Rules: from the gradient g of a result to the gradients of its operands. ----------------------------------------------
# The rule of almost every op is g * x and g * y, where x and y are the local derivatives. These are the exceptions.


def _quotient(g: float, x: float, y: float) -> tuple[float, float]:
    """Divide by x, the inverse of the local derivative: g * (1 / x) would overflow where g / x does not."""
    return _div(g, x), g * y


def _selection(g: float, x: float, y: float) -> tuple[float, float]:
    """An operand that was not selected gets 0 whatever arrives, where 0 * inf would be NaN."""
    return g * x if x else 0.0, g * y if y else 0.0


def _power(g: float, x: float, y: float) -> tuple[float, float]:
    """Here x and y are base and exponent: d/dx = y x**(y-1), d/dy = x**y log x, and 0 where the power is constant."""
    dy = 0.0 if x == 0 and y >= 0 else _pow(x, y) * _log(x)
    return 0.0 if y == 0 else g * (y * _pow(x, y - 1)), g * dy


@dataclass(slots=True)
class Op:
    """What a node did: torch's name of the op, its rule, and what only few nodes have (so that most take no room for it)."""

    name: str
    rule: Callable[[float, float, float], tuple[float, float]] | None = None  # None: gradient x local derivative
    reflected: bool = False  # the plain number came first, as in 2 - x
    label: str = ""  # a labelled node has an Op of its own
    wide: tuple[tuple[Value, float], ...] = ()  # edges beyond the first two; a wide node has an Op of its own


LEAF, ADD, SUB, MUL, NEG, ABS, EXP, EXPM1, SIN, COS, TAN, TANH, SIGMOID, LEAKY_RELU, ELU, SOFTPLUS, GELU, SILU, POW_NUMBER = (
    Op(name)
    for name in " add sub mul neg abs exp expm1 sin cos tan tanh sigmoid leaky_relu elu softplus gelu silu pow".split(" ")
)
DIV, LOG, LOG1P, SQRT = (Op(name, _quotient) for name in ("div", "log", "log1p", "sqrt"))
RELU, MAXIMUM, MINIMUM, POW_ZERO = (Op(name, _selection) for name in ("relu", "maximum", "minimum", "pow"))
POW = Op("pow", _power)
NUMBER_SUB, NUMBER_DIV, NUMBER_POW = (Op(name, reflected=True) for name in ("sub", "div", "pow"))
