"""The op table: one decorated function an op, and everything that is said about an op said there.

    @op(rounding=ulps(0.5), sample=samples.binary(),
        input=lambda g, other: g * other,
        other=lambda g, input: g * input)
    def mul(input: Operand, other: Operand) -> Array:
        '''input · other.'''
        return np.multiply(input, other)

The function is the *value*, on arrays. Each keyword named after a parameter is that parameter's *pullback*: it takes the
incoming gradient and then, by name, just what it needs: parameters, `out` (or the outputs' names where there are
several), and `shape`, `shapes` or `dtype` of the parameter it differentiates. What no pullback names is not saved.

A pullback is written with operators and ops of the table only. Called on arrays these compute, called on Tensors they
record, and any other class that registers a handler may give them a third meaning (the judge's error analysis does).
So one rule serves the first derivative, every higher one, and the bound on its own rounding.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

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


class Step(NamedTuple):
    """One pullback to run for one parent: `pull(g, *[saved[k] for k in picks])`."""

    pull: Callable[..., Any]
    picks: tuple[int, ...]
    position: int


class Plan(NamedTuple):
    """What the backward of an op needs, given which operands require a gradient.

    `keep` says what to save: (position among arguments followed by outputs, attribute or None for the thing itself).
    """

    op: Op
    steps: tuple[Step, ...]
    keep: tuple[tuple[int, str | None], ...]


@dataclass(eq=False, slots=True)
class Op:
    """One operation: its name, value, pullbacks, and the facts that fuzzer, oracle and judge read.

    `promote` says in which dtype operands meet. "same" is their common dtype; "float" is that, integers becoming the
    default dtype; "numbers" and "floats" are "same" and refuse bools, or bools and integers; "equal" refuses operands
    that differ; None leaves them alone. An optional parameter `dtype: DType | None` (its position is `given`) casts the
    operands of an op that promotes before it computes, as torch's reductions have it.

    `sample` makes legal arguments. `fused` holds first-order pullbacks for arrays that equal the rule and are faster.
    `internal` ops exist for rules and have no counterpart in torch.
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
    parameters: tuple[str, ...] = ()
    defaults: dict[str, Any] = field(default_factory=dict)
    operands: tuple[tuple[int, int], ...] = ()
    listed: frozenset[int] = frozenset()
    indexed: frozenset[int] = frozenset()
    given: int | None = None
    plans: dict[int, Plan] = field(default_factory=dict)

    def __post_init__(self) -> None:
        signature = inspect.signature(self.compute)
        self.parameters = tuple(signature.parameters)
        self.defaults = {n: p.default for n, p in signature.parameters.items() if p.default is not p.empty}
        kinds = [str(p.annotation) for p in signature.parameters.values()]
        positions = [k for k, kind in enumerate(kinds) if "Array" in kind or "Operand" in kind]
        self.operands = tuple((1 << bit, position) for bit, position in enumerate(positions))
        self.listed = frozenset(k for k in positions if "Sequence" in kinds[k])
        self.indexed = frozenset(k for k, kind in enumerate(kinds) if kind == "Index")
        self.given = next((k for k, kind in enumerate(kinds) if kind == "DType | None"), None)
        unknown = set(self.pullbacks) - set(self.parameters)
        assert not unknown, f"{self.name}: pullbacks for {unknown}, which are not parameters"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Apply the op: record on Tensors, compute on arrays, or whatever the operands' class registered."""
        if kwargs or len(args) != len(self.parameters):
            args = self.bind(args, kwargs)
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
    def composite(self) -> bool:
        """Whether it is written with other ops of the table, each of which records itself and its own outputs."""
        return self.rounding is COMPOSITE and not self.pullbacks

    @property
    def differentiable(self) -> frozenset[int]:
        """Positions of the operands that have a pullback."""
        return frozenset(k for _, k in self.operands if self.parameters[k] in self.pullbacks)

    def plan(self, mask: int) -> Plan:
        """The plan for the operands whose bits are set in `mask`."""
        found = self.plans.get(mask)
        if found is None:
            found = self.plans[mask] = self.make_plan([k for bit, k in self.operands if mask & bit], self.fused)
        return found

    def rule_plan(self, positions: Sequence[int]) -> Plan:
        """The plan that runs the rules themselves, never the fused forms: higher derivatives and bounds use it."""
        return self.make_plan(positions, {})

    def make_plan(self, positions: Sequence[int], fused: dict[str, Callable[..., Any]]) -> Plan:
        """Collect the pullbacks of the operands at `positions` and what they name."""
        sources = {name: (k, None) for k, name in enumerate(self.parameters + self.outputs)}
        keep: list[tuple[int, str | None]] = []
        steps: list[Step] = []
        for position in positions:
            name = self.parameters[position]
            if name not in self.pullbacks:
                continue
            local = dict(sources) | {fact: (position, fact) for fact in ("shape", "shapes", "dtype")}
            # Saving follows the rule even where a fused form runs: the second derivative needs what the rule names.
            needs = list(inspect.signature(self.pullbacks[name]).parameters)[1:]
            pull = fused.get(name, self.pullbacks[name])
            for need in needs:
                assert need in local, f"{self.name}: the pullback of {name} names {need!r}, which it cannot have"
                if local[need] not in keep:
                    keep.append(local[need])
            names = list(inspect.signature(pull).parameters)[1:]
            steps.append(Step(pull, tuple(keep.index(local[n]) for n in names), position))
        return Plan(self, tuple(steps), tuple(keep))


def op(
    *,
    name: str | None = None,
    rounding: Rounding = COMPOSITE,
    sample: Any = None,
    promote: str | None = "same",
    outputs: tuple[str, ...] = ("out",),
    internal: bool = False,
    **pullbacks: Callable[..., Any],
) -> Callable[[Callable[..., Any]], Op]:
    """Put the decorated function into the table as an op; its keywords are described by `Op`."""

    def register(compute: Callable[..., Any]) -> Op:
        entry = Op(name or compute.__name__, compute, pullbacks, rounding, sample, promote, outputs, internal=internal)
        assert entry.name not in TABLE, f"two ops are called {entry.name}"
        TABLE[entry.name] = entry
        return entry

    return register


def fused(entry: Op, **pullbacks: Callable[..., Any]) -> None:
    """Give an op faster first-order pullbacks on arrays. Each may name what its rule names and nothing more."""
    entry.fused.update(pullbacks)
