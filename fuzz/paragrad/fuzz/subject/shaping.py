"""Bind what moves elements, joins and multiplies tensors, and losses: each by the forms that people give it."""

from __future__ import annotations

from functools import partial
from typing import Any, Callable, Mapping, Sequence

from . import construct, lists
from .bind import Bound
from .candidates import Candidate
from .construct import Unsupported
from .plain import Plain
from .tester import RIGHT

X = Plain([0.5, 1.5, 0.75, 2.0, 0.25, 1.25], (2, 3))
Y = Plain([1.0, -0.5, 0.25, 2.0, -1.5, 0.75], (3, 2))
Z = Plain([1.25, 0.5, -0.75, 0.3, 0.9, -2.0], (2, 3))
CUBE = Plain([k / 8 for k in range(24)], (2, 3, 4))

Form = Callable[..., Any]
"""A form takes the candidate's call, the operands and torch's arguments."""


def first(arranged: Any, op: str, candidate: Candidate, arity: int, forms: Sequence[tuple[str, Form]],
          inputs: list[Plain], expected: Plain, together: bool = False, **options: Any) -> Bound | None:  # fmt: skip
    """Bind the first form that is right, else the first that gives numbers, else, for an exact name, the first."""
    outcomes = []
    for name, form in forms:
        call = partial(form, candidate.call)
        asked = partial(_together, call) if together else call
        outcome = arranged.outcome(asked, inputs, expected, **options)
        outcomes.append((name, call, outcome))
        if outcome == RIGHT:
            break
    name, call, outcome = min(outcomes, key=lambda o: 0 if o[2] == RIGHT else 1 if o[2].startswith("wrong") else 2)
    if not outcome.startswith((RIGHT, "wrong")) and (not candidate.strong or candidate.name == "dot"):
        return None
    bound = Bound(op, arity, candidate, call, {"v" * arity: outcome})
    bound.arguments["form"] = name
    return bound


def _together(call: Callable[..., Any], *operands: Any, **options: Any) -> Any:
    return call(operands, **options)


def matmul(arranged: Any, op: str, candidate: Candidate) -> Bound | None:
    """The product of matrices."""
    return first(arranged, op, candidate, 2, [("a, b", lambda f, a, b: f(a, b))], [X, Y], lists.matmul(X, Y))


def reshape(arranged: Any, op: str, candidate: Candidate) -> Bound | None:
    """reshape, told the shape as a tuple or as several numbers."""
    forms: list[tuple[str, Form]] = [
        ("(2, 3)", lambda f, x, shape=None, size=None: f(x, tuple(shape or size or ()))),
        ("2, 3", lambda f, x, shape=None, size=None: f(x, *(shape or size or ()))),
    ]
    return first(arranged, op, candidate, 1, forms, [X], Plain(X.data, (3, 2)), shape=(3, 2))


def swapped(rank: int, dim0: int, dim1: int) -> list[int]:
    """All dims in order, two of them exchanged."""
    order = list(range(rank))
    order[dim0 % rank], order[dim1 % rank] = order[dim1 % rank], order[dim0 % rank]
    return order


def transpose(arranged: Any, op: str, candidate: Candidate) -> Bound | None:
    """Two dims exchanged: told which, told the new order of all, or all dims in reverse."""
    read = arranged.maker.read

    def rank(x: Any) -> int:
        found = read(x)
        return len(found.shape) if found is not None else 0

    def reverse(f: Any, x: Any, dim0: int, dim1: int) -> Any:
        if rank(x) != 2 or dim0 % 2 == dim1 % 2:
            raise Unsupported("it reverses all dims")
        return f(x)

    forms: list[tuple[str, Form]] = [
        ("dim0, dim1", lambda f, x, dim0, dim1: f(x, dim0, dim1)),
        ("order as a tuple", lambda f, x, dim0, dim1: f(x, tuple(swapped(rank(x), dim0, dim1)))),
        ("order", lambda f, x, dim0, dim1: f(x, *swapped(rank(x), dim0, dim1))),
    ]
    bound = first(arranged, op, candidate, 1, forms, [CUBE], lists.permuted(CUBE, (1, 0, 2)), dim0=0, dim1=1)
    if bound is not None and bound.tried["v"] == RIGHT:
        return bound
    return first(
        arranged, op, candidate, 1, [("reverses all", reverse)], [X], lists.permuted(X, (1, 0)), dim0=0, dim1=1
    )


