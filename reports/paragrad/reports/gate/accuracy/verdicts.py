"""The verdict rows and the dtype rows: both are of the same programs, a fixed set an op.

These are the per-op tests' programs: every style of values (normal, lattice, extreme, special), contiguous and strided,
at times empty, first and second derivatives.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from paragrad.engine.ops.table import Op
from paragrad.fuzz.engines.own import Own
from paragrad.fuzz.judge import Finding, Judgement, judge, reference
from paragrad.fuzz.judge.blame import WALK
from paragrad.fuzz.judge.verdict import VERDICTS
from paragrad.fuzz.program import Apply, Backward, Dtype, Grad, Input, Program, Ref, refs
from paragrad.fuzz.strategies.profile import DTYPES
from paragrad.fuzz.strategies.single import single
from paragrad.fuzz.trace import Engine, Trace
from paragrad.reports.gate.accuracy.parts import Recorded
from paragrad.reports.gate.accuracy.rows import DtypeRow, VerdictRow

PROGRAMS = 16
"""An op, dtype and order of derivative: four of each style of values."""
PROBED = ("bool", "int64", "float32", "float64")
NONE = "not judged"
ORDER = (*VERDICTS, NONE)
"""From the best to the worst."""


@dataclass(slots=True)
class Judged:
    """Of one op the rows of every dtype, what is blamed for its bugs, the other ops that a composite op is made of, and
    those of its recorded pullbacks."""

    verdicts: list[VerdictRow] = field(default_factory=list)
    dtypes: list[DtypeRow] = field(default_factory=list)
    blamed: set[str] = field(default_factory=set)
    made: set[str] = field(default_factory=set)
    recorded: set[str] = field(default_factory=set)


def measure(ops: Sequence[Op], programs: int = PROGRAMS) -> Iterator[Judged]:
    """Each op; one without samples has dtype rows only."""
    for op in ops:
        engine = Recorded()
        judged = Judged()
        results: dict[str, set[str]] = {}
        for operands, result in probed(op):
            results.setdefault(operands, set()).add(result)

        def take(program: Program, trace: Trace, results: dict[str, set[str]] = results) -> None:
            for operands, result in dtypes_of(program, trace):
                results.setdefault(operands, set()).add(result)

        for dtype in DTYPES if op.sample is not None else ():
            worst, found = worst_of(of_one(op, dtype, programs), engine, take)
            judged.blamed |= found
            judged.verdicts += [row(op.name, dtype, of, worst.get(of, NONE)) for of in quantities(op)]
        judged.dtypes += [
            {"op": op.name, "operands": operands, "result": " or ".join(sorted(made))}
            for operands, made in results.items()
        ]
        judged.made |= engine.made - {op.name} if op.composite else set()
        judged.recorded |= engine.recorded - {op.name}
        yield judged


def of_one(op: Op, dtype: str, programs: int = PROGRAMS) -> Iterator[Program]:
    """The fixed set of one op and dtype."""
    for second in (False, True):
        yield from single(op, dtype, second, programs)


def worst_of(
    programs: Iterable[Program], engine: Engine, take: Callable[[Program, Trace], None] = lambda program, trace: None
) -> tuple[dict[str, str], set[str]]:
    """The worst verdict on values and on gradients over these programs, and what is blamed for the bugs; `take` is
    given each program with its trace."""
    worst: dict[str, str] = {}
    blamed: set[str] = set()
    for program in programs:
        trace = engine.run(program)
        judged = judge(program, trace, reference(program, trace), engine)
        for of, verdict in worsts(program, judged):
            worst[of] = max(worst.get(of, verdict), verdict, key=ORDER.index)
        blamed |= {blame(program, finding) for finding in judged.findings}
        take(program, trace)
    return worst, blamed


def quantities(op: Op) -> tuple[str, ...]:
    """What an op has that can be judged."""
    return ("value", "gradient") if op.pullbacks or op.composite else ("value",)


def row(op: str, dtype: str, of: str, worst: str) -> VerdictRow:
    """One row."""
    return {"op": op, "dtype": dtype, "of": of, "worst": worst}


def worsts(program: Program, judged: Judgement) -> Iterator[tuple[str, str]]:
    """The worst verdict on the values and on the gradients of one program, as far as there is any.

    What a recorded backward gives is a value of the program and a gradient of the op: there, values are asked about
    only where they are wrong.
    """
    second = any(isinstance(statement, Grad) for statement in program.statements)
    for of, counts in (("value", judged.values), ("gradient", judged.gradients)):
        found = [verdict for verdict in VERDICTS if counts[verdict] and verdict != "bug"]
        if found and not (second and of == "value"):
            yield of, found[-1]
    for finding in judged.findings:
        yield "gradient" if of_gradient(program, finding) else "value", "bug"


def of_gradient(program: Program, finding: Finding) -> bool:
    """Whether the way back is wrong: what a backward gave or raised, or an input to which only a backward wrote."""
    if finding.kind == "mutation" or finding.op == "input":
        used = {k for _, s in program.applications() for k in (*refs(s.args), *refs(s.kwargs))}
        return finding.variable not in used
    at = program.statements[finding.statement] if finding.statement >= 0 else None
    return finding.of_gradient or isinstance(at, Backward | Grad)


def blame(program: Program, finding: Finding) -> str:
    """What is to blame: an op, or the walk, also for writing to what it was given."""
    return WALK if finding.op == "input" and of_gradient(program, finding) else finding.op


def dtypes_of(program: Program, trace: Trace) -> Iterator[tuple[str, str]]:
    """The dtypes of the operands and of the results of the first statement, where it ran."""
    statement = program.statements[0]
    assert isinstance(statement, Apply)
    if all(k in trace.values for k in statement.outputs):
        given = [*statement.args, *statement.kwargs.values()]
        words = [word for argument in given for word in told(argument, trace)]
        yield ", ".join(words), ", ".join(dict.fromkeys(trace.values[k].dtype.name for k in statement.outputs))


def probed(op: Op) -> Iterator[tuple[str, str]]:
    """The dtype of the result for every choice of operands' dtypes, also those that are seldom drawn. Only of ops whose
    operands are all that a call needs: the others would need arguments and shapes that fit."""
    plain = op.arity == len(op.parameters) - len(op.defaults) and not op.recover
    for chosen in itertools.product(PROBED, repeat=op.arity) if op.arity and plain else ():
        inputs = [Input.of(f"x{k}", np.ones(2, name)) for k, name in enumerate(chosen)]
        program = Program(inputs, [Apply(op.name, tuple(map(Ref, range(op.arity))), {}, (op.arity,))])
        trace = Own().run(program)
        yield next(dtypes_of(program, trace), (", ".join(chosen), "refused"))


def told(argument: Any, trace: Trace) -> Iterator[str]:
    """An argument as far as it decides the dtype of a result: tensors without dimensions count less than others."""
    if isinstance(argument, Ref):
        array = np.asarray(trace.values[argument.index])
        yield array.dtype.name if array.ndim else f"{array.dtype.name} 0-d"
    elif isinstance(argument, Dtype):
        yield f"dtype {argument.name}"
    elif isinstance(argument, float):
        yield "float"
    elif isinstance(argument, tuple):
        yield from dict.fromkeys(word for part in argument for word in told(part, trace) if word != "float")
