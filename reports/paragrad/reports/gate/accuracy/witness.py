"""Witnesses: for what got worse, the smallest program that shows it, as a line to paste."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from paragrad.engine.ops.rounding import Elementwise
from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.engines.own import Own
from paragrad.fuzz.engines.own_scalar import OwnScalar
from paragrad.fuzz.engines.pytorch import PyTorch
from paragrad.fuzz.judge.agreement import compare
from paragrad.fuzz.judge.conventions.points import points
from paragrad.fuzz.program import Apply, Array, Input, Program
from paragrad.fuzz.shrink import examine, shrink
from paragrad.reports.accuracy.measure import PROGRAMS, Row, Tally, normal_programs, parameters
from paragrad.reports.bodies.gate import What
from paragrad.reports.gate.accuracy import compositions, layers, neurons, scalars, ulps, verdicts
from paragrad.reports.gate.accuracy.rows import Row as AnyRow
from paragrad.reports.gate.accuracy.spelled import line

BUDGET = 120
"""Trials of a shrinker."""
ELEMENTS = 64
"""Elements of one program that are tried alone."""


def witness(kind: What, row: AnyRow, before: AnyRow | None, after: str) -> str | None:
    """The line for a row that got worse; None where there is none."""
    op = row["op"]
    for module in (layers, neurons):
        if kind == "ulp" and op.startswith(module.PREFIX):
            return f"python -m {module.__name__} {op!r}".replace("'", "")
    scalar = op.startswith(scalars.PREFIX)
    name = op.removeprefix(scalars.PREFIX)
    if kind == "ulp" and name in TABLE:
        return of_errors(name, row, before, scalar)
    if kind == "verdict" and after in ("bug", "rounding") and name in TABLE:
        programs = scalars.programs(TABLE[name]) if scalar else verdicts.of_one(TABLE[name], row["dtype"])
        shown = of_bug if after == "bug" else of_difference
        return shown(programs, scalar, row["of"] == "gradient")
    if kind == "convention":
        return of_point(row, after)
    if kind == "program" and row["worst"] == "bug":
        for case in compositions.cases((op,)):
            if case.case == row["case"]:
                return of_bug(case.programs, case.scalar, None)
    return None


def of_bug(programs: Iterable[Program], scalar: bool, gradient: bool | None) -> str | None:
    """The first finding, of a value, of a gradient, or of either (None), in its smallest program."""
    engine = OwnScalar() if scalar else Own()
    for program in programs:
        for finding in examine(program, engine).findings:
            if gradient is None or verdicts.of_gradient(program, finding) is gradient:
                small = shrink(program, finding, engine, BUDGET)
                same = [f for f in examine(small, engine).findings if f.cause == finding.cause] or [finding]
                last = small.count - 1
                variable = last if same[0].variable is None else min(same[0].variable, last)
                return line(small, variable, same[0].of_gradient, scalar)
    return None


def of_difference(programs: Iterable[Program], scalar: bool, gradient: bool) -> str | None:
    """The first program of one op in which a number is not identical to torch's: of the value, or of a gradient."""
    for program in programs:
        if (found := different(program, scalar, gradient)) is not None:
            statement = program.statements[0]
            assert isinstance(statement, Apply)
            parts = ((p, different(p, scalar, gradient)) for p in alone(statement.op, program))
            small, at = next(((p, k) for p, k in parts if k is not None), (program, found))
            return line(small, at, gradient and at < len(small.inputs), scalar)
    return None


def different(program: Program, scalar: bool, gradient: bool) -> int | None:
    """The first variable whose value, or whose gradient after the last backward, is not identical to torch's. What a
    recorded backward gives is a gradient of the op."""
    torch, own = PyTorch().run(program), (OwnScalar() if scalar else Own()).run(program)
    first = program.statements[0]
    assert isinstance(first, Apply)
    values = {k: v for k, v in torch.values.items() if k >= len(program.inputs) and (k in first.outputs) != gradient}
    pairs: list[tuple[int, Array | None, Array | None]] = [(k, v, own.values.get(k)) for k, v in values.items()]
    if gradient and torch.gradients:
        last = max(torch.gradients)
        shown = own.gradients.get(last, {})
        pairs += [(k, g, shown.get(k)) for k, g in torch.gradients[last].items() if k < len(program.inputs)]
    for k, theirs, mine in pairs:
        if theirs is None or mine is None or (mine.shape, mine.dtype) != (theirs.shape, theirs.dtype):
            continue
        if compare([mine], [theirs]).different:
            return k
    return None


