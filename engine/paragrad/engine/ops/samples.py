"""What legal arguments an op takes: `sample=` of an op is a function from a Draw to a Call.

The fuzzer's Draw hands out variables of the program under construction, or new inputs where none fits. The intervals
[low, high] that variables carry are a heuristic that keeps values finite most of the time; nothing relies on them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from paragrad.engine.dtypes import DType, float32, float64, int64

Interval = tuple[float, float]
EVERYWHERE: Interval = (-math.inf, math.inf)
MODERATE: Interval = (-1e4, 1e4)


class Var(Protocol):
    """A variable of the program: its shape, dtype, and an interval that should hold its values."""

    shape: tuple[int, ...]
    dtype: DType
    low: float
    high: float


class Output(NamedTuple):
    """What an op returns: shape, dtype (None: that of the promoted operands) and likely interval."""

    shape: tuple[int, ...]
    dtype: DType | None = None
    low: float = -math.inf
    high: float = math.inf


class Call(NamedTuple):
    """Arguments for one use of an op, with Vars where tensors stand, and what will come out."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    outputs: tuple[Output, ...]


class Draw(Protocol):
    """The choices a sample may make. Cheap, seeded, and independent of computed values."""

    def below(self, n: int) -> int:
        """A whole number in [0, n)."""

    def flag(self, probability: float = 0.5) -> bool:
        """True with this probability."""

    def pick(self, options: Sequence[Any]) -> Any:
        """One of the options."""

    def number(self, interval: Interval = EVERYWHERE) -> float | int:
        """A Python number."""

    def tensor(self, interval: Interval = MODERATE, rank: tuple[int, int] = (0, 4), nonempty: bool = False) -> Var:
        """A float tensor whose values should lie in `interval` and whose rank lies in `rank`."""

    def shaped(self, shape: tuple[int, ...], interval: Interval = MODERATE, dtype: DType | None = None) -> Var:
        """A float tensor of exactly this shape, and of this dtype where one is named."""

    def distinct(self, shape: tuple[int, ...]) -> Var:
        """A new float input no two of whose elements are equal: for ops that leave open which of equals they pick."""

    def beside(self, x: Var, interval: Interval = MODERATE) -> Var:
        """A float tensor whose shape broadcasts with that of `x`."""

    def confined(
        self, shape: tuple[int, ...], interval: Interval, dtype: DType | None = None, constant: bool = False
    ) -> Var:
        """A new float tensor all of whose values do lie in `interval`, for ops that refuse others, and which, where it
        is `constant`, requires no gradient."""

    def integers(self, shape: tuple[int, ...], low: int, high: int) -> Var:
        """An int64 constant with elements in [low, high)."""

    def mask(self, shape: tuple[int, ...], count: int | None = None) -> Var:
        """A bool constant of this shape, with exactly `count` elements true where that is given."""


Sample = Callable[[Draw], Call]


