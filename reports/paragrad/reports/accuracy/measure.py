"""The accuracy run: every op of the table in each dtype, engine and torch against the truth.

Rows follow from the table, so a new op has one the day it is written. What has no row is listed with its reason.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from paragrad.engine.ops.rounding import Elementwise
from paragrad.engine.ops.table import TABLE, Op
from paragrad.fuzz.engines.own import Own
from paragrad.fuzz.engines.own_scalar import OwnScalar
from paragrad.fuzz.engines.pytorch import PyTorch
from paragrad.fuzz.program import Apply, Backward, Program, Ref
from paragrad.fuzz.strategies.builder import Builder
from paragrad.fuzz.strategies.profile import Profile
from paragrad.fuzz.strategies.values import Values
from paragrad.fuzz.trace import Engine, Trace
from paragrad.reports import record
from paragrad.reports.accuracy import choices, depth, points
from paragrad.reports.accuracy.truth import Answers, NoTruth, answers, in_dtype
from paragrad.reports.accuracy.ulp import EDGES, Errors, Mismatches
from paragrad.reports.accuracy.worst import Worst
from paragrad.reports.bodies.accuracy import Absent, AccuracyBody, AccuracyRow, Quantity
from paragrad.reports.record import Record

DTYPES = ("float32", "float64")
PROGRAMS = 40
GRAPHS = 40
Progress = Callable[[int, int, str], None]
"""Called with rows done, rows in all, and what comes next."""

EXCLUDED: dict[str, str] = {}
"""Ops that can't be measured, each with its reason. A name that the table does not have is an error."""
LEAST = 20
"""From so many elements on, an engine without any error says that the truth knows no more than the engine does."""


def normal_programs(op: Op, dtype: str, count: int, seed: int, scalar: bool = False) -> Iterator[Program]:
    """Programs of this one op at moderate values, contiguous and not empty; torch's bits depend on layout."""
    rng = random.Random(f"accuracy {op.name} {dtype} {seed}")
    values = Values(rng.getrandbits(32), rng)
    for _ in range(count):
        builder = Builder(rng, values, Profile(dtype, scalar=scalar))
        builder.apply(op)
        yield in_dtype(builder.finish(), dtype)


@dataclass(slots=True)
class Tally:
    """What became of the programs."""

    judged: int = 0
    crashed: int = 0
    not_run: int = 0
    filtered: Counter[str] = field(default_factory=Counter)

    def counts(self) -> record.Counts:
        """As the record has it."""
        requested = self.judged + self.crashed + self.not_run + sum(self.filtered.values())
        filtered = dict(sorted(self.filtered.items()))
        return {
            "requested": requested,
            "judged": self.judged,
            "filtered": filtered,
            "crashed": self.crashed,
            "not_run": self.not_run,
        }


