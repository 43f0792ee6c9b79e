"""Hand-written Programs of the walk: every way in which contributions meet, are shared and add up.

Each is of single steps that are right by themselves, so what is wrong in one is the walk's. `WALKS` are of tensors,
`SCALAR_WALKS` of Values, `optimizers()` are runs of a few steps, one for each set of options.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from paragrad.fuzz.program import Apply, Backward, Grad, Input, Optimizer, OptimizerStep, Program, Ref, ZeroGrad

NUMBERS = np.random.default_rng(3).uniform(-1.5, 1.5, 64).astype(np.float32)
STEPS = 3
OPTIONS: dict[str, tuple[dict[str, Any], ...]] = {
    "SGD": (
        {"lr": 0.1},
        {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.1},
        {"lr": 0.1, "momentum": 0.9, "dampening": 0.5},
        {"lr": 0.1, "momentum": 0.9, "nesterov": True},
        {"lr": 0.1, "maximize": True, "weight_decay": 0.1},
    ),
    "Adam": (
        {"lr": 0.1},
        {"lr": 0.1, "weight_decay": 0.1, "betas": (0.3, 0.5)},
        {"lr": 0.1, "amsgrad": True, "eps": 0.1},
        {"lr": 0.1, "maximize": True, "weight_decay": 0.1},
    ),
    "AdamW": ({"lr": 0.1}, {"lr": 0.1, "weight_decay": 0.5, "amsgrad": True}, {"lr": 0.1, "maximize": True}),
}


class Writer:
    """Writes a Program call by call."""

    def __init__(self, scalar: bool = False) -> None:
        self.scalar = scalar
        self.inputs: list[Input] = []
        self.statements: list[Any] = []
        self.count = 0

    def leaf(self, *shape: int, requires_grad: bool = True) -> Ref:
        """An input; all of them before the first op."""
        assert not self.statements
        start = 5 * len(self.inputs)
        array: Any = NUMBERS[start].astype(np.float64)
        if not self.scalar:
            array = NUMBERS[start : start + int(np.prod(shape))].reshape(shape)
        name = f"{'x' if requires_grad else 'c'}{len(self.inputs)}"
        self.inputs.append(Input.of(name, np.asarray(array), requires_grad))
        self.count += 1
        return Ref(self.count - 1)

    def call(self, op: str, *args: Any, outputs: int = 1, **kwargs: Any) -> Any:
        """An op; its output, or a tuple of them."""
        made = tuple(range(self.count, self.count + outputs))
        self.count += outputs
        self.statements.append(Apply(op, args, kwargs, made))
        found = [Ref(k) for k in made]
        return found[0] if outputs == 1 else found

    def backward(self, *roots: Ref, by: tuple[Ref, ...] = (), retain: bool = False, create: bool = False) -> None:
        """A backward, from cotangents `by` or from 1."""
        seeds = tuple(c.index for c in by) or (None,) * len(roots)
        self.statements.append(Backward(tuple(r.index for r in roots), seeds, retain, create))

    def grad(self, root: Ref, by: Ref, *of: Ref) -> list[Ref]:
        """Gradients that are recorded."""
        made = tuple(range(self.count, self.count + len(of)))
        self.count += len(of)
        self.statements.append(Grad((root.index,), (by.index,), tuple(v.index for v in of), made))
        return [Ref(k) for k in made]

    def program(self, optimizer: Optimizer | None = None) -> Program:
        """What was written."""
        return Program(self.inputs, self.statements, optimizer)


def twice(w: Writer) -> None:
    """x + x, of a leaf and of a result."""
    x, c = w.leaf(5), w.leaf(5, requires_grad=False)
    a = w.call("add", x, x)
    w.backward(w.call("add", a, a), by=(c,))


def handed_on(w: Writer) -> None:
    """What an addition hands to both of its operands unchanged, of which one gets more later."""
    x, y, c = w.leaf(5), w.leaf(5), w.leaf(5, requires_grad=False)
    a, b = w.call("mul", x, 1.3), w.call("mul", y, 0.7)
    p = w.call("mul", a, -0.6)
    s = w.call("add", a, b)
    w.backward(w.call("add", s, p), by=(c,))


def viewed(w: Writer) -> None:
    """The same, where what is handed on is a view of what came in."""
    x, c, d = w.leaf(2, 3), w.leaf(3, 2, requires_grad=False), w.leaf(2, 3, requires_grad=False)
    a = w.call("mul", x, 1.3)
    p = w.call("mul", a, -0.6)
    t = w.call("transpose", a, 0, 1)
    w.backward(t, p, by=(c, d))


def diamond(w: Writer) -> None:
    """Two ways from one result, which meet."""
    x, c = w.leaf(5), w.leaf(5, requires_grad=False)
    a = w.call("mul", x, 1.3)
    w.backward(w.call("mul", w.call("sin", a), w.call("exp", a)), by=(c,))


def reused(w: Writer) -> None:
    """A leaf and a result in many ops."""
    x, c = w.leaf(5), w.leaf(5, requires_grad=False)
    total = a = w.call("tanh", x)
    for k in range(4):
        total = w.call("add", total, w.call("mul", a, 0.3 * k + 0.7))
        total = w.call("sub", total, w.call("mul", x, a))
    w.backward(total, by=(c,))


def stacked(w: Writer) -> None:
    """stack and cat in the middle of a graph, with one result in a list twice and used elsewhere, too."""
    x, y = w.leaf(2, 3), w.leaf(2, 3)
    c = w.leaf(2, 9, requires_grad=False)
    a, b = w.call("mul", x, 1.3), w.call("sin", y)
    s = w.call("stack", (a, b, a), 0)
    m = w.call("sum", s, 0, False)
    w.backward(w.call("cat", (m, a, w.call("mul", a, b)), 1), by=(c,))


def listed_twice(w: Writer) -> None:
    """Second derivatives through stack."""
    x, y = w.leaf(3), w.leaf(3)
    c, d = w.leaf(2, 3, requires_grad=False), w.leaf(3, requires_grad=False)
    a = w.call("mul", x, y)
    s = w.call("stack", (w.call("sin", a), w.call("mul", a, x)), 0)
    g, h = w.grad(s, c, x, y)
    w.backward(w.call("mul", g, h), by=(d,))


def recorded(w: Writer) -> None:
    """A second derivative of a diamond, through a backward that is recorded."""
    x, c, d = w.leaf(5), w.leaf(5, requires_grad=False), w.leaf(5, requires_grad=False)
    a = w.call("tanh", x)
    (g,) = w.grad(w.call("mul", w.call("mul", a, a), x), c, x)
    w.backward(w.call("mul", g, a), by=(d,))


def again(w: Writer) -> None:
    """One graph walked twice, then another: leaves add up."""
    x, c = w.leaf(5), w.leaf(5, requires_grad=False)
    a = w.call("mul", w.call("sin", x), x)
    w.backward(a, by=(c,), retain=True)
    w.backward(a, by=(c,))
    w.backward(w.call("add", x, x), by=(c,))


def forgotten(w: Writer) -> None:
    """zero_grad between two backwards."""
    x, c = w.leaf(5), w.leaf(5, requires_grad=False)
    w.backward(w.call("exp", x), by=(c,))
    w.statements.append(ZeroGrad())
    w.backward(w.call("mul", x, x), by=(c,))


def roots(w: Writer) -> None:
    """Several roots, one of them on the way from another."""
    x, c, d = w.leaf(5), w.leaf(5, requires_grad=False), w.leaf(5, requires_grad=False)
    a = w.call("mul", x, 1.3)
    w.backward(a, w.call("exp", a), by=(c, d))


def same_root(w: Writer) -> None:
    """One root twice: both cotangents count."""
    x, c, d = w.leaf(5), w.leaf(5, requires_grad=False), w.leaf(5, requires_grad=False)
    a = w.call("sin", x)
    w.backward(a, a, by=(c, d))


def fewer_dimensions(w: Writer) -> None:
    """An operand that lacks a dimension of size 1, and nothing else."""
    x, y, c = w.leaf(3), w.leaf(1, 3), w.leaf(1, 3, requires_grad=False)
    w.backward(w.call("mul", x, y), by=(c,))


def broadcast(w: Writer) -> None:
    """Operands that are smaller than the result, one of them twice."""
    x, y, c = w.leaf(3), w.leaf(2, 1), w.leaf(2, 3, requires_grad=False)
    a = w.call("mul", x, y)
    w.backward(w.call("add", w.call("mul", a, x), y), by=(c,))


def outputs(w: Writer) -> None:
    """Slices that overlap, and one of two outputs."""
    x, c = w.leaf(5), w.leaf(4, requires_grad=False)
    a = w.call("mul", x, 1.3)
    most, _ = w.call("max.dim", w.call("reshape", a, (1, 5)), 1, True, outputs=2)
    ends = w.call("mul", w.call("getitem", a, (slice(0, 4),)), w.call("getitem", a, (slice(1, 5),)))
    w.backward(w.call("sub", ends, w.call("reshape", most, (1,))), by=(c,))


WALKS: dict[str, Callable[[Writer], None]] = {
    "x + x": twice,
    "a gradient handed on to two": handed_on,
    "a view of a gradient handed on": viewed,
    "a diamond": diamond,
    "reuse in many ops": reused,
    "stack and cat in the middle": stacked,
    "second derivatives through stack": listed_twice,
    "second derivatives of a diamond": recorded,
    "backward three times": again,
    "zero_grad between two backwards": forgotten,
    "a root on the way from another": roots,
    "one root twice": same_root,
    "broadcasting": broadcast,
    "broadcasting a dimension of size 1": fewer_dimensions,
    "overlapping slices and one of two outputs": outputs,
}
SCALAR_WALKS: dict[str, Callable[[Writer], None]] = {
    name: WALKS[name]
    for name in (
        "x + x",
        "a gradient handed on to two",
        "a diamond",
        "reuse in many ops",
        "backward three times",
        "zero_grad between two backwards",
        "a root on the way from another",
        "one root twice",
    )
}


def written(walk: Callable[[Writer], None], scalar: bool = False) -> Program:
    """The Program of a walk."""
    writer = Writer(scalar)
    walk(writer)
    return writer.program()


def optimizers() -> Iterator[tuple[str, str, Program]]:
    """Name of the optimizer, its options in words, and a run of a few steps."""
    for name, choices in OPTIONS.items():
        for options in choices:
            w = Writer()
            x, y = w.leaf(5), w.leaf(5)
            target = w.leaf(5, requires_grad=False)
            for _ in range(STEPS):
                off = w.call("sub", w.call("mul", x, y), target)
                w.statements.append(ZeroGrad())
                w.backward(off, by=(target,))
                w.statements.append(OptimizerStep())
            words = ", ".join(f"{option} {value}" for option, value in options.items())
            yield name, words, w.program(Optimizer(name, (x.index, y.index), options))
