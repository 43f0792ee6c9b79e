"""Where torch has to choose in ops that look at more than one element: ties, zeros, empty sums, NaN among numbers."""

from __future__ import annotations

from paragrad.fuzz.judge.conventions.point import Point, weighted, whole

INF, NAN = float("inf"), float("nan")

ZEROS = [0.0, 0.0]
EVEN = [1.0, 1.0, 2.0, 2.0]
"""Four elements in two ties: an extremum of each kind is tied, and the median lies between two values."""
TIES = [3.0, 3.0, 1.0, 3.0, 1.0]
SOME_NAN = [1.0, NAN, 2.0, NAN]
START = [1.0, 2.0, 4.0, 8.0, 16.0]
"""Cotangents of which no two sums are equal: they show which element of the output a gradient came from."""


EXTREMA: tuple[Point, ...] = tuple(
    whole(op, values)
    for op in ("max", "min", "amax", "amin", "median")
    for values in (TIES, EVEN, [0.0, -0.0], SOME_NAN, [INF, INF], [-INF, NAN], [])
)
EXTREMA_OF_ROWS: tuple[Point, ...] = tuple(
    whole(op, values, 0)
    for op in ("max.dim", "min.dim", "median.dim", "argmax", "argmin", "amax", "amin")
    for values in (TIES, EVEN, [0.0, -0.0], SOME_NAN)
)
SORTED: tuple[Point, ...] = (
    *(
        weighted(START[: len(values)], "sort", values, descending=descending, stable=True)
        for values in (TIES, EVEN, [0.0, -0.0], SOME_NAN)
        for descending in (False, True)
    ),
    *(
        weighted([], "argsort", values, descending=descending, stable=True)
        for values in (TIES, SOME_NAN)
        for descending in (False, True)
    ),
    *(weighted([1.0, 2.0], "topk", values, 2, largest=most) for values in (TIES, SOME_NAN) for most in (True, False)),
)
POOLS: tuple[Point, ...] = (
    *(
        weighted([[[[1.0]]]], "max_pool2d", [[square]], 2)
        for square in (
            [[1.0, 1.0], [1.0, 1.0]],
            [[0.0, 2.0], [2.0, 1.0]],
            [[1.0, NAN], [NAN, 1.0]],
            [[-INF, -INF], [-INF, -INF]],
        )
    ),
    weighted([[[[1.0, 2.0]]]], "max_pool2d", [[[[1.0, 3.0, 3.0]]]], (1, 2), stride=1),
    weighted([[[[1.0]]]], "avg_pool2d", [[[[INF, -INF]]]], (1, 2)),
    weighted([[[[1.0]]]], "avg_pool2d", [[[[1.0, NAN]]]], (1, 2)),
)
NORMS: tuple[Point, ...] = (
    *(whole("norm", ZEROS, p) for p in ("fro", 0, 0.5, 1, 1.5, 2, 3, INF, -INF, -1)),
    *(whole("norm", [0.0, 3.0], p) for p in (0, 0.5, 1, 1.5, 2, 3, -INF, -1)),
    *(whole("norm", [2.0, -2.0, 1.0], p) for p in (INF, -INF)),
    *(whole("norm", [INF, 1.0], p) for p in (1, 2, 3, INF)),
    *(whole("norm", [NAN, 1.0], p) for p in (0, 1, 2, INF)),
    whole("norm", [], 2),
)
SUMS: tuple[Point, ...] = (
    *(whole(op, values) for op in ("sum", "mean") for values in ([INF, -INF], [NAN, 1.0], [])),
    weighted(START[:3], "cumsum", [INF, -INF, 1.0], 0),
    *(whole("prod", values) for values in ([0.0, 2.0, 3.0], [0.0, 0.0, 3.0], [0.0, INF], [NAN, 0.0], [])),
    *(
        weighted(START[:4], "cumprod", values, 0)
        for values in ([2.0, 0.0, 3.0, 5.0], [0.0, 2.0, 0.0, 3.0], [2.0, INF, 0.0, 3.0], [1.0, NAN, 0.0, 2.0])
    ),
    *(whole(op, values) for op in ("any", "all") for values in ([NAN, 0.0], [-0.0, 0.0], [])),
    *(
        whole(op, values, unbiased=unbiased)
        for op in ("var", "std")
        for values in ([2.0], [2.0, 2.0], [INF, 1.0], [NAN, 1.0], [])
        for unbiased in (True, False)
    ),
    *(whole(op, [1.0, 2.0], correction=3.0) for op in ("var", "std")),
    weighted([[1.0]], "matmul", [[0.0, 1.0]], [[INF], [1.0]]),
)
NORMALIZED: tuple[Point, ...] = (
    *(
        weighted([1.0, 2.0], op, values, 0)
        for op in ("softmax", "log_softmax")
        for values in ([INF, 0.0], [-INF, 0.0], [-INF, -INF], [INF, INF], [NAN, 0.0], [1e3, -1e3])
    ),
    *(
        whole("logsumexp", values, 0)
        for values in ([INF, 0.0], [-INF, 0.0], [-INF, -INF], [INF, -INF], [NAN, 0.0], [1e3, 1e3], [])
    ),
    weighted([1.0, 2.0], "layer_norm", [1.0, 1.0], (2,)),
    weighted([1.0, 2.0], "layer_norm", [1.0, 1.0], (2,), eps=0.0),
    weighted([1.0], "layer_norm", [3.0], (1,)),
    weighted([1.0, 2.0], "layer_norm", [INF, 1.0], (2,)),
    *(
        weighted([[1.0]], "scaled_dot_product_attention", [[1.0]], [[1.0], [2.0]], [[1.0], [2.0]], mask)
        for mask in ([[False, False]], [[-INF, -INF]], [[True, False]], [[-INF, 0.0]])
    ),
)
LOSSES: tuple[Point, ...] = (
    *(whole(op, ZEROS, ZEROS) for op in ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss")),
    *(whole(op, [1.0, -1.0], ZEROS) for op in ("smooth_l1_loss", "huber_loss")),
    *(whole(op, [INF, NAN], ZEROS) for op in ("l1_loss", "smooth_l1_loss", "huber_loss", "mse_loss")),
    *(whole(op, [], []) for op in ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss")),
    whole("smooth_l1_loss", ZEROS, ZEROS, beta=0.0),
    *(whole("binary_cross_entropy", [p], [t]) for p in (0.0, 1.0) for t in (0.0, 0.5, 1.0)),
    whole("binary_cross_entropy", [NAN], [0.0]),
    *(whole("binary_cross_entropy_with_logits", [x], [t]) for x in (0.0, INF, -INF, NAN) for t in (0.0, 1.0)),
    *(whole("kl_div", [x], [t], reduction="sum") for x, t in ((0.0, 0.0), (-INF, 0.0), (-INF, 1.0), (0.0, -1.0))),
    whole("kl_div", [0.0], [-INF], reduction="sum", log_target=True),
    whole("nll_loss", [[0.0, 1.0]], [-100]),
    whole("nll_loss", [[0.0, 1.0]], [-100], reduction="sum"),
    whole("nll_loss", [[0.0, -INF]], [0]),
    whole("cross_entropy", [[0.0, 1.0]], [-100]),
    whole("cross_entropy", [[0.0, 1.0]], [-100], reduction="sum"),
    *(whole("cross_entropy", [row], [0]) for row in ([0.0, -INF], [-INF, 0.0], [INF, 0.0], [NAN, 0.0])),
    whole("cross_entropy", [[0.0, 1.0]], [[0.0, 0.0]]),
)
OTHERS: tuple[Point, ...] = (
    weighted([[1.0], [2.0]], "embedding", [0, 1], [[3.0], [4.0]], padding_idx=1),
    *(weighted([1.0, 2.0], "dropout", [1.0, NAN], p=p) for p in (0.0, 1.0)),
)

ARRAYS: tuple[Point, ...] = (
    *(*EXTREMA, *EXTREMA_OF_ROWS, *SORTED, *POOLS),
    *(*NORMS, *SUMS, *NORMALIZED, *LOSSES, *OTHERS),
)
