"""The one shrinker: from a failing Program to the smallest one that fails for the same cause.

It works on Programs, so it serves any engine and the corpus. Candidates are tried from the boldest to the meekest: one
statement alone at the values it met, tails and single statements left out, dimensions made smaller, numbers made plain.
A candidate counts only if torch accepts it and the judge finds the same cause in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain

import numpy as np

from paragrad.fuzz.editing import (
    contiguous,
    cut,
    operands,
    renumbered,
    resized,
    tidy,
    with_input,
    without,
    without_target,
)
from paragrad.fuzz.engines.pytorch import PyTorch
from paragrad.fuzz.judge import Finding, Judgement, judge, reference
from paragrad.fuzz.judge.isolate import isolate
from paragrad.fuzz.program import (
    Apply,
    Array,
    Backward,
    Grad,
    Input,
    Optimizer,
    OptimizerStep,
    Program,
    Ref,
    Statement,
    ZeroGrad,
    replace_refs,
)
from paragrad.fuzz.trace import Engine, Trace

BUDGET = 600
"""Trials after which the smallest program so far is good enough."""
LONG = 16
"""Of programs longer than this, stretches are left out before single statements are."""
HANG = 60
"""Trials that one which hangs costs: it takes as long."""


def examine(program: Program, engine: Engine, staged: bool = True) -> Judgement:
    """Run a program on both sides and judge it, as `judge` does."""
    trace = engine.run(program)
    return judge(program, trace, reference(program, trace), engine, staged=staged)


Same = Callable[[Finding, Program, Trace], bool]
"""Whether a finding in a program, of which torch's trace is this, is the one that is looked for."""


def shrink(
    program: Program,
    finding: Finding,
    engine: Engine,
    budget: int = BUDGET,
    staged: bool = True,
    same: Same | None = None,
) -> Program:
    """The smallest program found, within `budget` trials, that shows the `same` finding: by default, its cause."""
    return Shrinker(finding, engine, budget, staged, same).shrink(program)


def measure(program: Program) -> tuple[int, int, int, int]:
    """What shrinking makes smaller: statements, inputs, elements, and how much there is to read in the numbers."""
    elements = sum(int(np.prod(spec.shape)) for spec in program.inputs)
    digits = sum(len(repr(x)) + 9 * (x - x != 0) for spec in program.inputs for x in spec.storage.tolist())
    return len(program.statements), len(program.inputs), elements, digits


