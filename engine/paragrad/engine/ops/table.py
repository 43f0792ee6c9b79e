"""The op table: one decorated function an op, and everything that is said about an op said there.

    @op(rounding=ulps(0.5), sample=samples.binary(),
        input=lambda g, other: g * other,
        other=lambda g, input: g * input)
    def mul(input: Operand, other: Operand) -> Array:
        '''input · other.'''
        return np.multiply(input, other)

The function is the *value*, on arrays. Each keyword named after a parameter is that parameter's *pullback*: it takes
the incoming gradient and then, by name, just what it needs: parameters, `out` (or the outputs' names where there are
several), and `shape`, `shapes` or `dtype` of the parameter it differentiates. What no pullback names is not saved.

A pullback is written with operators and ops of the table only. Called on arrays these compute, called on Tensors they
record, and any other class that registers a handler may give them a third meaning (the judge's error analysis does).
So one rule serves the first derivative, every higher one, and the bound on its own rounding.
"""

from __future__ import annotations

import inspect
import operator
from collections import namedtuple
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from paragrad.engine.dtypes import Array
from paragrad.engine.ops.rounding import COMPOSITE, Rounding

Operand: TypeAlias = "Array | float"
"""A tensor, or a Python number in its place."""
Shape: TypeAlias = tuple[int, ...]
Dims: TypeAlias = "int | tuple[int, ...] | None"
Index: TypeAlias = Any

TABLE: dict[str, Op] = {}
"""Every op by name. An overload is named as in ATen: `max.dim` is torch.max with a dim."""

handlers: dict[type, Callable[[Op, tuple[Any, ...]], Any]] = {}
"""What an op does when an operand is of this class; arrays and numbers have no entry and are computed on."""


Pull: TypeAlias = Callable[[Any, tuple[Any, ...]], Any]
"""A pullback as the walk calls it: of the gradient and the tuple of saved values."""


class Plan(NamedTuple):
    """What the backward of an op needs, given which operands require a gradient.

    `keep` says what to save: (position among arguments followed by outputs, attribute or None for the thing itself).
    For each operand in `positions`, `rules` has its pullback as the table states it, `pulls` its fused form if any.
    """

    op: Op
    keep: tuple[tuple[int, str | None], ...]
    positions: tuple[int, ...]
    pulls: tuple[Pull, ...]
    rules: tuple[Pull, ...]
    save: Callable[[Sequence[Any]], tuple[Any, ...]]


FACTS: dict[str, Callable[[Any], Any]] = {
    "shape": np.shape,
    "shapes": lambda arrays: [np.shape(a) for a in arrays],
    "dtype": lambda a: a.dtype,
}
"""What a pullback may name of the operand it differentiates, besides its value."""


def saving(keep: Sequence[tuple[int, str | None]]) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
    """A function that picks what is to be saved out of arguments followed by outputs."""
    if any(fact for _, fact in keep):
        return lambda values: tuple([values[k] if fact is None else FACTS[fact](values[k]) for k, fact in keep])
    places = [k for k, _ in keep]
    match places:
        case []:
            return lambda values: ()
        case [i]:
            return lambda values: (values[i],)
    return operator.itemgetter(*places)


def picking(pull: Callable[..., Any], picks: tuple[int, ...]) -> Pull:
    """`pull` as a function of the gradient and the tuple of saved values. The short forms are there for speed."""
    match picks:
        case ():
            return lambda g, saved: pull(g)
        case (i,):
            return lambda g, saved: pull(g, saved[i])
        case (i, j):
            return lambda g, saved: pull(g, saved[i], saved[j])
    return lambda g, saved: pull(g, *[saved[k] for k in picks])