class Row:
    """One op in one dtype, of the engine's tensors or, `scalar`, of its Values. What is measured is a matter of op,
    dtype and seed alone: a gradient that is wrong or missing leaves the values where they were."""

    def __init__(self, op: Op, dtype: str, scalar: bool = False) -> None:
        self.op = op
        self.dtype = dtype
        self.scalar = scalar
        self.subject: Engine = OwnScalar() if scalar else Own()
        self.methods: Counter[str] = Counter()
        self.value = Errors()
        self.exact = Mismatches()
        self.gradients: dict[str, Errors] = {}
        self.refusals: Counter[str] = Counter()
        self.worst = Worst()

    def measure(self, count: int, seed: int, tally: Tally) -> None:
        """Run `count` programs."""
        for number, program in enumerate(normal_programs(self.op, self.dtype, count, seed, self.scalar)):
            self.take(number, program, tally)

    def take(self, number: int, program: Program, tally: Tally) -> None:
        """Run one program, the one of this number."""
        torch = PyTorch().run(program)
        if torch.failure is not None:
            self.refuse("refused by torch", torch.failure.message, tally)
            return
        own = self.subject.run(program)
        if own.failure is not None:
            tally.crashed += 1
            self.refusals[f"the engine fails: {own.failure.type}: {own.failure.message}"] += 1
            if own.failure.statement <= 0:
                return
        try:
            truth = answers(self.op, program, self.dtype, torch)
        except NoTruth as reason:
            self.refuse("no truth", str(reason), tally)
            return
        if not alike(own, torch):
            self.refuse("shape or dtype is not torch's", "", tally)
            return
        self.compare(number, program, own, torch, truth)
        tally.judged += own.failure is None

    def refuse(self, reason: str, detail: str, tally: Tally) -> None:
        """Count a program that says nothing about accuracy."""
        tally.filtered[f"{self.op.name}: {reason}"] += 1
        self.refusals[f"{reason}: {detail}" if detail else reason] += 1

    def compare(self, number: int, program: Program, own: Trace, torch: Trace, truth: Answers) -> None:
        """Add one program's errors."""
        self.methods[truth.method] += 1
        statement = program.statements[0]
        assert isinstance(statement, Apply)
        for output in statement.outputs:
            theirs = torch.values[output]
            if theirs.dtype.name == self.dtype:
                self.value.add(own.values[output], theirs, truth.values[output])
                self.worst.look(number, program, output, "", own.values[output], theirs, truth.values[output])
            elif theirs.dtype.kind != "f" and output in truth.values:
                self.exact.add(own.values[output], theirs, truth.values[output])
        names = parameters(self.op, statement)
        carried = [k for s in program.statements if isinstance(s, Backward) for k in s.cotangents if k is not None]
        incoming = max((float(np.abs(torch.values[k]).max(initial=0.0)) for k in carried), default=1.0)
        for position, shown in torch.gradients.items():
            for variable, name in names.items():
                gradient, mine = shown.get(variable), own.gradients.get(position, {}).get(variable)
                if gradient is None:
                    continue
                errors = self.gradients.setdefault(name, Errors())
                if mine is None or (mine.shape, mine.dtype) != (gradient.shape, gradient.dtype):
                    errors.fail(gradient)
                elif variable in truth.disputed:
                    errors.dispute(mine, gradient, float(np.abs(gradient).max(initial=incoming)))
                elif variable in truth.gradients:
                    errors.add(mine, gradient, truth.gradients[variable])
                    self.worst.look(number, program, variable, name, mine, gradient, truth.gradients[variable])

    def result(self) -> AccuracyRow | None:
        """The row; None where nothing could be measured."""
        if self.blind():
            self.refusals["long double knows no more than the engine: the op computes in float64 inside"] += 1
            return None
        rounding = self.op.rounding
        gradients: dict[str, Quantity] = {}
        for name, errors in self.gradients.items():
            if (quantity := errors.quantity()) is not None:
                gradients[name] = quantity
        row: AccuracyRow = {
            "op": self.op.name,
            "dtype": self.dtype,
            "truth": " or ".join(self.methods),
            "declared": rounding.ulps if isinstance(rounding, Elementwise) else None,
            "programs": self.methods.total(),
            "value": self.value.quantity(),
            "exact": self.exact.exact(),
            "gradients": gradients,
        }
        return row if row["value"] or row["exact"] or gradients else None

    def blind(self) -> bool:
        """Whether the truth is the engine's own result: no error anywhere, where torch has some."""
        value = self.value.quantity()
        if value is None or value["count"] < LEAST or "long double" not in self.methods:
            return False
        return value["engine"]["max"] == 0 < value["torch"]["max"]

    def absent(self) -> Absent:
        """Why there is no row: the commonest reason."""
        ((reason, _),) = self.refusals.most_common(1) or [("no element could be measured", 0)]
        return {"op": self.op.name, "dtype": self.dtype, "reason": " ".join(reason.split())[:300]}


def alike(own: Trace, torch: Trace) -> bool:
    """Whether the values of both sides have the same shapes and dtypes."""
    pairs = [(own.values.get(k), v) for k, v in torch.values.items()]
    return all(a is not None and a.shape == b.shape and a.dtype == b.dtype for a, b in pairs)


def parameters(op: Op, statement: Apply) -> dict[int, str]:
    """The parameter in whose place each variable stands; both, where it stands in two."""
    found: dict[int, list[str]] = {}
    for name, argument in (*zip(op.parameters, statement.args, strict=False), *statement.kwargs.items()):
        for part in argument if isinstance(argument, tuple) else (argument,):
            if isinstance(part, Ref) and name not in found.setdefault(part.index, []):
                found[part.index].append(name)
    return {variable: " and ".join(names) for variable, names in found.items()}


