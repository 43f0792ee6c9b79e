"""The verdict rows and the dtype rows: both are of the same programs, a fixed set an op.

These are the per-op tests' programs: every style of values (normal, lattice, extreme, special), contiguous and strided,
at times empty, first and second derivatives.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from paragrad.engine.ops.table import Op
from paragrad.fuzz.engines.own import Own
from paragrad.fuzz.judge import Judgement, judge, reference
from paragrad.fuzz.judge.verdict import VERDICTS
from paragrad.fuzz.program import Apply, Dtype, Input, Program, Ref
from paragrad.fuzz.strategies.profile import DTYPES
from paragrad.fuzz.strategies.single import single
from paragrad.fuzz.trace import Trace
from paragrad.reports.gate.accuracy.rows import DtypeRow, VerdictRow

PROGRAMS = 16
"""An op, dtype and order of derivative: four of each style of values."""
PROBED = ("bool", "int64", "float32", "float64")
NONE = "not judged"
ORDER = (*VERDICTS, NONE)
"""From the best to the worst."""


def measure(ops: Sequence[Op], programs: int = PROGRAMS) -> Iterator[tuple[list[VerdictRow], list[DtypeRow]]]:
    """For each op that has samples the rows of every dtype."""
    engine = Own()
    for op in ops:
        verdicts: list[VerdictRow] = []
        results: dict[str, set[str]] = {}
        for operands, result in probed(op):
            results.setdefault(operands, set()).add(result)
        for dtype in DTYPES if op.sample is not None else ():
            worst: dict[str, str] = {}
            for second in (False, True):
                for program in single(op, dtype, second, programs):
                    trace = engine.run(program)
                    judged = judge(program, trace, reference(program, trace), engine)
                    for of, verdict in worsts(judged):
                        worst[of] = max(worst.get(of, verdict), verdict, key=ORDER.index)
                    for operands, result in dtypes_of(program, trace):
                        results.setdefault(operands, set()).add(result)
            verdicts += [row(op.name, dtype, of, worst.get(of, NONE)) for of in quantities(op)]
        yield (
            verdicts,
            [
                {"op": op.name, "operands": operands, "result": " or ".join(sorted(found))}
                for operands, found in results.items()
            ],
        )


def quantities(op: Op) -> tuple[str, ...]:
    """What an op has that can be judged."""
    return ("value", "gradient") if op.pullbacks or op.composite else ("value",)


def row(op: str, dtype: str, of: str, worst: str) -> VerdictRow:
    """One row."""
    return {"op": op, "dtype": dtype, "of": of, "worst": worst}


def worsts(judged: Judgement) -> Iterator[tuple[str, str]]:
    """The worst verdict on the values and on the gradients of one program, as far as there is any."""
    for of, counts in (("value", judged.values), ("gradient", judged.gradients)):
        found = [verdict for verdict in VERDICTS if counts[verdict]]
        if found:
            yield of, found[-1]
    for finding in judged.findings:
        yield "gradient" if finding.of_gradient else "value", "bug"


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
