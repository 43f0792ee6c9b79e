"""An op that gives one term only where both of its operands are the same: `d * d` as if it were `d * c`."""

from __future__ import annotations

import numpy as np

from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.diffing.nearest import operands
from paragrad.fuzz.judge import Finding, judge, reference
from paragrad.fuzz.judge.gradients import BackwardCheck
from paragrad.fuzz.program import Apply, Backward, Input, Program, Ref, Statement, replace_refs
from paragrad.fuzz.trace import Engine

ANOTHER = 0.83
"""A number beside the one in question."""
TOLD = "{name} is {op} of one operand twice: the rule is wrong where both are the same, each has a term of its own"


def blame_the_same_twice(engine: Engine, check: BackwardCheck, finding: Finding) -> bool:
    """Blame an op that is given one variable twice, and is wrong alone when it is; whether there is one."""
    for consumer in check.consumers(finding.variable) if finding.variable is not None else ():
        statement = consumer.statement
        parameters = TABLE[statement.op].parameters
        names = [name for name, k in operands(statement, parameters) if k == finding.variable]
        value = check.trace.values[finding.variable] if finding.variable is not None else np.empty(0)
        alone = len(names) >= 2 and len(operands(statement, parameters)) == len(names) and value.shape == ()
        if alone and fails(engine, statement, float(value)):
            finding.op, finding.argument = statement.op, names[-1]
            finding.diagnosis = TOLD.format(op=statement.op, name=check.program.name(statement.outputs[0]))
            return True
    return False


def fails(engine: Engine, statement: Apply, value: float) -> bool:
    """Whether the gradient of a single number is wrong that is all the operands of an op, and right where the number
    goes through two such ops: else what was there is overwritten, wherever it comes from."""
    args = tuple(replace_refs(a, lambda _: Ref(0)) for a in statement.args)
    kwargs = {k: replace_refs(a, lambda _: Ref(0)) for k, a in statement.kwargs.items()}
    join = next((op for op in ("add", "mul") if op in engine.ops()), None)
    if len(args) != 2 or kwargs or join is None:
        return False
    same: list[Statement] = [Apply(statement.op, args, kwargs, (1,)), Backward((1,), (None,))]
    apart: list[Statement] = [
        Apply(statement.op, (Ref(0), Ref(1)), {}, (2,)),
        Apply(statement.op, (Ref(1), Ref(0)), {}, (3,)),
        Apply(join, (Ref(2), Ref(3)), {}, (4,)),
        Backward((4,), (None,)),
    ]
    return wrong(engine, [value], same) and not wrong(engine, [value, ANOTHER], apart)


def wrong(engine: Engine, values: list[float], calls: list[Statement]) -> bool:
    """Whether the first finding in a program of single numbers is a gradient."""
    program = Program([Input.of(f"x{k}", np.array(x), True) for k, x in enumerate(values)], calls)
    trace = engine.run(program)
    first = judge(program, trace, reference(program, trace), engine, first=True).first
    return first is not None and first.kind == "gradient"
