"""Each op asked alone with nothing after it: what tells a fault of the walk, or of `*`, from one of the op.

The judge asks an op alone with its own incoming gradient, which a foreign engine of single numbers gets as a
factor: one node more, and a product. Where the walk goes in the wrong order, or the product is wrong, every op then
looks wrong.
"""

from __future__ import annotations

import numpy as np

from paragrad.fuzz.diffing.affine import affine
from paragrad.fuzz.diffing.arrived import lost
from paragrad.fuzz.diffing.cut import blame_what_cuts
from paragrad.fuzz.diffing.twice import blame_the_same_twice
from paragrad.fuzz.engines.foreign import Foreign
from paragrad.fuzz.engines.inside import Inside
from paragrad.fuzz.judge import Finding, diagnose, reference
from paragrad.fuzz.judge.agreement import is_far
from paragrad.fuzz.judge.blame import WALK
from paragrad.fuzz.judge.diagnosis import NONE
from paragrad.fuzz.judge.gradients import BackwardCheck, Consumer
from paragrad.fuzz.judge.isolate import isolate
from paragrad.fuzz.judge.walks import walk_faults
from paragrad.fuzz.program import Apply, Array, Backward, Input, Program, Ref, Statement, refs
from paragrad.fuzz.telling.places import accumulates
from paragrad.fuzz.trace import Engine, Trace

ORDER = "{name} is visited before its own gradient has arrived, or not at all: the order of the walk is wrong"
NEVER = "{name} is never walked: the walk stops before it has come to all that the result is made of"
START = "the backward starts with {found:.6g} at the root, and not with 1"


def settle(engine: Engine, check: BackwardCheck, raw: Trace, torchs: Trace, finding: Finding) -> None:
    """Blame the op whose local derivative is wrong, or the walk where none is; only of single numbers."""
    if finding.kind != "gradient" or finding.variable is None or finding.found is None:
        return
    walk = check.program.statements[check.at]
    assert isinstance(walk, Backward)
    if (finding.variable,) == walk.roots and walk.cotangents == (None,) and finding.found.shape == ():
        finding.diagnosis = START.format(found=float(finding.found))
    if blame_the_same_twice(engine, check, finding):
        return
    if (told := unwalked(engine, check, finding)) is not None:
        finding.op, finding.argument, finding.diagnosis = WALK, "", told
        return
    if finding.op == WALK:
        blame_what_cuts(engine, check, finding)
        return
    consumers = check.consumers(finding.variable)
    asked = [(c, wrong_alone(engine, check, c, finding.variable)) for c in consumers]
    if any(wrong is None for _, wrong in asked):
        return
    wrong = [(c.statement.op, parameter) for c, parameters in asked for parameter in parameters or ()]
    if wrong:
        if (finding.op, finding.argument) not in wrong:
            finding.op, finding.argument = wrong[0]
            diagnose(check.program, raw, torchs, engine, finding)
        return
    nothing = not finding.found.any()
    if not nothing and finding.diagnosis and not finding.diagnosis.startswith(NONE):
        return  # such as that the incoming gradient is ignored, which does not show without one
    for consumer in consumers if not nothing else ():
        if (added := added_to(engine, check, consumer, finding.variable)) is not None:
            finding.op, (finding.argument, finding.diagnosis) = consumer.statement.op, added
            return
    finding.op, finding.argument = WALK, ""
    used = [c for c in consumers if c.statement.outputs[0] not in walk.roots]
    finding.diagnosis = next(iter(walk_faults(check, finding.variable, finding.found)), finding.diagnosis)
    if blame_what_cuts(engine, check, finding):
        return
    if nothing and used and "by value" not in finding.diagnosis and _arrived(used[0]):
        finding.diagnosis = ORDER.format(name=check.program.name(used[0].statement.outputs[0]))


