"""The ULP that elementwise ops declare, held against what is measured.

The judge's bounds are made of what the table declares: too little gives false alarms, too much hides faults. So the
declared numbers are committed beside the largest errors that were measured (`reports/baseline/ulps.json`), of the
engine and of torch, since bounds have to cover both, and a number can't be raised in one place alone.

What is measured: the accuracy report's programs of the op, in both dtypes; and in float32, where torch in float64 gives
the truth cheaply, a sweep of many points, for the largest error of a tangent lies near its poles.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from paragrad.engine.ops.rounding import Elementwise
from paragrad.engine.ops.table import TABLE, Op
from paragrad.fuzz.engines.own import Own
from paragrad.fuzz.engines.pytorch import PyTorch
from paragrad.fuzz.program import Apply, Array, Input, Program, Ref
from paragrad.reports.accuracy.measure import DTYPES, Row, Tally, unmeasurable
from paragrad.reports.accuracy.truth import answers
from paragrad.reports.accuracy.ulp import Errors, Truth

SCHEMA = "paragrad.ulps/1"
SEED = 0
PROGRAMS = 400
"""Programs an op and dtype of which the committed maxima are."""
SWEEP = 200_000
"""Points in each range of the sweeps of which they are."""
SMALL = 2.0**-90
"""Results below have allowances besides the ULP: the smallest subnormal, and what the table calls `lost`."""
LOOSE = 2.0
"""A declared number this many times what was measured needs a reason."""
WRITE = "`paragrad ulps --write`"


class DeclaredError(ValueError):
    """A file of declared ULP that can't be used; the message names it, what is wrong, and what to do."""


@dataclass(slots=True)
class Entry:
    """What an op declares, in ULP, and the largest error measured, by dtype and side ("engine", "torch").

    `reason` says why the declared number is LOOSE, "" where it is not.
    """

    declared: float
    measured: dict[str, dict[str, float]] = field(default_factory=dict)
    reason: str = ""

    @property
    def largest(self) -> float:
        """The largest error of either side in any dtype: one declared number covers all."""
        return max((error for sides in self.measured.values() for error in sides.values()), default=0.0)

    @property
    def loose(self) -> bool:
        """Whether more is declared than the measured errors call for."""
        return self.declared > LOOSE * self.largest


def held() -> list[Op]:
    """The elementwise ops that can be measured, in order of name."""
    ops = (op for _, op in sorted(TABLE.items()) if not op.internal)
    return [op for op in ops if isinstance(op.rounding, Elementwise) and not unmeasurable(op)]


def points(rng: np.random.Generator, count: int) -> Array:
    """4 · count float32 numbers of every size from 1e-6 to 1e6, most of them where functions bend."""
    sizes = 10 ** rng.uniform(-6, 6, count) * rng.choice((-1.0, 1.0), count)
    ranges = (3 * rng.standard_normal(count), rng.uniform(-1, 1, count), rng.uniform(-120, 120, count), sizes)
    return rng.permutation(np.concatenate(ranges)).astype(np.float32)


def sweep(op: Op, errors: Errors, count: int) -> None:
    """Add the errors of the op's values at 4 · count points in float32; other arguments are left at their defaults."""
    rng = np.random.default_rng(SEED)
    inputs = [Input.of(f"x{k}", points(rng, count)) for k in range(op.arity)]
    program = Program(inputs, [Apply(op.name, tuple(map(Ref, range(op.arity))), {}, (op.arity,))])
    torch, own = PyTorch().run(program), Own().run(program)
    if torch.failure or own.failure or torch.values[op.arity].dtype != np.float32:
        return
    truth = answers(op, program, "float32", torch).values[op.arity].hi
    truth = np.where((np.abs(truth) < SMALL) & (truth != 0), np.nan, truth)
    errors.add(own.values[op.arity], torch.values[op.arity], Truth.of(truth))


def measure(
    programs: int, count: int = SWEEP, progress: Callable[[int, int, str], None] | None = None
) -> dict[str, Entry]:
    """What every op of `held` declares and shows, over so many programs in each dtype and a sweep with `count` points a
    range; ops without floats are left out. `progress` is told ops done, ops in all, and what comes next."""
    found: dict[str, Entry] = {}
    ops = held()
    for done, op in enumerate(ops):
        if progress is not None:
            progress(done, len(ops), op.name)
        assert isinstance(op.rounding, Elementwise)
        entry = Entry(op.rounding.ulps)
        for dtype in DTYPES:
            row = Row(op, dtype)
            row.measure(programs, SEED, Tally())
            if op.arity and dtype == "float32":
                sweep(op, row.value, count)
            if (value := row.value.quantity()) is not None:
                entry.measured[dtype] = {"engine": value["engine"]["max"], "torch": value["torch"]["max"]}
        if entry.measured:
            found[op.name] = entry
    return found


def problems(committed: dict[str, Entry], found: dict[str, Entry]) -> Iterator[str]:
    """One line for each op that declares too little, that was changed in one place only, or that is loose without a
    reason; each says how to mend it."""
    for name in sorted(committed.keys() - found.keys()):
        yield f"{name} is committed and no longer measured: {WRITE}"
    for name, entry in found.items():
        for dtype, sides in entry.measured.items():
            for side, error in sides.items():
                if error > entry.declared:
                    told = f"{name} declares {entry.declared:g} ULP, and {side} is off by {error:g} in {dtype}"
                    yield f"{told}: declare more, or compute it better"
        known = committed.get(name)
        if known is None:
            yield f"{name} declares {entry.declared:g} ULP, and nothing is committed: {WRITE}"
        elif known.declared != entry.declared:
            told = f"{name} declares {entry.declared:g} ULP, {known.declared:g} are committed"
            yield f"{told}: {WRITE}, and say in the commit why it changed"
        elif known.loose and not known.reason:
            told = f"{name} declares {known.declared:g} ULP, at most {known.largest:g} were measured"
            yield f"{told}: declare less, or state the reason in the committed file"
        elif known.reason and not known.loose:
            yield f"{name} is not loose, so its reason is no longer needed: take it out of the committed file"


def load(path: Path) -> dict[str, Entry]:
    """The committed file. Raises DeclaredError."""
    try:
        document: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DeclaredError(f"{path}: can't be read ({error}); run it in the checkout, or {WRITE}") from error
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != SCHEMA:
        raise DeclaredError(f"{path}: schema {schema!r} is not {SCHEMA!r}; use the paragrad that wrote it, or {WRITE}")
    try:
        return {
            name: Entry(float(data["declared"]), {d: data[d] for d in DTYPES if d in data}, str(data["reason"]))
            for name, data in document["ops"].items()
        }
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DeclaredError(f"{path}: is partial or was edited ({error!r}); restore it, or {WRITE}") from error


def write(found: dict[str, Entry], path: Path) -> None:
    """Write what was measured, one line an op; reasons that the file has are kept."""
    reasons = {name: entry.reason for name, entry in load(path).items()} if path.is_file() else {}
    lines = []
    for name, entry in found.items():
        data = {"declared": entry.declared, **entry.measured, "reason": reasons.get(name, "") if entry.loose else ""}
        lines.append(f"  {json.dumps(name)}: {json.dumps(data)}")
    head = (
        f'{{\n "schema": "{SCHEMA}",\n "seed": {SEED},\n "programs": {PROGRAMS},\n "points": {4 * SWEEP},\n "ops": {{\n'
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(head + ",\n".join(lines) + "\n }\n}\n", encoding="utf-8", newline="\n")
