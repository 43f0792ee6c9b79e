"""An op whose result does not name its operand: the gradient gets to the operand, and the walk does not go on there."""

from __future__ import annotations

from paragrad.fuzz.judge import Finding
from paragrad.fuzz.judge.gradients import BackwardCheck
from paragrad.fuzz.program import Apply, Backward, Input, Program, Ref, Statement, refs, replace_refs
from paragrad.fuzz.trace import Engine

TOLD = (
    "{result} = {op}(...) cuts the graph: {operand} gets its gradient, and the walk does not go on to it, "
    "as if {result} did not remember that it was made of {operand}"
)


def blame_what_cuts(engine: Engine, check: BackwardCheck, finding: Finding) -> bool:
    """Blame the op after which nothing arrives, where after another op it does; whether there is one."""
    if finding.variable is None or finding.found is None or finding.found.any():
        return False
    name = check.program.name
    for consumer in check.consumers(finding.variable):
        operand = consumer.statement.outputs[0]
        for user in check.consumers(operand):
            other = next((op for op in ("mul", "add") if op != user.statement.op and op in engine.ops()), None)
            if other is None or len(user.statement.outputs) != 1:
                continue
            control = Apply(other, (Ref(operand), 2.0), {}, user.statement.outputs)
            if arrives(engine, check, consumer.statement, control, finding.variable) and not arrives(
                engine, check, consumer.statement, user.statement, finding.variable
            ):
                result = name(user.statement.outputs[0])
                finding.op, finding.argument = user.statement.op, ""
                finding.diagnosis = TOLD.format(result=result, op=user.statement.op, operand=name(operand))
                return True
    return False


def arrives(engine: Engine, check: BackwardCheck, first: Apply, second: Apply, variable: int) -> bool:
    """Whether a variable gets a gradient other than 0 through two ops, one on the other's result."""
    made = set(first.outputs)
    used = [k for s in (first, second) for k in (*refs(s.args), *refs(s.kwargs)) if k not in made]
    number = {k: n for n, k in enumerate(dict.fromkeys(used))}
    inputs = [Input.of(f"x{n}", check.trace.values[k], k in check.needing) for k, n in number.items()]
    number |= {k: len(inputs) + n for n, k in enumerate((*first.outputs, *second.outputs))}
    calls: list[Statement] = [renamed(first, number), renamed(second, number)]
    program = Program(inputs, [*calls, Backward((number[second.outputs[0]],), (None,))])
    gradient = engine.run(program).gradients.get(2, {}).get(number[variable])
    return gradient is not None and bool(gradient.any())


def renamed(statement: Apply, number: dict[int, int]) -> Apply:
    """A statement with other numbers for its variables."""
    args = tuple(replace_refs(a, lambda k: Ref(number[k])) for a in statement.args)
    kwargs = {name: replace_refs(a, lambda k: Ref(number[k])) for name, a in statement.kwargs.items()}
    return Apply(statement.op, args, kwargs, tuple(number[k] for k in statement.outputs))