class Shrinker:
    """One search: the finding to keep, the engines to ask, and the trials left."""

    def __init__(self, finding: Finding, engine: Engine, budget: int, staged: bool, same: Same | None = None) -> None:
        self.finding = finding
        self.engine = engine
        self.left = budget
        self.staged = staged
        self.same: Same = same or (lambda other, program, reference: other.cause == finding.cause)

    def fails(self, candidate: Program) -> bool:
        """Whether a candidate shows the same finding."""
        if self.left <= 0:
            return False
        self.left -= 1
        trace = self.engine.run(candidate)
        torchs = reference(candidate, trace)
        judgement = judge(candidate, trace, torchs, self.engine, staged=self.staged)
        if any(f.message.startswith("Hang") for f in judgement.findings):
            self.left -= HANG
        return any(self.same(f, candidate, torchs) for f in (*judgement.findings, *judgement.chosen))

    def shrink(self, program: Program) -> Program:
        """Simplify in every way until no way is left."""
        trace = self.engine.run(program)
        bold = chain(alone(program, self.finding, trace), again(program, self.finding, trace))
        program = next(filter(self.fails, bold), program)
        ways = (self.fewer_statements, self.fewer_inputs, self.smaller_dimensions, self.plainer_values)
        while True:
            size = measure(program)
            for way in ways:
                program = self.follow(program, way)
            if measure(program) == size:
                return program

    def follow(self, program: Program, way: Callable[[Program], Iterator[Program | None]]) -> Program:
        """Take the first smaller candidate that still fails, and again from there."""
        while True:
            candidates = (c for c in way(program) if c is not None and measure(c) < measure(program))
            smaller = next(filter(self.fails, candidates), None)
            if smaller is None:
                return program
            program = smaller

    def fewer_statements(self, program: Program) -> Iterator[Program | None]:
        """Without a tail, without each statement, and with a statement's outputs turned into inputs."""
        values = PyTorch().run(program).values
        positions = [k for k, _ in program.applications()]
        yield without(program, set(positions[len(positions) // 2 :]), values)
        yield without(program, set(positions[3 * len(positions) // 4 :]), values)
        if len(program.statements) > LONG:
            for size in (len(program.statements) // 2, len(program.statements) // 4, len(program.statements) // 8):
                for start in reversed(range(0, len(program.statements), size)):
                    yield without(program, set(range(start, start + size)), values)
        for position in reversed(range(len(program.statements))):
            yield without(program, {position}, values)
        for position in positions:
            yield cut(program, position, values)

    def fewer_inputs(self, program: Program) -> Iterator[Program | None]:
        """Without unused inputs, with fewer roots, and with gradients asked of fewer inputs."""
        inputs = list(enumerate(program.inputs))
        yield tidy(program, inputs, program.statements)
        for position, walk in enumerate(program.statements):
            if isinstance(walk, Backward | Grad) and len(walk.roots) > 1:
                for k in range(len(walk.roots)):
                    ends = walk.roots[:k] + walk.roots[k + 1 :], walk.cotangents[:k] + walk.cotangents[k + 1 :]
                    statements = list(program.statements)
                    statements[position] = replace(walk, roots=ends[0], cotangents=ends[1])
                    yield tidy(program, inputs, statements)
            if isinstance(walk, Grad) and len(walk.inputs) > 1:
                for target in walk.inputs:
                    yield without_target(program, position, target)

    def smaller_dimensions(self, program: Program) -> Iterator[Program | None]:
        """Contiguous, with every dimension of one size made smaller, and with one dimension of one input cut to 1."""
        if any(spec.strides is not None for spec in program.inputs):
            yield contiguous(program)
        for size in sorted({n for spec in program.inputs for n in spec.shape if n > 1}, reverse=True):
            for smaller in sorted({1, 2, size - 1} - {size}):
                yield resized(program, size, smaller)
        for index, spec in enumerate(program.inputs):
            for dim, size in enumerate(spec.shape):
                if size > 1:
                    array = np.take(spec.array(), [0], axis=dim)
                    yield with_input(program, index, Input.of(spec.name, array, spec.requires_grad))

    def plainer_values(self, program: Program) -> Iterator[Program | None]:
        """With the numbers of one input made plain: ones, whole numbers, fewer digits; then one by one."""
        for index, spec in enumerate(program.inputs):
            if spec.dtype.kind == "f":
                for storage in plainer(spec.storage):
                    yield with_input(program, index, replace(spec, storage=storage))


def plainer(x: Array) -> Iterator[Array]:
    """Arrays of the same size that are easier to read."""
    with np.errstate(all="ignore"):
        yield np.ones_like(x)
        yield np.arange(1, x.size + 1).astype(x.dtype)
        for digits in (0, 1, 2):
            yield np.round(x, digits)
        for k in range(min(x.size, 16)):
            for number in (1.0, 0.0, 2.0, np.round(x[k], 1)):
                changed = x.copy()
                changed[k] = number
                yield changed


def alone(program: Program, finding: Finding, trace: Trace) -> Iterator[Program]:
    """The blamed op by itself, at the operands and incoming gradients that the subject showed."""
    at = finding.statement
    if finding.kind == "gradient" and at in trace.gradients:
        shown = trace.gradients[at]
        for _, consumer in program.applications():
            incoming = [shown.get(output) for output in consumer.outputs]
            if consumer.op == finding.op and any(g is not None for g in incoming):
                yield isolate(consumer, trace.values, frozenset(shown), incoming)[0]
        return
    statement = program.statements[at] if 0 <= at < len(program.statements) else None
    if isinstance(statement, Apply) and all(k in trace.values for k in operands(statement)):
        yield isolate(statement, trace.values, frozenset())[0]


def again(program: Program, finding: Finding, trace: Trace) -> Iterator[Program]:
    """Where a leaf's gradient is wrong in a later backward: that and the one before it, through one op each.

    What lies between them stays; operands and incoming gradients are those that the subject showed.
    """
    leaf, last = finding.variable, finding.statement
    walks = [k for k in trace.gradients if k <= last]
    if leaf is None or leaf >= len(program.inputs) or len(walks) < 2 or last not in walks:
        return
    inputs = [(leaf, program.inputs[leaf])]
    statements: list[Statement] = []

    def taken(array: Array) -> int:
        inputs.append((program.count + len(inputs), Input.of(f"y{len(inputs)}", array)))
        return inputs[-1][0]

    for walk in walks[-2:]:
        found = _consumer(program, leaf, walk, trace)
        if found is None:
            return
        position, consumer = found
        values = trace.at(position)
        number = {k: leaf if k == leaf else taken(values[k]) for k in operands(consumer)}
        seed = trace.gradients[walk][consumer.outputs[0]]
        assert seed is not None
        args = tuple(replace_refs(a, lambda k, number=number: Ref(number[k])) for a in consumer.args)
        kwargs = {name: replace_refs(a, lambda k, number=number: Ref(number[k])) for name, a in consumer.kwargs.items()}
        statements.append(replace(consumer, args=args, kwargs=kwargs, in_place=False))
        statements.append(Backward(consumer.outputs, (taken(seed),)))
        if walk != last:
            between = program.statements[walk:last]
            statements += [s for s in between if isinstance(s, ZeroGrad | OptimizerStep)]
    stepped = program.optimizer
    if stepped is None or leaf not in stepped.parameters:
        statements = [s for s in statements if not isinstance(s, OptimizerStep)]
    optimizer = None if stepped is None else Optimizer(stepped.name, (leaf,), stepped.options)
    yield renumbered(replace(program, optimizer=optimizer), inputs, statements)


def _consumer(program: Program, leaf: int, walk: int, trace: Trace) -> tuple[int, Apply] | None:
    """The last op before the backward `walk` that used a leaf and has a gradient, where all is shown."""
    for position, statement in reversed(list(program.applications())):
        if position > walk or leaf not in operands(statement) or len(statement.outputs) != 1:
            continue
        given = trace.gradients[walk].get(statement.outputs[0])
        if given is not None and all(k in trace.values for k in operands(statement)):
            return position, statement
    return None
