"""Einstein's summation convention: an equation of letters says how operands are multiplied and summed.

The letters, and the dimensions that an ellipsis stands for, get one common order, those of the result first. In it the
operands are multiplied from left to right, each time summing what no later operand has: by a matrix product where both
have it. Source: ATen/native/Linear.cpp, einsum and sumproduct_pair.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from paragrad.engine.dtypes import Array
from paragrad.engine.ops import samples
from paragrad.engine.ops.contraction import RANGE, matmul
from paragrad.engine.ops.indexing import getitem
from paragrad.engine.ops.reduction import sum
from paragrad.engine.ops.samples import Call, Draw, Output
from paragrad.engine.ops.shape import reshape
from paragrad.engine.ops.table import Shape, op
from paragrad.engine.ops.transposing import permute

Label: TypeAlias = "str | int"
"""A letter, or a dimension of the ellipsis, of which -1 is the last."""


class Equation(NamedTuple):
    """The labels of each operand's dimensions and of the result's, and the size of each label."""

    inputs: list[list[Label]]
    output: list[Label]
    sizes: dict[Label, int]


def parse(equation: str, shapes: Sequence[Shape]) -> Equation:
    """Read an equation for operands of these shapes. Raises RuntimeError, as torch does, where they don't fit."""
    left, arrow, right = equation.strip().partition("->")
    terms = left.split(",")
    if len(terms) != len(shapes):
        raise RuntimeError(f"einsum(): '{equation}' is for {len(terms)} operands, got {len(shapes)}")
    sizes: dict[Label, int] = {}
    inputs = [_named(term, shape, sizes, equation) for term, shape in zip(terms, shapes, strict=True)]
    hidden = -min([label for label in sizes if isinstance(label, int)], default=0)
    if arrow:
        output = _labels(right, hidden, equation)
        unknown = [label for label in output if label not in sizes]
        if unknown or len(set(output)) != len(output):
            raise RuntimeError(f"einsum(): the result of '{equation}' must name letters of operands, each once at most")
    else:
        flat = [label for labels in inputs for label in labels]
        letters = [label for label in sizes if isinstance(label, str) and flat.count(label) == 1]
        output = [*range(-hidden, 0), *sorted(letters)]
    return Equation(inputs, output, sizes)


def _labels(term: str, hidden: int, equation: str) -> list[Label]:
    """The labels in a term, whose ellipsis stands for `hidden` dimensions."""
    before, dots, after = term.replace(" ", "").partition("...")
    if not (before + after).isascii() or not (before + after + "a").isalpha():
        raise RuntimeError(f"einsum(): '{equation}' must be made of letters a-zA-Z, commas, one -> and a ... a term")
    return [*before, *(range(-hidden, 0) if dots else ()), *after]


def _named(term: str, shape: Shape, sizes: dict[Label, int], equation: str) -> list[Label]:
    """The labels of an operand's dimensions; their sizes are noted. A size of 1 meets any other."""
    hidden = len(shape) - len(_labels(term, 0, equation))
    if hidden < 0 or (hidden and "..." not in term):
        raise RuntimeError(f"einsum(): '{term}' of '{equation}' does not name the dimensions of shape {shape}")
    labels = _labels(term, hidden, equation)
    for label, n in zip(labels, shape, strict=True):
        known = sizes.setdefault(label, n)
        if n not in (known, 1) and known != 1:
            raise RuntimeError(f"einsum(): '{label}' of '{equation}' has size {known} and, in shape {shape}, {n}")
        sizes[label] = known if n == 1 else n
        if shape[labels.index(label)] != n:
            raise RuntimeError(f"einsum(): '{label}' of '{equation}' is repeated in shape {shape} with several sizes")
    return labels


def _arranged(x: Any, labels: list[Label], order: list[Label]) -> Any:
    """`x` with a dimension for each label of `order`: of size 1 where x has none, a diagonal where it has two."""
    labels = list(labels)
    for label in [label for k, label in enumerate(labels) if label in labels[:k]]:
        k = labels.index(label)
        other = labels.index(label, k + 1)
        rest = [i for i in range(len(labels)) if i not in (k, other)]
        along = np.arange(x.shape[k])
        x = getitem(permute(x, (k, other, *rest)), (along, along))
        labels = [label, *[labels[i] for i in rest]]
    places = [labels.index(label) for label in order if label in labels]
    if places != list(range(len(places))):
        x = permute(x, tuple(places))
    shape = iter(x.shape)
    return reshape(x, tuple([next(shape) if label in labels else 1 for label in order]))


