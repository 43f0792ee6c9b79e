"""A scalar autograd engine in one file, to be read from top to bottom.

A `Value` holds one float. Arithmetic on Values computes at once, and remembers: a result keeps its operands and, for
each of them, the *local derivative* d(result)/d(operand). `backward()` walks this graph from a result to the leaves by
the chain rule: an operand's gradient is the sum, over all results computed from it, of gradient x local derivative.

    >>> x, w, b = Value(2.0, label="x"), Value(-3.0, label="w"), Value(5.0, label="b")
    >>> y = (w * x + b).tanh()
    >>> y.backward()
    >>> x.grad == w.data * (1 - y.data**2)
    True

Values and gradients are PyTorch's for float64 tensors of shape (): inf and NaN come out where torch gives them, kinks
have torch's derivative, and contributions add up in torch's order, so that even rounding agrees. What makes it fast and
small: slots instead of closures, so that no result is in a reference cycle and each is freed when dropped; no
recursion; no node for a plain number; and the order of creation, in which operands come before their results.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import copysign, inf, nan
from numbers import Real
from operator import attrgetter, eq, ge, gt, le, lt

Rule = Callable[[float, float, float], tuple[float, float]] | None
Derived = Callable[[float], tuple[float, float]]

# ---- Arithmetic of IEEE 754: inf and NaN where Python raises ----


def _ieee(function: Callable[[float], float], otherwise: Callable[[float], float]) -> Callable[[float], float]:
    def total(x: float) -> float:
        try:
            return function(x)
        except (OverflowError, ValueError):
            return otherwise(x)

    return total


_exp, _expm1 = (_ieee(f, lambda x: inf) for f in (math.exp, math.expm1))
_log = _ieee(math.log, lambda x: nan if x else -inf)
_log1p = _ieee(math.log1p, lambda x: -inf if x == -1 else nan)
_sqrt, _sin, _cos, _tan = (_ieee(f, lambda x: nan) for f in (math.sqrt, math.sin, math.cos, math.tan))


def _div(x: float, y: float) -> float:
    try:
        return x / y
    except ZeroDivisionError:
        return nan if x == 0 or x != x else copysign(inf, x) * copysign(1.0, y)


def _pow(x: float, y: float) -> float:
    try:
        return math.pow(x, y)
    except (OverflowError, ValueError):  # the result is infinite, or the root of a negative number
        if x < 0 and not y.is_integer():
            return nan
        return copysign(inf, x) if abs(math.fmod(y, 2.0)) == 1 else inf


def _pow_number(x: float, n: float) -> float:
    """Torch takes these powers by root and product, which shows at -inf, at -0.0 and where x * x leaves the range."""
    if abs(n) == 0.5:
        return _sqrt(x) if n > 0 else _div(1.0, _sqrt(x))
    return _div(1.0, x * x) if n == -2 else _pow(x, n)


# ---- Rules: from the gradient g of a result to the contributions to its two operands ----
# For most ops they are g * x and g * y, where x and y are the local derivatives. The exceptions:


def _quotient(g: float, x: float, y: float) -> tuple[float, float]:
    """Here x is the inverse of the local derivative: g / x stays finite where 1 / x overflows."""
    return _div(g, x), g * y


def _choice(g: float, x: float, y: float) -> tuple[float, float]:
    """The operand that was not chosen gets 0 whatever arrives, where 0 * inf would be NaN."""
    return g * x if x else 0.0, g * y if y else 0.0


def _scaled(g: float, x: float, y: float) -> tuple[float, float]:
    """Here y is a number: (g * y) * x, as y * x may be out of range."""
    return g * y * x, 0.0


def _power(g: float, x: float, y: float) -> tuple[float, float]:
    """Here x and y are base and exponent: y x**(y-1) and x**y log x, and 0 where the power is constant."""
    dy = 0.0 if x == 0 and y >= 0 else _pow(x, y) * _log(x)
    return 0.0 if y == 0 else g * (y * _pow(x, y - 1)), g * dy


@dataclass(slots=True)
class Op:
    """How a result came about. What only few results have is kept here, so that the others need no slot for it."""

    name: str  # torch's
    rule: Rule = None  # None: g * x and g * y
    reflected: bool = False  # the plain number stood on the left, as in 2 - x
    label: str = ""  # a labelled Value has its own copy of the Op
    wide: tuple[tuple[Value, float], ...] = ()  # edges after the first, if there may be more than two


LEAF, ADD, SUB, MUL, POW_NUMBER = map(Op, ("", "add", "sub", "mul", "pow"))
RELU, LEAKY_RELU, SOFTPLUS, GELU = map(Op, ("relu", "leaky_relu", "softplus", "gelu"))
DEAD, MAXIMUM, MINIMUM, POW_ZERO = (Op(name, _choice) for name in ("relu", "maximum", "minimum", "pow"))
DIV, POW, ELU = Op("div", _quotient), Op("pow", _power), Op("elu", _scaled)
NUMBER_SUB, NUMBER_DIV, NUMBER_POW = (Op("sub", None, True), Op("div", _scaled, True), Op("pow", None, True))
BINARY = {"add", "sub", "mul", "div", "pow", "maximum", "minimum"}

_results, _leaves = itertools.count(1), itertools.count(-1, -1)  # results are numbered 1, 2, ..., leaves -1, -2, ...
_new, _creation = object.__new__, attrgetter("_id")


def make_result(data: float, op: Op, left: Value, x: float, right: Value | float = 0.0, y: float = 0.0) -> Value:
    """A new node. On the right may be a plain number, which has no edge but is kept for whoever reads the graph."""
    node = _new(Value)
    node.data, node.grad = data, 0.0
    node._op, node._id = op, next(_results)
    node._left, node._x = left, x
    node._right, node._y = (right, y) if isinstance(right, Value) else (None, float(right))
    return node


def _data(operand: object) -> float | None:
    """The operand as a float; None if it is neither a Value nor a number."""
    if isinstance(operand, Value):
        return operand.data
    return float(operand) if isinstance(operand, (float, int, Real)) else None


def _unary(name: str, doc: str, f: Derived, rule: Rule = None) -> Callable[[Value], Value]:
    """A method of Value, from f that takes x to z and dz/dx."""
    op = Op(name, rule)

    def method(self: Value) -> Value:
        z, x = f(self.data)
        return make_result(z, op, self, x)

    method.__name__, method.__doc__ = name, doc
    return method


def _comparison(compare: Callable[[float, float], bool]) -> Callable[[Value, object], bool]:
    return lambda self, other: NotImplemented if (y := _data(other)) is None else compare(self.data, y)


class Value:
    """A float that remembers how it was computed.

    `data` is the float. `grad` is the gradient: a leaf adds up what every `backward()` brings, as in torch; a result
    shows what the latest one brought. Comparisons, `==` too, compare data, while the hash is by identity, as with
    torch's tensors: sets and dicts keep Values with equal data apart.
    """

    __slots__ = ("_before", "_id", "_left", "_op", "_right", "_x", "_y", "data", "grad")

    def __init__(self, data: Value | float, label: str = "") -> None:
        self.data = float(data)
        self.grad = 0.0
        self._op = replace(LEAF, label=label) if label else LEAF
        self._id = next(_leaves)
        self._left: Value | None = None  # the operands ...
        self._right: Value | None = None
        self._x = self._y = 0.0  # ... and their local derivatives, or what else the rule of the op asks for

    # -- Operators: the value, and with each operand its local derivative --

    def __add__(self, other: Value | float) -> Value:
        if isinstance(other, Value):
            node = _new(Value)  # make_result, written out here and in `*`: the call takes a tenth of a forward pass
            node.data, node.grad = self.data + other.data, 0.0
            node._op, node._id = ADD, next(_results)
            node._left, node._right = self, other
            node._x, node._y = 1.0, 1.0
            return node
        y = _data(other)
        return NotImplemented if y is None else make_result(self.data + y, ADD, self, 1.0, other)

    def __mul__(self, other: Value | float) -> Value:
        x = self.data
        if isinstance(other, Value):
            node = _new(Value)
            node.data, node.grad = x * other.data, 0.0
            node._op, node._id = MUL, next(_results)
            node._left, node._right = self, other
            node._x, node._y = other.data, x
            return node
        y = _data(other)
        return NotImplemented if y is None else make_result(x * y, MUL, self, y, other)

    __radd__, __rmul__ = __add__, __mul__

    def __sub__(self, other: Value | float) -> Value:
        y = _data(other)
        return NotImplemented if y is None else make_result(self.data - y, SUB, self, 1.0, other, -1.0)

    def __rsub__(self, other: float) -> Value:
        c = _data(other)
        return NotImplemented if c is None else make_result(c - self.data, NUMBER_SUB, self, -1.0, other)

    def __truediv__(self, other: Value | float) -> Value:
        y = _data(other)
        if y is None:
            return NotImplemented
        z = _div(self.data, y)
        return make_result(z, DIV, self, y, other, -_div(z, y))

    def __rtruediv__(self, other: float) -> Value:
        c, r = _data(other), _div(1.0, self.data)  # torch takes c / x for (1 / x) * c, and rounds accordingly
        return NotImplemented if c is None else make_result(r * c, NUMBER_DIV, self, -(r * r), other)

    def __pow__(self, other: Value | float) -> Value:
        x, y = self.data, _data(other)
        if y is None:
            return NotImplemented
        if isinstance(other, Value):
            return make_result(_pow(x, y), POW, self, x, other, y)
        op = POW_NUMBER if y else POW_ZERO
        return make_result(_pow_number(x, y), op, self, y * _pow_number(x, y - 1) if y else 0.0, other)

    def __rpow__(self, other: float) -> Value:
        c, x = _data(other), self.data
        if c is None:
            return NotImplemented
        z = _pow(c, x)
        return make_result(z, NUMBER_POW, self, 0.0 if c == 0 and x >= 0 else z * _log(c), other)

    # -- Functions: the value and the derivative; with _quotient, the inverse of the derivative --

    __neg__ = _unary("neg", "-x, with derivative -1.", lambda x: (-x, -1.0))
    abs = __abs__ = _unary("abs", "|x|: 1 or -1, and 0 at 0.", lambda x: (math.fabs(x), (x > 0) - float(x < 0)))
    exp = _unary("exp", "z = e**x: z.", lambda x: (z := _exp(x), z))
    expm1 = _unary("expm1", "z = e**x - 1: z + 1.", lambda x: (z := _expm1(x), z + 1.0))
    log = _unary("log", "log x: 1/x.", lambda x: (_log(x), x), _quotient)
    log1p = _unary("log1p", "log(1 + x): 1/(1 + x).", lambda x: (_log1p(x), 1.0 + x), _quotient)
    sqrt = _unary("sqrt", "z = sqrt x: 1/(2z).", lambda x: (z := _sqrt(x), 2.0 * z), _quotient)
    sin = _unary("sin", "sin x: cos x.", lambda x: (_sin(x), _cos(x)))
    cos = _unary("cos", "cos x: -sin x.", lambda x: (_cos(x), -_sin(x)))
    tan = _unary("tan", "z = tan x: 1 + z**2.", lambda x: (z := _tan(x), 1.0 + z * z))
    tanh = _unary("tanh", "z = tanh x: 1 - z**2.", lambda x: (z := math.tanh(x), 1.0 - z * z))
    sigmoid = _unary("sigmoid", "z = 1/(1 + e**-x): z (1 - z).", lambda x: (z := 1.0 / (1.0 + _exp(-x)), (1.0 - z) * z))
    silu = _unary(
        "silu",
        "x s with s = sigmoid(x): s (1 + x (1 - s)).",
        lambda x: (x / (d := 1.0 + _exp(-x)), (s := 1.0 / d) * (1.0 + x * (1.0 - s))),
    )

    def relu(self) -> Value:
        """x if positive, else 0: derivative 1 or 0, and 0 at the kink."""
        x = self.data
        return make_result(x, RELU, self, 1.0) if x > 0 or x != x else make_result(max(x, 0.0), DEAD, self, 0.0)

    def leaky_relu(self, negative_slope: float = 0.01) -> Value:
        """x if positive, else negative_slope x; negative_slope is the derivative at the kink, too."""
        slope = 1.0 if self.data > 0 else float(negative_slope)
        return make_result(self.data * slope, LEAKY_RELU, self, slope)

    def elu(self, alpha: float = 1.0) -> Value:
        """x if positive, else alpha (e**x - 1); alpha e**x is the derivative at the kink, too."""
        x = self.data
        dx, scale = (_exp(x), alpha) if x <= 0 else (1.0, 1.0)
        return make_result(_expm1(x) * alpha if x < 0 else x, ELU, self, dx, scale)

    def softplus(self, beta: float = 1.0, threshold: float = 20.0) -> Value:
        """log(1 + e**(beta x)) / beta, and x itself where beta x > threshold: sigmoid(beta x), and 1."""
        x = self.data
        if x * beta > threshold:
            return make_result(x, SOFTPLUS, self, 1.0)
        e = _exp(x * beta)
        return make_result(_div(_log1p(e), beta), SOFTPLUS, self, e / (e + 1.0))

    def gelu(self, approximate: str = "none") -> Value:
        """x P(x): P(x) + x P'(x). P is the normal distribution function, or its approximation by "tanh"."""
        x = self.data
        if approximate == "none":
            p, dp = 0.5 * (1.0 + math.erf(x * math.sqrt(0.5))), math.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi)
        elif approximate == "tanh":
            c = math.sqrt(2.0 / math.pi)
            t = math.tanh(c * (x + 0.044715 * x * x * x))
            p, dp = 0.5 * (1.0 + t), 0.5 * (1.0 - t * t) * c * (1.0 + 0.134145 * x * x)
        else:
            raise ValueError(f"gelu: approximate is 'none' or 'tanh', not {approximate!r}")
        return make_result(x * p, GELU, self, p + x * dp)

    def maximum(self, other: Value | float) -> Value:
        """The larger, whose derivative is 1; a tie halves it. NaN counts as larger, and then both have 1."""
        return self._choose(MAXIMUM, other, self < other, self > other)

    def minimum(self, other: Value | float) -> Value:
        """The smaller, whose derivative is 1; a tie halves it. NaN counts as smaller, and then both have 1."""
        return self._choose(MINIMUM, other, self > other, self < other)

    def _choose(self, op: Op, other: Value | float, right: bool, left: bool) -> Value:
        x, y = self.data, float(other)
        won = 0.5 if x == y else 1.0
        return make_result(y if right or y != y else x, op, self, 0.0 if right else won, other, 0.0 if left else won)

    def backward(self, gradient: float = 1.0, retain_graph: bool = True) -> None:
        """Give all that this Value was computed from its gradient x d(self)/d(it). A leaf adds it to what earlier calls
        brought, as in torch; a result has the latest. With retain_graph=False the graph is let go of on the way."""
        reached = self._reach()
        self.grad = float(gradient)
        reached.sort(key=_creation, reverse=True)  # from the newest on, whatever a result is used by comes before it
        for node in reached:
            g, op, left, right = node.grad, node._op, node._left, node._right
            if left is None:
                node.grad = node._before + g if node._before else g
                continue
            if op.rule is None:
                left.grad += g * node._x
                if right is not None:
                    right.grad += g * node._y
            else:
                x, y = op.rule(g, node._x, node._y)
                left.grad += x
                if right is not None:
                    right.grad += y
            if op.wide:
                for operand, derivative in op.wide:
                    operand.grad += g * derivative
            if not retain_graph:
                node._left = node._right = None
                node._op = replace(op, wide=()) if op.wide else op

    def _reach(self) -> list[Value]:
        """All that this Value was computed from, itself first, with gradients set to nothing and kept in `_before`."""
        nothing = float("-0")  # the neutral element of +; that a gradient is this very object marks what was reached
        reached = [self]
        self._before, self.grad = self.grad, nothing
        for node in reached:  # which grows meanwhile
            left, right = node._left, node._right
            if left is None:
                if node._id > 0:
                    for other in reached:
                        other.grad = other._before
                    raise RuntimeError(f"backward a second time through {node!r}, after one with retain_graph=False")
                continue
            if left.grad is not nothing:
                left._before, left.grad = left.grad, nothing
                reached.append(left)
            if right is not None and right.grad is not nothing:
                right._before, right.grad = right.grad, nothing
                reached.append(right)
            if node._op.wide:
                for operand, _ in node._op.wide:
                    if operand.grad is not nothing:
                        operand._before, operand.grad = operand.grad, nothing
                        reached.append(operand)
        return reached

    @property
    def op(self) -> str:
        """Torch's name of the op that made this Value; "" for a leaf."""
        return self._op.name

    @property
    def label(self) -> str:
        """A name for people."""
        return self._op.label

    @label.setter
    def label(self, label: str) -> None:
        self._op = replace(self._op, label=label)

    @property
    def edges(self) -> tuple[tuple[Value, float], ...]:
        """Each Value that the op was applied to, with the local derivative d(self)/d(it)."""
        x, y = self._op.rule(1.0, self._x, self._y) if self._op.rule else (self._x, self._y)
        return *((v, d) for v, d in ((self._left, x), (self._right, y)) if v is not None), *self._op.wide

    @property
    def operands(self) -> tuple[Value | float, ...]:
        """What the op was applied to, as it was written: (2.0, x) for 2 - x."""
        operands = tuple(operand for operand, _ in self.edges)
        if self.op not in BINARY or len(operands) != 1:
            return operands
        return (self._y, *operands) if self._op.reflected else (*operands, self._y)

    def __repr__(self) -> str:
        notes = "".join(f", {key}={text!r}" for key, text in (("op", self.op), ("label", self.label)) if text)
        return f"Value(data={self.data!r}, grad={self.grad!r}{notes})"

    def __str__(self) -> str:
        names = [(isinstance(v, Value) and v.label) or f"{float(v):.4g}" for v in self.operands]
        call = f"{self.op}({', '.join(names if len(names) < 5 else [*names[:3], '...'])})" if self.op else ""
        return f"{' = '.join(filter(None, (self.label, call, f'{self.data:.4g}')))}, grad {self.grad:.4g}"

    def __float__(self) -> float:
        return self.data

    __hash__ = object.__hash__
    __eq__, __lt__, __le__, __gt__, __ge__ = map(_comparison, (eq, lt, le, gt, ge))