def broadcast(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    """The common shape of shapes that broadcast together."""
    if shapes.count(shapes[0]) == len(shapes):
        return shapes[0]
    rank = max(map(len, shapes))
    padded = [(1,) * (rank - len(s)) + s for s in shapes]
    return tuple(next((n for n in sizes if n != 1), 1) for sizes in zip(*padded, strict=True))


def unary(
    domain: Interval = MODERATE,
    range: Interval | Callable[[float, float], Interval] | None = None,
    dtype: DType | None = None,
) -> Sample:
    """One tensor within `domain`. `range` is the interval of the result, or maps the tensor's to it; by default it is
    the tensor's, made to hold [-1, 1]."""

    def sample(draw: Draw) -> Call:
        x = draw.tensor(domain)
        if range is None:
            low, high = min(x.low, -1.0), max(x.high, 1.0)
        elif callable(range):
            low, high = range(x.low, x.high)
        else:
            low, high = range
        return Call((x,), {}, (Output(x.shape, dtype, low, high),))

    return sample


def binary(
    first: Interval = MODERATE,
    second: Interval = MODERATE,
    range: Callable[[float, float, float, float], Interval] | None = None,
    numbers: bool = True,
    dtype: DType | None = None,
    reflected: bool = True,
) -> Sample:
    """Two tensors that broadcast, at times the same one twice, at times a Python number on either side (or second)."""

    def sample(draw: Draw) -> Call:
        x = draw.tensor(first)
        low, high = x.low, x.high
        args: tuple[Any, ...]
        choice = draw.below(10)
        if numbers and choice == 0:
            other: Any = draw.number(second)
            lows, shape, args = (float(other), float(other)), x.shape, (x, other)
        elif numbers and reflected and choice == 2:
            number = draw.number(first)
            low = high = float(number)
            lows, shape, args = (x.low, x.high), x.shape, (number, x)
            if not second[0] <= x.low <= x.high <= second[1]:
                y = draw.shaped(x.shape, second)
                lows, args = (y.low, y.high), (number, y)
        elif choice == 1 and second[0] <= x.low and x.high <= second[1]:
            lows, shape, args = (x.low, x.high), x.shape, (x, x)
        else:
            y = draw.beside(x, second)
            lows, shape, args = (y.low, y.high), broadcast(x.shape, y.shape), (x, y)
        interval = range(low, high, *lows) if range else (min(low, lows[0], -1.0), max(high, lows[1], 1.0))
        return Call(args, {}, (Output(shape, dtype, *interval),))

    return sample


def product(a: float, b: float, c: float, d: float) -> Interval:
    """The interval of a product of [a, b] and [c, d]."""
    corners = [p * q for p in (a, b) for q in (c, d)]
    return min(corners), max(corners)


def reduced(shape: tuple[int, ...], dim: int | Sequence[int] | None, keepdim: bool) -> tuple[int, ...]:
    """`shape` after a reduction over `dim` (None: all)."""
    rank = len(shape)
    dims = range(rank) if dim is None else [dim] if isinstance(dim, int) else dim
    gone = {d % rank if rank else 0 for d in dims}
    if keepdim:
        return tuple(1 if k in gone else n for k, n in enumerate(shape))
    return tuple(n for k, n in enumerate(shape) if k not in gone)


def dimension(draw: Draw, rank: int) -> int:
    """One of `rank` dimensions, counted from the front or from the back; a 0-d tensor takes 0 and -1."""
    rank = max(rank, 1)
    return draw.below(rank) - (rank if draw.flag(0.4) else 0)


def some_dims(draw: Draw, rank: int) -> Any:
    """One dimension, now and then a tuple of several."""
    if rank < 2 or draw.flag(0.7):
        return dimension(draw, rank)
    chosen = [k for k in range(rank) if draw.flag()] or [rank - 1]
    return tuple([k - (rank if draw.flag(0.4) else 0) for k in chosen])


def whole_numbers(draw: Draw) -> Var:
    """A small bool or int64 constant: no sample gets these otherwise."""
    shape = draw.pick([(), (3,), (2, 3), (2, 1, 4)])
    return draw.mask(shape) if draw.flag(0.4) else draw.integers(shape, -3, 4)


def reduction(
    interval: Interval = MODERATE,
    dims: str = "any",
    nonempty: bool = False,
    range: Callable[[float, float, int], Interval] | None = None,
    outputs: Sequence[DType | None] = (None,),
    whole: str = "",
    given: bool = False,
) -> Sample:
    """A tensor with `dim` and `keepdim`: dims "any" is none, one or several, "some" at least one, "one" exactly
    one, "none" the whole.

    `whole` says that bools and ints are taken, too, and what they give in place of None: "int64" or the "same".
    `given` says that there is an argument dtype.
    """

    def sample(draw: Draw) -> Call:
        plain = bool(whole) and draw.flag(0.08)
        x = whole_numbers(draw) if plain else draw.tensor(interval, nonempty=nonempty)
        rank = len(x.shape)
        kwargs: dict[str, Any] = {}
        if dims == "one":
            kwargs["dim"] = dimension(draw, rank)
        elif dims == "some" or (dims == "any" and draw.flag(0.75)):
            kwargs["dim"] = some_dims(draw, rank)
        if kwargs and draw.flag(0.4):
            kwargs["keepdim"] = True
        shape = reduced(x.shape, kwargs.get("dim"), "keepdim" in kwargs)
        args: tuple[Any, ...] = (x,)
        if kwargs and draw.flag(0.3):
            args, kwargs = (x, *kwargs.values()), {}
        result: DType | None = None
        if given and draw.flag(0.08):
            kwargs["dtype"] = result = draw.pick((float32, float64))
        elif plain:
            result = int64 if whole == "int64" else x.dtype
        low, high = range(x.low, x.high, math.prod(x.shape)) if range else (x.low, x.high)
        return Call(args, kwargs, tuple([Output(shape, dtype or result, low, high) for dtype in outputs]))

    return sample


def total(low: float, high: float, count: int) -> Interval:
    """The interval of a sum of `count` values."""
    return min(low * count, 0.0), max(high * count, 0.0)