def _multiplied(a: Any, b: Any, gone: Sequence[int]) -> Any:
    """Σ a · b over the dimensions `gone`, kept with size 1, of two operands of one rank that broadcast."""
    both = []
    for k in gone:
        m, n = a.shape[k], b.shape[k]
        if m == n != 1:
            both.append(k)
        elif m != n:
            a, b = (a, sum(b, k, True)) if m == 1 else (sum(a, k, True), b)
    if not both:
        return a * b
    rest = [k for k in range(a.ndim) if k not in both]
    stack = [k for k in rest if a.shape[k] == b.shape[k]]
    rows = [k for k in rest if k not in stack and b.shape[k] == 1]
    columns = [k for k in rest if k not in stack and b.shape[k] != 1]
    order = [*stack, *rows, *columns, *both]
    head, m, n, terms = [[x.shape[k] for k in ks] for x, ks in ((a, stack), (a, rows), (b, columns), (a, both))]
    count = math.prod(terms)
    left = reshape(permute(a, (*stack, *rows, *both, *columns)), (math.prod(head), math.prod(m), count))
    right = reshape(permute(b, (*stack, *both, *columns, *rows)), (math.prod(head), count, math.prod(n)))
    product = reshape(matmul(left, right), (*head, *m, *n, *[1] * len(both)))
    return permute(product, tuple([order.index(k) for k in range(a.ndim)]))


def _term(draw: Draw, letters: str, dots: bool) -> str:
    at = draw.below(len(letters) + 1)
    return letters[:at] + "..." + letters[at:] if dots else letters


def _shuffled(draw: Draw, letters: Sequence[str]) -> str:
    left = list(letters)
    return "".join([left.pop(draw.below(len(left))) for _ in range(len(left))])


def _einsum_sample(draw: Draw) -> Call:
    x = draw.tensor(RANGE)
    rank = len(x.shape)
    covered = draw.below(rank + 1) if draw.flag(0.3) else 0
    at = draw.below(rank - covered + 1)
    hidden = x.shape[at : at + covered]
    named = (*x.shape[:at], *x.shape[at + covered :])
    letters = _shuffled(draw, "abcdZ")[: len(named)]
    if len(named) > 1 and named[0] == named[1] and draw.flag(0.5):
        letters = letters[0] + letters[0] + letters[2:]
    dots = covered > 0 or draw.flag(0.2)
    sizes = dict(zip(letters, named, strict=True))
    terms, operands = [letters[:at] + "..." * dots + letters[at:]], [x]
    for _ in range(draw.pick((0, 1, 1, 1, 2))):
        chosen = [c for c in sizes if draw.flag(0.6)]
        if draw.flag(0.4) and len(chosen) < 3:
            chosen.append(draw.pick("kL"))
        own = _shuffled(draw, chosen)
        if own and draw.flag(0.15):
            own += own[0]
        shared = dots and draw.flag()
        term = _term(draw, own, shared)
        before = own[: term.find("...")] if shared else own
        shape = [1 if own.count(c) == 1 and draw.flag(0.1) else sizes.setdefault(c, draw.below(4) + 1) for c in own]
        if shared:
            ellipsis = [1 if draw.flag(0.2) else n for n in hidden[draw.below(len(hidden) + 1) :]]
            shape[len(before) : len(before)] = ellipsis
        if len(shape) <= 5:
            terms.append(term)
            operands.append(draw.shaped(tuple(shape), RANGE, x.dtype))
    equation = draw.pick((",", ", ")).join(terms)
    if draw.flag(0.7):
        kept = _shuffled(draw, [c for c in dict.fromkeys("".join(terms).replace(".", "")) if draw.flag(0.6)])
        equation += "->" + _term(draw, kept, dots and draw.flag(0.8))
    _, output, found = parse(equation, [v.shape for v in operands])
    low, high = samples.total(x.low, x.high, math.prod([n for c, n in found.items() if c not in output]))
    for v in operands[1:]:
        low, high = samples.product(low, high, v.low, v.high)
    return Call((equation, tuple(operands)), {}, (Output(tuple([found[c] for c in output]), None, low, high),))


@op(promote=None, sample=_einsum_sample)
def einsum(equation: str, operands: Sequence[Array]) -> Array:
    """Products of elements of the operands, summed over every letter that the result does not name.

    `ij,jk->ik` is a matrix product, `ii` a trace, `...ij->...ji` transposes the last two dimensions. Without an arrow
    the result names, in alphabetical order, the letters that appear once. Operands may also be given one by one.
    """
    inputs, output, sizes = parse(equation, [x.shape for x in operands])
    order = [*output, *[label for label in sizes if label not in output]]
    terms = [_arranged(x, labels, order) for x, labels in zip(operands, inputs, strict=True)]
    # A dimension of size 1 is no reason to wait with the sum.
    last = [max([n for n, x in enumerate(terms) if x.shape[k] != 1], default=0) for k in range(len(order))]
    gone = [[k for k in range(len(output), len(order)) if last[k] == n] for n in range(len(terms))]
    result = sum(terms[0], tuple(gone[0]), True) if gone[0] else terms[0]
    for x, summed in zip(terms[1:], gone[1:], strict=True):
        result = _multiplied(result, x, summed)
    return reshape(result, tuple([sizes[label] for label in output]))