def of_errors(name: str, row: AnyRow, before: AnyRow | None, scalar: bool) -> str | None:
    """The smallest program with an error that the baseline did not have; one that torch has not, if there is any."""
    limit = (before["max"], before["wrong"]) if before else (0.0, 0)

    def grown(program: Program) -> bool:
        error, wrong, _ = measured(name, row, program, scalar)
        return error > limit[0] or wrong > 0

    def own(program: Program) -> bool:
        error, wrong, torchs = measured(name, row, program, scalar)
        return (error, wrong) > limit and (error > torchs or wrong > 0)

    drawn = normal_programs(TABLE[name], row["dtype"], PROGRAMS, ulps.SEED, scalar)
    for program in sorted(filter(grown, drawn), key=lambda p: (not own(p), elements(p))):
        small = next(filter(own, alone(name, program)), program)
        variable = asked(name, row["of"], small)
        if variable is not None:
            return line(small, variable, row["of"].startswith("gradient"), scalar)
    return None


def elements(program: Program) -> int:
    """How much there is to read."""
    return sum(spec.storage.size for spec in program.inputs)


def measured(name: str, row: AnyRow, program: Program, scalar: bool) -> tuple[float, int, float]:
    """The largest error of one program in what a row is about, how many elements are wrong, and torch's largest."""
    single = Row(TABLE[name], row["dtype"], scalar)
    single.take(0, program, Tally())
    errors = single.value if row["of"] == "value" else single.gradients.get(row["of"].removeprefix("gradient of "))
    if row["of"] == "exact value" or errors is None:
        return 0.0, single.exact.engine if errors is None else 0, 0.0
    error, torchs = (
        max((float(p.max(initial=0.0)) for p in side), default=0.0) for side in (errors.engine, errors.torch)
    )
    return error, errors.unlike["engine"], torchs


def asked(name: str, of: str, program: Program) -> int | None:
    """The variable that a row is about."""
    statement = program.statements[0]
    assert isinstance(statement, Apply)
    if not of.startswith("gradient"):
        return statement.outputs[0]
    names = parameters(TABLE[name], statement)
    return next((k for k, word in names.items() if f"gradient of {word}" == of), None)


def alone(name: str, program: Program) -> Iterator[Program]:
    """Programs of an elementwise op with one element of each input, those that meet in one element of the output."""
    if not isinstance(TABLE[name].rounding, Elementwise):
        return
    arrays = [spec.array() for spec in program.inputs]
    try:
        spread = np.broadcast_arrays(*arrays)
    except ValueError:
        return
    for at in range(min(ELEMENTS, spread[0].size)):
        inputs = [
            Input.of(spec.name, np.asarray(array.reshape(-1)[at], spec.dtype), spec.requires_grad)
            for spec, array in zip(program.inputs, spread, strict=True)
        ]
        yield Program(inputs, program.statements, program.optimizer)


def of_point(row: AnyRow, after: str) -> str | None:
    """A point: what moved of it, its value or a gradient; of many copies of one number that number alone."""
    scalar = row["op"].startswith(scalars.PREFIX)
    for point in points():
        single = scalars.ScalarPoint(point.op, point.args, point.kwargs)
        if str(single if scalar else point) != row["point"] or not TABLE[point.op].pullbacks:
            continue
        program = (single if point.copies else point).program(row["dtype"])
        names = [spec.name for spec in program.inputs]
        moved = next((k for k, name in enumerate(names) if after.startswith(f"gradient of {name} ")), None)
        return line(program, len(names) if moved is None else moved, moved is not None, scalar)
    return None