def public_ops(names: Sequence[str] | None) -> list[Op]:
    """The public ops, or those named. Raises ValueError for a name that the table does not have."""
    known = {name: op for name, op in sorted(TABLE.items()) if not op.internal}
    unknown = [name for name in (*(names or ()), *EXCLUDED) if name not in known]
    if unknown:
        raise ValueError(f"no op of the table is called {', '.join(unknown)}")
    return [op for name, op in known.items() if names is None or name in names]


def unmeasurable(op: Op) -> str:
    """Why an op has no row; "" where it can have one."""
    if op.sample is None:
        return "the table has no sample for it"
    if op.recover is not None:
        return "it draws random numbers, and no two engines draw the same"
    return EXCLUDED.get(op.name, "")


def script(name: str, dtype: str, number: int, seed: int) -> str:
    """The script of one of the programs that `run` measures, by its number: of an op, or of a family of random graphs.

    Raises ValueError for an op, a dtype or a number that there is not, and where nothing of the engine's is off.
    """
    if name in points.FAMILIES:
        return points.script(name, dtype, number, seed)
    (op,) = public_ops([name])
    if dtype not in DTYPES:
        raise ValueError(f"accuracy is measured in {' and '.join(DTYPES)}, not in {dtype}")
    if not 0 <= number < PROGRAMS:
        raise ValueError(f"programs have the numbers 0 to {PROGRAMS - 1}, not {number}")
    if reason := unmeasurable(op):
        raise ValueError(f"{name} is not measured: {reason}")
    *_, program = normal_programs(op, dtype, number + 1, seed)
    row = Row(op, dtype)
    row.take(number, program, Tally())
    return row.worst.script(op.name)


def run(
    seed: int = 0,
    seconds: float = 60.0,
    ops: Sequence[str] | None = None,
    dtypes: Sequence[str] = DTYPES,
    programs: int = PROGRAMS,
    progress: Progress | None = None,
) -> Record:
    """Measure, and return the record. `seconds` is a ceiling: what it cuts off is counted as not run.

    Raises ValueError for an op or a dtype that is not known, RecordError where nothing could be measured.
    """
    if unknown := set(dtypes) - set(DTYPES):
        raise ValueError(f"accuracy is measured in {' and '.join(DTYPES)}, not in {', '.join(sorted(unknown))}")
    ends = time.monotonic() + seconds
    tally = Tally()
    body: AccuracyBody = {
        "edges": list(EDGES),
        "rows": [],
        "worst": [],
        "absent": [],
        "depth": [],
        "points": [],
        "graphs": {"requested": 0, "judged": 0, "not_compared": 0, "not_run": 0},
        "conventions": {"points": 0, "differing": []},
    }
    chosen = public_ops(ops)
    if ops is None:
        body["conventions"] = choices.measure()
        body["depth"] = depth.measure(seed, GRAPHS, lambda: time.monotonic() > ends)
    pairs = [(op, dtype) for op in chosen for dtype in dtypes]
    for done, (op, dtype) in enumerate(pairs):
        if progress is not None:
            progress(done, len(pairs), f"{op.name} {dtype}")
        if reason := unmeasurable(op):
            body["absent"].append({"op": op.name, "dtype": dtype, "reason": reason})
            continue
        if time.monotonic() > ends:
            tally.not_run += programs
            body["absent"].append({"op": op.name, "dtype": dtype, "reason": f"not run: {seconds:g} seconds were over"})
            continue
        row = Row(op, dtype)
        row.measure(programs, seed, tally)
        result = row.result()
        if result is None:
            body["absent"].append(row.absent())
        else:
            body["rows"].append(result)
            if (furthest := row.worst.point(op.name, dtype)) is not None:
                body["worst"].append(furthest)
    if progress is not None:
        progress(len(pairs), len(pairs), "random graphs" if ops is None else "")
    if ops is None:
        body["points"], body["graphs"] = points.measure(seed, lambda: time.monotonic() > ends)
    options = {"seconds": seconds, "ops": None if ops is None else list(ops), "dtypes": list(dtypes)}
    made = record.new("accuracy", seed, {**options, "programs": programs}, tally.counts(), body)
    record.dumps(made)
    return made
