"""Builder: a Program under construction, and the choices an op's `sample` makes about it.

Everything follows from the seeds; nothing depends on a computed number, so a seed gives the same Program anywhere.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from paragrad.engine import dtypes
from paragrad.engine.dtypes import DType
from paragrad.engine.ops.samples import EVERYWHERE, MODERATE, Call, Interval, Sample
from paragrad.engine.ops.table import TABLE, Op
from paragrad.fuzz.program import Apply, Array, Backward, Dtype, Grad, Input, Program, Ref, Statement
from paragrad.fuzz.strategies.profile import Profile
from paragrad.fuzz.strategies.values import Values

TRIALS = 6
"""How often a fitting variable is looked for before a new input is made."""

DRAWS = 12
"""How often a call that is accepted is looked for."""

REFS = [Ref(k) for k in range(4096)]


class Variable:
    """A variable of the program: what is known of it without computing it. `index` is given when all is built."""

    __slots__ = ("consumed", "differentiable", "dtype", "high", "index", "low", "ndim", "shape")

    def __init__(self, shape: tuple[int, ...], dtype: DType, interval: Interval, differentiable: bool) -> None:
        self.shape = shape
        self.ndim = len(shape)
        self.dtype = dtype
        self.low, self.high = interval
        self.differentiable = differentiable
        self.consumed = False
        self.index = -1


class Builder:
    """Implements `paragrad.engine.ops.samples.Draw`; `apply` adds a statement, `finish` gives the Program."""

    def __init__(self, rng: random.Random, values: Values, profile: Profile) -> None:
        self.rng = rng
        self.numbers = values
        self.profile = profile
        self.inputs: list[tuple[Variable, Input]] = []
        self.calls: list[tuple[Op, tuple[Any, ...], dict[str, Any], list[Variable]]] = []
        self.pool: list[Variable] = []

    # Choices

    def below(self, n: int) -> int:
        """A whole number in [0, n)."""
        return int(self.rng.random() * n)

    def flag(self, probability: float = 0.5) -> bool:
        """True with this probability."""
        return self.rng.random() < probability

    def pick(self, options: Sequence[Any]) -> Any:
        """One of the options."""
        return options[int(self.rng.random() * len(options))]

    def number(self, interval: Interval = EVERYWHERE) -> float | int:
        """A Python number in the interval: often a small whole one."""
        low, high = interval
        if self.flag(0.5):
            whole = [n for n in (0, 1, 2, -1, 3, -2) if low <= n <= high]
            if whole:
                return int(self.pick(whole))
        return float(round(float(self.numbers.within(1, low, high)[0]), 2 if high - low > 1 else 6))

    # Shapes and dtypes

    def shape(self, low: int, high: int, nonempty: bool = False) -> tuple[int, ...]:
        """A shape whose rank lies in [low, high]; two times in three of rank 1 to 3."""
        if self.profile.scalar:
            return ()
        rank = min(max(self.pick((0, 1, 1, 2, 2, 2, 3, 3, 4)), low), high)
        sizes = [self.pick((1, 2, 2, 3, 3, 4, 5)) for _ in range(rank)]
        if self.profile.empty and rank and not nonempty and self.flag(0.3):
            sizes[self.below(rank)] = 0
        return tuple(sizes)

    def float_dtype(self) -> DType:
        """The profile's dtype; either float one where it is mixed."""
        if self.profile.dtype == "mixed":
            return dtypes.float32 if self.flag() else dtypes.float64
        return dtypes.float64 if self.profile.dtype == "float64" else dtypes.float32

    # Inputs

    def new(
        self,
        shape: tuple[int, ...],
        interval: Interval,
        dtype: DType | None = None,
        style: str | None = None,
        requires_grad: bool | None = None,
    ) -> Variable:
        """A new float input, filled in the profile's style unless another is named."""
        dtype = dtype or self.float_dtype()
        style = style or self.profile.values
        view = self.view(shape) if self.profile.strided and shape and self.flag(0.5) else None
        size = math.prod(shape) if view is None else view[2]
        with np.errstate(all="ignore"):
            storage = self.numbers.fill(size, style, interval, dtype).astype(dtype)
        low, high = max(interval[0], -4.0), min(interval[1], 4.0)
        if low > high:
            low, high = interval
        carries = self.flag(0.88) if requires_grad is None else requires_grad
        variable = Variable(shape, dtype, (low, high), carries)
        spec = Input(f"x{len(self.inputs)}", storage, shape, variable.differentiable)
        if view is not None:
            spec.strides, spec.offset = view[0], view[1]
        return self.register(variable, spec)

    def register(self, variable: Variable, spec: Input) -> Variable:
        """Take up an input."""
        self.inputs.append((variable, spec))
        self.pool.append(variable)
        return variable

    def view(self, shape: tuple[int, ...]) -> tuple[tuple[int, ...], int, int]:
        """Strides, offset and storage size of a view that is transposed, stepped, reversed, or, rarely, expanded."""
        order = list(range(len(shape)))
        self.rng.shuffle(order)
        step, strides, size = 1, [0] * len(shape), 1
        for k in order:
            stretch = self.pick((1, 1, 2))
            strides[k] = step * stretch
            step *= max(shape[k], 1) * stretch
        size = step
        offset = self.below(3)
        for k in range(len(shape)):
            if shape[k] and self.flag(0.25):
                offset += strides[k] * (shape[k] - 1)
                strides[k] = -strides[k]
        return tuple(strides), offset, size + offset + 1

    def confined(
        self, shape: tuple[int, ...], interval: Interval, dtype: DType | None = None, constant: bool = False
    ) -> Variable:
        """A new float input all of whose values lie in the interval; a constant requires no gradient."""
        style = "lattice" if self.profile.values == "special" else None
        return self.new(shape, interval, dtype, style, False if constant else None)

    def integers(self, shape: tuple[int, ...], low: int, high: int) -> Variable:
        """An int64 constant with elements in [low, high)."""
        cut = self.numbers.cut(self.numbers.uniform, math.prod(shape))
        return self.constant((low + cut * (high - low)).astype(np.int64).reshape(shape))

    def mask(self, shape: tuple[int, ...], count: int | None = None) -> Variable:
        """A bool constant of this shape, with exactly `count` elements true where that is given."""
        cut = self.numbers.cut(self.numbers.uniform, math.prod(shape))
        true = cut < 0.5 if count is None else np.argsort(np.argsort(cut)) < count
        return self.constant(true.reshape(shape))

    def constant(self, array: Array) -> Variable:
        """An input that takes no part in choosing operands: indices, masks, targets."""
        variable = Variable(array.shape, dtypes.as_dtype(array.dtype), EVERYWHERE, False)
        self.inputs.append((variable, Input.of(f"x{len(self.inputs)}", array)))
        return variable

    # Operands

    def find(self, interval: Interval, fits: Callable[[Variable], bool]) -> Variable | None:
        """A float variable in the interval that fits: the latest, any, or the first, as the profile grows its graphs.

        A few random trials and not a search: a graph of n nodes is drawn in O(n).
        """
        low, high = interval
        pool, growth = self.pool, self.profile.growth
        for _ in range(TRIALS if pool else 0):
            if growth == "recent" and self.flag(0.8):
                variable = pool[-1 - self.below(min(len(pool), 3))]
            elif growth == "first" and self.flag(0.6):
                variable = pool[self.below(min(len(pool), 3))]
            else:
                variable = pool[self.below(len(pool))]
            if low <= variable.low and variable.high <= high and fits(variable):
                return variable
        return None

    def tensor(self, interval: Interval = MODERATE, rank: tuple[int, int] = (0, 4), nonempty: bool = False) -> Variable:
        """A float variable inside the interval, of a rank in the range; a new input where none is found."""
        found = None
        if self.flag(0.85):
            bottom, top = rank
            found = self.find(interval, lambda v: bottom <= v.ndim <= top and not (nonempty and 0 in v.shape))
        return found or self.new(self.shape(*rank, nonempty=nonempty), interval)

    def shaped(self, shape: tuple[int, ...], interval: Interval = MODERATE, dtype: DType | None = None) -> Variable:
        """A float variable of exactly this shape, and of this dtype where one is named."""
        found = None
        if self.flag(0.8):
            found = self.find(interval, lambda v: v.shape == shape and (dtype is None or v.dtype is dtype))
        return found or self.new(shape, interval, dtype)

    def distinct(self, shape: tuple[int, ...]) -> Variable:
        """A new float input no two of whose elements are equal; one of each special value where these are wanted."""
        order = np.argsort(self.numbers.cut(self.numbers.uniform, math.prod(shape)))
        storage = (order * 0.5 - len(order) // 4).astype(self.float_dtype())
        if self.profile.values == "special" and len(order) > 3:
            storage[:3] = self.pick(((np.inf, -np.inf, np.nan), (-np.inf, np.inf, 1e-30), (np.nan, 0.25, 1e30)))
        # Special values lie outside, as they do in `new`.
        variable = Variable(shape, storage.dtype, (-len(order), len(order)), self.flag(0.88))
        return self.register(variable, Input(f"x{len(self.inputs)}", storage, shape, variable.differentiable))

    def beside(self, x: Any, interval: Interval = MODERATE) -> Variable:
        """A float variable, in mixed programs at times an integer one, that broadcasts with `x`."""
        if self.flag(0.7) and (found := self.find(interval, lambda v: _broadcasts(v.shape, x.shape))):
            return found
        if self.profile.scalar:
            return self.new((), interval)
        shape = [1 if self.flag(0.2) else n for n in x.shape]
        if self.flag(0.3):
            shape = shape[self.below(len(shape) + 1) :]
        elif self.flag(0.15) and x.ndim < 4:
            shape = [2, *shape]
        if self.profile.dtype == "mixed" and self.flag(0.3) and interval[0] <= 1 and interval[1] >= 3:
            return self.integers(tuple(shape), max(1, int(max(interval[0], -3))), 4)
        return self.new(tuple(shape), interval)

    # Statements

    def apply(self, op: Op) -> list[Variable]:
        """Add one use of `op`, as its sample chooses."""
        return self.add(op, op.sample(self))

    def draw(self, sample: Sample, accepted: Callable[[Call], bool]) -> Call | None:
        """Of a few calls that a sample chooses the first that is accepted; what the others made is undone."""
        inputs, pool = len(self.inputs), len(self.pool)
        for _ in range(DRAWS):
            call = sample(self)
            if accepted(call):
                return call
            del self.inputs[inputs:], self.pool[pool:]
        return None

    def add(self, op: Op, call: Call) -> list[Variable]:
        """Add a call of `op`."""
        args = [*call.args, *call.kwargs.values()]
        used = list(_variables(args))
        for variable in used:
            variable.consumed = True
        dtype = self.promoted(op, used, args)
        differentiable = any(v.differentiable for v in used) and bool(op.pullbacks or op.sample)
        outputs: list[Variable] = []
        for output in call.outputs:
            kind = output.dtype or dtype
            carries = differentiable and kind.kind == "f" and (not outputs or op.composite)
            made = Variable(output.shape, kind, (output.low, output.high), carries)
            outputs.append(made)
            if kind.kind == "f":
                self.pool.append(made)
        self.calls.append((op, call.args, call.kwargs, outputs))
        return outputs

    def promoted(self, op: Op, used: list[Variable], args: list[Any]) -> DType:
        """The dtype of an output for which the sample names none."""
        if op.promote is None:
            return used[0].dtype
        first = used[0].dtype
        if first.kind == "f" and all(v.dtype is first for v in used):
            return first
        found = dtypes.result_type([*used, *[a for a in args if type(a) in (int, float)]])
        return dtypes.get_default_dtype() if op.promote == "float" and found.kind != "f" else found

    def reaching(self, roots: list[Variable]) -> set[Variable]:
        """The variables through which a gradient flows from `roots`."""
        reached = set(roots)
        for _, args, kwargs, outputs in reversed(self.calls):
            if any(o in reached and o.differentiable for o in outputs):
                reached.update(v for v in _variables((*args, *kwargs.values())) if v.differentiable)
        return reached

    def numbered(self) -> list[Statement]:
        """Give every variable its number, and return the op statements. No input may be added after this."""
        made = [o for _, _, _, outputs in self.calls for o in outputs]
        for index, variable in enumerate([v for v, _ in self.inputs] + made):
            variable.index = index
        return [
            Apply(
                op.name,
                tuple([_refer(a) for a in args]),
                {k: _refer(v) for k, v in kwargs.items()},
                tuple([o.index for o in outputs]),
            )
            for op, args, kwargs, outputs in self.calls
        ]

    def specs(self) -> list[Input]:
        """The inputs of the Program."""
        return [spec for _, spec in self.inputs]

    def cotangent(self, like: Variable, name: str, requires_grad: bool = False) -> Variable:
        """A random gradient to start from, or to be differentiated by."""
        fill = self.numbers.cut(self.numbers.normal, math.prod(like.shape)).astype(like.dtype)
        variable = Variable(like.shape, like.dtype, EVERYWHERE, False)
        self.inputs.append((variable, Input(name, fill, like.shape, requires_grad)))
        return variable

    def finish(self, second: bool = False, implicit: bool = False, again: bool = False) -> Program:
        """The Program, ending in a backward from every variable that nothing consumed, with random cotangents.

        With `second`, the gradients with respect to the inputs are recorded and themselves carried back, so that the
        final gradients, of inputs and cotangents, are second derivatives. With `implicit`, 0-d roots start from 1.
        With `again`, the graph is kept and one or two more backwards, from some of the roots, add to the leaves'.
        """
        roots = [o for _, _, _, outputs in self.calls for o in outputs if o.differentiable and not o.consumed]
        cotangents = [
            None if implicit and not root.shape else self.cotangent(root, f"c{k}", second)
            for k, root in enumerate(roots)
        ]
        reached = self.reaching(roots) if second else set()
        leaves = [v for v, spec in self.inputs if v in reached and spec.requires_grad]
        others = [self.cotangent(leaf, f"d{k}") for k, leaf in enumerate(leaves, 1)]
        further: list[list[tuple[Variable, Variable]]] = []
        if again and roots and not leaves:
            for turn in range(1 + self.below(2)):
                some = self.rng.sample(roots, 1 + self.below(len(roots)))
                further.append([(root, self.cotangent(root, f"e{turn}{k}")) for k, root in enumerate(some)])
        statements = self.numbered()
        ends = (tuple([r.index for r in roots]), tuple([None if c is None else c.index for c in cotangents]))
        if roots and leaves:
            count = len(self.inputs) + sum(len(outputs) for _, _, _, outputs in self.calls)
            outputs = tuple(range(count, count + len(leaves)))
            statements.append(Grad(*ends, tuple([leaf.index for leaf in leaves]), outputs))
            statements.append(Backward(outputs, tuple([d.index for d in others])))
        elif roots:
            statements.append(Backward(*ends, retain_graph=bool(further)))
        for left, pairs in zip(reversed(range(len(further))), further, strict=True):
            seeds = tuple([r.index for r, _ in pairs]), tuple([c.index for _, c in pairs])
            statements.append(Backward(*seeds, retain_graph=left > 0))
        return Program(self.specs(), statements)


def _variables(arguments: Iterable[Any]) -> Iterator[Variable]:
    for argument in arguments:
        if type(argument) is Variable:
            yield argument
        elif type(argument) is tuple:
            yield from _variables(argument)


def _refer(argument: Any) -> Any:
    if type(argument) is Variable:
        return REFS[argument.index] if argument.index < len(REFS) else Ref(argument.index)
    if isinstance(argument, np.dtype):
        return Dtype(argument.name)
    return tuple([_refer(a) for a in argument]) if type(argument) is tuple else argument


def _broadcasts(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    return a == b or all(m in (n, 1) or n == 1 for m, n in zip(reversed(a), reversed(b), strict=False))


def sampled_ops() -> list[Op]:
    """The ops that say what arguments they take, in order of name: what the fuzzer chooses from."""
    return [TABLE[name] for name in sorted(TABLE) if TABLE[name].sample is not None]
