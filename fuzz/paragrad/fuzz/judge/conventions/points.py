"""Where torch has to choose, for every op of the table; an op without such a point is in SMOOTH with the reason."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from paragrad.fuzz.judge.conventions.point import Point, each
from paragrad.fuzz.judge.conventions.points_of_arrays import ARRAYS

INF, NAN = float("inf"), float("nan")

EDGES = (0.0, -0.0, INF, -INF, NAN)
"""Where every op of one operand is asked."""

UNARY: dict[str, tuple[float, ...]] = {
    "abs": (),
    "acos": (1.0, -1.0, 2.0),
    "asin": (1.0, -1.0, 2.0),
    "atan": (),
    "ceil": (1.0, 0.5, -0.5),
    "cos": (),
    "cosh": (1e3,),
    "elu": (),
    "erf": (),
    "erfc": (),
    "exp": (1e3, -1e3),
    "exp2": (1e4, -1e4),
    "expm1": (1e3, -1e3),
    "floor": (1.0, 0.5, -0.5),
    "gelu": (),
    "hardsigmoid": (3.0, -3.0),
    "hardswish": (3.0, -3.0),
    "hardtanh": (1.0, -1.0),
    "isfinite": (),
    "isinf": (),
    "isnan": (),
    "leaky_relu": (),
    "log": (-1.0,),
    "log10": (-1.0,),
    "log1p": (-1.0, -2.0),
    "log2": (-1.0,),
    "logical_not": (),
    "logsigmoid": (1e3, -1e3),
    "mish": (1e3, -1e3),
    "neg": (),
    "reciprocal": (),
    "relu": (),
    "relu6": (6.0,),
    "round": (0.5, 1.5, -0.5, -1.5),
    "rsqrt": (-1.0,),
    "selu": (),
    "sigmoid": (1e3, -1e3),
    "sign": (),
    "silu": (1e3, -1e3),
    "sin": (),
    "sinh": (1e3,),
    "softplus": (20.0, 1e3, -1e3),
    "softsign": (),
    "sqrt": (-1.0,),
    "square": (),
    "tan": (),
    "tanh": (1e3,),
    "trunc": (1.0, 0.5, -0.5),
}
"""Kinks and poles of ops of one operand, besides the EDGES."""

EQUAL = ((0.0, 0.0), (0.0, -0.0), (INF, INF), (-INF, -INF))
ONE_NAN = ((NAN, 1.0), (1.0, NAN), (NAN, NAN))

BINARY: dict[str, tuple[tuple[float, float], ...]] = {
    "add": ((INF, -INF),),
    "atan2": (
        *((y, x) for y in (0.0, -0.0) for x in (0.0, -0.0)),
        *((0.0, -1.0), (-0.0, -1.0), (INF, INF), (INF, -INF), (1.0, INF), (INF, 1.0)),
        *ONE_NAN,
    ),
    "div": ((0.0, 0.0), (1.0, 0.0), (1.0, -0.0), (0.0, INF), (INF, INF), (NAN, 0.0)),
    "eq": (*EQUAL, *ONE_NAN),
    "fmax": ((1.0, 1.0), *EQUAL, *ONE_NAN),
    "fmin": ((1.0, 1.0), *EQUAL, *ONE_NAN),
    "ge": (*EQUAL, *ONE_NAN),
    "gt": (*EQUAL, *ONE_NAN),
    "hypot": ((0.0, 0.0), (0.0, 1.0), (INF, 1.0), (INF, INF), (INF, NAN), *ONE_NAN),
    "le": (*EQUAL, *ONE_NAN),
    "logaddexp": ((INF, INF), (-INF, -INF), (INF, -INF), (1e3, 1e3), *ONE_NAN),
    "logical_and": ((NAN, 1.0), (NAN, 0.0), (-0.0, 1.0)),
    "logical_or": ((NAN, 0.0), (-0.0, 0.0)),
    "logical_xor": ((NAN, 1.0), (NAN, 0.0), (-0.0, 1.0)),
    "lt": (*EQUAL, *ONE_NAN),
    "maximum": ((1.0, 1.0), *EQUAL, *ONE_NAN),
    "minimum": ((1.0, 1.0), *EQUAL, *ONE_NAN),
    "mul": ((0.0, INF), (INF, 0.0), (NAN, 0.0)),
    "ne": (*EQUAL, *ONE_NAN),
    "pow": (
        *((0.0, exponent) for exponent in (0.0, 0.5, 1.0, 2.0, -1.0, INF, NAN)),
        *((-2.0, 3.0), (-2.0, 0.0), (-2.0, 0.5), (1.0, INF), (1.0, NAN), (-1.0, INF)),
        *((INF, 0.0), (INF, -1.0), (NAN, 0.0), (NAN, 1.0)),
    ),
    "remainder": ((4.0, 2.0), (-4.0, 2.0), (4.0, -2.0), (1.0, 0.0), (INF, 1.0), (1.0, INF), (-1.0, INF), *ONE_NAN),
    "sub": ((INF, INF),),
    "xlogy": ((0.0, 0.0), (0.0, -1.0), (0.0, INF), (0.0, NAN), (1.0, 0.0), (1.0, -1.0), (INF, 0.0), (NAN, 1.0)),
}
"""Ties, poles and NaN of ops of two operands, both of them tensors."""

CALLS: tuple[Point, ...] = (
    # A bound that is a number.
    *(each("clamp", [x], min=0.0, max=1.0) for x in (0.0, 1.0, INF, -INF, NAN)),
    each("clamp", [0.0], min=0.0),
    each("clamp", [1.0], max=1.0),
    each("clamp", [2.0], min=3.0, max=1.0),
    each("clamp", [1.0], min=1.0, max=1.0),
    each("clamp", [0.0], min=NAN),
    # A bound that is a tensor.
    each("clamp", [0.0], min=[0.0]),
    each("clamp", [1.0], max=[1.0]),
    each("clamp", [2.0], min=[3.0], max=[1.0]),
    each("clamp", [1.0], min=[1.0], max=[1.0]),
    each("clamp", [0.0], min=[NAN]),
    each("clamp", [NAN], min=[0.0], max=[1.0]),
    # A number for an exponent, and for a base.
    *(each("pow", [x], n) for x, n in ((0.0, 0), (0.0, 1), (0.0, 2), (0.0, -1), (0.0, 0.5), (-2.0, 3), (-2.0, 0.5))),
    *(each("pow", [x], 0) for x in (INF, NAN)),
    *(each("pow", b, [x]) for b, x in ((0.0, 0.0), (0.0, -1.0), (0.0, 1.0), (-2.0, 3.0), (1.0, INF), (1.0, NAN))),
    *(each("xlogy", b, [x]) for b, x in ((0.0, 0.0), (0.0, NAN), (1.0, 0.0))),
    each("xlogy", [0.0], 0.0),
    *(each("div", [x], 0.0) for x in (0.0, 1.0)),
    each("div", 1.0, [0.0]),
    *(
        each("div.rounding_mode", [a], [b], rounding_mode=mode)
        for mode in ("floor", "trunc")
        for a, b in ((4.0, 2.0), (-7.0, 2.0), (0.0, -1.0), (1.0, 0.0), (-1.0, 0.0), (0.0, 0.0), (INF, 2.0), (1.0, INF))
    ),
    *(each("leaky_relu", [0.0], negative_slope=slope) for slope in (0.0, 1.0)),
    each("elu", [0.0], alpha=2.0),
    each("softplus", [1.0], threshold=1.0),
    each("softplus", [1.0], beta=20.0),
    *(each("hardtanh", [x], min_val=1.0, max_val=2.0) for x in (1.0, 2.0)),
    *(each("gelu", [x], approximate="tanh") for x in (0.0, INF, -INF, NAN)),
    each("round", [0.25], decimals=1),
    # What is not taken.
    each("where", [True], [1.0], [NAN]),
    each("where", [False], [INF], [1.0]),
    each("masked_fill", [NAN], [True], 0.0),
    *(each("lerp", [0.0], [1.0], weight) for weight in (0.5, INF)),
    each("lerp", [INF], [INF], 0.5),
    each("lerp", [INF], [1.0], 1.0),
)

SMOOTH: dict[str, str] = {
    **dict.fromkeys(("bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_not"), "whole numbers only"),
    **dict.fromkeys(
        (
            *("expand", "reshape", "view", "flatten", "squeeze", "unsqueeze", "transpose", "permute", "movedim"),
            *("flip", "roll", "repeat", "diagonal", "narrow", "select", "split", "chunk", "unbind", "cat", "stack"),
            *("getitem", "gather", "take_along_dim", "index_select", "pad", "constant_pad_nd", "tril", "triu"),
        ),
        "moves elements and computes nothing",
    ),
    **dict.fromkeys(("scatter", "scatter.value"), "of equal indices torch leaves open which is written"),
    **dict.fromkeys(("scatter_add", "index_add"), "adds, as `add` does"),
    **dict.fromkeys(
        ("mm", "bmm", "mv", "dot", "outer", "linear", "tensordot", "einsum", "conv1d", "conv2d"),
        "sums of products, as `matmul`",
    ),
    "to": "C leaves open what whole number NaN becomes",
}
"""Ops that leave torch no choice, and why."""


def points() -> Iterator[Point]:
    """All points, by op in the order of the alphabet, then as listed."""
    found: list[Point] = [each(op, [x]) for op, kinks in UNARY.items() for x in (*EDGES, *kinks)]
    found += [each(op, [a], [b]) for op, pairs in BINARY.items() for a, b in pairs]
    found += [*CALLS, *ARRAYS]
    yield from sorted(found, key=_name)


def _name(point: Point) -> Any:
    return point.op