def permute(arranged: Any, op: str, candidate: Candidate) -> Bound | None:
    """Dims in a new order; only what is right is taken for it, for a transpose of two dims has the same names."""
    forms: list[tuple[str, Form]] = [
        ("(1, 2, 0)", lambda f, x, dims: f(x, tuple(dims))),
        ("1, 2, 0", lambda f, x, dims: f(x, *dims)),
    ]
    bound = first(arranged, op, candidate, 1, forms, [CUBE], lists.permuted(CUBE, (1, 2, 0)), dims=(1, 2, 0))
    return bound if bound is not None and (bound.tried["v"] == RIGHT or op == candidate.name) else None


def flatten(arranged: Any, op: str, candidate: Candidate) -> Bound | None:
    """All dims made one."""

    def whole(f: Any, x: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
        if start_dim or end_dim != -1:
            raise Unsupported("it flattens all dims")
        return f(x)

    return first(arranged, op, candidate, 1, [("all", whole)], [X], Plain(X.data, (6,)))


def one_dim(arranged: Any, op: str, candidate: Candidate) -> Bound | None:
    """squeeze and unsqueeze of one dim, however it is told."""
    inputs, expected = (Plain(X.data, (2, 1, 3)), X) if op == "squeeze" else (X, Plain(X.data, (2, 1, 3)))

    def told(keyword: str, f: Any, x: Any, dim: Any = None) -> Any:
        if not isinstance(dim, int):
            raise Unsupported("one dim at a time")
        return f(x, **{keyword: dim}) if keyword else f(x, dim)

    forms = [(keyword, partial(told, keyword)) for keyword in ("", "axis", "dim")]
    return first(arranged, op, candidate, 1, forms, [inputs], expected, dim=1)


def expand(arranged: Any, op: str, candidate: Candidate) -> Bound | None:
    """Broadcast to a shape."""
    forms: list[tuple[str, Form]] = [
        ("(2, 3)", lambda f, x, size: f(x, _whole(size))),
        ("2, 3", lambda f, x, size: f(x, *_whole(size))),
    ]
    return first(
        arranged, op, candidate, 1, forms, [Plain(X.data[:3], (1, 3))], Plain(X.data[:3] * 2, (2, 3)), size=(2, 3)
    )


def _whole(size: Any) -> tuple[int, ...]:
    if -1 in size:
        raise Unsupported("a size of -1")
    return tuple(size)


def integers(arranged: Any, node: Any) -> Plain:
    """The integers that a node stands for: an engine may keep them as floats."""
    numbers: Plain = arranged.maker.read(node)
    return numbers if numbers.dtype == "bool" else Plain([int(v) for v in numbers.data], numbers.shape, "int64")


def getitem(arranged: Any, op: str, candidate: Candidate) -> Bound | None:
    """Indexing, by numbers, slices, and arrays as the subject's NumPy has them."""

    def plainly(index: Any) -> Any:
        if isinstance(index, tuple):
            inner = tuple([list(part) if isinstance(part, tuple) else plainly(part) for part in index])
            return inner[0] if len(inner) == 1 else inner
        return (
            construct.raw(integers(arranged, index), arranged.maker.listed) if arranged.maker.is_node(index) else index
        )

    return first(arranged, op, candidate, 1, [("index", lambda f, x, index: f(x, plainly(index)))], [X],
                 Plain(X.data[3:], (3,)), index=1)  # fmt: skip


def join(arranged: Any, op: str, candidate: Candidate) -> Bound | None:
    """cat and stack, of a list, along an axis or dim."""
    expected = (
        lists.joined([X, Z], 1)
        if op == "cat"
        else Plain([v for k in range(2) for part in (X, Z) for v in part.data[3 * k : 3 * k + 3]], (2, 2, 3))
    )

    def told(keyword: str, f: Any, parts: Any, dim: int = 0) -> Any:
        return f(list(parts), **{keyword: dim}) if keyword else f(list(parts), dim)

    if candidate.strong and not candidate.spelled.startswith(arranged.maker.cls.__name__):
        return None
    forms = [(keyword, partial(told, keyword)) for keyword in ("axis", "dim", "")]
    bound = first(arranged, op, candidate, 1, forms, [X, Z], expected, together=True, dim=1)
    if bound is not None:
        bound.arguments["dim"] = bound.arguments.pop("form")
    return bound


def mean_loss(arranged: Any, op: str, candidate: Candidate) -> Bound | None:
    """mse_loss and l1_loss, as a mean or as a sum."""
    terms = [(x - z) ** 2 if op == "mse_loss" else abs(x - z) for x, z in zip(X.data, Z.data)]
    results = {"mean": Plain([sum(terms) / 6]), "sum": Plain([sum(terms)]), "none": Plain(terms, (2, 3))}
    return reducing(arranged, op, candidate, {"node": lambda x, y: y}, [X, Z], results)


def of_one_reduction(fixed: str, convert: Callable[[Any, Any], Any], f: Any, x: Any, y: Any, **options: Any) -> Any:
    """The call of a loss that reduces in one way only, its target converted for the subject."""
    plainly = {"ignore_index": -100, "label_smoothing": 0.0}
    if options.pop("reduction", "mean") != fixed:
        raise Unsupported("its reduction is always " + fixed)
    # A weight is an instance, whose == may mean anything.
    given = [v is not None and not (type(v) is type(plainly.get(n)) and v == plainly[n]) for n, v in options.items()]
    if any(given):
        raise Unsupported("it takes no " + ", ".join(options))
    return f(x, convert(x, y))


def reducing(arranged: Any, op: str, candidate: Candidate, converts: Mapping[str, Callable[[Any, Any], Any]],
             inputs: list[Plain], results: dict[str, Plain]) -> Bound | None:  # fmt: skip
    """Bind a loss in the reduction whose result is right, else in the first."""
    found: Bound | None = None
    for reduction, expected in results.items():
        forms = [(name, partial(of_one_reduction, reduction, convert)) for name, convert in converts.items()]
        # The trial asks for the reduction that it tests.
        bound = first(arranged, op, candidate, 2, forms, inputs, expected, reduction=reduction)
        if bound is not None and (found is None or bound.tried["vv"] == RIGHT):
            found = bound
            found.arguments["reduction"] = {"fixed": reduction}
        if found is not None and found.tried["vv"] == RIGHT:
            break
    return found


def cross_entropy(arranged: Any, op: str, candidate: Candidate) -> Bound | None:
    """Cross-entropy of logits: targets as a node, as an array of NumPy, as a list, or one-hot."""
    targets = Plain([2, 0], (2,), "int64")
    log_odds = lists.along(X, -1, lists.log_softmax).data
    picked = [-log_odds[2], -log_odds[3]]

    def one_hot(x: Any, y: Any) -> Any:
        logits, wanted = arranged.maker.read(x), arranged.maker.read(y)
        classes = logits.shape[-1]
        data = [1.0 if k == t else 0.0 for t in wanted.data for k in range(classes)]
        return arranged.maker.make(Plain(data, (*wanted.shape, classes)), False)

    converts = {
        "node": lambda x, y: y,
        "array": lambda x, y: construct.raw(integers(arranged, y), arranged.maker.listed),
        "list": lambda x, y: integers(arranged, y).nested(),
        "one-hot": one_hot,
    }
    results = {"mean": Plain([sum(picked) / 2]), "sum": Plain([sum(picked)]), "none": Plain(picked, (2,))}
    return reducing(arranged, op, candidate, converts, [X, targets], results)


def clamp(arranged: Any, op: str, candidate: Candidate) -> Bound | None:
    """clamp between two numbers."""
    expected = Plain([min(max(v, 0.6), 1.3) for v in X.data], X.shape)
    forms = [("min, max", lambda f, x, min=None, max=None: f(x, min, max))]
    return first(arranged, op, candidate, 1, forms, [X], expected, min=0.6, max=1.3)


def where(arranged: Any, op: str, candidate: Candidate) -> Bound | None:
    """Choice by a condition, given as a node or as an array."""
    condition = Plain([True, False, True, False, False, True], (2, 3), "bool")
    expected = Plain([x if c else z for c, x, z in zip(condition.data, X.data, Z.data)], X.shape)
    forms: list[tuple[str, Form]] = [
        ("node", lambda f, c, x, y: f(c, x, y)),
        ("array", lambda f, c, x, y: f(arranged.raw(c), x, y)),
    ]
    return first(arranged, op, candidate, 3, forms, [condition, X, Z], expected)


SHAPES: dict[str, tuple[Callable[[Any, str, Candidate], Bound | None], str]] = {
    "matmul": (matmul, "matmul dot"),
    "mm": (matmul, "mm"),
    "reshape": (reshape, "reshape view"),
    "transpose": (transpose, "transpose swapaxes t permute"),
    "permute": (permute, "permute transpose"),
    "flatten": (flatten, "flatten ravel"),
    "squeeze": (one_dim, "squeeze"),
    "unsqueeze": (one_dim, "unsqueeze expanddims"),
    "expand": (expand, "expand broadcastto broadcast"),
    "getitem": (getitem, ""),
    "cat": (join, "cat concat concatenate"),
    "stack": (join, "stack"),
    "mse_loss": (mean_loss, "mseloss mse meansquarederror"),
    "l1_loss": (mean_loss, "l1loss mae meanabsoluteerror"),
    "cross_entropy": (
        cross_entropy,
        "crossentropy crossentropyloss softmaxcrossentropy sparsesoftmaxcrossentropy",
    ),
    "clamp": (clamp, "clamp clip"),
    "where": (where, "where"),
}