def unwalked(engine: Engine, check: BackwardCheck, finding: Finding) -> str | None:
    """What is to be said of a use of a variable that the walk does not come to; None where it is another fault.

    No other operand of that use has its term either. An op that gives nothing alone and its term here proves that the
    walk is cut short; where each op is right alone, nothing but an assignment could have lost the term.
    """
    assert finding.variable is not None and finding.found is not None
    absent, present = lost(check, finding.variable, finding.found)
    if not absent or not present or any(a is p for a in absent for p in present):
        return None
    shown = check.trace.gradients[check.at]
    for consumer in absent:
        statement = consumer.statement
        others = {*refs(statement.args), *refs(statement.kwargs)} & check.needing - {finding.variable}
        gradients = {k: g for k in others if (g := shown.get(k)) is not None}
        if not others or not all(any(c is consumer for c in lost(check, k, g)[0]) for k, g in gradients.items()):
            return None
    name = check.program.name(absent[0].statement.outputs[0])
    if any(wrong_alone(engine, check, c, finding.variable) for c in present):
        return NEVER.format(name=name)
    if any(wrong_alone(engine, check, c, finding.variable) for c in absent):
        return None
    sources = engine if isinstance(engine, Foreign | Inside) else None
    added = sources is not None and accumulates(sources, check.program, finding.variable)
    return ORDER.format(name=name) if added else None


def added_to(engine: Engine, check: BackwardCheck, consumer: Consumer, variable: int) -> tuple[str, str] | None:
    """The parameter and what is wrong, where a rule gives no multiple of what comes in."""
    if not multiplies(engine):
        return None
    name = check.program.name
    through = f"d{name(consumer.statement.outputs[0])}/d{name(variable)}"
    for parameter, of, _, right in unit_slopes(engine, check, consumer) or ():
        told = None if of != variable else affine(engine, check, consumer, parameter, float(right), through)
        if told is not None:
            return parameter, told
    return None


def wrong_alone(engine: Engine, check: BackwardCheck, consumer: Consumer, variable: int) -> list[str] | None:
    """The parameters in which a variable stands and whose local derivative is wrong; None of what is no number."""
    slopes = unit_slopes(engine, check, consumer)
    if slopes is None:
        return None
    return [name for name, of, found, right in slopes if of == variable and (found is None or is_far(found, right))]


def unit_slopes(
    engine: Engine, check: BackwardCheck, consumer: Consumer
) -> list[tuple[str, int, Array | None, Array]] | None:
    """The engine's local derivatives of an op that is the only one: (parameter, variable, found, torch's).

    None where the op has no single number as its result, or fails alone.
    """
    values = check.trace.at(consumer.position)
    if len(consumer.statement.outputs) != 1 or values[consumer.statement.outputs[0]].shape != ():
        return None
    alone, origin = isolate(consumer.statement, values, check.needing)
    alone.statements.append(Backward((len(alone.inputs),), (None,)))
    trace = engine.run(alone)
    expected = reference(alone, trace).gradients.get(1, {})
    if trace.failure is not None or 1 not in trace.gradients:
        return None
    found = []
    for index, (parameter, original) in origin.items():
        right = expected.get(index)
        if right is not None and alone.inputs[index].requires_grad:
            gave = trace.gradients[1].get(index)
            fits = type(gave) is np.ndarray and gave.shape == right.shape and gave.dtype == right.dtype
            found.append((parameter, original, gave if fits else None, right))
    return found


def multiplies(engine: Engine) -> bool:
    """Whether the engine's own product of two numbers goes back rightly, by which it is given incoming gradients."""
    if "mul" not in engine.ops():
        return False
    inputs = [Input.of("a", np.array(2.0), True), Input.of("b", np.array(3.0), True)]
    calls: list[Statement] = [Apply("mul", (Ref(0), Ref(1)), {}, (2,)), Backward((2,), (None,))]
    shown = engine.run(Program(inputs, calls)).gradients.get(1, {})
    found = [shown.get(k) for k in (0, 1)]
    return [None if g is None else float(g.sum()) for g in found] == [3.0, 2.0]


def _arrived(consumer: Consumer) -> bool:
    """Whether the result of an op has a gradient that it could have carried on."""
    return any(g is not None and bool(g.any()) for g in consumer.incoming)