@dataclass(eq=False, repr=False, slots=True)
class Op:
    """One operation: its name, value, pullbacks, and the facts that fuzzer, oracle and judge read.

    Stated: `promote` says in which dtype operands meet ("same": their common one; "float": likewise, integers becoming
    the default dtype; "numbers" and "floats": bools, or bools and integers, are refused; "equal": operands that differ
    are refused; None: each is left alone). `sample` makes legal
    arguments. `fused` holds first-order pullbacks for arrays that equal the rule and are faster. `internal` ops exist
    for rules and have no counterpart in torch. `recover` belongs to ops that draw random numbers: recover(*args, out)
    tells from what came out which op, with which arguments after the first, gives that for sure; None if nothing was
    drawn. `twice` is false where torch has no second derivative to compare with.

    Read off the signature: `operands`, (bit, position) of each parameter that is a tensor; those that are `listed` and
    those `indexed`; `given`, the position of an optional `dtype: DType | None`, to which an op that promotes casts its
    operands first, as torch's reductions do; `tails`, the defaults that complete a call by position; `composite`,
    whether it is written with other ops, which record themselves and their own outputs; `arity`, 1 or 2 where the first
    parameters are all its operands and it has one output of their dtype, else 0.

    Raises TypeError where the signature does not tell operands: an annotation that is no text, as in a module without
    `from __future__ import annotations`, or a pullback for what is no operand.
    """

    name: str
    compute: Callable[..., Any]
    pullbacks: dict[str, Callable[..., Any]]
    rounding: Rounding
    sample: Any = None
    promote: str | None = "same"
    outputs: tuple[str, ...] = ("out",)
    fused: dict[str, Callable[..., Any]] = field(default_factory=dict)
    internal: bool = False
    recover: Callable[..., Any] | None = None
    twice: bool = True
    parameters: tuple[str, ...] = ()
    defaults: dict[str, Any] = field(default_factory=dict)
    operands: tuple[tuple[int, int], ...] = ()
    listed: frozenset[int] = frozenset()
    indexed: frozenset[int] = frozenset()
    given: int | None = None
    plans: dict[int, Plan] = field(default_factory=dict)
    composite: bool = False
    arity: int = 0
    tails: dict[int, tuple[Any, ...]] = field(default_factory=dict)
    pack: Callable[..., Any] = tuple

    def __post_init__(self) -> None:
        signature = inspect.signature(self.compute)
        self.parameters = tuple(signature.parameters)
        self.defaults = {n: p.default for n, p in signature.parameters.items() if p.default is not p.empty}
        unread = [n for n, p in signature.parameters.items() if not isinstance(p.annotation, str)]
        if unread:
            raise TypeError(
                f"{self.name}: the annotation of {', '.join(unread)} is no text, so operands can't be told; annotate "
                "every parameter, and begin the module with `from __future__ import annotations`"
            )
        kinds: list[str] = [p.annotation for p in signature.parameters.values()]
        positions = [k for k, kind in enumerate(kinds) if "Array" in kind or "Operand" in kind]
        self.operands = tuple((1 << bit, position) for bit, position in enumerate(positions))
        self.listed = frozenset(k for k in positions if "Sequence" in kinds[k])
        self.indexed = frozenset(k for k, kind in enumerate(kinds) if kind == "Index")
        self.composite = self.rounding is COMPOSITE and not self.pullbacks
        self.given = next((k for k, kind in enumerate(kinds) if kind == "DType | None"), None)
        special = self.composite or self.listed or len(self.outputs) > 1 or "DType" in kinds
        special = special or (bool(self.indexed) and positions != [0])
        self.arity = len(positions) if positions in ([0], [0, 1]) and not special else 0
        required = len(self.parameters) - len(self.defaults)
        self.tails = {k: tuple(self.defaults[n] for n in self.parameters[k:]) for k in range(required, len(kinds) + 1)}
        if len(self.outputs) > 1:
            kind: Any = namedtuple(self.name.partition(".")[0], self.outputs)  # type: ignore[misc]  # named so
            self.pack = kind._make
        operands = [self.parameters[k] for k in positions]
        unknown = [name for name in self.pullbacks if name not in operands]
        if unknown:
            raise TypeError(
                f"{self.name}: a pullback for {', '.join(unknown)}, but the operands are "
                f"{', '.join(operands) or 'none'}; name it as a parameter that is annotated as Array or Operand"
            )

    def __repr__(self) -> str:
        return f"<op {self.name}>"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Apply the op: record on Tensors, compute on arrays, or whatever the operands' class registered."""
        tail = None if kwargs else self.tails.get(len(args))
        args = self.bind(args, kwargs) if tail is None else args + tail
        for _, position in self.operands:
            operand = args[position]
            if position in self.listed:
                for element in operand:
                    handler = handlers.get(type(element))
                    if handler is not None:
                        return handler(self, args)
                continue
            handler = handlers.get(type(operand))
            if handler is not None:
                return handler(self, args)
        for position in self.indexed:
            # Numbers in place of every operand, as in where(condition, 1, 0): the index alone shows what is meant.
            handler = handlers.get(type(args[position]))
            if handler is not None:
                return handler(self, args)
        return self.compute(*args)

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """The arguments in order of the parameters, defaults filled in. Raises TypeError as a Python call would."""
        names = self.parameters
        if len(args) > len(names):
            raise TypeError(f"{self.name}() takes {len(names)} arguments ({', '.join(names)}), got {len(args)}")
        bound = list(args)
        for name in names[len(args) :]:
            if name in kwargs:
                bound.append(kwargs.pop(name))
            elif name in self.defaults:
                bound.append(self.defaults[name])
            else:
                raise TypeError(f"{self.name}() is missing the argument '{name}'")
        if kwargs:
            raise TypeError(f"{self.name}() has no argument '{next(iter(kwargs))}'; it has: {', '.join(names)}")
        return tuple(bound)

    @property
    def differentiable(self) -> frozenset[int]:
        """Positions of the operands that have a pullback."""
        return frozenset(k for _, k in self.operands if self.parameters[k] in self.pullbacks)

    def plan(self, mask: int) -> Plan:
        """The plan for the operands whose bits are set in `mask`."""
        found = self.plans.get(mask)
        if found is None:
            found = self.plans[mask] = self.make_plan([k for bit, k in self.operands if mask & bit])
        return found

    def make_plan(self, positions: Sequence[int]) -> Plan:
        """Collect the pullbacks of the operands at `positions`, and what they name."""
        places: dict[str, tuple[int, str | None]] = {n: (k, None) for k, n in enumerate(self.parameters + self.outputs)}
        keep: list[tuple[int, str | None]] = []
        pulls: list[Pull] = []
        rules: list[Pull] = []
        positions = [position for position in positions if self.parameters[position] in self.pullbacks]
        for position in positions:
            name = self.parameters[position]
            local = places | {fact: (position, fact) for fact in ("shape", "shapes", "dtype")}
            for made, pull in ((rules, self.pullbacks[name]), (pulls, self.fused.get(name, self.pullbacks[name]))):
                needs = list(inspect.signature(pull).parameters)[1:]
                for need in needs:
                    assert need in local, f"{self.name}: the pullback of {name} names {need!r}, which it cannot have"
                    if local[need] not in keep:
                        keep.append(local[need])
                made.append(picking(pull, tuple(keep.index(local[n]) for n in needs)))
        return Plan(self, tuple(keep), tuple(positions), tuple(pulls), tuple(rules), saving(keep))


def op(
    *,
    name: str | None = None,
    rounding: Rounding = COMPOSITE,
    sample: Any = None,
    promote: str | None = "same",
    outputs: tuple[str, ...] = ("out",),
    internal: bool = False,
    recover: Callable[..., Any] | None = None,
    twice: bool = True,
    **pullbacks: Callable[..., Any],
) -> Callable[[Callable[..., Any]], Op]:
    """Put the decorated function into the table as an op; its keywords are described by `Op`."""

    def register(compute: Callable[..., Any]) -> Op:
        entry = Op(name or compute.__name__, compute, pullbacks, rounding, sample, promote, outputs)
        entry.internal, entry.recover, entry.twice = internal, recover, twice
        assert entry.name not in TABLE, f"two ops are called {entry.name}"
        TABLE[entry.name] = entry
        return entry

    return register


def fused(entry: Op, **pullbacks: Callable[..., Any]) -> None:
    """Give an op faster first-order pullbacks on arrays, equal to its rules."""
    entry.fused.update(pullbacks)
